"""PyTorch's kernels: fast code that runs some of the cells over a whole window at a time.

A function here takes the same parameters as the step of its cell in `cells.py`, inputs (B, T, D)
and a state of arrays (B, H). It returns outputs (B, T, H) and the new state. On a CPU only the
kernel of the LSTM uses the fast library oneDNN. On an NVIDIA GPU all of them use cuDNN.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from charlstm.machine.devices import bf16_trouble_on

LayerState = tuple[Tensor, ...]
Kernel = Callable[[Any, Tensor, LayerState], tuple[Tensor, LayerState]]


def lstm(p: Any, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
    """Run PyTorch's LSTM kernel, which `nn.LSTM` calls, too. On a CPU it uses oneDNN."""
    stacked = [s.unsqueeze(0) for s in state]  # (1, B, H): the kernel takes a stack of layers
    outputs, h, c = torch.lstm(inputs, stacked, _weights(p), *_single_layer())
    return outputs, (h[0], c[0])


def coupled(p: Any, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
    """Run the LSTM kernel with an input gate that is made from the forget gate.

    sigmoid(-a) = 1 - sigmoid(a), so the rows of i are the rows of f with the opposite sign.
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
    """Return what kernels ask: biases, layers, dropout, training, bidirectional, batch first."""
    return True, 1, 0.0, torch.is_grad_enabled(), False, True


KERNELS: dict[str, Kernel] = {"lstm": lstm, "coupled": coupled, "rnn": rnn, "gru": gru}
BF16 = ("lstm", "coupled")  # PyTorch has a faster kernel in bfloat16 for these


def bf16_trouble(cell: str, device: torch.device) -> str:
    """Return why a cell cannot run in bfloat16 on a device; empty if it can."""
    return bf16_trouble_on(device) if cell in BF16 else f"the cell {cell} has no bfloat16 kernel"
