"""PyTorch's own kernels for the cells that have one: a whole window at a time.

Each takes the parameters that `cells.py` steps through, inputs (B, T, D) and a state of arrays
(B, H), and returns outputs (B, T, H) and the new state. On a CPU only the LSTM's reaches oneDNN.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from charlstm.devices import cpu_bf16_trouble

LayerState = tuple[Tensor, ...]
Kernel = Callable[[Any, Tensor, LayerState], tuple[Tensor, LayerState]]


def lstm(p: Any, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
    """Run PyTorch's LSTM kernel: oneDNN's on CPU, the same that `nn.LSTM` calls."""
    stacked = [s.unsqueeze(0) for s in state]  # a stack of one layer: (1, B, H)
    outputs, h, c = torch.lstm(inputs, stacked, _weights(p), *_single_layer())
    return outputs, (h[0], c[0])


def coupled(p: Any, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
    """Run the LSTM kernel with an input gate made of the negated forget gate.

    sigmoid(-a) = 1 - sigmoid(a), so the rows of i are those of f with the sign changed.
    """
    rows = {name: torch.cat((-w[: len(w) // 3], w)) for name, w in vars(p).items()}
    return lstm(SimpleNamespace(**rows), inputs, state)


def rnn(p: Any, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
    """Run the kernel of `nn.RNN`."""
    outputs, h = torch.rnn_tanh(inputs, state[0].unsqueeze(0), _weights(p), *_single_layer())
    return outputs, (h[0],)


def gru(p: Any, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
    """Run the kernel of `nn.GRU`."""
    outputs, h = torch.gru(inputs, state[0].unsqueeze(0), _weights(p), *_single_layer())
    return outputs, (h[0],)


def _weights(p: Any) -> list[Tensor]:
    return [p.weight_ih, p.weight_hh, p.bias_ih, p.bias_hh]


def _single_layer() -> tuple[bool, int, float, bool, bool, bool]:
    """Arguments of the kernels: biases, layers, dropout, training, bidirectional, batch first."""
    return True, 1, 0.0, torch.is_grad_enabled(), False, True


KERNELS: dict[str, Kernel] = {"lstm": lstm, "coupled": coupled, "rnn": rnn, "gru": gru}
BF16 = ("lstm", "coupled")  # whose kernel PyTorch has in bfloat16, and faster so


def bf16_trouble(cell: str = "lstm") -> str:
    """Return why a cell cannot run in bfloat16 on this machine; empty if it can."""
    return cpu_bf16_trouble() if cell in BF16 else f"the cell {cell} has no bfloat16 kernel"
