"""Measure several actions in turns, A B A B, so that a change of the machine's speed meets all."""

import statistics
import time
from collections.abc import Callable, Sequence


def in_turns(
    *measures: Callable[[], float], rounds: int, warm_up: bool = True
) -> list[list[float]]:
    """Call the measures in turns.

    Args:
        measures: each returns a figure.
        rounds: how often each is called.
        warm_up: whether one more round comes first, whose figures are thrown away.

    Returns:
        the figures, for each measure a list with one for each round.

    Example:
        >>> in_turns(iter([9.0, 1.0, 2.0]).__next__, iter([9.0, 3.0, 4.0]).__next__, rounds=2)
        [[1.0, 2.0], [3.0, 4.0]]
    """
    figures: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds + warm_up):
        for measure, taken in zip(measures, figures, strict=True):
            taken.append(measure())
    return [taken[warm_up:] for taken in figures]


def timed(action: Callable[[], object]) -> Callable[[], float]:
    """Return a measure that runs an action and returns the seconds it took."""

    def measure() -> float:
        started = time.perf_counter()
        action()
        return time.perf_counter() - started

    return measure


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the median of the ratios in each round.

    Example:
        >>> ratio([2.0, 9.0, 6.0], [1.0, 3.0, 3.0])
        2.0
    """
    return statistics.median(a / b for a, b in zip(above, below, strict=True))
