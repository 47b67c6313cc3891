"""What the steps of a training read: a window of each stream, and the state before it."""

import functools
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charlstm.model.dropout import Rng, kept
from charlstm.model.stack import ModelState
from charlstm.options import TrainOptions
from charlstm.text.encoded import release
from charlstm.text.streams import streams_for
from charlstm.text.vocabulary import Ids
from charlstm.training.distributed import Ranks

LET_GO = 1000  # steps on a text on disk until what they have read counts as memory no longer


class Windows:
    """The training text, window after window.

    Args:
        ids: the text, (N,).
        options: streams, windows, resets, seed.
        device: where to read them. A text on disk stays there, and each window is sent; another
            text is sent once.
        ranks: the processes that share the streams.

    Raises:
        UserError: a text of fewer than two characters, or streams that the ranks cannot share.

    Attributes:
        streams: all streams.
        rows: those of this rank.
    """

    def __init__(self, ids: Ids, options: TrainOptions, device: torch.device, ranks: Ranks) -> None:
        self._device = device
        self._seed = options.seed
        self._reset = options.reset
        text: Any = ids
        if not isinstance(ids, np.memmap):
            text = torch.from_numpy(ids).to(device)
        self.streams = streams_for(text, options.batch_size, options.window)
        self.rows = ranks.rows(self.streams.batch_size)

    def read(self, step: int) -> tuple[Tensor, Tensor]:
        """Return this rank's rows of a step's window, and their targets, (B, T).

        Each epoch starts at a random offset.
        """
        epoch, index = divmod(step, self.streams.windows)
        offset = _offset(self._seed, epoch, self.streams.dropped)
        inputs, targets = self.streams.read(index, offset)
        if isinstance(inputs, np.ndarray):
            both = np.stack((inputs, targets)).astype(np.int64)
            if step % LET_GO == 0:
                release(self.streams.ids)
            inputs, targets = torch.from_numpy(both).to(self._device)
        return inputs[self.rows], targets[self.rows].long()

    def state_before(self, step: int, hidden: ModelState | None, rng: Rng) -> ModelState | None:
        """Return this rank's state before a step: after the last window, with resets.

        A sample starts from the zero state, so the model must learn to start from it, too. Some
        streams are set to it at random, and all at the start of an epoch.
        """
        if hidden is None or step % self.streams.windows == 0:
            return None
        if not self._reset:
            return [tuple(s[self.rows] for s in layer) for layer in hidden]
        keep = kept((self.streams.batch_size, 1), self._reset, rng, np.float64)
        return [tuple((s * keep)[self.rows] for s in layer) for layer in hidden]


@functools.lru_cache(maxsize=1)  # to make a random generator takes long for work of every step
def _offset(seed: int, epoch: int, dropped: int) -> int:
    """Return how many characters an epoch leaves out at the start of the text."""
    return int(np.random.default_rng((seed, 0, epoch)).integers(dropped + 1))
