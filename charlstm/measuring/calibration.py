"""One number divides a model's logits, so that it is as sure of itself as it is right.

Training ends with a model that is too sure of itself if it has read its text many times. Then the
logits divided by a number above 1, a temperature, predict a new text better (Guo, Pleiss, Sun &
Weinberger 2017, "On Calibration of Modern Neural Networks", section 4.2). The order of the
characters stays the same.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from charlstm.machine.cpus import torch_threads
from charlstm.machine.waiting import unheard
from charlstm.measuring.scores import CHUNK
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.facts import Calibration, Measured, Score
from charlstm.model.network import CharModel
from charlstm.text.vocabulary import Ids, check_ids

MOST = 2**23  # logits that are kept at most: 32 MB
SHORTEST = 200  # characters of each half; fewer say too little


def to_read(length: int, vocabulary_size: int) -> int:
    """Return how many characters of a text `calibrate` reads."""
    half = min((length - 1) // 2, MOST // (2 * vocabulary_size))
    return 2 * half if half >= SHORTEST else 0


@torch.no_grad()
def calibrate(
    model: CharModel,
    ids: Ids,
    threads: int | None = None,
    seen: Callable[[int], object] = unheard,
) -> Calibration | None:
    """Find the temperature of the logits in the first half of a text, and try it in the second.

    The model reads the text in one pass, the state carried.

    Args:
        model: the model. It does not change.
        ids: the text, (N,), one that the model was not trained on. Of a long text the beginning is
            read: as many characters as `MOST` logits are for.
        threads: PyTorch's threads. None measures while it reads how many are the fastest.
        seen: is called with the number of characters each time some were read.

    Returns:
        the temperature, and the score of the second half without and with it; None if the text is
        too short, if no temperature suits the first half, or if it does not help the second.

    Raises:
        UserError: an id is not from 0 to V - 1.
    """
    ids = check_ids(ids, model.vocabulary_size, "ids")
    half = to_read(len(ids), model.vocabulary_size) // 2
    if not half:
        return None
    text = np.ascontiguousarray(ids[: 2 * half + 1], np.int32)
    used = torch_threads(threads, model.device)
    logits = torch.empty(2 * half, model.vocabulary_size)
    state = None
    for start in range(0, 2 * half, CHUNK):
        stop = min(start + CHUNK, 2 * half)
        with used:
            read, state = model(torch.from_numpy(text[None, start:stop]).to(model.device), state)
            logits[start:stop] = read[0].float().cpu()
        seen(stop - start)
    targets = torch.from_numpy(text[1:]).long()
    inverse = _fit(logits[:half], targets[:half])
    if not inverse > 0:  # a model after a few steps: what it holds for likely is the less so
        return None
    temperature = 1 / inverse
    before, after = (
        Score(float(F.cross_entropy(logits[half:].double() / t, targets[half:])), half)
        for t in (1.0, temperature)
    )
    return Calibration(temperature, half, before, after) if after.nats < before.nats else None


@torch.enable_grad()
def _fit(logits: Tensor, targets: Tensor) -> float:
    """Return the factor of the logits with the smallest cross-entropy, which is convex in it."""
    factor = torch.ones((), requires_grad=True)
    optimizer = torch.optim.LBFGS([factor], line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        nats = F.cross_entropy(logits * factor, targets)
        nats.backward()
        return nats

    optimizer.step(loss)
    return float(factor.detach())


def calibrated(
    checkpoint: Checkpoint,
    ids: Ids,
    device: str | torch.device = "cpu",
    threads: int | None = None,
    seen: Callable[[int], object] = unheard,
) -> Checkpoint:
    """Return a model whose read-out is divided by the temperature that `calibrate` finds.

    Args:
        checkpoint: the model.
        ids: as for `calibrate`.
        device: where to compute.
        threads: as for `calibrate`.
        seen: as for `calibrate`.

    Returns:
        the model with `measured.calibration`; the same object if it has that already, or if no
        temperature helps.

    Example:
        >>> import numpy as np
        >>> from charlstm import Checkpoint, find_model
        >>> checkpoint = Checkpoint.load(find_model("tinyshakespeare"))
        >>> ids = checkpoint.vocabulary.encode("A short text says nothing of it.")
        >>> calibrated(checkpoint, ids) is checkpoint
        True
    """
    if checkpoint.calibration:
        return checkpoint
    model = CharModel.from_checkpoint(checkpoint).to(device)
    calibration = calibrate(model, ids, threads, seen)
    if calibration is None:
        return checkpoint
    head = ("head.weight", "head.bias")
    divided = {name: checkpoint.weights[name] / calibration.temperature for name in head}
    measured = dataclasses.replace(checkpoint.measured or Measured(), calibration=calibration)
    return dataclasses.replace(checkpoint, weights=checkpoint.weights | divided, measured=measured)
