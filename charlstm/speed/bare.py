"""Training and sampling, each beside a bare torch loop of the same sizes.

The ids are random, from a vocabulary of 65 characters. Each figure is a median over the rounds.

The two sides of a training have a process each. So the bare loop keeps PyTorch's own settings, but
for the number of threads. They take turns, and the side whose turn it is not waits.
"""

import dataclasses
import math
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import nn

from charlstm.machine.cpus import blas_threads, prepare_cpu
from charlstm.machine.devices import bf16_trouble_on
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, SampleOptions, TrainOptions
from charlstm.sampling.sampler import Sampler, generate, generate_many
from charlstm.speed.beside import waiting
from charlstm.speed.turns import in_turns, ratio, timed
from charlstm.text.streams import Streams
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.presets import PRESETS
from charlstm.training.trainer import READ_EVERY, Trainer

VOCABULARY = 65
STEPS = 10  # of training in a round, after one that is not timed: it finds the caches cold
PRODUCTS = 3  # in a round, after one
STARTS = 4  # of both sides: two processes with the same program may differ by a tenth
NEVER = 10**9  # steps: so many that no validation and no end of the budget falls into a round
SIDE = 1024  # rows and columns of two matrices; the speed of their product counts as the peak
FLOP = 2 * SIDE**3  # in that product: SIDE**3 multiplications, and as many additions
SIDE_OF_A_TRAINING = """
from charlstm.options import ModelOptions, TrainOptions
from charlstm.speed import bare
bare.{}({!r}, {!r}, {!r}, {!r}, {!r})
"""
NUMBERS = (1, 4, 16, 64, 256)  # samples at once
Action = Callable[[], object]
Measure = Callable[[], float]
Row = dict[str, Any]


def rows(rounds: int, threads: int | None, device: torch.device) -> Iterator[Row]:
    """Measure everything, and yield a row of figures for each thing.

    Args:
        rounds: measurements of each, and half of those of a training.
        threads: for the sampler; None measures how many are the fastest. PyTorch keeps its number.
        device: where to train. The sampler runs on NumPy, and its bare loop beside it, on the CPU.
    """
    precisions = ("fp32",) if bf16_trouble_on(device) else ("fp32", "bf16")
    for precision in precisions:
        taken = in_turns(_matrix_products(precision, device), rounds=4 * rounds)[0]
        speed = PRODUCTS * FLOP / statistics.median(taken) / 1e9
        yield {"what": f"matrix product, {precision}", "unit": "GFLOP/s", "ours": speed}
    presets = [name for name in PRESETS if name != "xlarge" or device.type != "cpu"]
    trained = {f"preset {name}": (PRESETS[name].model, PRESETS[name].training) for name in presets}
    plain = TrainOptions(window=64, ema=None)
    trained |= {"plain": (ModelOptions(layers=2, hidden_size=256, dropout=0.0), plain)}
    trained |= {"plain, wide": (ModelOptions(layers=2, hidden_size=512, dropout=0.0), plain)}
    for name, (sizes, training) in trained.items():
        for precision in precisions:
            yield _training(name, sizes, training, precision, rounds, device)
    for name in presets:
        for number in NUMBERS:
            yield _sampling(name, number, rounds, threads)
    yield _first_character(rounds)


def _matrix_products(precision: str, device: torch.device) -> Measure:
    """Return a measure of products of two square matrices, this machine's fastest arithmetic."""
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = torch.rand(2, SIDE, SIDE).to(device, kind)
    return _warm(lambda: a @ b, PRODUCTS, device)


def _to_the_end(action: Action, device: torch.device) -> Action:
    """Return an action that also waits until a GPU has done all of it."""

    def done() -> None:
        action()
        if device.type == "cuda":
            torch.cuda.synchronize()
        elif device.type == "mps":
            torch.mps.synchronize()

    return done


def _training(
    name: str,
    sizes: ModelOptions,
    training: TrainOptions,
    precision: str,
    rounds: int,
    device: torch.device,
) -> Row:
    """Compare the trainer's steps with a bare `nn.LSTM` loop in fp32."""
    options = dataclasses.replace(training, steps=NEVER, patience=None)
    given = sizes, options, precision, torch.get_num_threads(), str(device)
    ours, bare = (SIDE_OF_A_TRAINING.format(side, *given) for side in ("train_ours", "train_bare"))
    products = _matrix_products(precision, device)
    figures: list[list[float]] = [[], [], []]
    for _ in range(STARTS):
        with waiting(ours) as first, waiting(bare) as second:
            turns = in_turns(first, second, products, rounds=math.ceil(2 * rounds / STARTS))
        for so_far, more in zip(figures, turns, strict=True):
            so_far += more
    taken, theirs, least = figures
    characters = _steps(device) * options.batch_size * options.window
    parts = CharModel(sizes, VOCABULARY).named_parameters()
    weights = sum(p.numel() for name, p in parts if "embedding" not in name)
    return {
        "what": f"train {_named(name, sizes)}, {precision}",
        "unit": "chars/s",
        "ours": characters / statistics.median(taken),
        "bare": characters / statistics.median(theirs),
        "ratio": ratio(theirs, taken),
        "of peak": 6 * weights * characters / (PRODUCTS * FLOP) * ratio(least, taken),
    }


def _named(name: str, sizes: ModelOptions) -> str:
    return f"{name}, {sizes.layers} x {sizes.hidden_size}"


def _ids() -> Any:
    return np.random.default_rng(0).integers(VOCABULARY, size=200_000, dtype=np.int32)


def _warm(action: Action, number: int, device: torch.device) -> Measure:
    """Return a measure that does an action once, and then a number of times, which it times."""
    first = _to_the_end(action, device)
    rest = timed(_to_the_end(lambda: [action() for _ in range(number)], device))

    def measure() -> float:
        first()
        return rest()

    return measure


def train_ours(
    sizes: ModelOptions, options: TrainOptions, precision: str, threads: int, device: str
) -> None:
    """Train as `charlstm.train` does, a turn for each line of standard input."""
    prepare_cpu(threads)
    place = torch.device(device)
    model = CharModel(sizes, VOCABULARY).to(place)
    ids = _ids()
    bf16 = precision == "bf16"
    reports = Trainer(model, ids, ids[:1000], options, validate_every=NEVER, bf16=bf16).fit()
    _take_turns(lambda: next(reports), STEPS, place)


def train_bare(
    sizes: ModelOptions, options: TrainOptions, precision: str, threads: int, device: str
) -> None:
    """Train a bare loop in fp32, whatever the precision, a turn for each line of standard input."""
    torch.set_num_threads(threads)
    place = torch.device(device)
    _take_turns(_bare_loop(sizes, options, place), _steps(place), place)


def _take_turns(step: Action, number: int, device: torch.device) -> None:
    """Print the seconds of so many steps for each line of standard input."""
    measure = _warm(step, number, device)
    for _ in sys.stdin:
        print(measure(), flush=True)


def _steps(device: torch.device) -> int:
    """Return the steps in a turn: on a GPU a report of the trainer stands for several."""
    return STEPS if device.type == "cpu" else STEPS * READ_EVERY


def _bare_loop(sizes: ModelOptions, options: TrainOptions, device: torch.device) -> Action:
    """Return a training step for a model of these sizes, as anyone would write it, in fp32."""
    embedding, lstm, head = (m.to(device) for m in _bare_model(sizes, batch_first=True))
    weights = [p for module in (embedding, lstm, head) for p in module.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=options.learning_rate, fused=True)
    streams = Streams(torch.from_numpy(_ids()).to(device), options.batch_size, options.window)
    state = None
    index = 0

    def step() -> None:
        nonlocal state, index
        inputs, targets = streams.read(index % streams.windows)
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
    width = sizes.embedding_size or VOCABULARY
    return (
        nn.Embedding(VOCABULARY, width),
        nn.LSTM(width, sizes.hidden_size, sizes.layers, batch_first=batch_first),
        nn.Linear(sizes.hidden_size, VOCABULARY),
    )


def _sampling(name: str, number: int, rounds: int, threads: int | None) -> Row:
    """Compare the sampler with steps of `nn.LSTM`, in microseconds per character."""
    sizes = PRESETS[name].model
    length = max(8, 300 // number)
    model = CharModel(sizes, VOCABULARY)
    letters = Vocabulary("".join(map(chr, range(32, 32 + VOCABULARY))))
    checkpoint = Checkpoint(model.options, letters, model.to_arrays())
    sampler = Sampler(checkpoint)
    draw = SampleOptions(length=NEVER)
    embedding, lstm, head = _bare_model(sizes, batch_first=False)
    looked_up = ("embedding.weight", "layers.0.weight_ih")  # in a table of both
    used = {n: w for n, w in checkpoint.weights.items() if n not in looked_up}
    weights = np.ones(sum(w.size for w in used.values()), np.float32)
    features = np.ones((number, sizes.hidden_size), np.float32)
    matrices = [w.T for w in used.values() if w.ndim == 2]

    written: Iterator[object] = (
        generate(sampler, "", draw, threads)
        if number == 1
        else generate_many(sampler, number, "", draw, threads)
    )
    blas = blas_threads(threads)

    def ours() -> None:
        for _ in islice(written, length):
            pass

    @torch.inference_mode()
    def bare() -> None:
        ids = torch.zeros(1, number, dtype=torch.long)
        state = None
        for _ in range(length):
            outputs, state = lstm(embedding(ids), state)
            ids = torch.multinomial(torch.softmax(head(outputs[0]) / draw.temperature, -1), 1).T

    def reading() -> None:
        for _ in range(length):
            with blas:
                weights @ weights

    def products() -> None:
        for _ in range(length):
            with blas:
                for matrix in matrices:
                    features @ matrix

    first, second = in_turns(timed(ours), timed(bare), rounds=rounds)
    # in turns of their own: for a while PyTorch's threads keep a CPU busy after each of its calls
    what, least = ("of reading", reading) if number == 1 else ("of products", products)
    again, third = in_turns(timed(ours), timed(least), rounds=rounds)
    each = length * number / 1e6
    return {
        "what": f"sample {_named(name, sizes)}, {number} at once",
        "unit": "microseconds/char",
        "ours": statistics.median(first) / each,
        "bare": statistics.median(second) / each,
        "ratio": ratio(second, first),
        what: ratio(third, again),
    }


def _first_character(rounds: int) -> Row:
    """Time a whole process that prints one character."""
    sample = [sys.executable, "-m", "charlstm.sample", "--length", "1"]
    run = timed(lambda: subprocess.run(sample, check=True, capture_output=True))
    taken = in_turns(run, rounds=rounds)[0]
    return {"what": "first character", "unit": "s", "ours": statistics.median(taken)}
