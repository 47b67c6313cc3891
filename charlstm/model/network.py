"""The character model: embedding -> stacked cells -> logits.

A batch's path, with `B` streams, `T` characters, `V` vocabulary, `E` embedding, `H` hidden:

    ids (B, T) -> embedding (B, T, E) -> layer 1 .. layer L, each (B, T, H) -> logits (B, T, V)

The state goes in and comes out; the model keeps none. Dropout happens where a random generator is
passed and nowhere else, so that there is no mode to forget. Whole windows run through PyTorch's
own kernels on the same parameters that `cells.py` steps through; the peephole cell, which has no
kernel, runs `cells.py` itself.
"""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charlstm.devices import cpu_bf16_trouble
from charlstm.model.cells import CELLS, project, unroll
from charlstm.model.checkpoint import Checkpoint
from charlstm.options import ModelOptions

LayerState = tuple[Tensor, ...]
ModelState = Sequence[LayerState]


class CharModel(nn.Module):
    """A stacked recurrent network that predicts the next character.

    Args:
        options: cell, sizes and dropout rates.
        vocabulary_size: V.
        seed: of the initial weights.

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
        hidden, width = options.hidden_size, options.embedding_size
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
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
        rng: np.random.Generator | None = None,
        bf16: bool = False,
    ) -> tuple[Tensor, ModelState]:
        """Predict the character after each of `inputs`.

        Args:
            inputs: ids, integers, (B, T).
            state: per layer what the cell carries, each (B, H); None is zeros.
            rng: source of the dropout masks; None turns dropout off.
            bf16: whether the layers compute in bfloat16; what is returned is float32 all the same.

        Returns:
            logits (B, T, V), and the state after the last character.
        """
        options = self.options
        if state is None:
            state = self.zero_state(len(inputs))
        x = self.embed(inputs)  # (B, T, E)
        x = locked_dropout(x, options.input_dropout, rng)
        outputs, after = [], []
        for index, (layer, layer_state) in enumerate(zip(self.layers, state, strict=True)):
            if index:
                x = locked_dropout(x, options.dropout, rng)
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                x, layer_state = layer(x, layer_state, options.weight_drop, rng)
            x = x.to(self.head.weight.dtype)  # (B, T, H)
            outputs.append(x)
            after.append(tuple(s.to(x.dtype) for s in layer_state))
        features = torch.stack(outputs).sum(0) if options.readout == "sum" else x
        return self.head(locked_dropout(features, options.dropout, rng)), after

    def zero_state(self, batch_size: int) -> ModelState:
        """Return the state at the start of a text, zeros, each (B, H)."""
        zeros = self.head.weight.new_zeros(batch_size, self.options.hidden_size)
        return [(zeros,) * CELLS[self.options.cell].states] * self.options.layers

    def to_arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return copies of the weights by name, as `checkpoint.weight_shapes` lists them."""
        return {name: tensor.numpy().copy() for name, tensor in self.state_dict().items()}

    def load_arrays(self, weights: Mapping[str, np.ndarray[Any, Any]]) -> "CharModel":
        """Take over weights by name, and return the model."""
        self.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        return self

    def embed(self, inputs: Tensor) -> Tensor:
        """Return what the first layer reads, (B, T, E), for ids (B, T)."""
        if self.embedding is None:
            return F.one_hot(inputs.long(), self.vocabulary_size).to(self.head.weight.dtype)
        return self.embedding(inputs)


class Layer(nn.Module):
    """One recurrent layer, its parameters named and shaped as `cells.py` states.

    The recurrent matrices start orthogonal, gate by gate; the two forget-gate biases, which are
    added, start as 1 and 0 (Gers, Schmidhuber & Cummins 2000; Jozefowicz et al. 2015).
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell = CELLS[cell]
        self.run = FAST.get(cell)
        start = {n: torch.zeros(s) for n, s in self.cell.shapes(input_size, hidden_size).items()}
        for block in range(self.cell.gates):
            rows = slice(block * hidden_size, (block + 1) * hidden_size)
            nn.init.xavier_uniform_(start["weight_ih"][rows])
            nn.init.orthogonal_(start["weight_hh"][rows])
            if block == self.cell.forget:
                start["bias_ih"][rows] = 1.0
        self.weight_hh: Tensor
        self.bias_ih: Tensor
        self.bias_hh: Tensor
        for name, values in start.items():
            self.register_parameter(name, nn.Parameter(values))

    def forward(
        self,
        inputs: Tensor,
        state: LayerState,
        weight_drop: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> tuple[Tensor, LayerState]:
        """Return outputs (B, T, H) and the state after the last, for inputs (B, T, D)."""
        p = SimpleNamespace(**dict(self.named_parameters()))
        if weight_drop and rng is not None:  # DropConnect on the recurrence: Merity et al. 2018
            p.weight_hh = p.weight_hh * _mask(
                p.weight_hh.shape, weight_drop, rng, p.weight_hh.dtype
            )
        if self.run:
            return self.run(p, inputs, state)
        outputs, state = unroll(self.cell.step, p, project(p, inputs).transpose(0, 1), state)
        return outputs.transpose(0, 1), state


def locked_dropout(x: Tensor, rate: float, rng: np.random.Generator | None) -> Tensor:
    """Zero the same units at all time steps of a window (Gal & Ghahramani 2016).

    Args:
        x: (B, T, D).
        rate: share of units set to zero; the rest is scaled by 1 / (1 - rate).
        rng: source of the mask; None returns `x`.
    """
    if not rate or rng is None:
        return x
    return x * _mask((x.shape[0], 1, x.shape[2]), rate, rng, x.dtype)


def _mask(
    shape: Sequence[int], rate: float, rng: np.random.Generator, dtype: torch.dtype
) -> Tensor:
    keep = torch.from_numpy(rng.random(tuple(shape), np.float32) >= rate)
    return keep.to(dtype) / (1.0 - rate)


def _torch_lstm(p: Any, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
    """Run PyTorch's LSTM kernel: oneDNN's on CPU, the same that `nn.LSTM` calls."""
    start = [s.unsqueeze(0) for s in state]
    outputs, h, c = torch.lstm(inputs, start, _weights(p), *_single_layer())
    return outputs, (h[0], c[0])


def _torch_coupled(p: Any, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
    """Run the LSTM kernel with an input gate made of the negated forget gate.

    sigmoid(-a) = 1 - sigmoid(a), so the rows of i are those of f with the sign changed.
    """
    rows = {name: torch.cat((-w[: len(w) // 3], w)) for name, w in vars(p).items()}
    return _torch_lstm(SimpleNamespace(**rows), inputs, state)


def _torch_single(
    kernel: Callable[..., tuple[Tensor, Tensor]],
) -> Callable[[Any, Tensor, LayerState], tuple[Tensor, LayerState]]:
    def run(p: Any, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        outputs, h = kernel(inputs, state[0].unsqueeze(0), _weights(p), *_single_layer())
        return outputs, (h[0],)

    return run


def _weights(p: Any) -> list[Tensor]:
    return [p.weight_ih, p.weight_hh, p.bias_ih, p.bias_hh]


def _single_layer() -> tuple[bool, int, float, bool, bool, bool]:
    """Arguments of the kernels: biases, layers, dropout, training, bidirectional, batch first."""
    return True, 1, 0.0, torch.is_grad_enabled(), False, True


FAST = {
    "lstm": _torch_lstm,
    "coupled": _torch_coupled,
    "rnn": _torch_single(torch.rnn_tanh),
    "gru": _torch_single(torch.gru),
}
BF16 = ("lstm", "coupled")  # cells whose kernel PyTorch has in bfloat16, and faster so


def bf16_trouble(cell: str = "lstm") -> str:
    """Return why a cell cannot run in bfloat16 on this machine; empty if it can."""
    return cpu_bf16_trouble() if cell in BF16 else f"the cell {cell} has no bfloat16 kernel"
