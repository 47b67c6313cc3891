"""What came in each context of a text, compared with what was expected there.

A mixture of predictions can misjudge a context again and again, for example a name that is new to
all its parts. So each context of a few kinds keeps two sums: how often each character w came, and
how likely the mixture held it each time. The next time the mixture gets the feature

log (came(w) + PRIOR) - log (expected(w) + PRIOR).

It is 0 where the mixture was right on average. PAQ's secondary estimation also corrects a
probability by what came of it before (Mahoney 2005).
"""

from collections.abc import Sequence

import numpy as np

from charlstm.text.contexts import Whole
from charlstm.text.ngrams import Floats

PRIOR = 0.5  # chosen on the first half of tiny-shakespeare's validation part
DEGREES = 8  # how well a context is known: 0 (new) to 7 (it came 64 times or more)
_CELLS = 2**25  # numbers that the sums may fill, each twice


class Corrections:
    """The features of one place after the other, which learn after each.

    Args:
        contexts: for each of K kinds the number of each place's context, (N,). Two contexts share
            their sums by chance if there are too many.
        vocabulary_size: V.

    Example:
        Context 0 came once. The character b followed, although a was expected:

        >>> corrections = Corrections([np.array([0, 0])], vocabulary_size=2)
        >>> corrections.learn(0, chances=np.array([0.9, 0.1]), came=1)
        >>> features, degrees = corrections.before(1)
        >>> features.round(2), degrees  # log 0.5/1.4 and log 1.5/0.6
        (array([[-1.03,  0.92]], dtype=float32), array([1]))
    """

    def __init__(self, contexts: Sequence[Whole], vocabulary_size: int) -> None:
        sizes = [int(context.max()) + 1 for context in contexts]
        starts = np.cumsum([0, *sizes[:-1]])
        count = min(sum(sizes), max(1, _CELLS // vocabulary_size))
        self._rows = (np.stack(contexts, 1) + starts) % count  # (N, K)
        self._sums = np.zeros((count, 2, vocabulary_size), np.float32)  # came, expected
        self._visits = np.zeros(count, np.int64)

    def before(self, place: int) -> tuple[Floats, Whole]:
        """Return a place's features, (K, V), and how well each context is known, (K,)."""
        rows = self._rows[place]
        logs = np.log(self._sums[rows] + np.float32(PRIOR))
        degrees = np.minimum(np.frexp(self._visits[rows])[1], DEGREES - 1)
        return logs[:, 0] - logs[:, 1], degrees.astype(np.int64)

    def learn(self, place: int, chances: Floats, came: int) -> None:
        """Add what was expected of a place, (V,), and the character that came."""
        rows = self._rows[place]
        self._sums[rows, 1] += chances
        self._sums[rows, 0, came] += 1
        self._visits[rows] += 1
