"""How well every unit follows a feature of a text.

How well a unit follows a number is its correlation with it, from -1 to 1. How well it follows a
feature that says yes or no is the area under the ROC curve (AUC): the chance that the unit holds
more at a place with a yes than at a place with a no (Hanley & McNeil 1982). 0.5 is chance, 1 means
that the unit tells them apart without a mistake, and 0 that it does so the other way round.

A text is read as 32 parts side by side, each from the zero state. The first 20 characters of each
part do not count.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from charlstm.insight.activations import watch
from charlstm.insight.features import Floats
from charlstm.model.checkpoint import Checkpoint

STREAMS = 32  # parts of a text that are read side by side
SKIPPED = 20  # characters at the start of each part; there the zero state still shows
Scores = dict[tuple[int, str], Floats]  # for each (layer, name of a state or gate) an array (F, H)


def correlations(checkpoint: Checkpoint, text: str, features: Floats) -> Scores:
    """Return the correlation of every unit with every feature.

    Memory stays flat, however long the text is.

    Args:
        checkpoint: the model.
        text: T characters.
        features: numbers for each character, (F, T).

    Returns:
        for each (layer, name of a state or gate) an array (F, H). It has a 0 where a unit or a
        feature never changes.
    """
    kept = _kept(text, features)
    spread = kept - kept.mean((1, 2), keepdims=True)  # (F, B, T')
    sums: dict[tuple[int, str], Any] = {}
    for t, values in enumerate(_read(checkpoint, text)):
        for place, value in values.items():
            v = value.astype(float)  # (B, H)
            now = np.stack([v.sum(0), (v * v).sum(0), *(spread[:, :, t] @ v)])
            sums[place] = sums.get(place, 0.0) + now
    number = kept[0].size
    size = np.sqrt((spread**2).sum((1, 2)))[:, None]  # (F, 1)
    found = {}
    for place, (total, squares, *products) in sums.items():
        of_unit = np.sqrt(np.maximum(squares - total**2 / number, 0.0))
        moved = of_unit > 1e-6 * np.sqrt(squares)  # else rounding is all that moves
        both = size * of_unit * moved
        found[place] = np.divide(products, both, out=np.zeros(both.shape), where=both > 0)
    return found


def areas(checkpoint: Checkpoint, text: str, features: Floats) -> Scores:
    """Return the area under the ROC curve of every unit for every feature that says yes or no.

    All that the units held is in memory at once, for the shipped model 0.2 GB for each 10,000
    characters.

    Args:
        checkpoint: the model.
        text: T characters.
        features: 1 or 0 for each character, (F, T).

    Returns:
        for each (layer, name of a state or gate) an array (F, H). It has 0.5 where a unit or a
        feature never changes.
    """
    yes = np.moveaxis(_kept(text, features), 2, 1).reshape(len(features), -1)  # (F, N)
    held: dict[tuple[int, str], list[Any]] = {}
    for values in _read(checkpoint, text):
        for place, value in values.items():
            held.setdefault(place, []).append(value)  # (B, H)
    return {place: area(np.concatenate(held.pop(place)), yes) for place in list(held)}


def area(values: Any, yes: Floats) -> Floats:
    """Return the area under the ROC curve of each of H columns of numbers, (F, H).

    Args:
        values: (N, H).
        yes: 1 or 0 for each row, (F, N). If all are the same, the area is 0.5.

    Example:
        >>> area(np.array([[0.1, 5.0], [0.2, 4.0], [0.3, 5.0]]), np.array([[0, 0, 1]])).tolist()
        [[1.0, 0.75]]
    """
    number = yes.sum(1, keepdims=True)  # (F, 1)
    pairs = number * (yes.shape[1] - number)
    won = yes @ ranks(values.T).T - number * (number + 1) / 2  # pairs in which the yes is larger
    return np.divide(won, pairs, out=np.full(won.shape, 0.5), where=pairs > 0)


def ranks(values: Any) -> Floats:
    """Return the rank of each number in its row, from 1; equal numbers share the mean of theirs.

    Example:
        >>> ranks(np.array([[0.5, 0.1, 0.5]])).tolist()
        [[2.5, 1.0, 2.5]]
    """
    order = values.argsort(1)
    ordered = np.take_along_axis(values, order, 1)
    size = values.shape[1]
    places = np.broadcast_to(np.arange(size), values.shape)
    starts = np.ones(values.shape, bool)  # where a number differs from the one before it
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.ones(values.shape, bool)
    ends[:, :-1] = starts[:, 1:]
    first = np.maximum.accumulate(np.where(starts, places, 0), 1)
    last = np.minimum.accumulate(np.where(ends, places, size)[:, ::-1], 1)[:, ::-1]
    found = np.empty(values.shape)
    np.put_along_axis(found, order, (first + last) / 2 + 1, 1)
    return found


@dataclass(frozen=True)
class Measure:
    """How well units follow features.

    Attributes:
        name: of the figure, as a table shows it.
        of: function (checkpoint, text, features (F, T)) -> the figure of every unit.
        chance: the figure of a unit that does not follow the feature. A unit that falls where the
            feature rises has a figure below it.
    """

    name: str
    of: Callable[[Checkpoint, str, Floats], Scores]
    chance: float


CORRELATION = Measure("r", correlations, 0.0)
AREA = Measure("AUC", areas, 0.5)


def _kept(text: str, features: Floats) -> Floats:
    """Return the numbers of the characters that count, (F, B, T')."""
    steps = len(text) // STREAMS
    return features[:, : STREAMS * steps].reshape(-1, STREAMS, steps)[..., SKIPPED:]


def _read(checkpoint: Checkpoint, text: str) -> Iterator[dict[tuple[int, str], Any]]:
    """Read the parts of a text side by side; yield T' times what all units hold, each (B, H)."""
    steps = len(text) // STREAMS
    ids = checkpoint.vocabulary.encode(text)[: STREAMS * steps].reshape(STREAMS, steps)
    for layers in islice(watch(checkpoint, ids), SKIPPED, None):
        yield {
            (k, name): value for k, values in enumerate(layers) for name, value in values.items()
        }
