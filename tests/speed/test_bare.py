"""charlstm beside bare torch: the rows of small models."""

import pytest
import torch

from charlstm.options import ModelOptions, TrainOptions
from charlstm.speed import bare
from charlstm.training.presets import PRESETS

CPU = torch.device("cpu")


@pytest.fixture
def small(monkeypatch):
    """Let all presets be small, and all measurements short."""

    class Preset:
        model = ModelOptions(hidden_size=8, embedding_size=4)
        training = TrainOptions(batch_size=2, window=3)

    monkeypatch.setattr(bare, "PRESETS", dict.fromkeys(PRESETS, Preset))
    monkeypatch.setattr(bare, "SIDE", 16)


def test_a_training_is_compared_with_a_bare_loop(small):
    row = bare._training("small", bare.PRESETS["small"].model, TrainOptions(), "fp32", 2, CPU)
    assert row["what"] == "train small, 1 x 8, fp32"
    assert row["unit"] == "chars/s"
    assert min(row["ours"], row["bare"], row["ratio"], row["of peak"]) > 0


def test_a_measure_does_not_time_the_first_action(monkeypatch):
    done = []
    monkeypatch.setattr("charlstm.speed.turns.time.perf_counter", lambda: float(len(done)))
    measure = bare._warm(lambda: done.append("action"), 3, CPU)
    assert measure() == 3.0
    assert len(done) == 4


@pytest.mark.parametrize(("number", "least"), [(1, "of reading"), (4, "of products")])
def test_sampling_is_compared_with_steps_of_torch_and_with_the_least(small, number, least):
    row = bare._sampling("small", number, rounds=2, threads=1)
    assert row["what"] == f"sample small, 1 x 8, {number} at once"
    assert row["unit"] == "microseconds/char"
    assert [name for name in row if name.startswith("of ")] == [least]
    assert row[least] > 0


def test_all_rows_come_in_order(small, monkeypatch):
    for name in ("_training", "_sampling"):
        monkeypatch.setattr(bare, name, lambda *given: {"what": given[0]})
    monkeypatch.setattr(bare, "_first_character", lambda rounds: {"what": "first"})
    monkeypatch.setattr(bare, "bf16_trouble_on", lambda device: "none here")
    rows = [row["what"] for row in bare.rows(rounds=1, threads=None, device=CPU)]
    assert not any("xlarge" in row for row in rows)  # it is for a GPU
    assert rows[0] == "matrix product, fp32"
    assert rows[1].startswith("preset small")
    assert rows[-1] == "first"
    assert len(rows) == 1 + 3 + 2 + 3 * len(bare.NUMBERS) + 1
