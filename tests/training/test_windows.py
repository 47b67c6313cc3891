"""What a step reads: its place in the text, this rank's rows, and the state before it."""

import numpy as np
import pytest
import torch

from charlstm.model.dropout import generator_for
from charlstm.options import TrainOptions
from charlstm.training import windows as module
from charlstm.training.distributed import Ranks
from charlstm.training.windows import Windows

CPU = torch.device("cpu")
OPTIONS = TrainOptions(batch_size=6, window=5, reset=0.4, seed=3)


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(200, size=317, dtype=np.int32)


class Second(Ranks):
    """The second of three ranks."""

    def rows(self, batch_size):
        return slice(batch_size // 3, 2 * batch_size // 3)


def test_an_epoch_reads_each_character_once_from_an_offset_of_its_own(ids):
    windows = Windows(ids, OPTIONS, CPU, Ranks())
    assert windows.streams.windows == 10
    offsets = []
    for epoch in range(6):
        pairs = [windows.read(10 * epoch + step) for step in range(10)]
        rows = torch.cat([inputs for inputs, _ in pairs], 1)
        targets = torch.cat([targets for _, targets in pairs], 1)
        (offset,) = (n for n in range(17) if np.array_equal(ids[n : n + 300], rows.flatten()))
        assert np.array_equal(ids[offset + 1 : offset + 301], targets.flatten())
        offsets.append(offset)
    assert len(set(offsets)) > 3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_text_on_disk_is_read_like_one_in_memory(ids, tmp_path, dtype):
    ids.astype(dtype).tofile(tmp_path / "ids")
    mapped = np.memmap(tmp_path / "ids", dtype, "r")
    both = Windows(ids, OPTIONS, CPU, Second()), Windows(mapped, OPTIONS, CPU, Second())
    for step in (0, 3, 27):
        for want, got in zip(*(windows.read(step) for windows in both), strict=True):
            assert torch.equal(want, got.to(want.dtype))
            assert got.shape == (2, 5)


def test_some_streams_start_from_zeros_and_all_at_an_epoch(ids):
    windows = Windows(ids, OPTIONS, CPU, Second())
    hidden = [(torch.rand(6, 4) + 1, torch.rand(6, 4) + 1) for _ in range(2)]
    assert windows.state_before(10, hidden, generator_for(CPU, (0,))) is None
    assert windows.state_before(7, None, generator_for(CPU, (0,))) is None
    seen = set()
    for seed in range(20):
        state = windows.state_before(7, hidden, generator_for(CPU, (seed,)))
        zeros = [tuple((part == 0).all(1).tolist()) for layer in state for part in layer]
        assert len(set(zeros)) == 1  # a stream is reset in all layers, or in none
        for layer, before in zip(state, hidden, strict=True):
            for part, whole in zip(layer, before, strict=True):
                keep = ~torch.tensor(zeros[0])[:, None]
                assert torch.equal(part, whole[2:4] * keep)
        seen |= set(zeros)
    assert len(seen) == 4
    never = Windows(ids, TrainOptions(batch_size=6, window=5, reset=0), CPU, Ranks())
    assert torch.equal(never.state_before(7, hidden, None)[1][0], hidden[1][0])


def test_what_was_read_of_a_text_on_disk_is_let_go(ids, tmp_path, monkeypatch):
    ids.astype(np.uint8).tofile(tmp_path / "ids")
    mapped = np.memmap(tmp_path / "ids", np.uint8, "r")
    released = []
    monkeypatch.setattr(module, "release", released.append)
    for step in range(999, 3001):
        Windows(mapped, OPTIONS, CPU, Ranks()).read(step)
    assert len(released) == 3
    assert all(np.shares_memory(part, mapped) for part in released)
