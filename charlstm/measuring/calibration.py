"""One number divides a model's logits, so that it is as sure of itself as it is right.

Training ends with a model that is too sure of itself if it has read its text many times. Then the
logits divided by a number above 1, a temperature, predict a new text better (Guo, Pleiss, Sun &
Weinberger 2017, "On Calibration of Modern Neural Networks", section 4.2). The order of the
characters stays the same.
"""

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional as F

from charlstm.machine.cpus import torch_threads
from charlstm.measuring.scores import CHUNK
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.facts import Calibration, Measured, Score
from charlstm.model.network import CharModel
from charlstm.text.vocabulary import Ids, check_ids

MOST = 2**24  # logits that are kept at most: 64 MB
SHORTEST = 200  # characters of each half; fewer say too little


@torch.no_grad()
def calibrate(model: CharModel, ids: Ids, threads: int | None = None) -> Calibration | None:
    """Find the temperature of the logits in the first half of a text, and try it in the second.

    The model reads the text in one pass, the state carried.

    Args:
        model: the model. It does not change.
        ids: the text, (N,), one that the model was not trained on. Of a long text the beginning is
            read: as many characters as `MOST` logits are for.
        threads: PyTorch's threads. None measures while it reads how many are the fastest.

    Returns:
        the temperature, and the score of the second half without and with it; None if the text is
        too short, or if the second half is not predicted better with it.

    Raises:
        UserError: an id is not from 0 to V - 1.
    """
    ids = check_ids(ids, model.vocabulary_size, "ids")
    half = min((len(ids) - 1) // 2, MOST // (2 * model.vocabulary_size))
    if half < SHORTEST:
        return None
    used = torch_threads(threads, model.device)
    logits = torch.empty(2 * half, model.vocabulary_size)
    state = None
    for start in range(0, 2 * half, CHUNK):
        stop = min(start + CHUNK, 2 * half)
        with used:
            read, state = model(torch.from_numpy(ids[None, start:stop]).to(model.device), state)
            logits[start:stop] = read[0].float().cpu()
    targets = torch.from_numpy(ids[1 : 2 * half + 1]).long()
    temperature = _fit(logits[:half], targets[:half])
    before, after = (
        Score(float(F.cross_entropy(logits[half:].double() / t, targets[half:])), half)
        for t in (1.0, temperature)
    )
    return Calibration(temperature, half, before, after) if after.nats < before.nats else None


@torch.enable_grad()
def _fit(logits: Tensor, targets: Tensor) -> float:
    """Return the temperature with the smallest cross-entropy; the loss is convex in its inverse."""
    inverse = torch.ones((), requires_grad=True)
    optimizer = torch.optim.LBFGS([inverse], line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        nats = F.cross_entropy(logits * inverse, targets)
        nats.backward()
        return nats

    optimizer.step(loss)
    return 1 / float(inverse.detach())


def calibrated(
    checkpoint: Checkpoint,
    ids: Ids,
    device: str | torch.device = "cpu",
    threads: int | None = None,
) -> Checkpoint:
    """Return a model whose read-out is divided by the temperature that `calibrate` finds.

    Args:
        checkpoint: the model.
        ids: as for `calibrate`.
        device: where to compute.
        threads: as for `calibrate`.

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
    calibration = calibrate(CharModel.from_checkpoint(checkpoint).to(device), ids, threads)
    if calibration is None:
        return checkpoint
    head = ("head.weight", "head.bias")
    divided = {name: checkpoint.weights[name] / calibration.temperature for name in head}
    measured = dataclasses.replace(checkpoint.measured or Measured(), calibration=calibration)
    return dataclasses.replace(checkpoint, weights=checkpoint.weights | divided, measured=measured)
