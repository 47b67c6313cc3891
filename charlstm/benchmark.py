"""The command that measures this machine: `python -m charlstm.benchmark`."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from charlstm.cpu import bf16_trouble, prepare_cpu
from charlstm.errors import command
from charlstm.options import MOST_THREADS, ModelOptions, TrainOptions, check, parse

VOCABULARY = 65
Action = Callable[[], object]


@dataclass(frozen=True)
class Benchmark:
    """Measure training and sampling on this machine, each beside a bare torch loop.

    python -m charlstm.benchmark

    python -m charlstm.benchmark --quick --json

    Every pair runs in turns, A B A B, so that a change in the machine's speed meets both; figures
    are medians, ratios are medians of the ratios of neighbours. Random ids, 65 characters.
    """

    quick: bool = False
    """A quarter of the rounds."""
    json: bool = False
    """Print one JSON object on standard output instead of a table."""
    threads: Optional[int] = None
    """Threads (default: the CPUs this process may use)."""

    def __post_init__(self) -> None:
        check(self, threads=(1, MOST_THREADS))


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = parse(Benchmark, argv)

    threads = prepare_cpu(given.threads)
    rounds = 3 if given.quick else 12
    precisions = ("fp32",) if bf16_trouble() else ("fp32", "bf16")
    rows: list[dict[str, Any]] = []
    for layers, hidden in ((2, 256), (2, 512)):
        for precision in precisions:
            rows.append(_training(layers, hidden, precision, rounds))
            _show(rows[-1], given.json)
    for layers, hidden in ((2, 128), (2, 256), (2, 512)):
        for number in (1, 64):
            rows.append(_sampling(layers, hidden, number, rounds, threads))
            _show(rows[-1], given.json)
    if given.json:
        print(json.dumps({"threads": threads, "rows": rows}))
    return 0


def _show(row: dict[str, Any], as_json: bool) -> None:
    if not as_json:
        print(
            f"{row['what']:34}{row['ours']:>12,.1f}{row['bare']:>12,.1f} {row['unit']:16}"
            f" ours is {row['ratio']:.2f} times as fast",
            flush=True,
        )


def _training(layers: int, hidden: int, precision: str, rounds: int) -> dict[str, Any]:
    """Compare the trainer's steps with a bare `nn.LSTM` loop in fp32."""
    import numpy as np

    from charlstm.model import CharModel
    from charlstm.trainer import Trainer

    steps = 4
    model = CharModel(ModelOptions(layers=layers, hidden_size=hidden, dropout=0.0), VOCABULARY)
    model.bf16 = precision == "bf16"
    options = TrainOptions(steps=10**9, batch_size=16, window=64, patience=0)
    ids = np.random.default_rng(0).integers(VOCABULARY, size=200_000, dtype=np.int32)
    trainer = Trainer(model, ids, ids[:1000], options)
    trainer.validate_every = 10**9
    reports = trainer.fit()
    bare = _bare_loop(layers, hidden, ids, options)
    ours, theirs = _alternate(
        lambda: [next(reports) for _ in range(steps)],
        lambda: [bare() for _ in range(steps)],
        rounds,
    )
    characters = steps * options.batch_size * options.window
    return {
        "what": f"train {layers} x {hidden}, {precision}",
        "unit": "chars/s",
        "ours": characters / statistics.median(ours),
        "bare": characters / statistics.median(theirs),
        "ratio": _ratio(ours, theirs),
    }


def _bare_loop(layers: int, hidden: int, ids: Any, options: TrainOptions) -> Action:
    """Return one training step of the same sizes as anyone would write it, in fp32."""
    import torch
    from torch import nn

    from charlstm.streams import Streams

    embedding = nn.Embedding(VOCABULARY, ModelOptions().embedding_size)
    lstm = nn.LSTM(embedding.embedding_dim, hidden, num_layers=layers, batch_first=True)
    head = nn.Linear(hidden, VOCABULARY)
    weights = [p for module in (embedding, lstm, head) for p in module.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=options.learning_rate, fused=True)
    streams = Streams(ids, options.batch_size, options.window)
    state, index = None, 0

    def step() -> None:
        nonlocal state, index
        inputs, targets = map(torch.from_numpy, streams.read(index % streams.windows))
        outputs, (h, c) = lstm(embedding(inputs), state)
        state, index = (h.detach(), c.detach()), index + 1
        loss = nn.functional.cross_entropy(head(outputs).flatten(0, 1), targets.long().flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, options.clip)
        optimizer.step()

    return step


def _sampling(layers: int, hidden: int, number: int, rounds: int, threads: int) -> dict[str, Any]:
    """Compare the sampler with a step of `nn.LSTM`, microseconds a character."""
    import torch
    from threadpoolctl import ThreadpoolController
    from torch import nn

    from charlstm.checkpoint import Checkpoint
    from charlstm.model import CharModel
    from charlstm.options import SampleOptions
    from charlstm.sample import threads_for
    from charlstm.sampler import Sampler, generate, generate_many
    from charlstm.vocabulary import Vocabulary

    blas = ThreadpoolController()
    length = 300 if number == 1 else 20
    model = CharModel(ModelOptions(layers=layers, hidden_size=hidden), VOCABULARY)
    letters = Vocabulary("".join(map(chr, range(32, 32 + VOCABULARY))))
    checkpoint = Checkpoint(model.options, letters, model.to_arrays())
    sampler = Sampler(checkpoint)
    draw = SampleOptions(length=length, seed=0)
    embedding = nn.Embedding(VOCABULARY, ModelOptions().embedding_size)
    lstm = nn.LSTM(embedding.embedding_dim, hidden, num_layers=layers)
    head = nn.Linear(hidden, VOCABULARY)

    def ours() -> None:
        with blas.limit(limits=threads_for(checkpoint, number, threads)):
            if number == 1:
                list(generate(sampler, "", draw))
            else:
                list(generate_many(sampler, number, "", draw))

    @torch.inference_mode()
    def bare() -> None:
        ids, state = torch.zeros(1, number, dtype=torch.long), None
        for _ in range(length):
            outputs, state = lstm(embedding(ids), state)
            ids = torch.multinomial(torch.softmax(head(outputs[0]) / 0.8, -1), 1).T

    first, second = _alternate(ours, bare, rounds)
    each = length * number / 1e6
    return {
        "what": f"sample {layers} x {hidden}, {number} at once",
        "unit": "microseconds/char",
        "ours": statistics.median(first) / each,
        "bare": statistics.median(second) / each,
        "ratio": _ratio(first, second),
    }


def _alternate(first: Action, second: Action, rounds: int) -> tuple[list[float], list[float]]:
    """Time two actions in turns, after one round that does not count."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for action, taken in zip((first, second), times, strict=True):
            started = time.perf_counter()
            action()
            taken.append(time.perf_counter() - started)
    return times[0][1:], times[1][1:]


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(b / a for a, b in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    sys.exit(main())
