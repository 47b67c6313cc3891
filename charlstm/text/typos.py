"""Typing errors put into a text on purpose, and how well somebody finds them.

There are four kinds: a letter is *changed* into another one, *swapped* with the next one, *left
out*, or *doubled*. Whoever looks for them gives each character a score. Where the score is above a
threshold, there is an alarm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from charlstm.errors import UserError

Kind = Literal["changed", "swapped", "left out", "doubled"]
KINDS: tuple[Kind, ...] = get_args(Kind)
APART = 8  # characters from one error to the next, at least
NEAR = 2  # an alarm is right if it is so many characters from an error, or less


@dataclass(frozen=True)
class Error:
    """A typing error.

    Attributes:
        start: where the wrong letters begin. If a letter is left out, the one that follows it.
        end: one past the last of them.
        kind: which of the four.
        right: what stood there before.
    """

    start: int
    end: int
    kind: Kind
    right: str


@dataclass(frozen=True)
class Mistyped:
    """A text with typing errors, in the order of the text."""

    text: str
    errors: tuple[Error, ...]


@dataclass(frozen=True)
class Found:
    """How well alarms found errors.

    Attributes:
        precision: the share of right ones among the alarms; 1 if there is none.
        recall: the share of the errors that have an alarm.
        by_kind: the recall of each kind of error; nan for a kind that is not there.
    """

    precision: float
    recall: float
    by_kind: dict[Kind, float]

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def mistype(text: str, share: float = 0.01, seed: int = 0) -> Mistyped:
    """Put typing errors into a text: as many of each kind, but for one, at places drawn evenly.

    An error meets a letter that another letter follows. A changed letter becomes one that the text
    has, too, in the same case.

    Args:
        text: any text.
        share: errors for each character, from 0 on.
        seed: of places, kinds and letters.

    Raises:
        UserError: the text has too few places for so many errors.

    Example:
        >>> mistype("some words are longer than others", share=0.07, seed=1).text
        'soome words are loger than others'
    """
    rng = np.random.default_rng(seed)
    number = round(share * len(text))
    places = _places(text, number, rng)
    kinds = rng.permutation(np.resize(rng.permutation(len(KINDS)), number))
    letters = sorted(set(filter(str.isalpha, text)))
    pieces: list[str] = []
    errors = []
    done = length = 0  # characters of the old text, and of the new one
    for place, kind in zip(places, (KINDS[k] for k in kinds), strict=True):
        right = text[place : place + 2] if kind == "swapped" else text[place]
        if kind == "changed":
            others = [a for a in letters if a != right]
            wrong = str(rng.choice([a for a in others if a.islower() == right.islower()] or others))
        else:
            wrong = {"swapped": right[::-1], "left out": "", "doubled": 2 * right}[kind]
        pieces += text[done:place], wrong
        start = length + place - done
        length = start + len(wrong)
        done = place + len(right)
        errors.append(Error(start, max(length, start + 1), kind, right))
    return Mistyped("".join([*pieces, text[done:]]), tuple(errors))


def judge(errors: Sequence[Error], scores: Any, threshold: float) -> Found:
    """Compare alarms with the errors that are there.

    An alarm within `NEAR` characters of an error is right. Several alarms for one error count once.
    So do several wrong alarms, if none is more than `NEAR` characters from the next.

    Args:
        errors: where the errors are.
        scores: a number for each character, (T,). Those above the threshold are alarms.
        threshold: any number.

    Example:
        >>> found = judge([Error(5, 6, "changed", "a")], [2, 0, 0, 0, 9, 8, 0], threshold=1)
        >>> found.precision, found.recall, found.by_kind["changed"]
        (0.5, 1.0, 1.0)
    """
    alarms = np.asarray(scores) > threshold
    wrong = alarms.copy()
    seen: dict[Kind, list[bool]] = {}
    for error in errors:
        near = slice(max(0, error.start - NEAR), error.end + NEAR)
        seen.setdefault(error.kind, []).append(bool(alarms[near].any()))
        wrong[near] = False
    found = sum(map(sum, seen.values()))
    false = int((np.diff(np.flatnonzero(wrong), prepend=-NEAR - 1) > NEAR).sum())
    return Found(
        found / (found + false) if found + false else 1.0,
        found / len(errors) if errors else 1.0,
        {kind: float(np.mean(seen[kind])) if kind in seen else float("nan") for kind in KINDS},
    )


def best_threshold(errors: Sequence[Error], scores: Any) -> float:
    """Return the threshold with the largest F1, of a hundred that part the scores evenly.

    Args:
        errors: where the errors are.
        scores: a number for each character, (T,); -inf where there can be no alarm.
    """
    high = np.sort(scores[np.isfinite(scores)])[-8 * max(1, len(errors)) :]
    tried = np.quantile(high, np.linspace(0, 1, 100, endpoint=False))
    return float(max(tried, key=lambda threshold: judge(errors, scores, threshold).f1))


def _places(text: str, number: int, rng: np.random.Generator) -> list[int]:
    """Draw places for errors, in the order of the text."""
    letter = np.array([c.isalpha() for c in text], bool)
    points = np.array([ord(c) for c in text])
    free = np.append(letter[:-1] & letter[1:] & (points[:-1] != points[1:]), [False])
    taken: list[int] = []
    for place in rng.permutation(np.flatnonzero(free)).tolist():
        if len(taken) == number:
            break
        if free[place]:
            taken.append(place)
            free[max(0, place - APART + 1) : place + APART] = False
    if len(taken) < number:
        raise UserError(
            f"the text has room for {len(taken)} typing errors, not for {number}; give a longer"
            " text, or a smaller share"
        )
    return sorted(taken)
