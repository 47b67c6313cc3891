"""What this machine has for PyTorch: CPUs, threads on them, and the precision they compute in.

The precision is the kind of number in which an LSTM is trained. float32 is the usual one. bfloat16
has fewer digits, and is faster on some CPUs.
"""

import math
import os
from pathlib import Path


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
    import torch  # not at the top: `charlstm.sample` needs this file, and must not wait for torch

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
