"""What this machine has: threads, denormals, precision."""

import torch

from charlstm.devices import cpu_bf16_trouble, prepare_cpu


def test_denormals_are_flushed_and_threads_set():
    assert prepare_cpu(1) == 1
    tiny = torch.full((8,), 1e-39)
    assert (tiny * 0.5).eq(0).all()


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
