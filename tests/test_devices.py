"""What this machine has: CPUs, threads, denormals, precision."""

import math
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charlstm import devices
from charlstm.devices import (
    _blas,
    bf16_trouble_on,
    blas_threads,
    cpu_bf16_trouble,
    find_device,
    prepare_cpu,
    torch_threads,
    usable_cpus,
)
from charlstm.errors import UserError


def test_denormals_are_flushed_and_threads_set():
    assert prepare_cpu(1) == 1
    tiny = torch.full((8,), 1e-39)
    assert (tiny * 0.5).eq(0).all()


# --- CPUs ----------------------------------------------------------------------------------------


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
    monkeypatch.setattr("charlstm.devices.usable_cpus", lambda: usable)
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
    before = blas_number()
    _blas()._set([4])
    try:
        monkeypatch.setattr("charlstm.devices.usable_cpus", lambda: 3)
        assert _blas().most() == 3
        monkeypatch.setattr("charlstm.devices.usable_cpus", lambda: 9)
        assert _blas().most() == 4
    finally:
        _blas()._set([before])
    monkeypatch.setattr(_blas(), "_libraries", [])  # a BLAS that threadpoolctl does not know
    monkeypatch.setattr(_blas(), "_setters", [])
    assert _blas().most() == 1
    with blas_threads(2):
        np.ones(2) @ np.ones(2)


# --- devices and precision -----------------------------------------------------------------------


def test_bf16_is_refused_where_a_small_lstm_does_not_run_in_it(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)

    def refuse(self, inputs):
        raise RuntimeError("could not create a primitive\nmore")

    monkeypatch.setattr(torch.nn.LSTM, "forward", refuse)
    assert cpu_bf16_trouble() == "could not create a primitive"
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert cpu_bf16_trouble() == "this CPU has neither AVX512-BF16 nor AMX"


def test_bf16_is_refused_where_pytorch_cannot_tell(monkeypatch):
    """Its tests are private functions, and younger than the oldest PyTorch that we allow."""
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    assert "this version of PyTorch cannot tell" in cpu_bf16_trouble()


CPU = torch.device("cpu")


def test_auto_is_the_cpu_where_there_is_no_nvidia_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert find_device("auto") == find_device("cpu") == CPU
    with pytest.raises(UserError, match=r"device='cuda': PyTorch finds no such device here"):
        find_device("cuda")


def test_auto_is_the_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices, "_lstm_gradients", lambda device: [torch.ones(3)])
    assert find_device("auto").type == "cuda"


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_gpu_with_wrong_gradients_is_refused(monkeypatch, name):
    right = devices._lstm_gradients(CPU)
    assert [g.shape for g in right] == [(32, 3), (32, 8), (32,), (32,)]
    assert all(g.abs().max() > 0.5 for g in right)  # so that a wrong one shows
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    answers = {"cpu": right, name: [g + 1e-5 for g in right]}
    monkeypatch.setattr(devices, "_lstm_gradients", lambda device: answers[device.type])
    assert find_device(name).type == name
    answers[name] = [*right[:3], right[3] * 1.1]
    with pytest.raises(UserError, match="the gradients of PyTorch's LSTM are wrong there; device="):
        find_device(name)


def test_a_gpu_that_fails_is_refused_if_it_was_asked_for_and_else_left_alone(monkeypatch, capsys):
    def fail(device):
        if device.type == "cuda":
            raise RuntimeError("no kernel image is available\nmore")
        return []

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices, "_lstm_gradients", fail)
    with pytest.raises(UserError, match="no kernel image is available; device='cpu' works"):
        find_device("cuda")
    assert find_device("auto") == CPU
    told = capsys.readouterr().err
    assert told == "the GPU is left alone (no kernel image is available); computing on the CPU\n"


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_no_gpu_computes_an_lstm_in_bfloat16(name):
    """PyTorch's autocast takes float16 for cuDNN, even where bfloat16 is asked for."""
    assert "float16" in bf16_trouble_on(torch.device(name))
    assert bf16_trouble_on(CPU) == cpu_bf16_trouble()


def test_cudnns_warning_of_weights_in_several_pieces_is_silenced_for_the_library(capfd):
    program = (
        "import warnings; warnings.simplefilter('error'); import charlstm.model.network;"
        "warnings.warn('RNN module weights are not part of single contiguous chunk of memory.')"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert capfd.readouterr().err == ""
