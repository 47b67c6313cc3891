"""Where a training computes: on which device, with how many threads, in which processes."""

from dataclasses import dataclass, field

import torch

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
