"""Each recurrence against its equations written per gate, per unit; NumPy against torch."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import CELLS as NAMES

from charlstm.model.cells import CELLS, project, sigmoid, unroll

B, T, D, H = 3, 4, 5, 6


def parameters(name, seed=0):
    rng = np.random.default_rng(seed)
    shapes = CELLS[name].shapes(D, H)
    return SimpleNamespace(**{k: rng.normal(0, 0.7, shape) for k, shape in shapes.items()})


def naive(name, p, inputs, state):
    """Advance one row over time, unit by unit, with math as in the papers and no slicing tricks."""

    def s(a):
        return 1 / (1 + np.exp(-a))

    h, c = list(state[0]), list(state[-1])
    outputs = []
    for x in inputs:

        def share_x(gate, unit, x=x):
            row = gate * H + unit
            return sum(p.weight_ih[row][d] * x[d] for d in range(D)) + p.bias_ih[row]

        def share_h(gate, unit, h=h):
            row = gate * H + unit
            return sum(p.weight_hh[row][u] * h[u] for u in range(H)) + p.bias_hh[row]

        def both(gate, unit, share_x=share_x, share_h=share_h):
            return share_x(gate, unit) + share_h(gate, unit)

        new_h, new_c = [], []
        for u in range(H):
            if name == "rnn":
                new_h.append(np.tanh(both(0, u)))
                continue
            if name == "gru":
                r, z = s(both(0, u)), s(both(1, u))
                n = np.tanh(share_x(2, u) + r * share_h(2, u))
                new_h.append((1 - z) * n + z * h[u])
                continue
            if name == "coupled":
                f, g, o = s(both(0, u)), np.tanh(both(1, u)), s(both(2, u))
                i = 1 - f
            else:
                peep = p.weight_peephole if name == "peephole" else np.zeros((3, H))
                i = s(both(0, u) + peep[0][u] * c[u])
                f = s(both(1, u) + peep[1][u] * c[u])
                g = np.tanh(both(2, u))
            new = f * c[u] + i * g
            if name != "coupled":
                o = s(both(3, u) + peep[2][u] * new)
            new_c.append(new)
            new_h.append(o * np.tanh(new))
        h, c = new_h, new_c
        outputs.append(h)
    return np.array(outputs), [np.array(h)] + ([np.array(c)] if c else [])


@pytest.mark.parametrize("name", NAMES)
def test_step_is_the_papers_equations(name):
    rng = np.random.default_rng(1)
    p, inputs = parameters(name), rng.normal(size=(T, B, D))
    state = tuple(rng.normal(size=(B, H)) for _ in range(CELLS[name].states))
    outputs, after = unroll(CELLS[name].step, p, project(p, inputs), state)
    for row in range(B):
        expected, last = naive(name, p, inputs[:, row], [s[row] for s in state])
        np.testing.assert_allclose(outputs[:, row], expected, rtol=0, atol=1e-13)
        for got, want in zip(after, last, strict=True):
            np.testing.assert_allclose(got[row], want, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_numpy_and_torch_run_the_same_lines(name, dtype):
    rng = np.random.default_rng(2)
    p = SimpleNamespace(**{k: v.astype(dtype) for k, v in vars(parameters(name)).items()})
    inputs = rng.normal(size=(T, B, D)).astype(dtype)
    state = tuple(rng.normal(size=(B, H)).astype(dtype) for _ in range(CELLS[name].states))
    outputs, _ = unroll(CELLS[name].step, p, project(p, inputs), state)
    q = SimpleNamespace(**{k: torch.from_numpy(v) for k, v in vars(p).items()})
    same, _ = unroll(
        CELLS[name].step,
        q,
        project(q, torch.from_numpy(inputs)),
        tuple(map(torch.from_numpy, state)),
    )
    assert outputs.dtype == same.numpy().dtype == np.dtype(dtype)
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(outputs, same.numpy(), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_alone_is_a_row_of_the_batch(name):
    rng = np.random.default_rng(3)
    p, inputs = parameters(name), rng.normal(size=(T, B, D))
    state = tuple(rng.normal(size=(B, H)) for _ in range(CELLS[name].states))
    outputs, _ = unroll(CELLS[name].step, p, project(p, inputs), state)
    alone, _ = unroll(CELLS[name].step, p, project(p, inputs[:, 1]), tuple(s[1] for s in state))
    np.testing.assert_allclose(alone, outputs[:, 1], rtol=0, atol=1e-14)


def test_sigmoid_neither_overflows_nor_drifts():
    x = np.array([-1e4, -30.0, -1.0, 0.0, 1.0, 30.0, 1e4])
    np.testing.assert_allclose(sigmoid(x)[1:-1], 1 / (1 + np.exp(-x[1:-1])), rtol=0, atol=1e-15)
    assert sigmoid(x)[0] == 0
    assert sigmoid(x)[-1] == 1


def test_a_numeric_gradient_agrees_with_autograd_for_every_cell():
    for name in NAMES:
        p = {k: torch.from_numpy(v).requires_grad_() for k, v in vars(parameters(name)).items()}
        rng = np.random.default_rng(4)
        state = [
            torch.from_numpy(rng.normal(size=(B, H))).requires_grad_()
            for _ in range(CELLS[name].states)
        ]
        inputs = torch.from_numpy(rng.normal(size=(T, B, D))).requires_grad_()

        def run(inputs, *rest, name=name, p=p):
            count = CELLS[name].states
            q = SimpleNamespace(**dict(zip(p, rest[count:], strict=True)))
            outputs, after = unroll(CELLS[name].step, q, project(q, inputs), tuple(rest[:count]))
            return outputs, *after

        assert torch.autograd.gradcheck(run, (inputs, *state, *p.values()))
