"""Measure loops over a window: what the first call costs, and what each later call costs.

    python notebooks/lessons/data/scan.py

The lesson *Loops, scans and kernels* shows the result, `scan.csv`. Each way runs the same layer, an
LSTM (or an RNN) with B = 32 texts, D = 64 and H = 128, over a window and back, with one thread. All
but PyTorch's need JAX, and `torch.compile` needs a C++ compiler. A row has the CPU time of the first
call, in seconds, with all compiling; that of a later call, in milliseconds (a median); and how many
times that of PyTorch's kernel for the cell this is (the median of the ratios, in turns, A B A B).

The script takes about 8 minutes of CPU time, and skips what has a row. Most of that is the loop under
`jax.jit` with its longest window, about which JAX itself complains.
"""

import csv
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from charlstm.model.cells import CELLS, one_step, project, unroll
from charlstm.model.kernels import KERNELS
from charlstm.speed.turns import in_turns, ratio

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("way", "window", "first", "later", "of kernel")
WAYS = {  # the cell, and the longest window
    "scan": ("lstm", 512),
    "loop under jit": ("lstm", 128),
    "loop under jit, not fused": ("lstm", 128),
    "loop under jit, RNN": ("rnn", 128),
    "torch.compile": ("lstm", 64),
    "torch's loop": ("lstm", 512),
}
WINDOWS = (8, 16, 32, 64, 128, 256, 512)
B, D, H = 32, 64, 128
ROUNDS = 5
Action = Callable[[], Any]


def scan(step: Any, p: Any, us: Any, state: Any) -> Any:
    """Do what `unroll` does, as one loop of a compiled program."""
    import jax

    def one(state: Any, u: Any) -> Any:
        output, state = one_step(step, p, u, state)
        return state, output

    state, outputs = jax.lax.scan(one, state, us)
    return outputs, state


def given(cell: str, window: int) -> tuple[Any, Any, Any]:
    """Return weights by name, inputs (T, B, D), and a state."""
    rng = np.random.default_rng(0)
    arrays = {k: rng.normal(0, 0.1, s) for k, s in CELLS[cell].shapes(D, H).items()}
    weights = {name: array.astype(np.float32) for name, array in arrays.items()}
    inputs = rng.normal(size=(window, B, D)).astype(np.float32)
    state = tuple(rng.normal(size=(B, H)).astype(np.float32) for _ in CELLS[cell].states)
    return weights, inputs, state


def loss_by(loop: Any, cell: str) -> Any:
    """Return a function of weights, inputs and state that runs a loop over the cell's step."""

    def loss(weights: Any, inputs: Any, state: Any) -> Any:
        p = SimpleNamespace(**weights)
        outputs, _ = loop(CELLS[cell].step, p, project(p, inputs), state)
        return (outputs * outputs).sum()

    return loss


def in_jax(way: str, cell: str, window: int) -> Action:
    """Return a pass there and back under `jax.jit`."""
    os.environ["NPROC"] = "1"  # JAX's threads
    import jax

    loss = loss_by(scan if way == "scan" else unroll, cell)
    arrays = jax.tree.map(jax.numpy.asarray, given(cell, window))
    options = {"xla_disable_hlo_passes": "fusion"} if way.endswith("not fused") else {}
    compiled = jax.jit(jax.value_and_grad(loss), compiler_options=options)
    return lambda: jax.block_until_ready(compiled(*arrays))


def in_torch(way: str, cell: str, window: int) -> Action:
    """Return a pass there and back in PyTorch: a loop, a compiled one, or the kernel."""
    weights, inputs, state = given(cell, window)
    weights = {name: torch.from_numpy(array).requires_grad_() for name, array in weights.items()}
    inputs = torch.from_numpy(inputs)
    state = tuple(map(torch.from_numpy, state))
    loss = loss_by(unroll, cell)
    if way == "torch.compile":
        os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp()  # nothing of earlier runs
        os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
        torch.compile(lambda x: x + 1)(torch.ones(2))  # imports the compiler
        torch.compiler.reset()
        loss = torch.compile(loss)
    elif way == "kernel":
        inputs = inputs.transpose(0, 1)

        def loss(weights: Any, inputs: Any, state: Any) -> Any:
            outputs, _ = KERNELS[cell](SimpleNamespace(**weights), inputs, state)
            return (outputs * outputs).sum()

    return lambda: torch.autograd.grad(loss(weights, inputs, state), [*weights.values()])


def cpu_time() -> float:
    """Return the seconds that this process and the compilers that it started had a CPU."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measured(action: Action) -> Callable[[], float]:
    """Return a measure of an action's CPU time, in milliseconds."""

    def measure() -> float:
        began = time.process_time()
        action()
        return 1000 * (time.process_time() - began)

    return measure


def measure(way: str, window: int) -> tuple[float, float, float]:
    """Return the three figures of a row."""
    cell, _ = WAYS[way]
    make = in_torch if way.startswith("torch") else in_jax
    action = make(way, cell, window)
    began = cpu_time()
    action()
    first = cpu_time() - began
    later, kernel = in_turns(
        measured(action), measured(in_torch("kernel", cell, window)), rounds=ROUNDS
    )
    return round(first, 2), round(statistics.median(later), 2), round(ratio(later, kernel), 2)


def main() -> None:
    """Measure what has no row yet, short windows first."""
    torch.set_num_threads(1)
    if not RESULTS.exists():
        RESULTS.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {(row["way"], int(row["window"])) for row in csv.DictReader(file)}
    for window in WINDOWS:
        for way, (_, longest) in WAYS.items():
            if (way, window) in done or window > longest:
                continue
            row = [way, window, *measure(way, window)]
            with RESULTS.open("a", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerow(row)
            print(*row, flush=True)


if __name__ == "__main__":
    main()
