"""What stands before each place of a text, beyond the last few characters: words and paragraphs.

A context that tells something about the next character can be the word so far and the word before
it, or the first line of the paragraph. In a play, that is who speaks. Equal contexts get equal
numbers, so that what followed a context can be counted.
"""

from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]

LONGEST = 20  # characters of a word, or of a first line, that are told apart


class Place(NamedTuple):
    """What stands before one place of a text.

    Attributes:
        recent: the last four characters; fewer at the start.
        word: the word so far, in small letters: its last `LONGEST` characters.
        before: the word before that one.
        opener: the first line of the paragraph, up to `LONGEST` characters; that of the paragraph
            before until the line is complete. A paragraph follows an empty line.
    """

    recent: str
    word: str
    before: str
    opener: str


def read_places(text: str) -> Iterator[Place]:
    r"""Yield what stands before each character of a text.

    Example:
        >>> *_, last = read_places("JULIET:\nO Romeo, Rom")
        >>> last
        Place(recent=', Ro', word='ro', before='romeo', opener='JULIET:')
    """
    word = before = opener = ""
    begin = 0  # of the line
    opens = True  # whether the line does
    for i, character in enumerate(text):
        yield Place(text[max(0, i - 4) : i], word, before, opener)
        if character.isalnum() or character == "'":
            word = (word + character.lower())[-LONGEST:]
        elif word:
            before, word = word, ""
        if character == "\n":
            if opens and i > begin:
                opener = text[begin : min(i, begin + LONGEST)]
            opens = i == begin
            begin = i + 1


def number(contexts: Iterable[Hashable]) -> Whole:
    """Number contexts by their first appearance.

    Example:
        >>> number(["the", "king", "the"])
        array([0, 1, 0])
    """
    numbers: dict[Hashable, int] = {}
    return np.fromiter((numbers.setdefault(c, len(numbers)) for c in contexts), np.int64)
