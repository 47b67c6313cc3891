"""What only a GPU can show: the numbers of the CPU, no waiting inside a step, files for both.

On a machine that has one, `pytest -m gpu` runs these tests.
"""

import numpy as np
import pytest
import torch
from small import CELLS, randomize

from charlstm import train
from charlstm.machine.devices import find_device
from charlstm.measuring.dynamic import score_dynamic
from charlstm.measuring.scores import score
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, TrainOptions
from charlstm.training.trainer import READ_EVERY, Trainer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no NVIDIA GPU here"),
    # pytest turns warnings into errors; these two belong to what is tested
    pytest.mark.filterwarnings("ignore:RNN module weights are not part of single"),
    pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype"),
]
V = 17
IDS = np.random.default_rng(0).integers(V, size=4000, dtype=np.int32)
PLAIN = {"layers": 2, "hidden_size": 128, "embedding_size": 32, "dropout": 0.0}
DROPPING = {"dropout": 0.2, "input_dropout": 0.1, "weight_drop": 0.3}


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Let products keep all digits, for comparison with the CPU."""
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def model(cell="lstm", **options):
    return randomize(CharModel(ModelOptions(cell, **PLAIN | options), V), size=0.1)


def trainer(device, options, **sizes):
    return Trainer(model(**sizes).to(device), IDS[:3600], IDS[3600:], options, validate_every=40)


def test_auto_takes_the_gpu():
    assert find_device("auto").type == find_device("cuda").type == "cuda"


@pytest.mark.parametrize("cell", CELLS)
def test_scores_are_those_of_the_cpu(cell):
    expected, got = (score(model(cell).to(device), IDS) for device in ("cpu", "cuda"))
    assert got.carried.nats == pytest.approx(expected.carried.nats, abs=1e-5)
    assert got.cold.nats == pytest.approx(expected.cold.nats, abs=1e-5)


def test_dynamic_evaluation_is_that_of_the_cpu():
    expected, got = (
        score_dynamic(model().to(device), IDS[2000:], IDS[:2000]).nats for device in ("cpu", "cuda")
    )
    assert got == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_training_without_dropout_takes_the_path_of_the_cpu(cell):
    options = TrainOptions(steps=40, batch_size=8, window=16, learning_rate=1e-3, reset=0.0)
    paths = {}
    for device in ("cpu", "cuda"):
        made = trainer(device, options, cell=cell)
        *_, last = made.fit()
        paths[device] = (last.validation, made.model.to_arrays())
    assert paths["cuda"][0] == pytest.approx(paths["cpu"][0], abs=1e-3)
    for name, expected in paths["cpu"][1].items():
        np.testing.assert_allclose(paths["cuda"][1][name], expected, rtol=0, atol=2e-3)


def test_a_step_does_not_wait_for_the_gpu():
    options = TrainOptions(steps=10**6, batch_size=8, window=16, reset=0.1)
    made = trainer("cuda", options, **DROPPING)
    next(made.fit())  # the first steps choose kernels
    made._unread.clear()
    try:
        torch.cuda.set_sync_debug_mode("error")
        for _ in range(5):
            made._update(made._back_propagate())
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_reports_come_when_losses_are_read_and_masks_differ_from_step_to_step():
    options = TrainOptions(steps=90, batch_size=8, window=16, reset=0.1)
    made = trainer("cuda", options, **DROPPING)
    reports = list(made.fit())
    due = {*range(READ_EVERY, 91, READ_EVERY), 40, 80, 90}
    assert [report.step for report in reports] == sorted(due)
    assert all(np.isfinite([r.loss for r in reports]))
    assert len({r.loss for r in reports}) == len(reports)


def test_training_steps_back_from_a_loss_that_is_not_finite():
    made = trainer("cuda", TrainOptions(steps=60, batch_size=8, window=16))
    notes = []
    for report in made.fit():
        notes.append(report.note)
        if report.step == READ_EVERY and not any(notes):
            with torch.no_grad():
                made.model.head.weight.fill_(torch.nan)
    assert "back to step 0" in "".join(notes)
    assert report.step == 60
    assert np.isfinite(report.validation)


@pytest.mark.parametrize(("first", "second"), [("cpu", "cuda"), ("cuda", "cpu")])
def test_a_run_goes_on_on_another_device(tmp_path, text, capsys, first, second):
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    out = str(tmp_path / "run")
    options = ["--steps", "60", "--hidden-size", "128", "--threads", "1", "--out", out]
    source = str(tmp_path / "text.txt")
    assert train.main([source, *options, "--device", first]) == 0
    assert train.main(["--resume", out, "--device", second]) == 0
    told = capsys.readouterr().err
    assert f"begun on {first}, goes on on {second}: it rounds in another way there" in told
    checkpoint = Checkpoint.load(tmp_path / "run/model.safetensors")
    assert all(np.isfinite(weights).all() for weights in checkpoint.weights.values())
