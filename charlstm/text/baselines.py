"""What others reach on the same text, for scale: a compressor, and a 5-gram model.

Both learn while they read, and may first read a history that does not count, such as the text that
a model was trained on.
"""

import lzma
import math
from typing import Any

import numpy as np

from charlstm.text.vocabulary import Ids

Counts = np.ndarray[Any, np.dtype[np.int64]]


def xz_bits(text: bytes, history: bytes = b"") -> float:
    """Return the bits that `text` adds to what xz (LZMA2, its highest setting) makes of `history`.

    Example:
        >>> xz_bits(b"again and " * 50, history=b"again and " * 50) < 8 * 20
        True
    """

    def size(content: bytes) -> int:
        return len(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))

    return 8.0 * (size(history + text) - (size(history) if history else 0))


def ngram_bits(ids: Ids, vocabulary_size: int, first: int = 0, order: int = 5) -> float:
    """Return the bits that an adaptive n-gram model needs for the characters from `first` on.

    Interpolated Witten-Bell smoothing (Bell, Cleary & Witten 1990, method C; Chen & Goodman 1999):
    with n(h) the times that a context h was seen before, n(h, w) those with w after it, and t(h)
    the number of different characters after it,

    p(w | h) = (n(h, w) + t(h) p(w | shorter h)) / (n(h) + t(h)),

    down to the uniform distribution. All counts are of what comes before the character.

    Args:
        ids: history and text, (N,).
        vocabulary_size: V.
        first: where the text begins in `ids`; what comes before is history.
        order: n; contexts have up to n - 1 characters.
    """
    words = ids.astype(np.int64)
    chance = np.full(len(words), 1.0 / vocabulary_size)
    context = np.zeros(len(words), np.int64)  # which context each character stands in
    for length in range(min(order, len(words))):
        known = slice(length, None)
        pair = np.unique(context[known] * vocabulary_size + words[known], return_inverse=True)[1]
        seen_pair = _earlier(pair)
        seen, followers = _earlier(context[known]), _earlier(context[known], seen_pair == 0)
        total = np.maximum(seen + followers, 1)
        backed_off = np.where(seen > 0, followers / total, 1.0)
        chance[known] = seen_pair / total + backed_off * chance[known]
        context = np.zeros(len(words), np.int64)
        context[length + 1 :] = pair[:-1] + 1
    return float(-np.log(chance[first:]).sum() / math.log(2))


def _earlier(groups: Counts, counted: Any = None) -> Counts:
    """Count, for each place, the earlier places of the same group (that are `counted`)."""
    order = np.argsort(groups, kind="stable")
    marks = np.ones(len(groups), np.int64) if counted is None else counted[order].astype(np.int64)
    before = marks.cumsum() - marks
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
    at_start = np.repeat(before[starts], np.diff(np.r_[starts, len(groups)]))
    result = np.empty(len(groups), np.int64)
    result[order] = before - at_start
    return result
