"""The cells' steps run unchanged under `jax.lax.scan`, and do what they do on torch."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small import CELLS as NAMES

from charlstm.model.cells import CELLS, project, unroll

B, T, D, H = 2, 7, 5, 6
TOLERANCES = {"float32": 1e-5, "float64": 1e-12}


def arrays(name, dtype):
    """Return random weights, a state, inputs, and a weight for each output."""
    rng = np.random.default_rng(list(name.encode()))
    values = {key: rng.normal(0, 0.7, shape) for key, shape in CELLS[name].shapes(D, H).items()}
    values |= {state: rng.normal(size=(B, H)) for state in CELLS[name].states}
    values |= {"inputs": rng.normal(size=(T, B, D)), "weigh": rng.normal(size=(T, B, H))}
    return {key: value.astype(dtype) for key, value in values.items()}


def under_jax(name, folder):
    """Return what JAX finds for a cell, by precision."""
    given, found = folder / "given.npz", folder / "found.npz"
    np.savez(given, **{f"{d}/{k}": v for d in TOLERANCES for k, v in arrays(name, d).items()})
    program = Path(__file__).with_name("under_jax.py")
    command = [sys.executable, "-W", "error", program, name, given, found]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    values = dict(np.load(found))
    return {d: [v for k, v in values.items() if k.startswith(d)] for d in TOLERANCES}


def under_torch(name, dtype):
    given = {k: torch.from_numpy(v) for k, v in arrays(name, dtype).items()}
    inputs, weigh = given.pop("inputs").requires_grad_(), given.pop("weigh")
    state = tuple(given.pop(s).requires_grad_() for s in CELLS[name].states)
    p = SimpleNamespace(**{k: v.requires_grad_() for k, v in given.items()})
    outputs, last = unroll(CELLS[name].step, p, project(p, inputs), state)
    loss = (outputs * weigh).sum() + sum((k + 2) * (s**2).sum() for k, s in enumerate(last))
    gradients = torch.autograd.grad(loss, [inputs, *state, *given.values()])
    return [x.detach().numpy() for x in (outputs, *last, *gradients)]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n != "lstm" else ()) for n in NAMES]
)
def test_outputs_states_and_gradients_are_those_of_torch(name, tmp_path):
    found = under_jax(name, tmp_path)
    for dtype, tolerance in TOLERANCES.items():
        for got, want in zip(found[dtype], under_torch(name, dtype), strict=True):
            assert got.dtype == np.dtype(dtype)
            most = tolerance * max(1, np.abs(want).max())  # gradients are sums
            np.testing.assert_allclose(got, want, rtol=0, atol=most)
