"""Budgets: the share used, the characters read, and the learning rate over a budget."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.options import TrainOptions
from charlstm.training.budget import Budget, learning_rate, validation_interval


@pytest.mark.parametrize(
    ("given", "words", "fraction", "characters"),
    [
        ({}, "3 minutes", 45 / 180, 180 * 70),
        ({"minutes": 1.5}, "1.5 minutes", 45 / 90, 90 * 70),
        ({"epochs": 2.5}, "2.5 epochs", 100 / (2.5 * 80), 2500),
        ({"epochs": 2.0}, "2 epochs", 100 / (2 * 80), 2000),
        ({"minutes": 1.0}, "1 minute", 45 / 60, 60 * 70),
        ({"steps": 5000}, "5,000 steps", 100 / 5000, 5000 * 4 * 8),
    ],
)
def test_a_budget_counts_in_its_own_unit(given, words, fraction, characters):
    budget = Budget.of(TrainOptions(batch_size=4, window=8, **given))
    assert str(budget) == words
    assert budget.fraction(step=100, seconds=45.0, steps_per_epoch=80) == fraction
    read = budget.characters(length=1000, chars_per_step=4 * 8, chars_per_second=70)
    assert read == characters


@pytest.mark.parametrize("given", [{"minutes": 1}, {"epochs": 1}, {"steps": 100}])
def test_more_than_all_is_all(given):
    budget = Budget.of(TrainOptions(**given))
    assert budget.fraction(step=0, seconds=0.0, steps_per_epoch=100) == 0
    assert budget.fraction(step=101, seconds=61.0, steps_per_epoch=100) == 1


@given(
    steps=st.integers(1, 100_000),
    share=st.floats(0, 1, allow_subnormal=False),  # torch flushes those to zero
    highest=st.floats(1e-5, 1, allow_subnormal=False),
)
def test_the_learning_rate_stays_between_zero_and_the_highest(steps, share, highest):
    step = int(share * (steps - 1))
    rate = learning_rate(highest, step / steps, step)
    assert 0 < rate <= highest
    assert rate == pytest.approx(highest * learning_rate(1.0, step / steps, step))


@pytest.mark.parametrize("steps", [200, 20_000])
def test_the_learning_rate_warms_up_over_100_steps_or_5_percent_then_falls(steps):
    rates = [learning_rate(0.01, step / steps, step) for step in range(steps + 1)]
    warm = min(100, steps // 20)  # whichever is over first
    assert all(a < b for a, b in itertools.pairwise(rates[: warm - 1]))
    assert all(a > b for a, b in itertools.pairwise(rates[warm:]))
    assert rates[0] == pytest.approx(0.01 / 100, rel=1e-3)
    assert max(rates) == pytest.approx(0.01, rel=0.01)
    assert rates[steps // 2] == pytest.approx(0.01 * 0.51)
    assert rates[-1] == pytest.approx(0.01 * 0.02)


def test_validation_takes_a_small_share_of_the_characters():
    assert validation_interval(scored=64 * 256, chars_per_step=16 * 32) == 30 * 32
    assert validation_interval(scored=10, chars_per_step=512) == 25  # a short text
