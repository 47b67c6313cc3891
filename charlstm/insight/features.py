"""What can be computed about each character of a text, for units to follow.

Every function takes a text of T characters and returns a number for each, (T,). The number belongs
to the place after the character, as the state of a network does: it may depend on this character
and those before it. Two functions look ahead. `next_vowel` asks about the next character, and
`speaker_name` needs the rest of the line to tell a name from other words.

A feature that says yes or no is 1 or 0. All others are numbers.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
A_NAME = re.compile(r"^[A-Z][A-Za-z .'-]*:$", re.M)  # a line that is a name and a colon
VOWELS = "aeiouAEIOU"
CLOSING = {")": "(", "]": "[", "}": "{"}
TAB = 8  # columns, as Python counts them


def line_position(text: str) -> Floats:
    r"""Return for each character how many stand before it since its line began.

    Example:
        >>> line_position("ab\ncd").tolist()
        [0.0, 1.0, 2.0, 0.0, 1.0]
    """
    return _since(text, "\n")


def word_position(text: str) -> Floats:
    """Return for each character how many stand between it and the last white space.

    Example:
        >>> word_position("an ox").tolist()
        [0.0, 1.0, 2.0, 0.0, 1.0]
    """
    return _since(text, " \n\t")


def speaker_name(text: str) -> Floats:
    r"""Return 1 inside the names of speakers, lines such as `ROMEO:`, and 0 elsewhere.

    Example:
        >>> speaker_name("ANN:\nNo.").tolist()
        [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    """
    inside = np.zeros(len(text))
    for found in A_NAME.finditer(text):
        inside[slice(*found.span())] = 1
    return inside


def quoted(text: str) -> Floats:
    """Return 1 inside double quotation marks, with the opening one, and 0 elsewhere.

    The marks open and close in turn. So a mark that has no partner turns round all that follows.

    Example:
        >>> quoted('a "b" c').tolist()
        [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    return np.cumsum([character == '"' for character in text]) % 2.0


def bracket_depth(text: str) -> Floats:
    r"""Return how many brackets are open: round, square and curly ones.

    A closing bracket counts if it fits the last one that is open. An empty line closes all. Else a
    single bracket in a string or a comment would stay open for the rest of the text.

    Example:
        >>> bracket_depth("f(a[i])\n").tolist()
        [0.0, 1.0, 1.0, 2.0, 2.0, 1.0, 0.0, 0.0]
    """
    depths = np.zeros(len(text))
    opened: list[str] = []
    before = ""
    for place, character in enumerate(text):
        if character in CLOSING.values():
            opened.append(character)
        elif opened and CLOSING.get(character) == opened[-1]:
            opened.pop()
        elif character == before == "\n":
            opened.clear()
        depths[place] = len(opened)
        before = character
    return depths


def bracketed(text: str) -> Floats:
    """Return 1 where a bracket is open, and 0 elsewhere.

    Example:
        >>> bracketed("f(x).").tolist()
        [0.0, 1.0, 1.0, 0.0, 0.0]
    """
    return (bracket_depth(text) > 0).astype(float)


def indent(text: str) -> Floats:
    r"""Return by how many columns the line is indented, as far as its blanks have been read.

    Example:
        >>> indent("if a:\n  b").tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 2.0]
    """
    columns = np.zeros(len(text))
    count, blank = 0, True  # blank: nothing but blanks so far
    for place, character in enumerate(text):
        blank = blank and character in " \t"
        if blank:
            count += 1 if character == " " else TAB - count % TAB
        columns[place] = count
        if character == "\n":
            count, blank = 0, True
    return columns


def upper_case(text: str) -> Floats:
    """Return 1 for capital letters, and 0 for all others.

    Example:
        >>> upper_case("I am").tolist()
        [1.0, 0.0, 0.0, 0.0]
    """
    return np.array([character.isupper() for character in text], float)


def next_vowel(text: str) -> Floats:
    """Return 1 where the next character is a, e, i, o or u, and 0 elsewhere.

    Example:
        >>> next_vowel("So be").tolist()
        [1.0, 0.0, 0.0, 1.0, 0.0]
    """
    return np.array([character in VOWELS for character in text[1:] + " "][: len(text)], float)


FEATURES: Mapping[str, Callable[[str], Floats]] = {
    "position in the line": line_position,
    "position in the word": word_position,
    "depth of brackets": bracket_depth,
    "indent of the line": indent,
    "inside brackets": bracketed,
    "inside quotation marks": quoted,
    "inside a speaker's name": speaker_name,
    "upper case": upper_case,
    "the next is a vowel": next_vowel,
}


def _since(text: str, starts: str) -> Floats:
    """Return how many characters lie between each character and the last one of `starts`."""
    counts = []
    count = 0
    for character in text:
        counts.append(count)
        count = 0 if character in starts else count + 1
    return np.array(counts, float)
