"""The CPUs that this process may use, and how many threads its libraries start on them."""

from __future__ import annotations

import ctypes
import functools
import math
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from charlstm.errors import UserError, option
from charlstm.machine.threads import Threads

if TYPE_CHECKING:
    import torch  # not at run time: `charlstm.sample` needs this file, and must not wait for torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGEST_KEPT = 2**25  # bytes in an array; mallopt(3) names no larger bound
MOST_KEPT = 2**29  # bytes that are free at the end of the heap


def available_cpus(root: Path = Path("/")) -> int:
    """Return the number of CPUs that this process may use.

    It is the smaller of two numbers: the CPUs of its affinity, and the quota of its cgroup and of
    all groups above that.

    Args:
        root: the folder that holds `proc` and `sys`.
    """
    has_affinity = hasattr(os, "sched_getaffinity")  # only Linux has it
    cpus = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return max(1, min([cpus, *_quotas(root)]))


def usable_cpus(root: Path = Path("/")) -> int:
    """Return the number of threads that this process may use: a CPU each, or `OMP_NUM_THREADS`.

    With more threads than CPUs, the threads wait for each other, and an LSTM becomes several times
    slower.

    Args:
        root: the folder that holds `proc` and `sys`.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()  # 4, or a list: 4,2
    most = int(asked) if asked.isdecimal() else 0
    return min(available_cpus(root), most or sys.maxsize)


def _quotas(root: Path) -> Iterator[int]:
    """Yield, in CPUs and rounded up, the quotas of this process's cgroup and of those above it.

    `/proc/self/cgroup` has a line `0::/group` for version 2 of cgroups, and for version 1 a line
    `4:cpu,cpuacct:/group` for each set of controllers (cgroups(7)).
    """
    mounts = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if not controllers:
            yield from _quotas_up(mounts, group, "cpu.max")
        elif "cpu" in controllers.split(","):
            files = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            yield from _quotas_up(mounts / controllers, group, *files)


def _quotas_up(mount: Path, group: str, *files: str) -> Iterator[int]:
    """Yield the quotas of a group and of those above it. The files hold a quota and a period."""
    inside = PurePosixPath(group.strip("/"))
    if ".." in inside.parts or not (mount / inside).is_dir():
        inside = PurePosixPath()  # a container sees its own group as the root
    for folder in (inside, *inside.parents):
        try:
            texts = [(mount / folder / name).read_text(encoding="utf-8") for name in files]
            quota, period = map(int, " ".join(texts).split())
        except (OSError, ValueError):  # no such group, or no quota ("max")
            continue
        if quota > 0 and period > 0:  # -1 is no quota in version 1
            yield math.ceil(quota / period)


def prepare_cpu(threads: int | None = None) -> int:
    """Set the largest number of PyTorch's threads, and how the process computes and keeps memory.

    Denormal numbers become zero. They are those closest to zero, below 1e-38, and make an LSTM many
    times slower. Freed arrays of up to 32 MB stay with the process, see `_keep_memory`. Call this
    function before the first computation.

    Returns:
        the number of threads.

    Raises:
        UserError: several threads in a process that was forked from one with several.
    """
    import torch

    torch.set_flush_denormal(True)
    _keep_memory()
    _check_fork(threads)
    torch.set_num_threads(threads or (1 if _fork.cut_off else usable_cpus()))
    return torch.get_num_threads()


def _keep_memory() -> None:
    """Let the C library keep freed memory for the next array, instead of giving it back to Linux.

    A training step frees some hundred arrays, and the next step wants the same ones again. What was
    given back comes page by page, each a page fault: thousands in a step of `large`, a tenth of its
    time. mallopt(3) sets the two bounds. Other C libraries have no such function, or ignore it, and
    who has set bounds in the environment keeps them.
    """
    own = any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ)
    if sys.platform == "linux" and not own:
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)
            mallopt(M_TRIM_THRESHOLD, MOST_KEPT)


class _Fork:
    """What a fork does to PyTorch's threads.

    They belong to OpenMP. Those of the GNU compiler do not come along into the child, which would
    wait for them forever. With one thread it waits for nobody.
    """

    several = False  # PyTorch has computed with several threads here
    cut_off = False  # this process is the child of one where it had

    def in_the_child(self) -> None:
        torch = sys.modules.get("torch")
        if torch and (self.several or torch.get_num_threads() > 1):
            self.cut_off = True
            torch.set_num_threads(1)


_fork = _Fork()
if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_fork.in_the_child)


def _check_fork(threads: int | None) -> None:
    if _fork.cut_off and threads and threads > 1:
        raise UserError(
            f"{option('threads', threads)} in a process that was forked from one with several"
            f" threads, which stayed behind; give {option('threads', 1)}, or start the process anew"
            " (in multiprocessing by 'spawn')"
        )


class _Torch:
    """PyTorch's threads. Each thread of Python has a number of its own for them."""

    def use(self, number: int) -> None:
        import torch

        self._before = torch.get_num_threads()
        _fork.several |= number > 1
        if number != self._before:
            torch.set_num_threads(number)

    def restore(self) -> None:
        import torch

        if torch.get_num_threads() != self._before:
            torch.set_num_threads(self._before)


class _Blas:
    """The threads of NumPy's BLAS. The whole process has one number for them.

    If two threads of Python are inside at the same time, the last to leave restores the number that
    the first one found.
    """

    def __init__(self) -> None:
        from threadpoolctl import ThreadpoolController

        self._libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        # since 3.8 the public method lets only one thread of Python set it, and is slower
        self._setters = [
            getattr(library, "_real_set_num_threads", library.set_num_threads)
            for library in self._libraries
        ]
        self._lock = threading.Lock()
        self._inside = 0
        self._before: list[int] = []
        self._now: list[int] = []

    def most(self) -> int:
        with self._lock:
            numbers = self._before if self._inside else self.numbers()
        return min([usable_cpus(), *numbers]) if numbers else 1

    def numbers(self) -> list[int]:
        """Return how many threads each library has at present; usually there is one library."""
        return [library.num_threads for library in self._libraries]

    def use(self, number: int) -> None:
        with self._lock:
            if not self._inside:
                self._before = self._now = self.numbers()
            self._inside += 1
            self._set([number] * len(self._now))

    def restore(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._set(self._before)

    def _set(self, numbers: list[int]) -> None:
        if numbers != self._now:
            self._now = numbers
            for set_number, number in zip(self._setters, numbers, strict=True):
                set_number(number)


@functools.cache  # to find the libraries takes 10 ms
def _blas() -> _Blas:
    import numpy  # noqa: F401  # only a library that is loaded can be found

    return _Blas()


def torch_threads(fixed: int | None = None, device: torch.device | None = None) -> Threads:
    """Return threads for work that PyTorch does.

    Args:
        fixed: so many for every piece. None measures, from 1 up to PyTorch's present number.
        device: where it does the work. None is the CPU. A GPU needs one thread to drive it.

    Raises:
        UserError: as for `prepare_cpu`, or `fixed` is no number of threads.
    """
    import torch

    if device is not None and device.type != "cpu":
        fixed = 1
    _check_fork(fixed)
    return Threads(_Torch(), torch.get_num_threads(), fixed)


def blas_threads(fixed: int | None = None) -> Threads:
    """Return threads for matrix products that NumPy does.

    Args:
        fixed: so many for every piece. None measures, from 1 up to the present number of NumPy's
            BLAS, but at most `usable_cpus`; only powers of two. They split the rows of a matrix
            evenly, and then OpenBLAS rounds its product with a vector in the same way.
    """
    blas = _blas()
    return Threads(blas, 1 << (blas.most().bit_length() - 1), fixed)
