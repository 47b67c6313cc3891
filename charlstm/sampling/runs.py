"""Runs of characters of one length, found by a hash of 64 bits.

The hash of a run of n ids is

    (id_1 + 1) B^(n-1) + (id_2 + 1) B^(n-2) + ... + (id_n + 1), modulo 2^64,

with an odd number B (Karp & Rabin 1987). Equal runs have equal hashes, so a run that is looked up
is always found. Two different runs have the same hash about once in 2^64 pairs. Then a character is
taken for one that follows, though it does not.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from charlstm.text.vocabulary import Ids

Hashes = np.ndarray[Any, np.dtype[np.uint64]]
BASE = 0x9E3779B97F4A7C15  # B: 2^64 / golden ratio, odd


def hashes(ids: Ids, length: int) -> Hashes:
    """Return the hash of the run of `length` ids, at least 1, that begins at each place of a text.

    A run of 2n ids is two runs of n ids, so the hashes take about 2 log2(length) passes.

    Example:
        >>> first, *_, last = hashes(np.array([7, 8, 9, 7, 8]), 2)
        >>> bool(first == last)
        True
    """
    single = np.asarray(ids).astype(np.uint64) + np.uint64(1)
    joined = single
    done = 1
    for bit in f"{length:b}"[1:]:
        joined = joined[:-done] * _power(done) + joined[done:]
        done *= 2
        if bit == "1":
            joined = joined[:-1] * _power(1) + single[done:]
            done += 1
    return joined


def _power(exponent: int) -> np.uint64:
    return np.uint64(pow(BASE, exponent, 2**64))


class Newest:
    """The newest ids of each of N texts that grow together, and the hash of each such run.

    Args:
        length: n, how many ids a run has.
        number: N.
        prime: ids with which all N texts begin.

    Attributes:
        hash: of the newest n ids of each text, (N,). It means something only if `full`.
    """

    def __init__(self, length: int, number: int, prime: Ids) -> None:
        self._ids = np.zeros((length, number), np.uint64)  # a ring: each id + 1
        self._oldest = _power(length)
        self._count = 0
        self.hash: Hashes = np.zeros(number, np.uint64)
        for i in prime[-length:]:
            self.take(np.full(number, i))

    @property
    def full(self) -> bool:
        """Whether the texts have n ids yet."""
        return self._count >= len(self._ids)

    def take(self, ids: Ids) -> None:
        """Take the next id of each text, (N,)."""
        place = self._count % len(self._ids)
        new = ids.astype(np.uint64) + np.uint64(1)
        self.hash = self.hash * _power(1) + new - self._ids[place] * self._oldest
        self._ids[place] = new
        self._count += 1


class Followers:
    """Which ids follow each run of a length in a text; the text itself is not kept.

    Each run with an id that follows it takes 9 bytes, with more than 256 ids 10, with more than
    65,536 ids 12. While the table is made, it takes about six times as much.

    Args:
        ids: the text, (T,).
        length: how many ids a run has, at least 1.

    Example:
        >>> newest = Newest(2, 1, np.array([1, 2]))
        >>> [(row, ids.tolist()) for row, ids in Followers([1, 2, 3, 1, 2, 0], 2).of(newest.hash)]
        [(0, [0, 3])]
    """

    def __init__(self, ids: Ids, length: int) -> None:
        after = np.asarray(ids)[length:]
        after = after.astype(np.min_scalar_type(int(after.max(initial=0))))
        runs = hashes(ids, length)[: len(after)]  # nothing follows the last one
        order = np.lexsort((after, runs))
        runs = runs[order]
        after = after[order]
        new = np.ones(len(order), bool)
        new[1:] = (runs[1:] != runs[:-1]) | (after[1:] != after[:-1])
        self._runs = runs[new]
        self._after = after[new]

    def of(self, runs: Hashes) -> Iterator[tuple[int, Ids]]:
        """Yield, for each of N runs (N,) that the text has, its place among the N and what follows.

        The time is that of two binary searches, whatever the run.
        """
        first = self._runs.searchsorted(runs)
        last = self._runs.searchsorted(runs, "right")
        for row in np.flatnonzero(last > first).tolist():
            yield row, self._after[first[row] : last[row]]
