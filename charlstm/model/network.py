"""The character model: embedding -> stacked cells -> logits.

A batch's path, with `B` streams, `T` characters, `V` vocabulary, `E` embedding, `H` hidden (the
letters of the table *Symbols* in the first lesson, `notebooks/lessons/01-start-here.ipynb`):

    ids (B, T) -> embedding (B, T, E) -> first to last layer, each (B, T, H) -> logits (B, T, V)

The caller passes the state in and gets the new state back; the model itself stores none. Dropout
happens only if the caller passes a random generator, so there is no training mode to forget. Whole
windows run through PyTorch's kernels, which read the same parameters as the steps in `cells.py`. A
cell without a kernel, such as the peephole LSTM or a reader's own, runs step by step.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.model.cells import CELLS, project, run_layers, unroll
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.dropout import Rng, dropped_weights, locked_dropout
from charlstm.model.initial import first_weights
from charlstm.model.kernels import KERNELS, LayerState
from charlstm.model.named_cells import find_cell
from charlstm.options import ModelOptions

ModelState = Sequence[LayerState]


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
        if options.cell not in CELLS:
            _try_on_torch(options.cell)
        self.options = options
        self.vocabulary_size = vocabulary_size
        hidden = options.hidden_size
        width = options.embedding_size
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # not those of GPUs
            self.embedding = nn.Embedding(vocabulary_size, width) if width else None
            sizes = [width or vocabulary_size] + [hidden] * (options.layers - 1)
            self.layers = nn.ModuleList(Layer(options.cell, size, hidden) for size in sizes)
            self.head = nn.Linear(hidden, vocabulary_size)
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
        """
        options = self.options
        if state is None:
            state = self.zero_state(len(inputs))
        rates = [options.input_dropout] + [options.dropout] * (options.layers - 1)
        layers = [
            partial(self._run_layer, layer, rate, rng, bf16)
            for layer, rate in zip(self.layers, rates, strict=True)
        ]
        # in memory T stands before B all the way, as the kernels need it: nothing is copied
        x = self.embed(inputs.T).transpose(0, 1)  # (B, T, E)
        features, new_state = run_layers(layers, x, state, options.readout)  # (B, T, H)
        features = locked_dropout(features, options.dropout, rng).transpose(0, 1)
        return self.head(features).transpose(0, 1), new_state

    def _run_layer(
        self,
        layer: nn.Module,
        dropout: float,
        rng: Rng | None,
        bf16: bool,
        x: Tensor,
        state: LayerState,
    ) -> tuple[Tensor, LayerState]:
        """Drop inputs, run a layer, and return its outputs in the precision of the weights."""
        x = locked_dropout(x, dropout, rng)
        with torch.autocast(x.device.type, torch.bfloat16) if bf16 else nullcontext():
            outputs, new_state = layer(x, state, self.options.weight_drop, rng)
        dtype = self.head.weight.dtype
        return outputs.to(dtype), tuple(s.to(dtype) for s in new_state)

    @property
    def device(self) -> torch.device:
        """Where the weights are; `model.to("cuda")` moves them, as for any module."""
        return self.head.weight.device

    def zero_state(self, batch_size: int) -> ModelState:
        """Return the state at the start of a text: for each layer, arrays (B, H) of zeros."""
        zeros = self.head.weight.new_zeros(batch_size, self.options.hidden_size)
        cell = find_cell(self.options.cell)
        return [(zeros,) * len(cell.states)] * self.options.layers

    def to_arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return copies of the weights, by the names in `checkpoint.weight_shapes`."""
        return {name: tensor.cpu().numpy().copy() for name, tensor in self.state_dict().items()}

    def load_arrays(self, weights: Mapping[str, np.ndarray[Any, Any]]) -> "CharModel":
        """Replace the weights by these, and return the model."""
        self.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        return self

    def embed(self, inputs: Tensor) -> Tensor:
        """Return what the first layer reads, (B, T, E), for ids (B, T)."""
        if self.embedding is None:
            return F.one_hot(inputs.long(), self.vocabulary_size).to(self.head.weight.dtype)
        return self.embedding(inputs)


class Layer(nn.Module):
    """One recurrent layer. Its cell states the names and shapes of its parameters.

    Args:
        cell: name of the recurrence.
        input_size: D.
        hidden_size: H.
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell = find_cell(cell)
        self.kernel = KERNELS.get(cell)
        for name, weight in first_weights(self.cell, input_size, hidden_size).items():
            self.register_parameter(name, nn.Parameter(weight))

    def forward(
        self,
        inputs: Tensor,
        state: LayerState,
        weight_drop: float = 0.0,
        rng: Rng | None = None,
    ) -> tuple[Tensor, LayerState]:
        """Return outputs (B, T, H) and the new state, for inputs (B, T, D).

        Args:
            inputs: (B, T, D).
            state: the state of the cell, arrays (B, H).
            weight_drop: share of `weight_hh` set to zero, in cells that have it (DropConnect on
                the recurrence: Merity, Keskar & Socher 2018).
            rng: source of the mask for the weights; None drops nothing.
        """
        weights: dict[str, Tensor] = dict(self.named_parameters())
        if weight_drop and rng is not None and "weight_hh" in weights:
            weights["weight_hh"] = dropped_weights(weights["weight_hh"], weight_drop, rng)
        p = SimpleNamespace(**weights)
        if self.kernel:
            return self.kernel(p, inputs, state)
        outputs, state = unroll(self.cell.step, p, project(p, inputs).transpose(0, 1), state)
        return outputs.transpose(0, 1), state


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


def _try_on_torch(name: str) -> None:
    """Run one step of a reader's cell with gradients, as training will; refuse it if that fails.

    `register_cell` has tried the step on NumPy, because that must work without torch.
    """
    B = 2
    D = 3
    H = 4
    cell = find_cell(name)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            shapes = cell.shapes(D, H).items()
            p = SimpleNamespace(**{key: torch.zeros(s, requires_grad=True) for key, s in shapes})
            state = (torch.zeros(B, H),) * len(cell.states)
            outputs = cell.step(p, project(p, torch.zeros(B, D)), state)[0]
            outputs.sum().backward()
    except Exception as error:  # whatever the reader's own code raises
        raise UserError(
            f"the step of the cell {name!r} fails on torch tensors, on which training runs"
            f" ({type(error).__name__}: {' '.join(str(error).split())}); use operators, and tanh"
            " and sigmoid from charlstm.model.cells"
        ) from error
