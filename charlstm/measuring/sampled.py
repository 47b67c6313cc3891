"""The scores of a long text, from samples of it.

To read a long text whole takes long, and the mean over a part of it is almost the same. So
`STRETCHES` stretches of it are scored, as far apart as can be, side by side. Their means differ.
From that follows an interval around the score: if the stretches were drawn at random, it would hold
the score of the whole text 95 times in 100. Stretches that are spread evenly usually miss by less.
Only in a text that repeats itself at their distance could they miss by more.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from charlstm.machine.cpus import torch_threads
from charlstm.machine.threads import Threads
from charlstm.machine.waiting import unheard
from charlstm.measuring.scores import COLD_WINDOW, LOGITS, Scores, nats_of, score
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
    return (BEFORE + 2 * LENGTH) * STRETCHES


def score_some(
    model: CharModel,
    ids: Ids,
    whole: bool = False,
    threads: int | None = None,
    seen: Callable[[int], object] = unheard,
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
    carried = _nats(model, read, used, seen)[:, BEFORE:]
    used.new_work()
    at = np.arange(BEFORE, BEFORE + LENGTH, COLD_WINDOW)[:, None] + np.arange(COLD_WINDOW + 1)
    cold = _nats(model, read[:, at].reshape(-1, COLD_WINDOW + 1), used, seen)
    seconds = time.perf_counter() - started
    scores = _score(carried), _score(cold.reshape(STRETCHES, LENGTH))
    characters = (read.shape[1] - 1 + LENGTH) * STRETCHES
    return Scores(*scores, characters / seconds, used.number, model.device.type)


def _nats(model: CharModel, read: Ids, threads: Threads, seen: Callable[[int], object]) -> Any:
    """Return the nats of each character, (K, T), of K texts side by side, (K, T + 1)."""
    chunk = max(1, LOGITS // (len(read) * model.vocabulary_size))
    nats = np.empty((len(read), read.shape[1] - 1))
    state = None
    for start in range(0, nats.shape[1], chunk):
        piece = read[:, start : start + chunk + 1]
        with threads:
            found, state = nats_of(model, piece[:, :-1], piece[:, 1:], state)
        nats[:, start : start + chunk] = found.cpu().reshape(len(read), -1)
        seen(found.numel())
    return nats


def _score(nats: Any) -> Score:
    """Return the mean of all nats, (K, T), and the interval that the means of rows give."""
    means = nats.mean(1)
    error = float(means.std(ddof=1)) / math.sqrt(len(means))
    return Score(float(means.mean()), nats.size, WITHIN * error)
