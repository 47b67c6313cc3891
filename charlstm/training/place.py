"""Where a training computes: on which device, with how many threads, in which processes."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import torch

from charlstm.errors import counted, option, say
from charlstm.training.distributed import Ranks


@dataclass(frozen=True)
class Place:
    """Where a training computes. The weights are the same everywhere, but for rounding.

    Attributes:
        device: where the model lives.
        threads: how many threads the user asked for; None if for no number. See `Trainer`.
        ranks: the processes that train together, this one among them.
    """

    device: torch.device = torch.device("cpu")
    threads: int | None = None
    ranks: Ranks = field(default_factory=Ranks)


def possible_threads(threads: int, folder: Path) -> int:
    """Return how many of the threads that a file asks for this machine has CPUs for.

    A thousand threads on two CPUs wait for each other for ever. Only the user may ask for that.
    """
    cpus = os.cpu_count() or 1
    if threads > cpus:
        say(
            f"{folder}: was trained with {counted(threads, 'thread')}; this machine has"
            f" {counted(cpus, 'CPU')}, so it goes on with {cpus}, and rounds in another way;"
            f" {option('threads', threads)} goes on as before"
        )
    return min(threads, cpus)
