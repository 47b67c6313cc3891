"""How much of a text is copied from another: shares of copied pieces, and the longest of them.

A text has a piece of 20 characters at nearly every place, and to compare each with each as a string
would take far too long. So every piece gets a number, its *rank* among the different pieces of its
length in sorted order. Two pieces of a length are equal exactly if their ranks are equal.

Ranks of long pieces follow from those of short ones: a piece of 4 is two pieces of 2 side by side,
so a pair of their ranks stands for it. Ranking these pairs gives the ranks for 4, those give the
ranks for 8, and so on (prefix doubling: Karp, Miller & Rosenberg 1972). A piece of 6 is two pieces
of 4 that overlap by 2. In "abcabd":

| length | pieces, from left to right | ranks |
| --- | --- | --- |
| 1 | a b c a b d | 0 1 2 0 1 3 |
| 2 | ab bc ca ab bd | 0 1 3 0 2 |
| 3 | abc bca cab abd: the pairs of ranks (0, 1) (1, 3) (3, 0) (0, 2) | 0 2 3 1 |

"ab" has its rank twice, so it is there twice; no piece of 3 is. Memory is linear in the texts: four
bytes a character for each doubling, which makes seven doublings for pieces of 100 characters.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

LENGTHS = (5, 10, 20, 30, 50, 100)
# letters, with an apostrophe or a hyphen between them; combining marks are not letters
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
Ranks = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True)
class Novelty:
    """What a text has in common with an original that its writer has read.

    Attributes:
        copied: for each of `LENGTHS`, the share of the text's pieces of that length that stand in
            the original, too; None if the text is shorter than that.
        longest: the longest piece that stands in both; the first of several.
        known_words: share of its words that the original has; None without words.
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
    known = {word.lower() for word in _WORD.findall(original)}
    words = _WORD.findall(text)
    return sum(word.lower() in known for word in words) / len(words) if words else None


def _largest(holds: Callable[[int], bool], limit: int) -> int:
    """Return the largest length that `holds`. If a length holds, so do all shorter ones.

    The length is doubled until it no longer holds. Then the gap to the last one that did is halved.
    """
    low, high = 0, 1
    while high <= limit and holds(high):
        low, high = high, 2 * high
    high = min(high - 1, limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


class _Ranks:
    """Ranks of all pieces of a text, for lengths as they are asked for."""

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
    """Rank the pieces that consist of two: one with these ranks, one `shift` to its right."""
    if not shift:
        return ranks
    first, second = ranks[:-shift], ranks[shift:]
    return _ranks(first * (np.int64(ranks.max()) + 1) + second)


def _ranks(values: Any) -> Ranks:
    return np.unique(values, return_inverse=True)[1].astype(np.int32)
