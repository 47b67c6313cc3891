"""Units that follow something in the text, such as the position in the line.

Among thousands of units some follow any feature by chance. So `search` chooses a unit on one half
of a text, and tests it on the other half. And some units follow a feature although they have never
learned anything: a forget gate reads each line end as it comes in. So compare a trained model with
an untrained one of the same sizes (`untrained`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from charlstm.errors import UserError
from charlstm.insight.activations import watch
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel

Floats = np.ndarray[Any, np.dtype[np.float64]]
STREAMS = 32  # parts of a text that are read side by side
SKIPPED = 20  # characters at the start of each part; there the zero state still shows
A_NAME = re.compile(r"^[A-Z][A-Za-z .'-]*:$", re.M)  # a line that is a name and a colon


def line_position(text: str) -> Floats:
    r"""Return for each character how many stand before it in its line, (T,).

    Example:
        >>> line_position("ab\ncd").tolist()
        [0.0, 1.0, 2.0, 0.0, 1.0]
    """
    return _since(text, "\n")


def word_position(text: str) -> Floats:
    """Return for each character how many stand between it and the last white space, (T,).

    Example:
        >>> word_position("an ox").tolist()
        [0.0, 1.0, 2.0, 0.0, 1.0]
    """
    return _since(text, " \n\t")


def speaker_name(text: str) -> Floats:
    r"""Return 1 inside the names of speakers, lines such as `ROMEO:`, and 0 elsewhere, (T,).

    Example:
        >>> speaker_name("ANN:\nNo.").tolist()
        [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    """
    inside = np.zeros(len(text))
    for found in A_NAME.finditer(text):
        inside[slice(*found.span())] = 1
    return inside


def quoted(text: str) -> Floats:
    """Return 1 inside double quotation marks, with the opening one, and 0 elsewhere, (T,).

    Example:
        >>> quoted('a "b" c').tolist()
        [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    return np.cumsum([character == '"' for character in text]) % 2.0


FEATURES: Mapping[str, Callable[[str], Floats]] = {
    "position in the line": line_position,
    "position in the word": word_position,
    "inside a speaker's name": speaker_name,
    "inside quotation marks": quoted,
}


@dataclass(frozen=True)
class Unit:
    """A unit, and how well it follows a feature of the text.

    Attributes:
        layer: number of its layer, from 0.
        name: which of its values: a state (h, c) or a gate (i, f, g, o for the LSTM).
        unit: its number in the layer, from 0.
        chosen: its correlation with the feature, -1 to 1, on the text that chose it.
        tested: its correlation on a text that did not choose it.
    """

    layer: int
    name: str
    unit: int
    chosen: float
    tested: float

    def __str__(self) -> str:
        return f"layer {self.layer + 1}, {self.name} of unit {self.unit}"


def search(checkpoint: Checkpoint, text: str, features: Mapping[str, Floats]) -> dict[str, Unit]:
    """Find for each feature the unit that correlates best with it, in any layer, state or gate.

    The first half of the text chooses the units. The second half tests them.

    Args:
        checkpoint: the model.
        text: T characters that the model knows.
        features: numbers by name, (T,), such as those of `FEATURES`. A feature that never changes
            in one of the halves gets the correlation 0.

    Returns:
        the best unit for each feature.

    Raises:
        UserError: the text is too short, or has a character that the model does not know.
    """
    T = len(text)
    least = 2 * STREAMS * 2 * SKIPPED
    if least > T:
        raise UserError(f"the text has {T} characters; the search needs at least {least}")
    names = list(features)
    table = np.stack([np.asarray(features[name], float) for name in names])  # (F, T)
    if table.shape[1] != T:
        raise UserError(f"the features have {table.shape[1]} numbers, but the text has {T}")
    first, second = (
        correlations(checkpoint, text[part], table[:, part])
        for part in (slice(T // 2), slice(T // 2, None))
    )
    units = {}
    for k, name in enumerate(names):
        layer, value = max(first, key=lambda place: np.abs(first[place][k]).max())
        unit = int(np.abs(first[layer, value][k]).argmax())
        chosen, tested = (float(half[layer, value][k, unit]) for half in (first, second))
        units[name] = Unit(layer, value, unit, chosen, tested)
    return units


def correlations(
    checkpoint: Checkpoint, text: str, features: Floats
) -> dict[tuple[int, str], Floats]:
    """Return the correlation of every unit with every feature.

    The text is read as 32 parts side by side, each from the zero state. The first 20 characters of
    each part do not count.

    Args:
        checkpoint: the model.
        text: T characters.
        features: numbers for each character, (F, T).

    Returns:
        for each (layer, name of a state or gate) an array (F, H). It has a 0 where a unit or a
        feature never changes.
    """
    steps = len(text) // STREAMS
    ids = checkpoint.vocabulary.encode(text)[: STREAMS * steps].reshape(STREAMS, steps)
    kept = features[:, : STREAMS * steps].reshape(-1, STREAMS, steps)[..., SKIPPED:]
    spread = kept - kept.mean((1, 2), keepdims=True)  # (F, B, T')
    sums: dict[tuple[int, str], Any] = {}
    for t, layers in enumerate(watch(checkpoint, ids), -SKIPPED):
        for layer, values in enumerate(layers if t >= 0 else ()):
            for name, value in values.items():
                v = value.astype(float)  # (B, H)
                now = np.stack([v.sum(0), (v * v).sum(0), *(spread[:, :, t] @ v)])
                sums[layer, name] = sums.get((layer, name), 0.0) + now
    number = kept[0].size
    size = np.sqrt((spread**2).sum((1, 2)))[:, None]  # (F, 1)
    found = {}
    for place, (total, squares, *products) in sums.items():
        of_unit = np.sqrt(np.maximum(squares - total**2 / number, 0.0))
        moved = of_unit > 1e-6 * np.sqrt(squares)  # else rounding is all that moves
        both = size * of_unit * moved
        found[place] = np.divide(products, both, out=np.zeros(both.shape), where=both > 0)
    return found


def untrained(checkpoint: Checkpoint, seed: int = 0) -> Checkpoint:
    """Return a model of the same cell, sizes and characters, with the weights of a fresh start."""
    model = CharModel(checkpoint.options, len(checkpoint.vocabulary), seed)
    return replace(
        checkpoint, weights=model.to_arrays(), provenance=None, training=None, measured=None
    )


def _since(text: str, starts: str) -> Floats:
    """Return how many characters lie between each character and the last one of `starts`."""
    counts = []
    count = 0
    for character in text:
        counts.append(count)
        count = 0 if character in starts else count + 1
    return np.array(counts, float)
