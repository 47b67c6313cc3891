"""Simple forecasts of a series, to hold a network against, and the error of a forecast.

Each forecasts the numbers from `start` on, one step ahead: for the number at t it may read all
numbers before t. What it fits, it fits on the numbers before `start`. So nothing that is forecast
has a part in the fit.
"""

import numpy as np

from charlstm.errors import UserError
from charlstm.text.writer import check_sizes
from charlstm.variants.series import Numbers, check_series


def last_season(series: Numbers, start: int, period: int = 1) -> Numbers:
    """Forecast what came one season before; with a period of 1, the last number.

    Args:
        series: (N,).
        start: the first number that is forecast.
        period: numbers in a season, at least 1.

    Returns:
        forecasts, (N - start,).

    Raises:
        UserError: there is no season before `start`; the period is below 1; or the series
            is not one row of finite numbers.

    Example:
        >>> last_season(np.array([1.0, 2.0, 4.0, 8.0]), 2)
        array([2., 4.])
    """
    check_sizes(period=(period, 1))
    series = _checked(series, start, period)
    return series[start - period : len(series) - period].copy()


def line_and_seasons(series: Numbers, start: int, period: int) -> Numbers:
    """Forecast a straight line plus a number for each place in the season, by least squares.

    It is fitted on the numbers before `start`, and then reads none. Give the logarithms of a
    series whose seasons grow with its level.

    Args:
        series: (N,).
        start: the first number that is forecast.
        period: numbers in a season, at least 1.

    Returns:
        forecasts, (N - start,).

    Raises:
        UserError: there are fewer than two seasons before `start`; the period is below 1; or the
            series is not one row of finite numbers.

    Example:
        >>> series = np.arange(12.0) + np.tile([0, 5, 0], 4)
        >>> line_and_seasons(series, 9, 3).round(3)
        array([ 9., 15., 11.])
    """
    check_sizes(period=(period, 1))
    series = _checked(series, start, 2 * period)
    t = np.arange(len(series))
    columns = np.column_stack([t, t[:, None] % period == np.arange(period)])  # (N, 1 + period)
    weights = np.linalg.lstsq(columns[:start], series[:start], rcond=None)[0]
    return columns[start:] @ weights


def autoregression(series: Numbers, start: int, order: int) -> Numbers:
    """Forecast a weighted sum of the last numbers and a constant, by least squares.

    Args:
        series: (N,).
        start: the first number that is forecast.
        order: how many of the last numbers, at least 1.

    Returns:
        forecasts, (N - start,).

    Raises:
        UserError: there are fewer numbers to fit than weights; the order is below 1; or the series
            is not one row of finite numbers.

    Example:
        >>> autoregression(2.0 ** np.arange(8), 6, 1).round(3)
        array([ 64., 128.])
    """
    check_sizes(order=(order, 1))
    series = _checked(series, start, 2 * order + 1)
    windows = np.lib.stride_tricks.sliding_window_view(series[:-1], order)  # (N - order, order)
    columns = np.column_stack([windows, np.ones(len(windows))])
    fitted = start - order
    weights = np.linalg.lstsq(columns[:fitted], series[order:start], rcond=None)[0]
    return columns[fitted:] @ weights


def rmse(forecasts: Numbers, truth: Numbers) -> float:
    """Return the root of the mean squared error, in units of the series.

    Args:
        forecasts: of any shape.
        truth: what came, of the same shape.

    Raises:
        UserError: the shapes differ, or there is no forecast.

    Example:
        >>> rmse(np.array([1.0, 2.0]), np.array([4.0, 5.0]))
        3.0
    """
    if np.shape(forecasts) != np.shape(truth) or not np.size(truth):
        raise UserError(
            f"forecasts have the shape {np.shape(forecasts)}, and the truth {np.shape(truth)}; give"
            " two of the same shape, with at least one number"
        )
    return float(np.sqrt(np.mean(np.subtract(forecasts, truth) ** 2)))


def _checked(series: Numbers, start: int, least: int) -> Numbers:
    """Return a series as float64 if it has `least` numbers before the start, and one after it."""
    series = check_series(series)
    check_sizes(start=(start, 0))
    if not least <= start < len(series):
        raise UserError(
            f"start is {start}, in a series of {len(series)} numbers; this forecast needs at least"
            f" {least} numbers before it, and one to forecast"
        )
    return series
