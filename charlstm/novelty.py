"""How much of a text is copied from another: shares of copied pieces, and the longest of them.

Pieces are compared exactly, by ranks: two pieces of a length are equal where their ranks are. Ranks
of pieces twice as long follow from pairs of ranks (prefix doubling: Karp, Miller & Rosenberg 1972),
so that memory is linear in the texts, whatever the length.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

LENGTHS = (5, 10, 20, 30, 50, 100)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
Ranks = np.ndarray[Any, np.dtype[np.int64]]


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
        (' sat on a ', 0.75)
    """
    ranks = _Ranks(text, source)
    copied = {
        length: float(ranks.copied(length).mean()) if length <= len(text) else None
        for length in LENGTHS
    }
    low, high = 0, min(len(text), len(source))
    while low < high:  # if a piece is copied, so are its own pieces
        middle = (low + high + 1) // 2
        low, high = (middle, high) if ranks.copied(middle).any() else (low, middle - 1)
    start = int(ranks.copied(low).argmax()) if low else 0
    return Novelty(copied, text[start : start + low], known_words(text, source))


def known_words(text: str, source: str) -> float | None:
    """Return the share of the words of a text that occur in another, letter case apart.

    Example:
        >>> known_words("The doth smurgle", "What doth the knave?")
        0.6666666666666666
    """
    known = {word.lower() for word in _WORD.findall(source)}
    words = _WORD.findall(text)
    return sum(word.lower() in known for word in words) / len(words) if words else None


class _Ranks:
    """Ranks of all pieces of two texts, by length."""

    def __init__(self, text: str, source: str) -> None:
        self.size = len(text)
        points = np.frombuffer((text + source).encode("utf-32-le", "surrogatepass"), np.uint32)
        self.of_power: list[Ranks] = [np.unique(points, return_inverse=True)[1]]

    def copied(self, length: int) -> Any:
        """Return for each piece of `text` of this length, at least 1, whether `source` has it."""
        power = length.bit_length() - 1
        while len(self.of_power) <= power:
            half = 1 << (len(self.of_power) - 1)
            self.of_power.append(_joined(self.of_power[-1], half))
        ranks = _joined(self.of_power[power], length - (1 << power))
        # a piece that begins in the text and ends in the source is of neither
        return np.isin(ranks[: self.size - length + 1], ranks[self.size :])


def _joined(ranks: Ranks, shift: int) -> Ranks:
    """Return the ranks of pieces that are two pieces, the second `shift` to the right."""
    if not shift:
        return ranks
    first, second = ranks[:-shift], ranks[shift:]
    return np.unique(first * (int(ranks.max()) + 1) + second, return_inverse=True)[1]
