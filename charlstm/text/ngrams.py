"""What n-grams say about each next character, from all that was read before it.

A ladder climbs from short contexts to long ones. On each rung stands what the longer context adds:
how much more or less likely it makes each character than the shorter contexts did. A mixture can
then give each rung a weight of its own. A second ladder, of other contexts such as words, can lean
on a rung of the first one.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from charlstm.text.contexts import Whole
from charlstm.text.vocabulary import Ids, check_ids

Floats = NDArray[np.float32]

CONFIDENCES = 22  # how well a context is known: 0 (new) to 21
_BLOCK = 2**22  # numbers that one block of rungs may hold


class Ladder:
    """The rungs of adaptive n-grams for each place of a text, from `first` on.

    With the counts of interpolated Witten-Bell smoothing, which `baselines.ngram_bits` explains,

    p(w | h) = (n(h, w) + t(h) p(w | shorter h)) / (n(h) + t(h)).

    The rung of h holds log p(w | h) - log p(w | shorter h) for each character w. The empty context
    stands on 1 / V. So the rungs from the bottom to h add up to log p(w | h) + log V. The rung of
    a context that is new, or would begin before the text, is 0. Each count covers only what was
    read before the place. If the text is read in another order than its own, no context reaches
    back beyond a character that is read later.

    Beside each rung stands how well its context is known, from n(h) and t(h): 0 if it is new,
    else 1 + 3 min(floor(log2 n(h)), 6) + min(t(h), 3) - 1. In PPM and PAQ, too, such numbers tell
    how far to trust a context (Cleary & Witten 1984; Mahoney 2005).

    Args:
        ids: the text, (N,).
        vocabulary_size: V.
        first: the number of places that are read before rungs are wanted.
        lengths: K context lengths, in rising order.
        leaning: contexts of another kind: for each kind the number of each place's context, (N,).
            Their rungs come after the K others.
        foot: the length on whose rung the first of them stands.
        order: all places in the order in which they are read, (N,). None is that of the text.

    Example:
        What follows an a in "abab"? The rungs of the last place, for a and b:

        >>> ladder = Ladder(np.array([0, 1, 0, 1]), vocabulary_size=2, first=3, lengths=(0, 1))
        >>> [(rungs, confidence)] = ladder
        >>> (np.exp(rungs.sum(0)) / 2).round(2)  # 7/10 for b, as in ngram_bits
        array([0.3, 0.7], dtype=float32)
        >>> confidence  # "" came three times, with two followers; "a" once, with one
        array([5, 1])
    """

    def __init__(
        self,
        ids: Ids,
        vocabulary_size: int,
        first: int,
        lengths: tuple[int, ...],
        leaning: Sequence[Whole] = (),
        foot: int = 0,
        order: Whole | None = None,
    ) -> None:
        words = check_ids(ids, vocabulary_size, "ids").astype(np.int64)
        order = np.arange(len(words)) if order is None else order
        self._words = words[order]
        self._size = vocabulary_size
        self._first = first
        turn = np.argsort(order)  # when each place is read
        starts = np.flatnonzero(np.diff(turn, prepend=len(turn)) < 0)  # read before what precedes
        self._contexts = [
            _Contexts(places, context, words, turn, first)
            for places, context in chain(
                _sorted_contexts(words, lengths, starts), map(_sorted, leaning)
            )
        ]
        self._leans = len(lengths)
        self._foot = lengths.index(foot) if leaning else 0
        self.places = max(64, _BLOCK // (len(self._contexts) * vocabulary_size))

    def __iter__(self) -> Iterator[tuple[Floats, Whole]]:
        """Yield for each place its rungs, (K, V), and how well each context is known, (K,).

        The places come in the order of reading.

        With L kinds of leaning contexts both have K + L rows.
        """
        for start in range(self._first, len(self._words), self.places):
            stop = min(start + self.places, len(self._words))
            yield from zip(*self._block(start, stop), strict=True)

    def _block(self, start: int, stop: int) -> tuple[Floats, Whole]:
        """Return the rungs of B places, (B, K, V), and the confidence, (B, K)."""
        seen = self._seen(start, stop)
        rungs = np.empty(seen.shape, np.float32)
        confidence = np.empty(seen.shape[:2], np.int64)
        chance = np.full((stop - start, self._size), 1 / self._size, np.float32)
        logs = np.log(chance)
        foot = chance, logs
        for k in range(len(self._contexts)):
            if k == self._leans:
                chance, logs = foot
            count = seen[:, k]  # n(h, w), (B, V)
            total = count.sum(1)  # n(h), (B,)
            kinds = np.count_nonzero(count, axis=1).astype(np.float32)  # t(h), (B,)
            new = total == 0
            sums = np.where(new, 1.0, total + kinds)[:, None]
            kept = np.where(new, 1.0, kinds)[:, None]
            chance = ((count + kept * chance) / sums).astype(np.float32)
            lower, logs = logs, np.log(chance)
            rungs[:, k] = np.where(new[:, None], np.float32(0), logs - lower)
            if k == self._foot:
                foot = chance, logs
            often = np.minimum(np.log2(np.maximum(total, 1)).astype(np.int64), 6)
            known = 1 + 3 * often + np.minimum(kinds, 3).astype(np.int64) - 1
            confidence[:, k] = np.where(new, 0, known)
        return rungs, confidence

    def _seen(self, start: int, stop: int) -> Floats:
        """Return how often each character followed each context before each place, (B, K, V)."""
        tables = []
        rows = np.empty((stop - start, len(self._contexts)), np.int64)
        filled = 0
        for k, contexts in enumerate(self._contexts):
            row, table = contexts.before(start - self._first, stop - self._first, self._size)
            rows[:, k] = row + filled
            filled += len(table)
            tables.append(table)
        table = np.concatenate(tables)
        flat = table.reshape(-1)  # the same numbers
        seen = np.empty((stop - start, len(self._contexts), self._size), np.float32)
        cells = rows * self._size + self._words[start:stop, None]
        for place, (row, cell) in enumerate(zip(rows, cells, strict=True)):
            np.take(table, row, axis=0, out=seen[place])
            flat[cell] += 1  # only after the place's own counts were taken
        return seen


class _Contexts:
    """The contexts of one length: what followed each of them, in the order of reading.

    Args:
        places: the places of the text, (N,), sorted by context.
        context: the number of each of these contexts, (N,).
        words: the text, (N,).
        turn: when each place of the text is read, (N,).
        first: the first turn that will be asked for.
    """

    def __init__(
        self, places: Whole, context: Whole, words: Whole, turn: Whole, first: int
    ) -> None:
        by_turn = np.argsort(context * len(words) + turn[places], kind="stable")
        places = places[by_turn]  # the contexts stay where they are
        self._followers = words[places].astype(np.int32)
        begins = np.flatnonzero(np.diff(context, prepend=-1))
        asked = turn[places] >= first
        index = turn[places][asked] - first
        self._context, self._begin, self._end = np.empty((3, len(index)), np.int64)
        self._context[index] = context[asked]
        self._begin[index] = begins[context[asked]]
        self._end[index] = np.flatnonzero(asked)  # all from begin to end is read before the place

    def before(self, start: int, stop: int, size: int) -> tuple[Whole, Floats]:
        """Return which row of a table each place has, (B,), and the table at the start, (R, V)."""
        _, at, row = np.unique(self._context[start:stop], return_index=True, return_inverse=True)
        begin = self._begin[start:stop][at]
        length = self._end[start:stop][at] - begin
        within = np.arange(length.sum()) - np.repeat(length.cumsum() - length, length)
        followers = self._followers[np.repeat(begin, length) + within]
        cells = np.repeat(np.arange(len(at)) * size, length) + followers
        table = np.bincount(cells, minlength=len(at) * size).astype(np.float32)
        return row, table.reshape(len(at), size)


def _sorted(contexts: Whole) -> tuple[Whole, Whole]:
    """Return the places of a text, sorted by the number of their context, and these numbers."""
    order = np.argsort(contexts, kind="stable")
    return order, np.cumsum(np.diff(contexts[order], prepend=contexts[order[0]]) != 0)


def _sorted_contexts(
    words: Whole, lengths: tuple[int, ...], starts: Whole
) -> Iterator[tuple[Whole, Whole]]:
    """Yield for each length the places of a text, sorted by context, and numbers of the contexts.

    Contexts are compared from their last character back. So the next length needs no new sort: the
    places that come next are already in order, but for the one character between. A context that
    would begin before one of the `starts` is like no other one.
    """
    order = np.arange(len(words))
    context = np.zeros(len(words), np.int64)
    small = words.astype(np.min_scalar_type(words.max()))  # NumPy sorts small numbers faster
    last = np.zeros(len(words), bool)
    last[starts - 1] = True  # before each start, and of the whole text
    for length in range(lengths[-1] + 1):
        if length in lengths:
            yield order, context
        followed = ~last[order]
        order, context = order[followed], context[followed]
        by_letter = np.argsort(small[order], kind="stable")
        order, context = order[by_letter], context[by_letter]
        other = (np.diff(context) != 0) | (small[order[1:]] != small[order[:-1]])
        order = np.concatenate((starts, order + 1))
        numbers = np.concatenate(([0], other.cumsum()))[: len(order) - len(starts)]
        context = np.concatenate((np.arange(len(starts)), len(starts) + numbers))
