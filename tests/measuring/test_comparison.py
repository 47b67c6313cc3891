"""Settings compared over seeds, held against SciPy."""

import numpy as np
import pytest
from scipy import stats

from charlstm.measuring.comparison import STUDENT, difference, false_alarms, interval


@pytest.mark.parametrize("seeds", [3, 12])
def test_the_interval_of_a_mean_is_that_of_scipys_bootstrap(seeds):
    scores = np.random.default_rng(1).normal(size=seeds)
    want = stats.bootstrap(
        (scores,), np.mean, method="percentile", n_resamples=40_000,
        rng=np.random.default_rng(2),
    ).confidence_interval  # fmt: skip
    found = interval(scores)
    assert found.mean == pytest.approx(scores.mean())
    assert (found.low, found.high) == pytest.approx(tuple(want), abs=0.03)


def test_the_table_of_students_t_is_right():
    want = [stats.t.ppf(0.975, freedom) for freedom in range(1, len(STUDENT) + 1)]
    assert pytest.approx(want, abs=5e-4) == STUDENT


def test_a_difference_is_paired_by_seed():
    rng = np.random.default_rng(3)
    first = rng.normal(size=5)
    second = first + 0.1 + 0.01 * rng.normal(size=5)  # seeds differ by 1, settings by 0.1
    want = stats.ttest_rel(second, first).confidence_interval(0.95)
    found = difference(first, second)
    assert (found.low, found.high) == pytest.approx((want.low, want.high), abs=1e-3)
    assert found.apart
    assert not difference(first, second[::-1]).apart


def test_one_seed_says_nothing():
    assert not difference([1.0], [2.0]).apart
    assert not interval([1.0]).apart


def test_equal_settings_seem_apart_as_rarely_as_is_said():
    assert false_alarms(3) == pytest.approx(0.243, abs=0.005)
    assert false_alarms(5, 300) == pytest.approx(0.16, abs=0.04)
    assert false_alarms(3, paired=True) == pytest.approx(0.05, abs=0.02)
