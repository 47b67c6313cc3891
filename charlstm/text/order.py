"""Does the end of a text differ from the rest, as that of a sorted list does?

A bigram model answers, before anything else is trained: how much harder is the last tenth for it
than a tenth whose lines were drawn? Both times it has learned from the other nine. On a text whose
lines stand in no order, the two are equal up to chance.
"""

import math

import numpy as np

from charlstm.errors import option
from charlstm.text.encoded import Text, code_points
from charlstm.text.split import LONGEST_BLOCK, draw
from charlstm.text.vocabulary import Ids

LEAST = 1000  # characters; in a shorter text, chance hides everything else
MOST = 2**20  # characters that are looked at; of a longer text, blocks all over it
APART = 0.25  # nats per character, in a long text
CHANCE = 10.0  # nats times the root of the characters: a tenth of few characters varies that much
SPLIT = 0.9
COMMON = 255  # characters that are told apart, the most common ones


def told_of_end(text: Text) -> str:
    r"""Return a sentence on the end of a text if it is unlike the rest, else nothing.

    Example:
        >>> told_of_end("to be or not to be\n" * 99)
        ''
    """
    nats = end_apart(text)
    if nats <= APART + CHANCE / math.sqrt(max(1, len(text))):
        return ""
    return (
        f"the last tenth is unlike the rest of the text: a bigram model finds it {nats:.2f} nats"
        f" harder than lines drawn from everywhere; for a sorted list {option('split_by', 'line')}"
        f" draws the validation part, {option('split_by', 'block')} where topics change"
    )


def end_apart(text: Text) -> float:
    r"""Return by how many nats per character the last tenth is harder than a tenth that was drawn.

    Returns:
        the difference for a bigram model; 0 if the text is too short to tell.

    Example:
        >>> import random
        >>> ends = ("lan", "nes", "riel")
        >>> names = [a + b + c for a in "abcdefghklm" for b in "aeiou" for c in ends]
        >>> round(end_apart("\n".join(names)), 1)
        1.0
        >>> random.Random(0).shuffle(names)
        >>> end_apart("\n".join(names)) < 0
        True
    """
    if len(text) < LEAST:
        return 0.0
    seen = _thinned(text)
    drawn, train, _ = draw(seen, (SPLIT, 1 - SPLIT), "line")
    if len(drawn) - train < len(drawn) * (1 - SPLIT) / 2:  # too few lines to draw from
        return 0.0
    return _bigram_nats(seen, int(len(seen) * SPLIT)) - _bigram_nats(drawn, train)


def _thinned(text: Text) -> str:
    """Return a text, or of a long one as many blocks as are looked at, spread over all of it."""
    if len(text) <= MOST:
        return str(text)
    pieces = MOST // LONGEST_BLOCK
    starts = np.linspace(0, len(text) - LONGEST_BLOCK, pieces).astype(int)
    return "".join(str(text[start : start + LONGEST_BLOCK]) for start in starts.tolist())


def _bigram_nats(text: str, cut: int) -> float:
    """Return the nats per character of what follows `cut`, by the bigrams before it."""
    ids = _common_ids(text)
    size = int(ids.max()) + 1
    before, after = ids[:cut], ids[cut:]
    pairs = np.bincount(before[:-1] * size + before[1:], minlength=size**2).reshape(size, size)
    single = (np.bincount(before, minlength=size) + 1) / (cut + size)
    kinds = np.maximum((pairs > 0).sum(1), 1)  # Witten & Bell 1991
    shares = (pairs + kinds[:, None] * single) / (pairs.sum(1) + kinds)[:, None]
    return float(-np.log(shares[after[:-1], after[1:]]).mean())


def _common_ids(text: str) -> Ids:
    """Return the characters by how common they are, (N,); the rare ones share a number."""
    _, ids, counts = np.unique(code_points(text), return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.minimum(rank, COMMON)[ids]
