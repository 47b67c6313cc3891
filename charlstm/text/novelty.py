"""How much of a text is copied from another: shares of copied pieces, and the longest of them.

Pieces are compared exactly, by ranks: two pieces of a length are equal where their ranks are. Ranks
of pieces twice as long follow from pairs of ranks (prefix doubling: Karp, Miller & Rosenberg 1972).
Memory is linear in the texts: four bytes a character for each doubling up to the longest piece, of
which there are seven for a hundred characters.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

LENGTHS = (5, 10, 20, 30, 50, 100)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")  # of letters; no marks above or below
Ranks = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True)
class Novelty:
    """What a text has in common with the one that its writer read.

    Attributes:
        copied: for some lengths, the share of the text's pieces of that length that stand in the
            other text, too; None where the text is shorter.
        longest: the longest piece that stands in both; the first of several.
        known_words: share of its words that the other text has; None without words.
    """

    copied: dict[int, float | None]
    longest: str
    known_words: float | None


def novelty(text: str, source: str) -> Novelty:
    """Compare a text with the one that its writer read.

    Args:
        text: what was written.
        source: what was read before.

    Example:
        >>> result = novelty("the cat sat on a mat", "once the cat sat; a dog sat on a hat")
        >>> result.longest, result.copied[5]
        ('the cat sat', 0.8125)
    """
    ranks, size = _Ranks(text + source), len(text)

    def copied(length: int) -> Any:
        """Return for each piece of `text` of this length whether `source` has it."""
        found = ranks.of(length)
        # a piece that begins in the text and ends in the source is of neither
        return np.isin(found[: size - length + 1], found[size:])

    shares = {
        length: float(copied(length).mean()) if length <= len(text) else None for length in LENGTHS
    }
    longest = _largest(lambda length: bool(copied(length).any()), min(len(text), len(source)))
    start = int(copied(longest).argmax()) if longest else 0
    return Novelty(shares, text[start : start + longest], known_words(text, source))


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


def known_words(text: str, source: str) -> float | None:
    """Return the share of the words of a text that occur in another, letter case apart.

    Example:
        >>> known_words("The doth smurgle", "What doth the knave?")
        0.6666666666666666
    """
    known = {word.lower() for word in _WORD.findall(source)}
    words = _WORD.findall(text)
    return sum(word.lower() in known for word in words) / len(words) if words else None


def _largest(holds: Callable[[int], bool], limit: int) -> int:
    """Return the largest length that `holds`; if a length does, so do all shorter ones."""
    low, high = 0, 1
    while high <= limit and holds(high):
        low, high = high, 2 * high
    high = min(high - 1, limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


class _Ranks:
    """Ranks of all pieces of a text, by length."""

    def __init__(self, text: str) -> None:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        self._of_power: list[Ranks] = [_ranks(points)]

    def of(self, length: int) -> Ranks:
        """Return the rank of the piece of this length, at least 1, that begins at each place."""
        power = length.bit_length() - 1
        while len(self._of_power) <= power:
            half = 1 << (len(self._of_power) - 1)
            self._of_power.append(_joined(self._of_power[-1], half))
        return _joined(self._of_power[power], length - (1 << power))


def _joined(ranks: Ranks, shift: int) -> Ranks:
    """Return the ranks of pieces that are two pieces, the second `shift` to the right."""
    if not shift:
        return ranks
    first, second = ranks[:-shift], ranks[shift:]
    return _ranks(first * (np.int64(ranks.max()) + 1) + second)


def _ranks(values: Any) -> Ranks:
    return np.unique(values, return_inverse=True)[1].astype(np.int32)
