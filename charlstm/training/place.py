"""Where a training computes: on which device, with how many threads, in which processes."""

from dataclasses import dataclass, field
from pathlib import Path

import torch

from charlstm.errors import counted, option, say
from charlstm.machine import cpus
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
    """Return how many of the threads that a file asks for this process has CPUs for.

    A thousand threads on two CPUs wait for each other for ever. Only the user may ask for that.
    """
    usable = cpus.usable_cpus()
    if threads > usable:
        say(
            f"{folder}: was trained with {counted(threads, 'thread')}; this process may use"
            f" {counted(usable, 'CPU')}, so it goes on with {usable}, and rounds in another way;"
            f" {option('threads', threads)} goes on as before"
        )
    return min(threads, usable)
