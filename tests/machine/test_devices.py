"""The device to compute on: what auto takes, what is refused, and its precision."""

import subprocess
import sys

import pytest
import torch

from charlstm.errors import UserError
from charlstm.machine import devices
from charlstm.machine.devices import bf16_trouble_on, cpu_bf16_trouble, find_device

CPU = torch.device("cpu")


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
