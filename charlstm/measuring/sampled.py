"""The scores of a long text, from samples of it.

To read a long text whole takes long, and the mean over a part of it is almost the same. So
`STRETCHES` stretches of it are scored, as far apart as can be, side by side. They also say how far
the score is from that of the whole text: their means differ, and from that follows an interval
which holds the mean of the whole text 95 times in 100.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from charlstm.machine.cpus import torch_threads
from charlstm.machine.threads import Threads
from charlstm.measuring.scores import COLD_WINDOW, ROWS, Scores, nats_of, score
from charlstm.model.facts import Score
from charlstm.model.network import CharModel
from charlstm.text.vocabulary import Ids

LONG = 2**20  # characters; a longer text is not scored whole
STRETCHES = 128
LENGTH = 4 * COLD_WINDOW  # characters of a stretch
BEFORE = 256  # characters that a carried state has read before a stretch
WITHIN = 1.96  # standard errors; a normal distribution has 95 % of its mass within


def to_score(length: int, whole: bool = False) -> int:
    """Return of how many characters `score_some` tells when it scores a text of some length."""
    if whole or length <= LONG:
        return 2 * (length - 1)
    return 2 * STRETCHES * LENGTH


def score_some(
    model: CharModel,
    ids: Ids,
    whole: bool = False,
    threads: int | None = None,
    seen: Callable[[int], object] = id,
) -> Scores:
    """Score a text in both protocols: all of a short one, and 128 stretches of a long one.

    In the *carried* protocol each stretch starts from the state after the 256 characters before it.
    In the *cold* one it is cut into windows of 256 characters.

    Args:
        model: the model.
        ids: the text, (N,).
        whole: score all of a long text, too.
        threads: as for `scores.score`.
        seen: is called with the number of characters each time some were scored.

    Returns:
        the scores; those of samples have an interval.

    Raises:
        UserError: fewer than two characters.
    """
    if whole or len(ids) <= LONG:
        return score(model, ids, threads, seen)
    started = time.perf_counter()
    used = torch_threads(threads, model.device)
    length = BEFORE + LENGTH + 1
    starts = np.linspace(0, len(ids) - length, STRETCHES).round().astype(int)
    read = np.stack([ids[start : start + length] for start in starts]).astype(np.int32)
    carried = _carried(model, read, used, seen)
    used.new_work()
    cold = _cold(model, read[:, BEFORE:], used, seen)
    speed = 2 * STRETCHES * LENGTH / (time.perf_counter() - started)
    return Scores(carried, cold, speed, used.number, model.device.type)


def _carried(model: CharModel, read: Ids, threads: Threads, seen: Callable[[int], object]) -> Score:
    """Score all stretches side by side, (K, BEFORE + LENGTH + 1), the state carried."""
    state = None
    sums = np.zeros(len(read))
    for start in range(0, read.shape[1] - 1, COLD_WINDOW):
        piece = read[:, start : start + COLD_WINDOW + 1]
        with threads:
            nats, state = nats_of(model, piece[:, :-1], piece[:, 1:], state)
        if start >= BEFORE:
            sums += _rows(nats, len(read))
            seen(piece[:, 1:].size)
    return _score(sums / LENGTH)


def _cold(model: CharModel, read: Ids, threads: Threads, seen: Callable[[int], object]) -> Score:
    """Score all windows of the stretches, (K, LENGTH + 1), each from the zero state."""
    inputs = read[:, :-1].reshape(-1, COLD_WINDOW)
    targets = read[:, 1:].reshape(-1, COLD_WINDOW)
    sums = np.zeros(len(inputs))
    for start in range(0, len(inputs), ROWS):
        rows = slice(start, start + ROWS)
        with threads:
            nats, _ = nats_of(model, inputs[rows], targets[rows])
        sums[rows] = _rows(nats, len(inputs[rows]))
        seen(inputs[rows].size)
    return _score(sums.reshape(len(read), -1).sum(1) / LENGTH)


def _rows(nats: torch.Tensor, rows: int) -> Any:
    """Return the sum of each row, (B,)."""
    return nats.cpu().double().reshape(rows, -1).sum(1).numpy()


def _score(means: Any) -> Score:
    """Return the mean of the stretches' means, (K,), and the interval that follows from them."""
    error = float(means.std(ddof=1)) / math.sqrt(len(means))
    return Score(float(means.mean()), len(means) * LENGTH, WITHIN * error)
