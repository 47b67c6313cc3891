"""The CPUs that a process may use, and the threads of PyTorch and NumPy on them."""

import math
import os
import platform
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charlstm.machine.cpus import _blas, blas_threads, prepare_cpu, torch_threads, usable_cpus


def test_denormals_are_flushed_and_threads_set():
    assert prepare_cpu(1) == 1
    tiny = torch.full((8,), 1e-39)
    assert (tiny * 0.5).eq(0).all()


FAULTS = """
import resource, sys
import numpy as np
if sys.argv[1] == "kept":
    from charlstm.machine.cpus import prepare_cpu
    prepare_cpu(1)
def step():
    arrays = [np.ones(9_000_000, np.uint8) for _ in range(4)]
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries decide themselves")
def test_freed_memory_is_kept_for_the_next_step():
    """Each page of 36 million bytes comes by a page fault, unless they are kept."""
    bounds = ("MALLOC_", "GLIBC_TUNABLES")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(bounds)}

    def faults(how, **more):
        python = [sys.executable, "-P", "-c", FAULTS, how]
        small_pages = {"NUMPY_MADVISE_HUGEPAGE": "0"}
        return float(subprocess.check_output(python, env=plain | small_pages | more))

    given_back = faults("")
    assert given_back > 1000
    assert faults("kept") < given_back / 100
    assert faults("kept", MALLOC_ARENA_MAX="2") > given_back / 2  # who sets bounds keeps them


@pytest.fixture
def cpus(monkeypatch, tmp_path):
    """Let the process have 8 CPUs, and a root folder with the given files."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def count(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return usable_cpus(tmp_path)

    return count


GROUPS = "proc/self/cgroup"
TWO = "sys/fs/cgroup/"
ONE = "sys/fs/cgroup/cpu,cpuacct/"


@pytest.mark.parametrize(
    ("asked", "usable"),
    [("4", 4), ("4,2", 4), (" 3 ", 3), ("99", 8), ("", 8), ("0", 8), ("-1", 8), ("many", 8)],
)
def test_the_number_of_threads_that_openmp_is_given_is_obeyed(cpus, monkeypatch, asked, usable):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert cpus({}) == usable
    monkeypatch.setattr("charlstm.machine.cpus.usable_cpus", lambda: usable)
    assert prepare_cpu() == usable
    assert prepare_cpu(1) == 1


@pytest.mark.parametrize(
    ("files", "usable"),
    [
        ({}, 8),
        ({GROUPS: "0::/a/b\n", TWO + "a/b/cpu.max": "150000 100000\n"}, 2),
        ({GROUPS: "0::/a/b\n", TWO + "a/b/cpu.max": "max 100000\n"}, 8),
        # a group above it
        ({GROUPS: "0::/a/b\n", TWO + "a/b/cpu.max": "max 1\n", TWO + "a/cpu.max": "300 100\n"}, 3),
        # another group's quota is not this one's
        ({GROUPS: "0::/a\n", TWO + "a/cpu.max": "max 1\n", TWO + "b/cpu.max": "1 1\n"}, 8),
        # a container that sees its own group as the root
        ({GROUPS: "0::/docker/123\n", TWO + "cpu.max": "200 100\n"}, 2),
        ({GROUPS: "0::/../a\n", "sys/fs/a/cpu.max": "100 100", TWO + "cpu.max": "400 100\n"}, 4),
        ({GROUPS: "0::/\n", TWO + "cpu.max": "50 100\n"}, 1),
        ({GROUPS: "0::/\n", TWO + "cpu.max": "nonsense\n"}, 8),
        ({GROUPS: "0::/\n", TWO + "cpu.max": "100 0\n"}, 8),
        # version 1
        (
            {
                GROUPS: "5:memory:/m\n4:cpu,cpuacct:/a\n0::/\n",
                ONE + "a/cpu.cfs_quota_us": "250000\n",
                ONE + "a/cpu.cfs_period_us": "100000\n",
            },
            3,
        ),
        (
            {
                GROUPS: "4:cpu,cpuacct:/a\n",
                ONE + "a/cpu.cfs_quota_us": "-1\n",
                ONE + "a/cpu.cfs_period_us": "100000\n",
                ONE + "cpu.cfs_quota_us": "400000\n",
                ONE + "cpu.cfs_period_us": "100000\n",
            },
            4,
        ),
        ({GROUPS: "not a line\n\n::\n"}, 8),
    ],
)
def test_the_quota_of_its_own_group_and_of_those_above_is_obeyed(cpus, files, usable):
    assert cpus(files) == usable


@given(
    st.lists(st.one_of(st.none(), st.integers(1, 10_000)), min_size=1, max_size=4), st.booleans()
)
def test_the_smallest_quota_on_the_way_up_counts(tmp_path_factory, quotas, first_version):
    root = tmp_path_factory.mktemp("root")
    group = "/".join(f"g{depth}" for depth in range(len(quotas)))
    mount = root / (ONE if first_version else TWO)
    (root / "proc/self").mkdir(parents=True)
    line = f"7:cpu,cpuacct:/{group}" if first_version else f"0::/{group}"
    (root / GROUPS).write_text(line + "\n", encoding="utf-8")
    folder = mount
    for depth, quota in enumerate(quotas):
        folder = folder / f"g{depth}"
        folder.mkdir(parents=True)
        if first_version:
            (folder / "cpu.cfs_quota_us").write_text(f"{quota or -1}\n", encoding="utf-8")
            (folder / "cpu.cfs_period_us").write_text("1000\n", encoding="utf-8")
        else:
            (folder / "cpu.max").write_text(f"{quota or 'max'} 1000\n", encoding="utf-8")
    free = usable_cpus(root / "nothing")
    allowed = [math.ceil(quota / 1000) for quota in quotas if quota]
    assert usable_cpus(root) == min([free, *allowed])


def test_without_affinity_all_cpus_count(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cpus(tmp_path) == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cpus(tmp_path) == 1


# --- threads -------------------------------------------------------------------------------------


def test_the_threads_of_torch_are_restored_and_at_most_those_that_it_had():
    prepare_cpu(1)
    with torch_threads(2):
        assert torch.get_num_threads() == 2
        with torch_threads(1):
            assert torch.get_num_threads() == 1
            assert torch_threads()._choice is None  # one at most
        assert torch.get_num_threads() == 2
        assert torch_threads()._choice is not None
    assert torch.get_num_threads() == 1


def blas_number():
    (number,) = set(_blas().numbers())
    return number


def test_the_threads_of_blas_are_restored_when_the_last_has_left():
    """One number holds for all threads of Python, so they may leave in any order."""
    before = blas_number()
    first, second = blas_threads(3), blas_threads(2)
    inside, leave = threading.Event(), threading.Event()

    def other():
        with second:
            inside.set()
            leave.wait()

    worker = threading.Thread(target=other)
    with first:
        assert blas_number() == 3
        worker.start()
        inside.wait()
        assert blas_number() == 2
        assert blas_threads()._choice is None or before > 1  # not the numbers of others
    assert blas_number() == 2
    leave.set()
    worker.join()
    assert blas_number() == before


def test_blas_gets_no_more_threads_than_there_are_cpus(monkeypatch):
    with blas_threads(2):
        pass
    before = [*_blas()._now]  # NumPy's, and that of each other library which has its own
    _blas()._set([4] * len(before))
    try:
        monkeypatch.setattr("charlstm.machine.cpus.usable_cpus", lambda: 3)
        assert _blas().most() == 3
        monkeypatch.setattr("charlstm.machine.cpus.usable_cpus", lambda: 9)
        assert _blas().most() == 4
    finally:
        _blas()._set(before)
    monkeypatch.setattr(_blas(), "_libraries", [])  # a BLAS that threadpoolctl does not know
    monkeypatch.setattr(_blas(), "_setters", [])
    assert _blas().most() == 1
    with blas_threads(2):
        np.ones(2) @ np.ones(2)


FORKS = """
import os, sys
import torch
from charlstm import *
from charlstm.errors import UserError
from charlstm.machine.cpus import prepare_cpu
from charlstm.training.trainer import Trainer

text = "to be or not to be. " * 40
vocabulary = Vocabulary.of(text)
ids = vocabulary.encode(text)

def train(threads):
    model = CharModel(ModelOptions(hidden_size=128), len(vocabulary))
    options = TrainOptions(steps=2, window=32, batch_size=16, precision="fp32")
    for report in Trainer(model, ids[:700], ids[700:], options, threads=threads).fit():
        pass
    return report.validation

torch.set_num_threads({inside})
want = train({threads})
read, write = os.pipe()
if not os.fork():
    try:
        got = train(None)
        prepare_cpu()
        assert abs(train(1) - want) < 1e-4 and abs(got - want) < 1e-4
        for several in (prepare_cpu, train):
            try:
                several(2)
            except UserError as error:
                os.write(write, str(error).encode() + b"\\n")
    finally:
        os._exit(0)
os.close(write)
sys.stdout.write(os.fdopen(read).read())
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can fork")
@pytest.mark.parametrize(("inside", "threads"), [(2, None), (1, 2)])
def test_a_process_forked_after_two_threads_works_with_one(inside, threads):
    """Before, it waited forever for threads that had stayed behind."""
    code = FORKS.format(inside=inside, threads=threads)
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert len(told) == 2, done.stdout + done.stderr
    for line in told:
        assert line.startswith("threads=2 in a process that was forked from one with several")
