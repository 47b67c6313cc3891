"""Fixed-point numbers compute what whole numbers compute, whichever library multiplies."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charlstm.coding.fixed_point import EXACT, ONE, FixedPoint, tanh
from charlstm.errors import UserError
from charlstm.model import cells

NUMBERS = st.integers(-(2**25), 2**25)


def nearest(products):
    """Divide whole numbers by 2^20, in whole numbers; halves go to the even one, as in IEEE 754."""
    quotient, rest = np.divmod(products, ONE)
    return quotient + ((rest > ONE // 2) | ((rest == ONE // 2) & (quotient % 2 == 1)))


def random(rng, *shape, size=1.0):
    return np.rint(rng.normal(0, size * ONE, shape)).astype(np.int64)


def fixed(units):
    return FixedPoint(units.astype(np.float64))


@given(NUMBERS, NUMBERS)
def test_two_numbers(a, b):
    x, y = (fixed(np.array([n])) for n in (a, b))
    assert (x + y).units == a + b
    assert (x - y).units == a - b
    assert (x * y).units == nearest(np.array([a * b]))
    assert (1 - x).units == ONE - a
    assert (0.5 * x + 0.5).units == nearest(np.array([a * ONE // 2])) + ONE // 2


@pytest.mark.parametrize("shape", [(37,), (3, 37)])
def test_a_matrix_product_is_that_of_whole_numbers(shape):
    rng = np.random.default_rng(0)
    h = random(rng, *shape, size=0.3)
    w = random(rng, 53, 37, size=2.0)
    products = h @ w.T  # a plain loop over int64, no BLAS
    assert np.abs(products).max() > 2**40
    got = (fixed(h) @ fixed(w).T).units
    assert (got == nearest(products)).all()
    other = torch.from_numpy(h).double() @ torch.from_numpy(w).double().T  # MKL, on x86
    assert (other.numpy() == products).all()


def test_a_sum_that_might_not_be_exact_is_refused():
    rng = np.random.default_rng(0)
    x = random(rng, 20, size=0.4)
    w = random(rng, 20, 30)
    bound = np.abs(x).max() * np.abs(w).sum(0).max()
    factor = int(EXACT // bound)
    below, above = w * factor, w * (factor + 1)
    assert ((fixed(x) @ fixed(below)).units == nearest(x @ below)).all()
    with pytest.raises(UserError, match="so large that sums are no longer exact"):
        fixed(x) @ fixed(above)


def test_values_become_the_nearest_multiples():
    x = np.random.default_rng(0).normal(0, 3, 1000).astype(np.float32)
    got = FixedPoint.of(x)
    assert (got.units == np.rint(got.units)).all()
    np.testing.assert_allclose(got.units / ONE, x, rtol=0, atol=0.5 / ONE)


def test_tanh_and_sigmoid_of_the_cells():
    x = np.random.default_rng(0).normal(0, 4, 10_000)
    given = FixedPoint.of(x)
    np.testing.assert_allclose(tanh(given).units / ONE, np.tanh(x), rtol=0, atol=3 / ONE)
    np.testing.assert_allclose(
        cells.sigmoid(given).units / ONE, 1 / (1 + np.exp(-x)), rtol=0, atol=3 / ONE
    )
    assert (tanh(FixedPoint(-given.units)).units == -tanh(given).units).all()


def test_a_plain_array_beside_it_is_refused():
    x = FixedPoint(np.ones(3))
    for wrong in (lambda: x + np.ones(3), lambda: np.ones(3) * x, lambda: np.tanh(x)):
        with pytest.raises(TypeError):
            wrong()
