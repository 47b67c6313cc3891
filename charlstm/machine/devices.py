"""The device that a command computes on, and the precision that it can compute in.

The precision is the kind of number in which an LSTM is trained. float32 is the usual one. bfloat16
has fewer digits, and is faster on some CPUs.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

from charlstm.errors import UserError, option, say

if TYPE_CHECKING:
    import torch  # not at run time: the commands read this file before they import torch

# cuDNN would like all weights of an nn.LSTM in one piece of memory. Ours are not, so that weight
# drop and readers can reach them; cuDNN copies them together at each call.
warnings.filterwarnings("ignore", message="RNN module weights are not part of single")


def cpu_bf16_trouble() -> str:
    """Return why PyTorch's LSTM cannot run in bfloat16 on this CPU; empty if it can.

    bfloat16 is faster only on CPUs with AVX512-BF16 or AMX. Even there some builds of PyTorch
    refuse it. So this function tries a small LSTM, forward and backward.
    """
    import torch

    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    if not all(hasattr(torch.cpu, name) for name in names):  # private; PyTorch 2.4 has neither
        return "this version of PyTorch cannot tell whether the CPU has AVX512-BF16 or AMX"
    if not any(getattr(torch.cpu, name)() for name in names):
        return "this CPU has neither AVX512-BF16 nor AMX"
    lstm = torch.nn.LSTM(8, 8)
    inputs = torch.ones(2, 1, 8)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            outputs, _ = lstm(inputs)
        outputs.float().sum().backward()
    except RuntimeError as error:
        return str(error).splitlines()[0]
    return ""


def find_device(name: str = "auto") -> torch.device:
    """Return the device to compute on.

    Args:
        name: "cpu", "cuda" (an NVIDIA GPU), "mps" (a Mac's GPU), or "auto": "cuda" if PyTorch can
            use one here, else "cpu". It is never "mps", because PyTorch has had wrong gradients
            there (PyTorch's issues 90421 and 190056). If there is an NVIDIA GPU that PyTorch cannot
            use, "auto" says so on standard error.

    Raises:
        UserError: PyTorch cannot use that device here, or its LSTM is wrong there.

    Example:
        >>> find_device("cpu")
        device(type='cpu')
    """
    import torch

    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    device = torch.device("cuda" if name == "auto" else name)
    trouble = _trouble(device)
    if trouble and name == "auto":
        say(f"the GPU is left alone ({trouble}); computing on the CPU")
        return torch.device("cpu")
    if trouble:
        raise UserError(f"{option('device', name)}: {trouble}; {option('device', 'cpu')} works")
    return device


def _trouble(device: torch.device) -> str:
    """Return why PyTorch's LSTM cannot be used on a GPU; empty if it gives the CPU's gradients."""
    import torch

    backend = torch.cuda if device.type == "cuda" else torch.backends.mps
    if not backend.is_available():
        return f"PyTorch finds no such device here (PyTorch {torch.__version__})"
    try:
        here, there = (_lstm_gradients(where) for where in (torch.device("cpu"), device))
    except RuntimeError as error:
        return str(error).splitlines()[0]
    close = all(
        torch.allclose(a, b, rtol=1e-2, atol=1e-3) for a, b in zip(here, there, strict=True)
    )
    return "" if close else "the gradients of PyTorch's LSTM are wrong there"


def _lstm_gradients(device: torch.device) -> list[torch.Tensor]:
    """Return the gradients of a small LSTM over a few steps, computed on a device."""
    import torch

    B, T, D, H = 2, 5, 3, 8
    shapes = ((4 * H, D), (4 * H, H), (4 * H,), (4 * H,))
    weights = [
        torch.arange(math.prod(s)).sin().reshape(s).to(device).requires_grad_() for s in shapes
    ]
    inputs = torch.arange(B * T * D).cos().reshape(B, T, D).to(device)
    zeros = torch.zeros(1, B, H).to(device)
    outputs, _, _ = torch.lstm(inputs, (zeros, zeros), weights, True, 1, 0.0, True, False, True)
    return [g.cpu() for g in torch.autograd.grad(outputs.square().sum(), weights)]


def bf16_trouble_on(device: torch.device) -> str:
    """Return why PyTorch's LSTM cannot run in bfloat16 on a device; empty if it can.

    On a GPU it cannot. Under `torch.autocast` PyTorch hands cuDNN float16, whatever type was asked
    for (aten/src/ATen/cudnn/AutocastRNN.cpp), and float16 loses the small gradients of an LSTM
    unless the loss is scaled.
    """
    if device.type == "cpu":
        return cpu_bf16_trouble()
    return "PyTorch would compute an LSTM in float16 on a GPU, which loses small gradients"


def describe_device(device: torch.device) -> str:
    """Return the name of a device for a person."""
    import torch

    name = f" ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else ""
    return f"{device.type}{name}"
