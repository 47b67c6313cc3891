"""The command that measures this machine: `python -m charlstm.benchmark`."""

from __future__ import annotations

import dataclasses
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from charlstm.devices import cpu_bf16_trouble, prepare_cpu
from charlstm.errors import command
from charlstm.flags import parse
from charlstm.options import MachineOptions, ModelOptions, SampleOptions, TrainOptions
from charlstm.training.presets import PRESETS

VOCABULARY = 65
STEPS = 3  # training steps in a round
NEVER = 10**9  # steps: so many that no validation and no end of the budget falls into a round
SIDE = 1024  # rows and columns of two matrices; the speed of their product counts as the peak
FLOP = 2 * SIDE**3  # in that product: SIDE**3 multiplications, and as many additions
NUMBERS = (1, 4, 16, 64, 256)  # samples at once
Action = Callable[[], object]
Row = dict[str, Any]


@dataclass(frozen=True)
class Benchmark:
    """Measure training and sampling on this machine, each beside a bare torch loop.

    python -m charlstm.benchmark

    python -m charlstm.benchmark --quick --json

    The two sides of a pair take turns, A B A B, so that a change in the machine's speed meets both.
    Each figure is a median over the rounds; a ratio is the median of the ratios in each round. The
    ids are random, from a vocabulary of 65 characters.

    train: the trainer beside a bare nn.LSTM loop with the same sizes, window and batch. The presets
    keep their own dropout and averaging. The two plain models use neither, and nor does the loop.
    "of peak" is the share of the speed of a matrix product; it counts 6 operations for each weight
    and character.

    sample: the sampler beside steps of nn.LSTM. "of reading" is the time to read the weights once,
    divided by the time that a character takes. A product of vectors of that size measures how fast
    the machine reads.

    first character: the time from the start of the process to its end.
    """

    quick: bool = False
    """A quarter of the rounds."""
    json: bool = False
    """Print one JSON object on standard output instead of a table."""
    machine: MachineOptions = MachineOptions()


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, _ = parse(Benchmark, argv)

    threads = prepare_cpu(given.machine.threads)
    rows: list[Row] = []
    for row in _rows(rounds=2 if given.quick else 8, threads=threads):
        rows.append(row)
        if not given.json:
            print(_line(row), flush=True)
    if given.json:
        print(json.dumps({"threads": threads, "rows": rows}))
    return 0


def _rows(rounds: int, threads: int) -> Iterator[Row]:
    precisions = ("fp32",) if cpu_bf16_trouble() else ("fp32", "bf16")
    for precision in precisions:
        taken = _alternate(_matrix_product(precision), rounds=4 * rounds)[0]
        speed = FLOP / statistics.median(taken) / 1e9
        yield {"what": f"matrix product, {precision}", "unit": "GFLOP/s", "ours": speed}
    trained = {
        f"preset {name}": (chosen.model, chosen.training) for name, chosen in PRESETS.items()
    }
    plain = TrainOptions(window=64, ema=None)
    trained |= {"plain": (ModelOptions(layers=2, hidden_size=256, dropout=0.0), plain)}
    trained |= {"plain, wide": (ModelOptions(layers=2, hidden_size=512, dropout=0.0), plain)}
    for name, (sizes, training) in trained.items():
        for precision in precisions:
            yield _training(name, sizes, training, precision, rounds)
    for name in PRESETS:
        for number in NUMBERS:
            yield _sampling(name, number, rounds, threads)
    yield _first_character(rounds)


def _line(row: Row) -> str:
    line = f"{row['what']:42}{row['ours']:>12,.1f} {row['unit']:18}"
    if "bare" in row:
        line += f"{row['ratio']:6.2f} times as fast as bare ({row['bare']:,.1f})"
    for name in ("of peak", "of reading"):
        if name in row:
            line += f", {row[name]:.0%} {name}"
    return line


def _matrix_product(precision: str) -> Action:
    """Return the product of two square matrices, the fastest arithmetic of this machine."""
    import torch

    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = torch.rand(2, SIDE, SIDE).to(kind)
    return lambda: a @ b


def _training(
    name: str, sizes: ModelOptions, training: TrainOptions, precision: str, rounds: int
) -> Row:
    """Compare the trainer's steps with a bare `nn.LSTM` loop in fp32."""
    import numpy as np

    from charlstm.model.network import CharModel
    from charlstm.training.trainer import Trainer

    model = CharModel(sizes, VOCABULARY)
    options = dataclasses.replace(training, steps=NEVER, patience=None)
    ids = np.random.default_rng(0).integers(VOCABULARY, size=200_000, dtype=np.int32)
    trainer = Trainer(
        model, ids, ids[:1000], options, validate_every=NEVER, bf16=precision == "bf16"
    )
    reports = trainer.fit()
    bare = _bare_loop(sizes, ids, options)
    ours, theirs, product = _alternate(
        lambda: [next(reports) for _ in range(STEPS)],
        lambda: [bare() for _ in range(STEPS)],
        _matrix_product(precision),
        rounds=rounds,
    )
    characters = STEPS * options.batch_size * options.window
    weights = sum(p.numel() for n, p in model.named_parameters() if "embedding" not in n)
    return {
        "what": f"train {_named(name, sizes)}, {precision}",
        "unit": "chars/s",
        "ours": characters / statistics.median(ours),
        "bare": characters / statistics.median(theirs),
        "ratio": _ratio(ours, theirs),
        "of peak": 6 * weights * characters / FLOP * _ratio(ours, product),
    }


def _named(name: str, sizes: ModelOptions) -> str:
    return f"{name}, {sizes.layers} x {sizes.hidden_size}"


def _bare_loop(sizes: ModelOptions, ids: Any, options: TrainOptions) -> Action:
    """Return a training step for a model of these sizes, as anyone would write it, in fp32."""
    import torch
    from torch import nn

    from charlstm.text.streams import Streams

    embedding, lstm, head = _bare_model(sizes, batch_first=True)
    weights = [p for module in (embedding, lstm, head) for p in module.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=options.learning_rate, fused=True)
    streams = Streams(ids, options.batch_size, options.window)
    state = None
    index = 0

    def step() -> None:
        nonlocal state, index
        inputs, targets = map(torch.from_numpy, streams.read(index % streams.windows))
        outputs, (h, c) = lstm(embedding(inputs), state)
        state = (h.detach(), c.detach())
        index += 1
        loss = nn.functional.cross_entropy(head(outputs).flatten(0, 1), targets.long().flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, options.clip or math.inf)
        optimizer.step()

    return step


def _bare_model(sizes: ModelOptions, batch_first: bool) -> Any:
    from torch import nn

    width = sizes.embedding_size or VOCABULARY
    return (
        nn.Embedding(VOCABULARY, width),
        nn.LSTM(width, sizes.hidden_size, sizes.layers, batch_first=batch_first),
        nn.Linear(sizes.hidden_size, VOCABULARY),
    )


def _sampling(name: str, number: int, rounds: int, threads: int) -> Row:
    """Compare the sampler with steps of `nn.LSTM`, in microseconds per character."""
    import numpy as np
    import torch
    from threadpoolctl import ThreadpoolController

    from charlstm.model.checkpoint import Checkpoint
    from charlstm.model.network import CharModel
    from charlstm.sampling.sampler import Sampler, generate, generate_many, threads_for
    from charlstm.text.vocabulary import Vocabulary

    sizes = PRESETS[name].model
    blas = ThreadpoolController()
    length = max(8, 300 // number)
    model = CharModel(sizes, VOCABULARY)
    letters = Vocabulary("".join(map(chr, range(32, 32 + VOCABULARY))))
    checkpoint = Checkpoint(model.options, letters, model.to_arrays())
    sampler = Sampler(checkpoint)
    draw = SampleOptions(length=length, seed=0)
    embedding, lstm, head = _bare_model(sizes, batch_first=False)
    used = sum(w.size for n, w in checkpoint.weights.items() if "embedding" not in n)
    weights = np.ones(used - checkpoint.weights["layers.0.weight_ih"].size, np.float32)

    def ours() -> None:
        with blas.limit(limits=threads_for(checkpoint, number, threads)):
            if number == 1:
                list(generate(sampler, "", draw))
            else:
                list(generate_many(sampler, number, "", draw))

    @torch.inference_mode()
    def bare() -> None:
        ids = torch.zeros(1, number, dtype=torch.long)
        state = None
        for _ in range(length):
            outputs, state = lstm(embedding(ids), state)
            ids = torch.multinomial(torch.softmax(head(outputs[0]) / draw.temperature, -1), 1).T

    def reading() -> None:
        with blas.limit(limits=threads_for(checkpoint, number, threads)):
            for _ in range(length):
                weights @ weights

    first, second, third = _alternate(ours, bare, reading, rounds=rounds)
    each = length * number / 1e6
    return {
        "what": f"sample {_named(name, sizes)}, {number} at once",
        "unit": "microseconds/char",
        "ours": statistics.median(first) / each,
        "bare": statistics.median(second) / each,
        "ratio": _ratio(first, second),
        **({"of reading": _ratio(first, third)} if number == 1 else {}),
    }


def _first_character(rounds: int) -> Row:
    """Time a whole process that prints one character."""
    sample = [sys.executable, "-m", "charlstm.sample", "--length", "1"]
    taken = _alternate(
        lambda: subprocess.run(sample, check=True, capture_output=True), rounds=rounds
    )[0]
    return {"what": "first character", "unit": "s", "ours": statistics.median(taken)}


def _alternate(*actions: Action, rounds: int) -> list[list[float]]:
    """Run the actions in turns, and return their times in seconds without the first round's."""
    times: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds + 1):
        for action, taken in zip(actions, times, strict=True):
            started = time.perf_counter()
            action()
            taken.append(time.perf_counter() - started)
    return [taken[1:] for taken in times]


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(b / a for a, b in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    sys.exit(main())
