"""Recurrent layers, and a stack of them: what every network of charlstm is built on.

Whole windows run through PyTorch's kernels, which read the same parameters as the steps in
`cells.py`. A cell without a kernel, such as the peephole LSTM or a reader's own, runs step by step.
The letters are those of the table *Symbols* in the first lesson,
`notebooks/lessons/01-start-here.ipynb`.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charlstm.errors import UserError, counted
from charlstm.model.cells import CELLS, project, run_layers, unroll
from charlstm.model.dropout import Rng, dropped_weights, locked_dropout
from charlstm.model.initial import first_weights
from charlstm.model.kernels import KERNELS, LayerState
from charlstm.model.named_cells import find_cell
from charlstm.options import ModelOptions

ModelState = Sequence[LayerState]


def embed(embedding: nn.Embedding | None, ids: Tensor, size: int, dtype: torch.dtype) -> Tensor:
    """Return what the first layer reads of ids: a row of the embedding each, or one-hot vectors.

    Args:
        embedding: None for one-hot vectors.
        ids: of any shape.
        size: V, the length of one-hot vectors and the number of the embedding's rows.
        dtype: of one-hot vectors.

    Raises:
        UserError: the ids are not whole numbers, or one is not from 0 to V - 1. On a GPU the second
            is not looked at, because each look waits for the GPU; there PyTorch ends the program.
    """
    if ids.dtype not in (torch.int32, torch.int64):
        raise UserError(f"the ids are {ids.dtype}; give torch.int64 or torch.int32")
    try:
        return F.one_hot(ids.long(), size).to(dtype) if embedding is None else embedding(ids)
    except (IndexError, RuntimeError):
        if not ids.is_cpu:
            raise
        least, most = (int(bound) for bound in ids.aminmax())
        if least >= 0 and most < size:
            raise
        wrong = least if least < 0 else most
        raise UserError(f"ids: {wrong} is among them; each must be from 0 to {size - 1}") from None


class Stack(nn.ModuleList):
    """Recurrent layers, each of which reads what the one below it says.

    Args:
        options: cell, sizes and dropout rates.
        input_size: D, the size of what the first layer reads.

    Example:
        >>> stack = Stack(ModelOptions(layers=2, hidden_size=16), input_size=5)
        >>> features, state = stack(torch.zeros(3, 7, 5))
        >>> features.shape, len(state)
        (torch.Size([3, 7, 16]), 2)
    """

    def __init__(self, options: ModelOptions, input_size: int) -> None:
        if options.cell not in CELLS:
            _try_on_torch(options.cell)
        sizes = [input_size] + [options.hidden_size] * (options.layers - 1)
        super().__init__(Layer(options.cell, size, options.hidden_size) for size in sizes)
        self.options = options

    def forward(
        self,
        inputs: Tensor,
        state: ModelState | None = None,
        rng: Rng | None = None,
        bf16: bool = False,
    ) -> tuple[Tensor, ModelState]:
        """Return what `options.readout` makes of all layers' outputs, (B, T, H), and the new state.

        Args:
            inputs: (B, T, D).
            state: the state of each layer, arrays (B, H); None is zeros.
            rng: source of the dropout masks; None turns dropout off. What comes back is not
                dropped.
            bf16: whether the layers compute in bfloat16.
        """
        options = self.options
        if state is None:
            state = self.zero_state(len(inputs))
        if len(state) != len(self):
            raise UserError(
                f"the state is that of {counted(len(state), 'layer')}; there are {len(self)}"
            )
        rates = [options.input_dropout] + [options.dropout] * (options.layers - 1)
        layers = [
            partial(self._run_layer, layer, rate, rng, bf16)
            for layer, rate in zip(self, rates, strict=True)
        ]
        return run_layers(layers, inputs, state, options.readout)

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
        dtype = self.like.dtype
        return outputs.to(dtype), tuple(s.to(dtype) for s in new_state)

    @property
    def like(self) -> Tensor:
        """One of the weights, to make other tensors of the same type and on the same device."""
        return cast(Tensor, self[0].weight_ih)

    def zero_state(self, batch_size: int) -> ModelState:
        """Return the state at the start of a text: for each layer, arrays (B, H) of zeros."""
        zeros = self.like.new_zeros(batch_size, self.options.hidden_size)
        return [(zeros,) * len(find_cell(self.options.cell).states)] * len(self)


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
        self.hidden_size = hidden_size
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

        Raises:
            UserError: inputs or state have another shape or type. A kernel would not look, and read
                beyond their ends.
        """
        weights: dict[str, Tensor] = dict(self.named_parameters())
        self._check(inputs, state, weights["weight_ih"])
        if weight_drop and rng is not None and "weight_hh" in weights:
            weights["weight_hh"] = dropped_weights(weights["weight_hh"], weight_drop, rng)
        p = SimpleNamespace(**weights)
        if self.kernel:
            return self.kernel(p, inputs, state)
        outputs, state = unroll(self.cell.step, p, project(p, inputs).transpose(0, 1), state)
        return outputs.transpose(0, 1), state

    def _check(self, inputs: Tensor, state: LayerState, weight: Tensor) -> None:
        B, D = len(inputs), weight.shape[1]
        if inputs.ndim != 3 or not inputs.shape[1] or inputs.shape[2] != D:
            raise UserError(
                f"the inputs have the shape {tuple(inputs.shape)}; this layer reads (B, T, {D}),"
                " and T is at least 1"
            )
        wanted = [(B, self.hidden_size)] * len(self.cell.states)
        if [tuple(s.shape) for s in state] != wanted:
            raise UserError(
                f"the state has the shapes {[tuple(s.shape) for s in state]}; this layer needs"
                f" {wanted}: (B, H) for {' and '.join(self.cell.states)}; zero_state(B) makes them"
            )
        types = {x.dtype for x in (inputs, *state)}
        if types != {weight.dtype}:
            raise UserError(
                f"inputs and state are {' and '.join(sorted(map(str, types)))}; the weights are"
                f" {weight.dtype}, and all must be the same; .to(dtype) converts them"
            )


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
