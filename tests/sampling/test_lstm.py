"""The sampler's LSTM step is the cell's, bit for bit."""

from types import SimpleNamespace

import numpy as np
import pytest

from charlstm.model import cells
from charlstm.sampling.lstm import lstm

H = 37


@pytest.mark.parametrize("rows", [(), (5,)])
def test_it_is_the_cell(rows):
    rng = np.random.default_rng(0)
    shapes = cells.CELLS["lstm"].shapes(9, H)
    p = SimpleNamespace(**{k: rng.normal(size=s).astype(np.float32) for k, s in shapes.items()})
    state = tuple(rng.normal(size=(*rows, H)).astype(np.float32) for _ in "hc")
    for _ in range(4):
        x = rng.normal(size=(*rows, 4 * H)).astype(np.float32)
        expected = cells.lstm(p, x, state)
        state = lstm(p, x, state)
        for got, want in zip(state, expected, strict=True):
            assert got.dtype == np.float32
            np.testing.assert_array_equal(got, want)
