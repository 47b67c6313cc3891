"""Each cell equals its equations, written gate by gate; NumPy and torch agree."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small import CELLS as NAMES

from charlstm.model.cells import CELLS, input_table, one_step, project, run_layers, sigmoid, unroll

B, T, D, H = 2, 7, 5, 6


def parameters(name, seed=0):
    rng = np.random.default_rng(seed)
    shapes = CELLS[name].shapes(D, H)
    return SimpleNamespace(**{k: rng.normal(0, 0.7, shape) for k, shape in shapes.items()})


def start(name, seed, rows=(B,)):
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(size=(*rows, H)) for _ in CELLS[name].states)


# The equations as in the papers, for one stream. `u` holds what the input adds to each gate, `v`
# what h adds: a row for each gate in PyTorch's order. No line of the package is used.


def rnn(p, u, v, h):
    return (torch.tanh(u[0] + v[0]),)


def gru(p, u, v, h):
    r = torch.sigmoid(u[0] + v[0])
    z = torch.sigmoid(u[1] + v[1])
    n = torch.tanh(u[2] + r * v[2])
    return ((1 - z) * n + z * h,)


def lstm(p, u, v, h, c):
    i, f, o = (torch.sigmoid(u[k] + v[k]) for k in (0, 1, 3))
    g = torch.tanh(u[2] + v[2])
    c = f * c + i * g
    return o * torch.tanh(c), c


def peephole(p, u, v, h, c):
    i = torch.sigmoid(u[0] + v[0] + p.weight_peephole[0] * c)
    f = torch.sigmoid(u[1] + v[1] + p.weight_peephole[1] * c)
    g = torch.tanh(u[2] + v[2])
    c = f * c + i * g
    o = torch.sigmoid(u[3] + v[3] + p.weight_peephole[2] * c)
    return o * torch.tanh(c), c


def coupled(p, u, v, h, c):
    f = torch.sigmoid(u[0] + v[0])
    g = torch.tanh(u[1] + v[1])
    o = torch.sigmoid(u[2] + v[2])
    c = f * c + (1 - f) * g
    return o * torch.tanh(c), c


EQUATIONS = {"rnn": rnn, "gru": gru, "lstm": lstm, "peephole": peephole, "coupled": coupled}


def by_equations(name, p, inputs, state):
    """Advance stream by stream, gate by gate: outputs (T, B, H), and the last state."""
    gates = range(len(p.weight_ih) // H)
    outputs = []
    last = []
    for stream in range(B):
        s = tuple(part[stream] for part in state)
        seen = []
        for x in inputs[:, stream]:
            blocks = [slice(k * H, (k + 1) * H) for k in gates]
            u = [torch.mv(p.weight_ih[rows], x) + p.bias_ih[rows] for rows in blocks]
            v = None
            if hasattr(p, "weight_hh"):
                v = [torch.mv(p.weight_hh[rows], s[0]) + p.bias_hh[rows] for rows in blocks]
            s = EQUATIONS[name](p, u, v, *s)
            seen.append(s[0])
        outputs.append(torch.stack(seen))
        last.append(s)
    return torch.stack(outputs, 1), tuple(map(torch.stack, zip(*last, strict=True)))


@pytest.mark.parametrize("name", NAMES)
def test_outputs_and_gradients_are_those_of_the_equations(name):
    rng = np.random.default_rng(1)
    p = {k: torch.from_numpy(v).requires_grad_() for k, v in vars(parameters(name)).items()}
    state = tuple(torch.from_numpy(s).requires_grad_() for s in start(name, 2))
    inputs = torch.from_numpy(rng.normal(size=(T, B, D))).requires_grad_()
    weigh = torch.from_numpy(
        rng.normal(size=(T, B, H))
    )  # so that no two outputs have the same weight
    named = SimpleNamespace(**p)
    found = []
    for outputs, last in (
        by_equations(name, named, inputs, state),
        unroll(CELLS[name].step, named, project(named, inputs), state),
    ):
        loss = (outputs * weigh).sum() + sum((k + 2) * s.pow(2).sum() for k, s in enumerate(last))
        gradients = torch.autograd.grad(loss, [inputs, *state, *p.values()])
        found.append([outputs, *last, *gradients])
    for got, want in zip(*found, strict=True):
        torch.testing.assert_close(got, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_numpy_and_torch_run_the_same_lines(name, dtype):
    rng = np.random.default_rng(2)
    p = SimpleNamespace(**{k: v.astype(dtype) for k, v in vars(parameters(name)).items()})
    inputs = rng.normal(size=(T, B, D)).astype(dtype)
    state = tuple(s.astype(dtype) for s in start(name, 3))
    outputs, _ = unroll(CELLS[name].step, p, project(p, inputs), state)
    q = SimpleNamespace(**{k: torch.from_numpy(v) for k, v in vars(p).items()})
    xs = project(q, torch.from_numpy(inputs))
    same, _ = unroll(CELLS[name].step, q, xs, tuple(map(torch.from_numpy, state)))
    assert outputs.dtype == same.numpy().dtype == np.dtype(dtype)
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(outputs, same.numpy(), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_alone_is_a_row_of_the_batch(name):
    p = parameters(name)
    inputs = np.random.default_rng(3).normal(size=(T, B, D))
    state = start(name, 4)
    outputs, _ = unroll(CELLS[name].step, p, project(p, inputs), state)
    alone, _ = unroll(CELLS[name].step, p, project(p, inputs[:, 1]), tuple(s[1] for s in state))
    np.testing.assert_allclose(alone, outputs[:, 1], rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_states_what_its_step_takes_and_returns(name):
    cell = CELLS[name]
    p = parameters(name)
    assert p.weight_ih.shape == (len(cell.gates) * H, D)
    new_state = cell.step(p, project(p, np.ones((B, D))), start(name, 5))
    assert [s.shape for s in new_state] == [(B, H)] * len(cell.states)
    rows = [cell.rows(gate, H) for gate in cell.gates]
    assert np.concatenate([np.arange(len(p.bias_ih))[r] for r in rows]).tolist() == list(
        range(len(p.bias_ih))
    )


def test_sigmoid_neither_overflows_nor_drifts():
    x = np.array([-1e4, -30.0, -1.0, 0.0, 1.0, 30.0, 1e4])
    np.testing.assert_allclose(sigmoid(x)[1:-1], 1 / (1 + np.exp(-x[1:-1])), rtol=0, atol=1e-15)
    assert sigmoid(x)[0] == 0
    assert sigmoid(x)[-1] == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_numeric_gradient_agrees_with_autograd(name):
    names, values = zip(*vars(parameters(name)).items(), strict=True)
    inputs = np.random.default_rng(4).normal(size=(3, B, D))
    given = [torch.from_numpy(a).requires_grad_() for a in (inputs, *start(name, 6), *values)]
    count = len(CELLS[name].states)

    def run(inputs, *rest):
        p = SimpleNamespace(**dict(zip(names, rest[count:], strict=True)))
        outputs, last = unroll(CELLS[name].step, p, project(p, inputs), rest[:count])
        return outputs, *last

    assert torch.autograd.gradcheck(run, given)


@pytest.mark.parametrize("library", [np, torch])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_layers_read_the_one_below_and_the_softmax_reads_the_sum_or_the_last(library, layers):
    rng = np.random.default_rng(7)
    convert = np.asarray if library is np else torch.from_numpy
    shapes = CELLS["gru"].shapes(H, H)
    ps = [
        SimpleNamespace(**{k: convert(rng.normal(size=s)) for k, s in shapes.items()})
        for _ in range(layers)
    ]
    state = [(convert(rng.normal(size=(B, H))),) for _ in ps]
    inputs = convert(rng.normal(size=(B, H)))
    run = [lambda x, s, p=p: one_step(CELLS["gru"].step, p, project(p, x), s) for p in ps]
    total = 0
    last = inputs
    expected = []
    for p, s in zip(ps, state, strict=True):
        (last,) = CELLS["gru"].step(p, project(p, last), s)
        total = total + last
        expected.append(last)
    for readout, want in (("sum", total), ("last", last)):
        features, new_state = run_layers(run, inputs, state, readout)
        assert (features == want).all()
        assert all((got == out).all() for (got,), out in zip(new_state, expected, strict=True))
    with pytest.raises(ValueError, match="zip"):
        run_layers(run, inputs, state[1:], "sum")


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_one_hot_inputs_is_that_of_the_identity(name):
    rng = np.random.default_rng(0)
    p = SimpleNamespace(**{k: rng.normal(0, 1, s) for k, s in CELLS[name].shapes(7, 5).items()})
    np.testing.assert_array_equal(input_table(p, None), input_table(p, np.eye(7)))
