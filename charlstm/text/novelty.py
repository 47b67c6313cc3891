"""How much of a text is copied from another: shares of copied pieces, and the longest of them.

A text has a piece of 20 characters at nearly every place. It would take far too long to compare
each piece with every other as a string. So every piece gets a number: its *rank* among the
different pieces of its length in sorted order. Two pieces of a length are equal exactly if their
ranks are equal.

The ranks of long pieces follow from the ranks of short ones. A piece of 4 is two pieces of 2, side
by side, so the pair of their ranks stands for it. Ranking these pairs gives the ranks for 4.
Ranking pairs of those gives the ranks for 8, and so on (prefix doubling: Karp, Miller & Rosenberg
1972). A piece of 6 is two pieces of 4 that overlap by 2. An example, "abcabd":

| length | pieces, from left to right | ranks |
| --- | --- | --- |
| 1 | a b c a b d | 0 1 2 0 1 3 |
| 2 | ab bc ca ab bd | 0 1 3 0 2 |
| 3 | abc bca cab abd: the pairs of ranks (0, 1) (1, 3) (3, 0) (0, 2) | 0 2 3 1 |

The rank of "ab" occurs twice, so "ab" occurs twice. No piece of 3 occurs twice. Memory grows in
proportion to the text: the ranks of each doubling take four bytes a character, and pieces of 100
characters need the ranks for 1, 2, 4, ... 64.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

LENGTHS = (5, 10, 20, 30, 50, 100)
# letters, with an apostrophe or a hyphen between them; combining marks are not letters
A_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
Ranks = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True)
class Novelty:
    """What a text has in common with an original that its writer has read.

    Attributes:
        copied: for each of `LENGTHS`, the share of the text's pieces of that length that the
            original has, too; None if the text is shorter than that.
        longest: the longest piece that both have; the first of several.
        known_words: share of the text's words that the original has; None if it has no words.
    """

    copied: dict[int, float | None]
    longest: str
    known_words: float | None


def novelty(text: str, original: str) -> Novelty:
    """Compare a text with an original that its writer has read.

    Args:
        text: what was written.
        original: what was read before.

    Example:
        >>> result = novelty("the cat sat on a mat", "once the cat sat; a dog sat on a hat")
        >>> result.longest, result.copied[5]
        ('the cat sat', 0.8125)
    """
    ranks = _Ranks(text + original)
    size = len(text)

    def copied(length: int) -> Any:
        """Return for each piece of `text` of this length whether `original` has it."""
        found = ranks.of(length)
        # a piece that begins in the text and ends in the original belongs to neither
        return np.isin(found[: size - length + 1], found[size:])

    shares = {
        length: float(copied(length).mean()) if length <= len(text) else None for length in LENGTHS
    }
    longest = _largest(lambda length: bool(copied(length).any()), min(len(text), len(original)))
    start = int(copied(longest).argmax()) if longest else 0
    return Novelty(shares, text[start : start + longest], known_words(text, original))


def longest_repeat(text: str) -> str:
    """Return the longest piece that occurs twice in a text (it may overlap itself).

    Example:
        >>> longest_repeat("the cat saw the cart")
        'the ca'
    """
    ranks = _Ranks(text)

    def repeated(length: int) -> bool:
        found = ranks.of(length)
        return int(found.max()) + 1 < len(found)

    longest = _largest(repeated, len(text) - 1)
    if not longest:
        return ""
    found = ranks.of(longest)
    start = int((np.bincount(found)[found] > 1).argmax())
    return text[start : start + longest]


def known_words(text: str, original: str) -> float | None:
    """Return the share of the words of a text that occur in an original, in any letter case.

    Example:
        >>> known_words("The doth smurgle", "What doth the knave?")
        0.6666666666666666
    """
    known = {word.lower() for word in A_WORD.findall(original)}
    words = A_WORD.findall(text)
    return sum(word.lower() in known for word in words) / len(words) if words else None


def _largest(holds: Callable[[int], bool], limit: int) -> int:
    """Return the largest length for which `holds` is true. It is true for all shorter ones, too.

    The search doubles the length until `holds` is false. Then it halves the gap between the largest
    length known to be true and the smallest known to be false.
    """
    low = 0
    high = 1
    while high <= limit and holds(high):
        low = high
        high *= 2
    high = min(high - 1, limit)
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low


class _Ranks:
    """Ranks of all pieces of a text, computed for a length when it is asked for."""

    def __init__(self, text: str) -> None:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        self._of_power: list[Ranks] = [_ranks(points)]

    def of(self, length: int) -> Ranks:
        """Return the rank of the piece of this length, at least 1, that begins at each place.

        Example:
            >>> [_Ranks("abcabd").of(length).tolist() for length in (2, 3)]
            [[0, 1, 3, 0, 2], [0, 2, 3, 1]]
        """
        power = length.bit_length() - 1
        while len(self._of_power) <= power:
            half = 1 << (len(self._of_power) - 1)
            self._of_power.append(_joined(self._of_power[-1], half))
        return _joined(self._of_power[power], length - (1 << power))


def _joined(ranks: Ranks, shift: int) -> Ranks:
    """Rank the pieces made of two shorter ones, the second `shift` characters after the first.

    `ranks` holds the ranks of the shorter pieces.
    """
    if not shift:
        return ranks
    first = ranks[:-shift]
    second = ranks[shift:]
    return _ranks(first * (np.int64(ranks.max()) + 1) + second)  # a number for each pair


def _ranks(values: Any) -> Ranks:
    return np.unique(values, return_inverse=True)[1].astype(np.int32)
