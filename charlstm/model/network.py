"""The character model: embedding -> stacked cells -> logits.

A batch's path, with `B` streams, `T` characters, `V` vocabulary, `E` embedding, `H` hidden (the
letters of the table *Symbols* in the first lesson, `notebooks/lessons/01-start-here.ipynb`):

    ids (B, T) -> embedding (B, T, E) -> first to last layer, each (B, T, H) -> logits (B, T, V)

The caller passes the state in and gets the new state back; the model itself stores none. Dropout
happens only if the caller passes a random generator, so there is no training mode to forget.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from charlstm.errors import UserError
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.dropout import Rng, locked_dropout
from charlstm.model.initial import seeded
from charlstm.model.stack import Layer, ModelState, Stack, embed
from charlstm.options import ModelOptions

SCHEMES = ("charlstm", "pytorch")  # ways in which weights can start


class CharModel(nn.Module):
    """A stacked recurrent network that predicts the next character.

    Args:
        options: cell, sizes and dropout rates.
        vocabulary_size: V.
        seed: seed of the initial weights.

    Example:
        >>> model = CharModel(ModelOptions(layers=2, hidden_size=16), vocabulary_size=10)
        >>> logits, state = model(torch.zeros(3, 5, dtype=torch.long))
        >>> logits.shape, len(state), state[0][0].shape
        (torch.Size([3, 5, 10]), 2, torch.Size([3, 16]))
    """

    def __init__(self, options: ModelOptions, vocabulary_size: int, seed: int = 0) -> None:
        super().__init__()
        self.options = options
        self.vocabulary_size = vocabulary_size
        width = options.embedding_size
        with seeded(seed):
            self.embedding = nn.Embedding(vocabulary_size, width) if width else None
            self.layers = Stack(options, width or vocabulary_size)
            self.head = nn.Linear(options.hidden_size, vocabulary_size)
            nn.init.zeros_(self.head.bias)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> "CharModel":
        """Return the model that a file holds, with its weights."""
        model = cls(checkpoint.options, len(checkpoint.vocabulary))
        return model.load_arrays(checkpoint.weights)

    def forward(
        self,
        inputs: Tensor,
        state: ModelState | None = None,
        rng: Rng | None = None,
        bf16: bool = False,
    ) -> tuple[Tensor, ModelState]:
        """Predict the character after each of `inputs`.

        Args:
            inputs: ids, integers, (B, T), on the model's device.
            state: the state of each layer, arrays (B, H); None is zeros.
            rng: source of the dropout masks, made by `generator_for` the model's device; None turns
                dropout off.
            bf16: whether the layers compute in bfloat16. What comes back keeps the precision of the
                weights.

        Returns:
            logits (B, T, V), and the state after the last character.

        Raises:
            UserError: the inputs are not ids from 0 to V - 1 (on a GPU only their type is looked
                at), or the state has another shape or type.
        """
        # in memory T stands before B all the way, as the kernels need it: nothing is copied
        x = self.embed(inputs.T).transpose(0, 1)  # (B, T, E)
        features, new_state = self.layers(x, state, rng, bf16)  # (B, T, H)
        features = locked_dropout(features, self.options.dropout, rng).transpose(0, 1)
        return self.head(features).transpose(0, 1), new_state

    @property
    def device(self) -> torch.device:
        """Where the weights are; `model.to("cuda")` moves them, as for any module."""
        return self.head.weight.device

    def zero_state(self, batch_size: int) -> ModelState:
        """Return the state at the start of a text: for each layer, arrays (B, H) of zeros."""
        return self.layers.zero_state(batch_size)

    def to_arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return copies of the weights, by the names in `checkpoint.weight_shapes`."""
        return {name: tensor.cpu().numpy().copy() for name, tensor in self.state_dict().items()}

    def load_arrays(self, weights: Mapping[str, np.ndarray[Any, Any]]) -> "CharModel":
        """Replace the weights by these, and return the model."""
        self.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        return self

    def embed(self, inputs: Tensor) -> Tensor:
        """Return what the first layer reads, (B, T, E), for ids (B, T)."""
        return embed(self.embedding, inputs, self.vocabulary_size, self.head.weight.dtype)


@torch.no_grad()
def initialize(
    model: CharModel,
    scheme: str = "charlstm",
    gain: float = 1.0,
    forget_bias: float | None = None,
    seed: int = 0,
) -> CharModel:
    """Give the recurrent layers of a `CharModel` new weights, and return the model.

    Args:
        model: changed in place.
        scheme: "charlstm", as `initial.py` describes, or "pytorch": everything uniform between
            -1/sqrt(H) and 1/sqrt(H), as in `torch.nn.LSTM`.
        gain: factor for the recurrent matrices.
        forget_bias: sum of the forget gate's two biases, in cells that have that gate; None keeps
            what the scheme gives.
        seed: of the weights.

    Raises:
        UserError: there is no such scheme.
    """
    if scheme not in SCHEMES:
        raise UserError(f"scheme is {scheme!r}; it must be one of {', '.join(SCHEMES)}")
    H = model.options.hidden_size
    if scheme == "charlstm":
        fresh = CharModel(model.options, model.vocabulary_size, seed)
        model.layers.load_state_dict(fresh.layers.state_dict())
    generator = torch.Generator().manual_seed(seed)
    for layer in model.layers:
        assert isinstance(layer, Layer)
        weights = dict(layer.named_parameters())
        if scheme == "pytorch":
            bound = 1 / math.sqrt(H)
            for weight in weights.values():  # drawn on the CPU: the same ones for every device
                drawn = torch.empty(weight.shape, dtype=weight.dtype)
                weight.copy_(drawn.uniform_(-bound, bound, generator=generator))
        if "weight_hh" in weights:
            weights["weight_hh"].mul_(gain)
        if forget_bias is not None and "f" in layer.cell.gates:
            rows = layer.cell.rows("f", H)
            weights["bias_ih"][rows] = forget_bias
            if "bias_hh" in weights:
                weights["bias_hh"][rows] = 0.0
    return model
