"""Simple forecasts against loops that read nothing but the past."""

import numpy as np
import pytest

from charlstm.errors import UserError
from charlstm.variants.naive import autoregression, last_season, line_and_seasons, rmse

RNG = np.random.default_rng(0)
SERIES = RNG.normal(size=40).cumsum() + np.tile(RNG.normal(0, 3, 5), 8)
START = 27
ALL = {
    "last": lambda x, start: last_season(x, start),
    "season": lambda x, start: last_season(x, start, 5),
    "line": lambda x, start: line_and_seasons(x, start, 5),
    "ar": lambda x, start: autoregression(x, start, 6),
}


def solved(columns, values):
    """Return the fit of smallest norm, by the pseudo-inverse of the normal equations."""
    A = np.array(columns)
    return np.linalg.pinv(A.T @ A) @ A.T @ np.array(values)


def test_last_numbers_and_last_seasons():
    for period in (1, 5):
        expected = [SERIES[t - period] for t in range(START, 40)]
        assert last_season(SERIES, START, period).tolist() == expected


def test_a_line_and_seasons_are_least_squares():
    def row(t):
        return [t, *(1.0 if t % 5 == k else 0.0 for k in range(5))]

    weights = solved([row(t) for t in range(START)], SERIES[:START])
    expected = [np.dot(row(t), weights) for t in range(START, 40)]
    np.testing.assert_allclose(line_and_seasons(SERIES, START, 5), expected, rtol=1e-9)


def test_an_autoregression_is_least_squares():
    def row(t):
        return [*(SERIES[t - 6 + k] for k in range(6)), 1.0]

    weights = solved([row(t) for t in range(6, START)], SERIES[6:START])
    expected = [np.dot(row(t), weights) for t in range(START, 40)]
    np.testing.assert_allclose(autoregression(SERIES, START, 6), expected, rtol=1e-8)


@pytest.mark.parametrize("name", ALL)
def test_none_reads_what_it_forecasts(name):
    """A change of one number changes no forecast of it, or of an earlier one."""
    before = ALL[name](SERIES, START)
    assert before.shape == (13,)
    for t in range(START, 40):
        changed = SERIES.copy()
        changed[t] += 100
        after = ALL[name](changed, START)
        np.testing.assert_array_equal(after[: t - START + 1], before[: t - START + 1])
    if name != "line":  # which reads nothing after the start
        changed = SERIES.copy()
        changed[START] += 100
        assert not np.array_equal(ALL[name](changed, START), before)


def test_the_error_is_the_root_of_the_mean_square():
    a, b = RNG.normal(size=(2, 7))
    expected = (sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) / 7) ** 0.5
    assert rmse(a, b) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("forecast", "least"),
    [
        (lambda start: last_season(SERIES, start, 5), 5),
        (lambda start: line_and_seasons(SERIES, start, 5), 10),
        (lambda start: autoregression(SERIES, start, 6), 13),
    ],
)
def test_too_little_before_the_start_is_refused(forecast, least):
    assert len(forecast(least)) == 40 - least
    for start in (least - 1, 40):
        with pytest.raises(UserError, match=f"start is {start}, .* at least {least} numbers"):
            forecast(start)


GAP = np.array([1.0, 2.0, np.nan, *range(20)])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: last_season(SERIES, 10, 0), "period is 0; it must be at least 1"),
        (lambda: last_season(SERIES, 10, -3), "period is -3; it must be at least 1"),
        (lambda: last_season(SERIES, 10, 2.5), "period is 2.5; it must be a whole number"),
        (lambda: last_season(SERIES, 10.0), "start is 10.0; it must be a whole number"),
        (lambda: line_and_seasons(SERIES, 10, 0), "period is 0; it must be at least 1"),
        (lambda: autoregression(SERIES, 10, 0), "order is 0; it must be at least 1"),
        (lambda: autoregression(SERIES, 10, -1), "order is -1; it must be at least 1"),
        (lambda: last_season(SERIES[:, None], 10), r"has the shape \(40, 1\)"),
        (lambda: line_and_seasons(GAP, 10, 2), "has nan at place 2"),
        (lambda: autoregression(["a"] * 9, 5, 1), "does not hold numbers alone"),
        (
            lambda: rmse(SERIES[:3], SERIES[:3, None]),
            r"shape \(3,\), and the truth \(3, 1\); give two",
        ),
        (lambda: rmse(SERIES[:0], SERIES[:0]), r"shape \(0,\), .* at least one number"),
    ],
)
def test_what_is_no_forecast_is_refused(call, told):
    with pytest.raises(UserError, match=told) as refused:
        call()
    assert "\n" not in str(refused.value)
