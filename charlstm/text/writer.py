"""A writer that makes a text choice by choice, and knows how uncertain each character was.

The entropy of a character is the uncertainty, in nats, of a reader who knows how the text is made
and has read all characters before. It is 0 if only one character can follow.

A writer chooses among strings. No string may begin with another, so that the reader knows the
choice once its characters are read. An example: "ab", "ac" and "d" are equally likely. Then the
first character is an a with chance 2/3. After an a, b and c have the chance 1/2 each.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from charlstm.errors import UserError

Floats = np.ndarray[Any, np.dtype[np.float64]]
LARGEST_SEED = 2**63 - 1  # of a network's weights
Seed = int | np.random.Generator  # a generator that is passed again goes on from where it was


@dataclass(frozen=True)
class KnownText:
    """A text and the truth about it: how well any model could predict each character.

    Attributes:
        text: N characters.
        entropy: (N,), nats of each character for a reader who knows how the text is made and has
            read all characters before. In the long run no model can reach a loss below the mean.
        marked: (N,), bool: the characters whose answer lies far back.
        chance: the nats that a marked character costs in addition, on average, if a reader has
            forgotten the answer but knows everything else.
    """

    text: str
    entropy: Floats
    marked: np.ndarray[Any, np.dtype[np.bool_]]
    chance: float


class Writer:
    """A text in the making, chosen string by string.

    Args:
        seed: of all choices.

    Example:
        >>> writer = Writer(seed=1)
        >>> writer.choose({"ab": 1 / 3, "ac": 1 / 3, "d": 1 / 3})
        'ac'
        >>> writer.finish(chance=0.0).entropy.round(3)
        array([0.637, 0.693])
    """

    def __init__(self, seed: Seed) -> None:
        self.rng = np.random.default_rng(seed)
        self._pieces: list[str] = []
        self._entropy: list[float] = []
        self._marked: list[bool] = []

    def choose(
        self, options: Mapping[str, float], forced: str | None = None, mark: str = ""
    ) -> str:
        """Add one of the strings to the text, and return it.

        Args:
            options: strings, and the chance of each.
            forced: the string to add; None draws one by its chance.
            mark: marks the first character of the string, if that is this character.
        """
        if forced is None:
            forced = self._draw(options)
        possible = dict(options)
        for place, character in enumerate(forced):
            following: dict[str, float] = {}
            for name, chance in possible.items():
                following[name[place]] = following.get(name[place], 0.0) + chance
            self._entropy.append(entropy(following.values()))
            self._marked.append(place == 0 and character == mark)
            possible = {n: p for n, p in possible.items() if n[place] == character}
        self._pieces.append(forced)
        return forced

    def choose_evenly(self, options: Sequence[str]) -> str:
        """Add one of the strings, each as likely as any other."""
        return self.choose(dict.fromkeys(options, 1 / len(options)))

    def _draw(self, options: Mapping[str, float]) -> str:
        """Choose by chance, in plain Python, which is faster than NumPy for a few options."""
        left = self.rng.random() * sum(options.values())
        last = ""
        for name, chance in options.items():
            left -= chance
            last = name if chance else last
            if left < 0:
                break
        return last

    def finish(self, chance: float) -> KnownText:
        """Return the text; `KnownText` says what `chance` means."""
        text = "".join(self._pieces)
        return KnownText(text, np.array(self._entropy), np.array(self._marked), chance)


def entropy(chances: Iterable[float]) -> float:
    """Return the entropy in nats of a choice with these chances, or multiples of them.

    Example:
        >>> round(entropy([0.5, 0.25, 0.25]) / math.log(2), 6)  # in bits
        1.5
    """
    some = [chance for chance in chances if chance > 0]
    total = sum(some)
    return max(0.0, -sum(c / total * math.log(c / total) for c in some))


def check_sizes(**sizes: tuple[Any, int] | tuple[Any, int, int]) -> None:
    """Refuse a size or count that is too small, too large, or not a whole number.

    Args:
        sizes: by the name of an argument, its value, the least that is allowed, and the most, if
            there is one.

    Raises:
        UserError: a value is not a whole number, or out of its range.

    Example:
        >>> check_sizes(layers=(2.5, 1, 100))
        Traceback (most recent call last):
        charlstm.errors.UserError: layers is 2.5; it must be a whole number from 1 to 100
    """
    for name, (value, least, *most) in sizes.items():
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not whole or value < least or (most and value > most[0]):
            allowed = f"from {least} to {most[0]}" if most else f"at least {least}"
            if not whole:
                allowed = f"a whole number {'' if most else 'of '}{allowed}"
            raise UserError(f"{name} is {value if whole else repr(value)}; it must be {allowed}")


def check_letters(letters: str, least: int, reserved: str = "") -> None:
    """Refuse letters that cannot be told apart.

    Args:
        letters: the letters to choose from.
        least: how many there must be.
        reserved: characters that mean something else in the text.

    Raises:
        UserError: there are too few, two are alike, or one is reserved.
    """
    if len(set(letters)) != len(letters) or len(letters) < least or set(letters) & set(reserved):
        raise UserError(
            f"the letters are {letters!r}; give at least {least}, all different"
            + (f", and none of {reserved!r}" if reserved else "")
        )
