"""Samples follow the distribution, which is computed here from its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.sampling.choose import choose


def reference(logits, temperature, top_k=None, top_p=None, min_p=None):
    """The distribution by its definition, one id after the other in exact order."""
    p = np.exp(logits / temperature)
    p /= p.sum()
    ranked = sorted(range(len(p)), key=lambda i: (-p[i], i))[:top_k]
    left = sum(p[i] for i in ranked)
    kept = []
    held = 0.0
    for i in ranked:
        if top_p is not None and held >= top_p * left:
            break
        if min_p is not None and p[i] < min_p * p[ranked[0]]:
            break
        kept.append(i)
        held += p[i]
    out = np.zeros_like(p)
    out[kept] = p[kept] / p[kept].sum()
    return out


DRAWS = 20_000


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(
    "cut",
    [
        {},
        {"top_k": 3},
        {"top_p": 0.6},
        {"top_k": 5, "top_p": 0.7},
        {"min_p": 0.3},
        {"top_k": 5, "min_p": 0.1},
        {"top_p": 0.7, "min_p": 0.2},
        {"top_k": 6, "top_p": 0.9, "min_p": 0.15},
    ],
    ids=str,
)
def test_draws_follow_the_distribution(temperature, cut, batched):
    logits = np.array([0.3, -1.0, 2.0, 0.3, 1.1, -0.2, 0.0, 0.9], np.float32)
    rng = np.random.default_rng(7)
    if batched:
        drawn = choose(np.tile(logits, (DRAWS, 1)), rng, temperature, **cut)
    else:
        drawn = [choose(logits, rng, temperature, **cut) for _ in range(DRAWS)]
    counts = np.bincount(drawn, minlength=len(logits))
    expected = DRAWS * reference(logits.astype(float), temperature, **cut)
    assert counts[expected == 0].sum() == 0
    alive = expected > 0
    chi_square = ((counts - expected)[alive] ** 2 / expected[alive]).sum()
    degrees = alive.sum() - 1
    assert chi_square < degrees + 4.5 * np.sqrt(2 * degrees) + 6  # beyond 1 in 10,000


logits_of_any_size = st.lists(
    st.floats(-50, 50, width=32, allow_subnormal=False), min_size=2, max_size=12
)


@given(logits_of_any_size, st.integers(0, 2**32))
def test_temperature_to_zero_is_the_most_likely(values, seed):
    logits = np.array(values, np.float32)
    rng = np.random.default_rng(seed)
    assert choose(logits, rng, temperature=0) == logits.argmax()
    assert logits[choose(logits, rng, temperature=1e-300)] >= logits.max() - 1e-6
    assert choose(logits, rng, top_k=1) == logits.argmax()
    assert choose(logits, rng, top_p=1e-9) == logits.argmax()
    assert logits[choose(logits, rng, min_p=1.0)] >= logits.max() - 1e-6


@given(
    logits_of_any_size,
    st.integers(1, 12),
    st.floats(0.01, 1, allow_subnormal=False),
    st.integers(0, 2**32),
)
def test_no_draw_leaves_the_most_likely(values, top_k, top_p, seed):
    logits = np.array(values, np.float32)
    allowed = reference(logits.astype(float), 1.0, top_k, top_p) > 0
    drawn = choose(np.tile(logits, (20, 1)), np.random.default_rng(seed), 1.0, top_k, top_p)
    near = np.sort(logits)[::-1]
    if allowed.sum() < len(near) and near[allowed.sum() - 1] - near[allowed.sum()] > 1e-3:
        assert allowed[drawn].all()
    else:  # a sum at the edge of top_p may round either way
        assert (logits[drawn] >= near[min(allowed.sum(), len(near) - 1)]).all()


def test_min_p_takes_its_share_of_the_largest_after_the_temperature():
    """Nguyen et al. 2024. Before the temperature, ids 0, 1 and 2 would stay at each."""
    logits = np.log(np.array([0.6, 0.24, 0.13, 0.03]))
    for temperature, kept in [(0.5, {0}), (1.0, {0, 1, 2}), (3.0, {0, 1, 2, 3})]:
        rows = np.tile(logits, (2000, 1))
        drawn = choose(rows, np.random.default_rng(0), temperature, min_p=0.2)
        assert set(drawn.tolist()) == kept


def test_what_min_p_cuts_counts_for_top_p():
    """The two shares of 0.4 hold 0.8 of all, and all of what a min-p before top-p would leave."""
    logits = np.log(np.array([0.4, 0.4, 0.1, 0.1]))
    for top_p, kept in [(0.79, {0, 1}), (0.81, {0, 1}), (0.39, {0})]:
        drawn = choose(np.tile(logits, (500, 1)), np.random.default_rng(0), top_p=top_p, min_p=0.5)
        assert set(drawn.tolist()) == kept
    assert set(
        choose(np.tile(logits, (500, 1)), np.random.default_rng(0), top_p=0.45).tolist()
    ) == {0, 1}


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_each_row_can_have_a_generator_of_its_own(temperature):
    logits = np.random.default_rng(1).normal(size=(50, 3, 7))
    together = [np.random.default_rng((5, row)) for row in range(3)]
    rows = np.array([choose(step, together, temperature) for step in logits])
    for row in range(3):
        alone = np.random.default_rng((5, row))
        assert rows[:, row].tolist() == [choose(step[row], alone, temperature) for step in logits]


def test_of_equal_logits_top_k_keeps_exactly_k():
    drawn = choose(np.zeros((2000, 6)), np.random.default_rng(0), top_k=4)
    assert sorted(set(drawn.tolist())) == [0, 1, 2, 3]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("cut", [{}, {"top_k": 2}, {"top_p": 0.9}], ids=str)
@pytest.mark.parametrize("rows", [None, 3])
def test_logits_that_are_not_finite_draw_nothing(bad, temperature, cut, rows):
    """An id that is drawn from them could lie outside the vocabulary."""
    logits = np.zeros(5 if rows is None else (rows, 5), np.float32)
    logits[..., 3] = bad
    with pytest.raises(UserError, match="the logits are not finite, so nothing can be drawn"):
        choose(logits, np.random.default_rng(0), temperature, **cut)


@pytest.mark.filterwarnings("error")
def test_minus_infinity_is_never_drawn_and_all_of_it_is_refused():
    logits = np.array([-np.inf, 0, -np.inf], np.float32)
    rng = np.random.default_rng(0)
    assert {int(choose(logits, rng, t)) for t in (0, 1.0) for _ in range(20)} == {1}
    with pytest.raises(UserError, match="not finite"):
        choose(np.full(3, -np.inf), rng)
