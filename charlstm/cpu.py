"""The CPUs that this process may really use."""

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
