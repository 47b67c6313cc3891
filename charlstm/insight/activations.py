"""What every unit holds while a network reads: its states, and the values of its gates.

The numbers come from the step functions of `model/cells.py`, on NumPy, in the precision of the
weights. A layer's values have the names of its cell: for the LSTM the states h and c, and the gates
i, f, g and o.

`record` keeps everything, so it is for short texts: two layers of 448 LSTM units take 21 kB a
character. `trace` keeps only the units that it is asked for, 4 bytes a character each.
"""

import inspect
from collections.abc import Iterator, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from charlstm.errors import UserError
from charlstm.model.cells import Cell, Layer, State, one_step, project, run_layers
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.named_cells import find_cell
from charlstm.text.vocabulary import Ids, check_ids

Array = np.ndarray[Any, Any]
Values = list[dict[str, Array]]  # for each layer, what its units hold, by name
Place = tuple[int, str, int]  # layer from 0, name of a state or gate, number of the unit from 0
EMPTY = "the text is empty; give at least one character"


def embedded(checkpoint: Checkpoint, ids: Ids) -> Array:
    """Return what the first layer reads of ids (...): embeddings (..., E), or one-hot (..., V)."""
    embedding = checkpoint.weights.get("embedding.weight")
    if embedding is not None:
        return embedding[ids]
    places = np.arange(len(checkpoint.vocabulary))
    return (ids[..., None] == places).astype(checkpoint.weights["head.weight"].dtype)


def watch(checkpoint: Checkpoint, ids: Ids) -> Iterator[Values]:
    """Read texts from the zero state, and show what all units hold after each character.

    Args:
        checkpoint: the model. One of the reader's own cells shows its gates only if its step has
            the argument `watch`, as those in `model/cells.py` have.
        ids: one text (T,), or B texts of the same length (B, T).

    Yields:
        T times: for each layer its values by name, each (H,) or (B, H).

    Raises:
        UserError: an id is not from 0 to V - 1.
    """
    options, weights = checkpoint.options, checkpoint.weights
    cell = find_cell(options.cell)
    V = len(checkpoint.vocabulary)
    ids = check_ids(ids, V, "ids", (1, 2))
    names = cell.shapes(V, options.hidden_size)
    seen: Values = [{} for _ in range(options.layers)]
    layers = [
        _layer(
            cell,
            SimpleNamespace(**{name: weights[f"layers.{k}.{name}"] for name in names}),
            seen[k],
        )
        for k in range(options.layers)
    ]
    zeros = np.zeros((*ids.shape[:-1], options.hidden_size), weights["head.weight"].dtype)
    state: list[State] = [(zeros,) * len(cell.states)] * options.layers
    for column in np.moveaxis(ids, -1, 0):
        _, state = run_layers(layers, embedded(checkpoint, column), state, options.readout)
        yield [dict(values) for values in seen]


def record(checkpoint: Checkpoint, text: str) -> Values:
    """Return what all units hold after each character of one text: for each layer by name, (T, H).

    Args:
        checkpoint: the model.
        text: T characters.

    Raises:
        UserError: the text is empty, or has a character that the model does not know.

    Example:
        >>> from charlstm import Checkpoint, find_model
        >>> first, *_ = record(Checkpoint.load(find_model("tinyshakespeare")), "ROMEO:")
        >>> sorted(first), len(first["c"])
        (['c', 'f', 'g', 'h', 'i', 'o'], 6)
    """
    if not text:
        raise UserError(EMPTY)
    seen = list(watch(checkpoint, checkpoint.vocabulary.encode(text)))
    return [
        {name: np.stack([values[k][name] for values in seen]) for name in seen[0][k]}
        for k in range(checkpoint.options.layers)
    ]


def trace(checkpoint: Checkpoint, text: str, places: Sequence[Place]) -> Array:
    """Return what some units hold after each character of one text, (N, T).

    Beside the result, memory does not grow with the text, but for its ids: 4 bytes a character.

    Args:
        checkpoint: the model.
        text: T characters.
        places: N of (layer, name of a state or gate, unit), such as (0, "c", 7).

    Raises:
        UserError: as for `record`, or there is no such unit.

    Example:
        >>> from charlstm import Checkpoint, find_model
        >>> shipped = Checkpoint.load(find_model("tinyshakespeare"))
        >>> trace(shipped, "ROMEO:", [(0, "c", 7), (1, "f", 300)]).shape
        (2, 6)
    """
    if not text:
        raise UserError(EMPTY)
    for place in places:
        check_place(checkpoint, place)
    found = np.empty((len(places), len(text)), checkpoint.weights["head.weight"].dtype)
    for t, values in enumerate(watch(checkpoint, checkpoint.vocabulary.encode(text))):
        found[:, t] = [values[layer][name][unit] for layer, name, unit in places]
    return found


def check_place(checkpoint: Checkpoint, place: Place) -> None:
    """Raise a UserError if a model has no such layer, state, gate or unit."""
    layer, name, unit = place
    options = checkpoint.options
    names = next(watch(checkpoint, np.zeros(1, np.int32)))[0]
    if (
        layer not in range(options.layers)
        or name not in names
        or unit not in range(options.hidden_size)
    ):
        raise UserError(
            f"layer {layer}, {name!r} of unit {unit}: no such unit; layers are 0 to"
            f" {options.layers - 1}, values {', '.join(sorted(names))}, units 0 to"
            f" {options.hidden_size - 1}"
        )


def _layer(cell: Cell, p: Any, seen: dict[str, Array]) -> Layer:
    """Return a layer that notes in `seen` what its units hold."""
    step: Any = cell.step
    if "watch" in inspect.signature(step).parameters:
        step = partial(step, watch=seen.update)

    def run(inputs: Any, state: State) -> tuple[Any, State]:
        output, state = one_step(step, p, project(p, inputs), state)
        seen.update(zip(cell.states, state, strict=True))
        return output, state

    return run
