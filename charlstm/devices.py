"""What this machine has for PyTorch: CPUs, threads on them, and the precision they compute in.

Precision is the kind of number that an LSTM is trained in: float32, or bfloat16, which has fewer
digits and is faster on some CPUs.
"""

import math
import os
from pathlib import Path


def usable_cpus() -> int:
    """Return the number of CPUs that the process's affinity and its cgroup's quota allow.

    More threads than these wait for each other, and make an LSTM several times slower.
    """
    if not hasattr(os, "sched_getaffinity"):  # only Linux has it
        return os.cpu_count() or 1
    cpus = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cpus, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no such cgroup, or no quota ("max")
        return cpus


def prepare_cpu(threads: int | None = None) -> int:
    """Set PyTorch's threads, and make it take denormal numbers for zero.

    Denormals are the numbers closest to zero, below 1e-38; computing with them slows an LSTM down
    many times over. Call this before the first computation.

    Returns:
        the number of threads.
    """
    import torch  # here, as the sampler uses this module and knows no torch

    torch.set_flush_denormal(True)
    torch.set_num_threads(threads or usable_cpus())
    return torch.get_num_threads()


def cpu_bf16_trouble() -> str:
    """Return why PyTorch's LSTM cannot run in bfloat16 on this CPU; empty if it can.

    It gains by bfloat16 only on CPUs that have AVX512-BF16 or AMX. Even there some builds of
    PyTorch refuse, so a small LSTM is tried, forward and backward.
    """
    import torch

    if not (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()):
        return "this CPU has neither AVX512-BF16 nor AMX"
    lstm, inputs = torch.nn.LSTM(8, 8), torch.ones(2, 1, 8)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            outputs, _ = lstm(inputs)
        outputs.float().sum().backward()
    except RuntimeError as error:
        return str(error).splitlines()[0]
    return ""
