"""Characters that may not come next: those that would repeat the sample or copy a text.

Both bans look up the newest characters of a sample, and ban what followed them before. Both count
the prime to the sample.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from charlstm.sampling.runs import Followers, Newest
from charlstm.text.vocabulary import Ids

SIXTY_BITS = np.uint64(2**60 - 1)


class Ban(Protocol):
    """Says which ids may not come next in each of N samples, and is told which ids came."""

    def banned(self) -> Iterator[tuple[int, Ids]]:
        """Yield pairs of a sample, from 0 to N - 1, and ids that may not come next in it."""

    def take(self, ids: Ids) -> None:
        """Take the next id of each sample, (N,)."""


class NoRepeat:
    """No run of `length` characters comes twice in a sample; the two may overlap.

    A prime may repeat itself. What follows it repeats neither the prime nor itself.

    A sample remembers each run that it has written, so its memory grows with it, by 60 to 110 bytes
    a character. A look-up takes the same time however long the sample is.

    Args:
        length: of a run, at least 2.
        prime: ids with which all samples begin.
        number: N.
    """

    def __init__(self, length: int, prime: Ids, number: int) -> None:
        self._newest = Newest(length - 1, number, prime)
        self._in_prime = Followers(prime, length - 1)  # once for all samples
        # a run seldom has more than one follower, and a dictionary of lists would be twice as large
        self._first: list[dict[int, int]] = [{} for _ in range(number)]
        self._more: list[dict[int, list[int]]] = [{} for _ in range(number)]

    def _runs(self) -> list[int]:
        """Return a key for the newest run of each sample: 60 bits, which Python has in 32 bytes."""
        return (self._newest.hash & SIXTY_BITS).tolist()

    def banned(self) -> Iterator[tuple[int, Ids]]:
        """Yield pairs of a sample and the ids that would repeat a run."""
        if not self._newest.full:
            return
        yield from self._in_prime.of(self._newest.hash)
        for row, run in enumerate(self._runs()):
            first = self._first[row].get(run)
            if first is not None:
                yield row, np.array([first, *self._more[row].get(run, ())])

    def take(self, ids: Ids) -> None:
        """Take the next id of each sample, (N,)."""
        if self._newest.full:
            for row, (run, i) in enumerate(zip(self._runs(), ids.tolist(), strict=True)):
                if self._first[row].setdefault(run, i) != i:
                    self._more[row].setdefault(run, []).append(i)
        self._newest.take(ids)


class NoCopy:
    """No run of more than `longest` characters of a text comes in a sample.

    A run counts that begins in the prime and goes on in what follows it.

    Args:
        longest: the longest run that may come, at least 1.
        original: the ids of the text.
        prime: ids with which all samples begin.
        number: N.
    """

    def __init__(self, longest: int, original: Ids, prime: Ids, number: int) -> None:
        self._newest = Newest(longest, number, prime)
        self._in_original = Followers(original, longest)

    def banned(self) -> Iterator[tuple[int, Ids]]:
        """Yield pairs of a sample and the ids that would make a copied run too long."""
        if self._newest.full:
            yield from self._in_original.of(self._newest.hash)

    def take(self, ids: Ids) -> None:
        """Take the next id of each sample, (N,)."""
        self._newest.take(ids)
