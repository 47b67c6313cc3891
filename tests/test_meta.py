"""No tensor is left on the host: a step on PyTorch's `meta` device fails if one is.

A tensor on that device has a shape and no numbers. An operation that mixes it with a tensor of the
CPU fails, and so does reading a number from it, which on a GPU would wait for all work so far.
"""

import dataclasses
from functools import partial

import numpy as np
import pytest
import torch
from small import CELLS

from charlstm.measuring import dynamic, scores
from charlstm.model.network import CharModel, initialize
from charlstm.options import ModelOptions, TrainOptions
from charlstm.training import trainer as training
from charlstm.training import windows
from charlstm.training.trainer import Trainer

V = 11
META = torch.device("meta")
SIZES = ModelOptions(
    layers=2, hidden_size=8, embedding_size=4, dropout=0.2, input_dropout=0.1, weight_drop=0.3
)
IDS = np.random.default_rng(0).integers(V, size=400, dtype=np.int32)


@pytest.fixture(autouse=True)
def on_meta(monkeypatch):
    """Replace what the meta device lacks: generators, and AdamW's fused kernel."""

    def kept(shape, rate, rng, dtype=np.float32):
        assert rng == "generator of meta"
        return torch.ones(tuple(shape), dtype=torch.bool, device=META)

    def generator_for(device, seeds):
        assert device == META
        return "generator of meta"

    for module in (training, windows, dynamic, scores):
        for function in (kept, generator_for):
            if hasattr(module, function.__name__):
                monkeypatch.setattr(module, function.__name__, function)
    for function in (kept, generator_for):
        monkeypatch.setattr(f"charlstm.model.dropout.{function.__name__}", function)
    adamw = torch.optim.AdamW
    monkeypatch.setattr(
        torch.optim, "AdamW", lambda *a, **options: adamw(*a, **options | {"fused": None})
    )


def trainer(cell, embedding_size=4):
    sizes = dataclasses.replace(SIZES, cell=cell, embedding_size=embedding_size)
    options = TrainOptions(steps=1000, batch_size=4, window=8, reset=0.2)
    return Trainer(CharModel(sizes, V).to(META), IDS, IDS, options)


def devices(made):
    tensors = [*made.model.parameters(), *made.average.parameters()]
    tensors += [p.grad for p in made.model.parameters()]
    tensors += [s for layer in made.hidden for s in layer]
    return {tensor.device for tensor in tensors}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("embedding_size", [4, None])
def test_training_steps_leave_nothing_on_the_host_and_read_nothing(
    cell, embedding_size, monkeypatch
):
    monkeypatch.setattr(CharModel, "to_arrays", lambda self: {})  # a snapshot is for the host
    monkeypatch.setattr(training.Snapshot, "of", lambda trainer: None)
    made = trainer(cell, embedding_size)
    reports = made.fit()
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        next(reports)  # the first reading
    assert made.progress.step == training.READ_EVERY - 1
    assert len(made._unread) == training.READ_EVERY
    assert devices(made) == {META}


@pytest.mark.parametrize("cell", CELLS)
def test_scoring_leaves_nothing_on_the_host(cell):
    model = CharModel(dataclasses.replace(SIZES, cell=cell), V).to(META)
    rows = IDS[:60].reshape(3, 20)
    nats, state = scores.nats_of(model, rows[:, :-1], rows[:, 1:])
    nats, state = scores.nats_of(model, rows[:, :-1], rows[:, 1:], state)
    assert {nats.device, *(s.device for layer in state for s in layer)} == {META}
    assert nats.shape == (57,)


@pytest.mark.parametrize("cell", CELLS)
def test_dynamic_evaluation_leaves_nothing_on_the_host(cell):
    model = CharModel(dataclasses.replace(SIZES, cell=cell), V).to(META)
    sizes = dynamic.mean_squares(model, IDS)
    learn = partial(dynamic._learn, model, sizes, sizes, list(model.parameters()))
    segments = dynamic._segments(model, IDS, 2, "", learn, threads=1)
    for _ in range(3):
        logs = next(segments)
        assert (logs.device, logs.shape) == (META, (2, dynamic.SEGMENT // 2, V))
    assert {p.device for p in model.parameters()} == {META}


def test_other_first_weights_are_drawn_on_the_cpu_for_every_device():
    model = CharModel(SIZES, V).to(META)
    assert initialize(model, "pytorch", gain=2.0, forget_bias=1.0).device == META
