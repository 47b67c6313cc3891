"""What this machine has for PyTorch: CPUs, threads on them, a GPU, and their precision.

The precision is the kind of number in which an LSTM is trained. float32 is the usual one. bfloat16
has fewer digits, and is faster on some CPUs and on newer GPUs.
"""

from __future__ import annotations

import math
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from charlstm.errors import UserError, option

if TYPE_CHECKING:
    import torch  # not at run time: `charlstm.sample` needs this file, and must not wait for torch


def usable_cpus() -> int:
    """Return the number of CPUs that the process's affinity and its cgroup's quota allow.

    With more threads than CPUs, the threads wait for each other, and an LSTM becomes several times
    slower.
    """
    if not hasattr(os, "sched_getaffinity"):  # only Linux has it
        return os.cpu_count() or 1
    cpus = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="utf-8").split()
        return max(1, min(cpus, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no such cgroup, or no quota ("max")
        return cpus


def prepare_cpu(threads: int | None = None) -> int:
    """Set the number of PyTorch's threads, and make PyTorch replace denormal numbers by zero.

    Denormals are the numbers closest to zero, below 1e-38. They make an LSTM many times slower.
    Call this function before the first computation.

    Returns:
        the number of threads.
    """
    import torch

    torch.set_flush_denormal(True)
    torch.set_num_threads(threads or usable_cpus())
    return torch.get_num_threads()


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
            there (PyTorch's issues 90421 and 190056).

    Raises:
        UserError: PyTorch cannot use that device here, or its LSTM is wrong there.

    Example:
        >>> find_device("cpu")
        device(type='cpu')
    """
    import torch

    # cuDNN would like all weights of an nn.LSTM in one piece of memory. Ours are not, so that
    # weight drop and readers can reach them; cuDNN copies them together at each call.
    warnings.filterwarnings("ignore", message="RNN module weights are not part of single")
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    device = torch.device("cuda" if name == "auto" else name)
    if trouble := _trouble(device):
        raise UserError(f"{option('device', name)}: {trouble}; {option('device', 'cpu')} works")
    return device


def _trouble(device: torch.device) -> str:
    """Return why PyTorch's LSTM cannot be used on a GPU; empty if it gives the CPU's gradients."""
    import torch

    available = torch.cuda.is_available() if device.type == "cuda" else _has_mps()
    if not available:
        return f"PyTorch finds no such device here (PyTorch {torch.__version__})"
    try:
        here, there = (_lstm_gradients(where) for where in (torch.device("cpu"), device))
    except RuntimeError as error:
        return str(error).splitlines()[0]
    close = all(
        torch.allclose(a, b, rtol=1e-2, atol=1e-3) for a, b in zip(here, there, strict=True)
    )
    return "" if close else "the gradients of PyTorch's LSTM are wrong there"


def _has_mps() -> bool:
    import torch

    return torch.backends.mps.is_available()


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
    """Return why PyTorch's LSTM cannot run in bfloat16 on a device; empty if it can."""
    import torch

    if device.type == "cpu":
        return cpu_bf16_trouble()
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return ""
    return "this GPU computes no bfloat16"


def describe_device(device: torch.device) -> str:
    """Return the name of a device for a person."""
    import torch

    name = f" ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else ""
    return f"{device.type}{name}"
