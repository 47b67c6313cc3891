"""The network: reading in chunks, independent rows, seeds, dropout."""

import numpy as np
import pytest
import torch
from small import CELLS as NAMES
from small import randomize

from charlstm.errors import UserError
from charlstm.machine.devices import cpu_bf16_trouble
from charlstm.model import named_cells
from charlstm.model.cells import Cell
from charlstm.model.checkpoint import weight_shapes
from charlstm.model.kernels import bf16_trouble
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions

B, T, D, H, V = 3, 5, 4, 6, 7
CPU = torch.device("cpu")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("readout", ["sum", "last"])
@pytest.mark.parametrize("embedding_size", [None, 3])
def test_one_pass_is_many_chunks(name, readout, embedding_size):
    options = ModelOptions(name, 2, H, embedding_size, readout)
    model = randomize(CharModel(options, V).double())
    ids = torch.from_numpy(np.random.default_rng(2).integers(V, size=(B, 9)))
    whole, last = model(ids)
    first, state = model(ids[:, :4])
    second, new_state = model(ids[:, 4:], state)
    torch.testing.assert_close(torch.cat((first, second), 1), whole, rtol=0, atol=1e-12)
    for got, want in zip(new_state, last, strict=True):
        for a, b in zip(got, want, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 2])
def test_kernels_and_head_get_what_they_need_not_copy(layers, monkeypatch):
    """They lay T before B in memory."""
    model, layouts = CharModel(ModelOptions(layers=layers, hidden_size=H, dropout=0.5), V), []
    lstm = torch.lstm
    monkeypatch.setattr(
        torch, "lstm", lambda x, *g: (layouts.append(x.transpose(0, 1)), lstm(x, *g))[1]
    )
    model.head.register_forward_pre_hook(lambda _, x: layouts.append(x[0]))
    model(torch.zeros(B, T, dtype=torch.long), rng=np.random.default_rng(0))
    assert [x.is_contiguous() for x in layouts] == [True] * (layers + 1)


def test_a_row_alone_is_a_row_of_the_batch():
    model = randomize(
        CharModel(ModelOptions(layers=2, hidden_size=H, embedding_size=3), V).double()
    )
    ids = torch.from_numpy(np.random.default_rng(2).integers(V, size=(B, 9)))
    torch.testing.assert_close(model(ids[1:2])[0], model(ids)[0][1:2], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("embedding_size", [None, 3])
def test_weights_are_those_that_a_checkpoint_expects(name, embedding_size):
    options = ModelOptions(name, 3, H, embedding_size)
    shapes = {k: v.shape for k, v in CharModel(options, V).to_arrays().items()}
    assert shapes == weight_shapes(options, V)


def test_the_seed_decides_the_weights_and_leaves_torch_alone():
    options = ModelOptions(hidden_size=H)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, again, other = (CharModel(options, V, seed).to_arrays() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(np.array_equal(first[k], again[k]) for k in first)
    assert not np.array_equal(first["head.weight"], other["head.weight"])


def run(options, rng=None):
    model = randomize(CharModel(options, V))
    ids = torch.from_numpy(np.random.default_rng(2).integers(V, size=(B, T)))
    return model, model(ids, None, rng)[0]


@pytest.mark.parametrize("rate", ["input_dropout", "dropout", "weight_drop"])
def test_each_dropout_acts_with_a_generator_and_only_then(rate):
    plain = ModelOptions(layers=2, hidden_size=H, embedding_size=D, dropout=0)
    dropping = ModelOptions(layers=2, hidden_size=H, embedding_size=D, **{"dropout": 0, rate: 0.5})
    _, expected = run(plain)
    assert torch.equal(run(dropping)[1], expected)
    first = run(dropping, np.random.default_rng(0))[1]
    assert not torch.equal(first, expected)
    assert torch.equal(run(dropping, np.random.default_rng(0))[1], first)
    assert not torch.equal(run(dropping, np.random.default_rng(1))[1], first)


def test_weight_drop_masks_the_gradient_of_the_recurrent_weights_alike():
    options = ModelOptions(hidden_size=H, embedding_size=D, dropout=0, weight_drop=0.5)
    model, logits = run(options, np.random.default_rng(0))
    logits.pow(2).sum().backward()
    gradient = model.layers[0].weight_hh.grad
    assert 0.3 < gradient.eq(0).float().mean() < 0.7
    assert model.layers[0].weight_ih.grad.ne(0).all()


@pytest.mark.skipif(bf16_trouble("lstm", CPU) != "", reason=bf16_trouble("lstm", CPU))
def test_bf16_returns_fp32_states_and_logits_close_to_fp32():
    model = randomize(CharModel(ModelOptions(layers=2, hidden_size=16, embedding_size=4), V))
    ids = torch.from_numpy(np.random.default_rng(2).integers(V, size=(B, T)))
    expected, _ = model(ids)
    logits, state = model(ids, bf16=True)
    logits.sum().backward()
    assert {s.dtype for layer in state for s in layer} == {torch.float32}
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, expected, rtol=0, atol=0.2)
    assert not torch.equal(logits, expected)


def test_bf16_is_refused_for_a_cell_that_has_no_kernel_for_it():
    assert bf16_trouble("gru", CPU) == "the cell gru has no bfloat16 kernel"
    assert bf16_trouble("coupled", CPU) == bf16_trouble("lstm", CPU) == cpu_bf16_trouble()


def test_a_cell_that_knows_numpy_only_is_refused_before_it_trains(monkeypatch):
    def step(p, x, state):
        return (np.tanh(np.asarray(x) + state[0]),)

    def parameters(rows, input_size, hidden_size):
        return {"weight_ih": (rows, input_size), "bias_ih": (rows,)}

    monkeypatch.setattr(named_cells, "_registered", {})
    named_cells.register_cell("numpy-only", Cell(step, ("h",), ("h",), parameters))
    with pytest.raises(UserError, match=r"'numpy-only' fails on torch tensors, .*RuntimeError"):
        CharModel(ModelOptions("numpy-only", hidden_size=8), V)
