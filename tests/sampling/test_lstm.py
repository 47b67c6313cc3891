"""The sampler's LSTM step is the cell's."""

from types import SimpleNamespace

import numpy as np
import pytest

from charlstm.model import cells
from charlstm.sampling.lstm import lstm, prepared

H = 37
D = 9


@pytest.mark.parametrize(("dtype", "near"), [(np.float64, 1e-14), (np.float32, 1e-6)])
@pytest.mark.parametrize("rows", [(), (5,)])
def test_it_is_the_cell(rows, dtype, near):
    rng = np.random.default_rng(0)
    shapes = cells.CELLS["lstm"].shapes(D, H)
    p = SimpleNamespace(**{k: rng.normal(size=s).astype(dtype) for k, s in shapes.items()})
    fast = prepared(p)
    state = tuple(rng.normal(size=(*rows, H)).astype(dtype) for _ in "hc")
    for _ in range(4):
        inputs = rng.normal(size=(*rows, D)).astype(dtype)
        expected = cells.lstm(p, cells.project(p, inputs), state)
        state = lstm(fast, cells.project(fast, inputs), state)
        for got, want in zip(state, expected, strict=True):
            assert got.dtype == dtype
            np.testing.assert_allclose(got, want, rtol=0, atol=near)


def test_it_changes_nothing_that_it_is_given():
    rng = np.random.default_rng(0)
    p = SimpleNamespace(weight_hh=rng.normal(size=(4 * H, H)))
    x, h, c = (rng.normal(size=(5, size)) for size in (4 * H, H, H))
    copies = x.copy(), h.copy(), c.copy()
    lstm(p, x, (h, c))
    for array, copy in zip((x, h, c), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_gates_far_from_zero_are_open_or_closed_without_a_warning():
    p = SimpleNamespace(weight_hh=np.zeros((4, 1), np.float32))
    x = np.array([-1, 1, 1, -1], np.float32) * np.float32(2e3)  # i opens, f and g close, o opens
    h, c = lstm(p, x, (np.ones(1, np.float32), np.full(1, 5, np.float32)))
    assert (h.item(), c.item()) == (np.tanh(np.float32(-1)), -1)
