"""Gradients by lag agree with finite differences, closed forms and products of Jacobians."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small import CELLS as NAMES
from small import randomize
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.insight.gradients import (
    Reach,
    clipping,
    factor,
    horizon,
    jacobian_singular_values,
    parameters_of,
    reach,
    scalar_chain,
)
from charlstm.model.cells import CELLS, project, unroll
from charlstm.model.network import CharModel, initialize
from charlstm.options import ModelOptions

V, T, B = 7, 6, 3


def small(name, layers=2, readout="sum", embedding_size=4):
    options = ModelOptions(
        cell=name, layers=layers, hidden_size=5, embedding_size=embedding_size, readout=readout
    )
    return randomize(CharModel(options, V)).double()


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(V, size=(B, T + 1), dtype=np.int32)


def loss_from(model, state, ids, stream, start):
    """Loss on the last character when the state at `start` is given; by the model itself."""
    inputs = torch.from_numpy(ids[stream : stream + 1, start:-1])
    logits, _ = model(inputs, [tuple(s[None] for s in layer) for layer in state])
    return F.cross_entropy(logits[0, -1:], torch.from_numpy(ids[stream, -1:]).long()).item()


@pytest.mark.parametrize("name", NAMES)
def test_reach_is_the_finite_difference_of_the_loss(name, ids):
    """The top layer's state at a lag, moved unit by unit: nothing else then depends on it."""
    model = small(name, embedding_size=None)
    found = reach(model, ids)
    for stream in range(B):
        for lag in (1, 3, T):
            start = T - lag
            with torch.no_grad():
                state = model.zero_state(1)
                if start:
                    _, state = model(torch.from_numpy(ids[stream : stream + 1, :start]))
                state = [tuple(s[0] for s in layer) for layer in state]
                slopes = []
                for part in range(len(CELLS[name].states)):
                    slopes.append([])
                    for unit in range(5):
                        losses = []
                        for move in (1e-5, -1e-5):
                            moved = [[s.clone() for s in layer] for layer in state]
                            moved[-1][part][unit] += move
                            losses.append(loss_from(model, moved, ids, stream, start))
                        slopes[part].append((losses[0] - losses[1]) / 2e-5)
                slopes = np.array(slopes)
                if len(slopes) > 1 and start:  # c makes its own h = o tanh(c), too
                    h, c = (s.numpy() for s in state[-1])
                    o = h / np.tanh(c)
                    slopes[1] += slopes[0] * o * (1 - np.tanh(c) ** 2)
                    if name == "peephole":  # its gate o sees c as well
                        sees = model.layers[-1].weight_peephole[2].detach().numpy()
                        slopes[1] += slopes[0] * o * (1 - o) * sees * np.tanh(c)
                for norms, slope in zip([found.h, found.c], slopes, strict=False):
                    expected = float(np.linalg.norm(slope))
                    assert norms[-1, stream, lag] == pytest.approx(expected, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("readout", ["sum", "last"])
def test_the_lower_layer_is_blamed_for_what_went_up_too(readout, ids):
    """At lag 0 the lower output feeds the layer above and, with "sum", the softmax itself."""
    model = small("lstm", readout=readout)
    found = reach(model, ids)
    stream = 1
    captured = []
    handle = model.layers[0].register_forward_hook(
        lambda module, given, result: captured.append(result[0]) or result[0].retain_grad()
    )
    logits, _ = model(torch.from_numpy(ids[stream : stream + 1, :-1]))
    handle.remove()
    F.cross_entropy(logits[0, -1:], torch.from_numpy(ids[stream, -1:]).long()).backward()
    by_time = captured[0].grad[0].norm(dim=-1).numpy()  # the outputs h_1 ... h_T, not through h_t+1
    assert found.h[0, stream, 0] == pytest.approx(by_time[-1], rel=1e-12)


def test_fewer_lags_are_the_first_of_more(ids):
    model = small("lstm")
    whole = reach(model, ids)
    part = reach(model, ids, lags=3)
    np.testing.assert_allclose(part.h, whole.h[..., :4], rtol=1e-12)
    np.testing.assert_allclose(part.c, whole.c[..., :4], rtol=1e-12)
    assert part.lags.tolist() == [0, 1, 2, 3]


def test_the_scalar_network_is_the_closed_form():
    rng = np.random.default_rng(1)
    w = 1.3
    u = rng.normal(size=12)
    states, slopes = scalar_chain(w, u, h=0.4)
    p = SimpleNamespace(
        weight_hh=torch.tensor([[w]], dtype=torch.float64), bias_hh=torch.zeros(1).double()
    )
    xs = torch.tensor(u)[:, None]
    start = torch.tensor([0.4], dtype=torch.float64, requires_grad=True)
    outputs, _ = unroll(CELLS["rnn"].step, p, xs, (start,))
    np.testing.assert_allclose(outputs[:, 0].detach(), states[1:], rtol=0, atol=1e-14)
    (gradient,) = torch.autograd.grad(outputs[-1, 0], start)
    assert gradient.item() == pytest.approx(slopes[-1], rel=1e-12)
    found = jacobian_singular_values("rnn", p, xs, (start.detach(),), range(13))
    for k in range(13):
        assert found[k][0] == pytest.approx(abs(slopes[k]), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_singular_values_are_those_of_the_whole_jacobian(name):
    model = small(name, layers=1)
    p = parameters_of(model.layers[0])
    rng = np.random.default_rng(2)
    count = len(CELLS[name].states)
    xs = project(p, torch.tensor(rng.normal(size=(4, 4))))
    state = tuple(torch.tensor(rng.normal(size=5)) for _ in range(count))
    found = jacobian_singular_values(name, p, xs, state, [0, 2, 4])

    def last(flat):
        return torch.cat(unroll(CELLS[name].step, p, xs, flat.split(5))[1])

    whole = torch.autograd.functional.jacobian(last, torch.cat(state))
    np.testing.assert_allclose(found[4], torch.linalg.svdvals(whole), rtol=1e-10, atol=1e-14)
    np.testing.assert_array_equal(found[0], np.ones(5 * count))


def test_singular_values_below_rounding_are_not_told():
    """A linear network whose matrix is known: its powers have known singular values."""
    p = SimpleNamespace(weight_hh=torch.diag(torch.tensor([1.0, 0.5, 0.1])), bias_hh=torch.zeros(3))
    xs = torch.zeros(30, 3)  # at 0 the slope of tanh is 1, as if it were not there
    state = (torch.zeros(3),)
    found = jacobian_singular_values("rnn", p, xs, state, [10, 30])
    np.testing.assert_allclose(found[10], [1, 0.5**10, 1e-10], rtol=1e-6)
    np.testing.assert_allclose(found[30], [1, 0.5**30, math.nan], rtol=1e-6)
    assert jacobian_singular_values("rnn", p, xs, state, []) == {}


def test_factor_and_horizon_of_known_curves():
    curve = 3.0 * 0.9 ** np.arange(50)
    assert factor(curve) == pytest.approx(0.9)
    assert horizon(curve, share=0.5) == 7  # 0.9 ** 6 = 0.53, 0.9 ** 7 = 0.478
    assert horizon(np.ones(10)) is None
    underflow = np.where(np.arange(50) < 30, curve, 0.0)
    assert factor(underflow) == pytest.approx(0.9)
    assert horizon(underflow, share=1e-6) == 30
    assert math.isnan(factor(np.zeros(50)))


def test_what_the_lessons_claim_holds_for_five_seeds():
    """PyTorch's LSTM vanishes at initialisation like its RNN; a forget bias of 3 does not."""
    rng = np.random.default_rng(0)
    for seed in range(5):
        ids = rng.integers(20, size=(8, 81), dtype=np.int32)
        at = {}
        for label, cell, bias in [("rnn", "rnn", None), ("lstm", "lstm", None), ("3", "lstm", 3.0)]:
            model = CharModel(ModelOptions(cell=cell, hidden_size=64), 20)
            initialize(model, "pytorch", forget_bias=bias, seed=seed)
            curve = reach(model, ids).curve()
            at[label] = curve[40] / curve[1]
        assert at["rnn"] < 1e-6
        assert at["lstm"] < 1e-6
        assert at["3"] > 1e-2


def test_clipping_counts_what_is_not_finite_as_clipped():
    found = clipping([0.5, math.nan, math.inf, 2.0], limit=1.0)
    assert (found.steps, found.share, found.largest) == (4, 0.75, math.inf)
    with pytest.raises(UserError, match="limit is 0"):
        clipping([1.0], 0)
    with pytest.raises(UserError, match="no norms"):
        clipping([], 1.0)


def test_curves_of_c_need_a_cell_that_has_one(ids):
    assert isinstance(reach(small("gru"), ids), Reach)
    with pytest.raises(UserError, match="carries no c"):
        reach(small("gru"), ids).curve("c")
    with pytest.raises(UserError, match="from 1 to 6"):
        reach(small("gru"), ids, lags=7)
