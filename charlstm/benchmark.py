"""The command that measures this machine: `python -m charlstm.benchmark`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from charlstm.errors import UserError, command, option
from charlstm.flags import parse
from charlstm.machine.cpus import prepare_cpu
from charlstm.machine.devices import describe_device, find_device
from charlstm.options import DeviceOptions, MachineOptions

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Benchmark:
    """Measure training and sampling on this machine, each beside a bare torch loop.

    python -m charlstm.benchmark

    python -m charlstm.benchmark --quick --json

    The two sides of a pair take turns, A B A B, so that a change in the machine's speed meets both.
    Each figure is a median over the rounds; a ratio is the median of the ratios in each round. The
    ids are random, from a vocabulary of 65 characters.

    train: the trainer beside a bare nn.LSTM loop with the same sizes, window and batch, which has a
    process of its own. The presets keep their own dropout and averaging. The two plain models use
    neither, and nor does the loop.
    "of peak" is the share of the speed of a matrix product; it counts 6 operations for each weight
    and character.

    sample: the sampler beside steps of nn.LSTM. "of reading" is the time to read the weights once,
    divided by the time that a character takes. A product of vectors of that size measures how fast
    the machine reads. With several samples at once, "of products" is the time of the same matrix
    products alone, divided by the time of the whole step.

    first character: the time from the start of the process to its end.

    --busy measures something else: training, evaluation and sampling alone, and beside one and two
    processes that keep a CPU busy. It prints shares of the speed that the default number of threads
    reaches alone: means over turns of two seconds. "at once" is how much eight processes do
    together.
    """

    quick: bool = False
    """A quarter of the rounds."""
    busy: bool = False
    """Measure what remains of the speed beside busy programs (about 15 minutes)."""
    json: bool = False
    """Print one JSON object on standard output instead of a table."""
    device: DeviceOptions = DeviceOptions()
    machine: MachineOptions = MachineOptions()


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, names = parse(Benchmark, argv)

    if given.busy and "device" in names:
        raise UserError(
            f"{option('device')} beside {option('busy')}, which measures the CPUs alone"
        )
    threads = prepare_cpu(given.machine.threads)
    device = find_device("cpu" if given.busy else given.device.device)
    rows = []
    for row in _rows(given, threads, device):
        rows.append(row)
        if not given.json:
            print(_busy_line(row) if given.busy else _line(row), flush=True)
    if given.json:
        where = describe_device(device)
        print(json.dumps({"threads": threads, "device": where, "rows": rows}))
    return 0


def _rows(given: Benchmark, threads: int, device: torch.device) -> Iterator[dict[str, Any]]:
    if given.busy:
        from charlstm.speed.busy import at_once_rows, busy_rows

        turns, rounds = (1, 1) if given.quick else (6, 2)
        yield from busy_rows(2.0, turns, threads)
        yield from at_once_rows(8.0, rounds)
    else:
        from charlstm.speed.bare import rows

        yield from rows(2 if given.quick else 8, given.machine.threads, device)


def _line(row: dict[str, Any]) -> str:
    line = f"{row['what']:42}{row['ours']:>12,.1f} {row['unit']:18}"
    if "bare" in row:
        line += f"{row['ratio']:6.2f} times as fast as bare ({row['bare']:,.1f})"
    for name in ("of peak", "of reading", "of products"):
        if name in row:
            line += f", {row[name]:.0%} {name}"
    return line


def _busy_line(row: dict[str, Any]) -> str:
    if "at once" in row:
        beside = f"{row['at once']} at once, together"
    else:
        beside = f"{row['busy']} busy beside" if row["busy"] else "alone"
    shares = ", ".join(f"{s} {row[s]:.2f}" for s in row if s not in ("what", "busy", "at once"))
    return f"{row['what'] + ', ' + beside:36}{shares}"


if __name__ == "__main__":
    sys.exit(main())
