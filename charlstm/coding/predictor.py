"""A trained model that predicts the same on every machine."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from charlstm.coding.fixed_point import FixedPoint
from charlstm.errors import UserError
from charlstm.model.cells import Layer, State, Step, input_table, one_step, project, run_layers
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.named_cells import find_cell
from charlstm.text.vocabulary import check_ids


class Predictor:
    """A model that reads one character at a time and predicts the next one, in fixed-point numbers.

    Its logits are those of `charlstm.sampling.sampler.Sampler` to about 1e-5, but every machine,
    every BLAS and every number of threads gives the same bits.

    Args:
        checkpoint: the model.

    Example:
        >>> from charlstm import Checkpoint, find_model
        >>> predictor = Predictor(Checkpoint.load(find_model("tinyshakespeare")))
        >>> logits, state = predictor.start()
        >>> for i in predictor.vocabulary.encode("ROMEO"):
        ...     logits, state = predictor.step(i, state)
        >>> predictor.vocabulary.decode([logits.units.argmax()])
        ':'
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        options = checkpoint.options
        weights = {name: FixedPoint.of(array) for name, array in checkpoint.weights.items()}
        cell = find_cell(options.cell)
        names = cell.shapes(len(checkpoint.vocabulary), options.hidden_size)
        parameters = [
            SimpleNamespace(**{name: weights[f"layers.{layer}.{name}"] for name in names})
            for layer in range(options.layers)
        ]
        table = input_table(parameters[0], weights.get("embedding.weight"))  # (V, G*H)
        shares = [table.__getitem__, *(partial(project, p) for p in parameters[1:])]

        self.vocabulary = checkpoint.vocabulary
        self._cell = options.cell
        self._layers = [
            _layer(cell.step, p, share) for p, share in zip(parameters, shares, strict=True)
        ]
        self._readout = options.readout
        self._head_weight = weights["head.weight"].T
        self._head_bias = weights["head.bias"]
        zeros = FixedPoint(np.zeros(options.hidden_size))
        self._zero_state: list[State] = [(zeros,) * len(cell.states)] * options.layers

    def start(self) -> tuple[FixedPoint, list[State]]:
        """Return logits (V,) for the first character of a text, and the state there.

        The model starts as in sampling: as if it had just read a line end, or else its first
        character.

        Raises:
            UserError: the cell is one of the reader's own, and computes with more than FixedPoint
                has; or the weights are too large.
        """
        newline = max(0, self.vocabulary.characters.find("\n"))
        try:
            return self.step(newline, self._zero_state)
        except (TypeError, AttributeError) as error:  # whatever the reader's own code asks for
            raise UserError(
                f"the cell {self._cell!r} computes with more than +, -, *, @ and the tanh and"
                f" sigmoid of charlstm.model.cells ({error}); only these are the same on every"
                " machine"
            ) from error

    def step(self, character: Any, state: list[State]) -> tuple[FixedPoint, list[State]]:
        """Read one character; return logits (V,) for the next one, and the new state.

        Args:
            character: its id.
            state: the state of each layer, arrays (H,).

        Raises:
            UserError: the id is not from 0 to V - 1.
        """
        character = check_ids(character, len(self.vocabulary), "character", (0,))
        features, state = run_layers(self._layers, character, state, self._readout)
        return features @ self._head_weight + self._head_bias, state


def _layer(step: Step, p: Any, share: Callable[[Any], FixedPoint]) -> Layer:
    """Return a layer that gets the input's share of the gates from `share`, then takes a step."""
    return lambda inputs, state: one_step(step, p, share(inputs), state)
