"""What was predicted or counted, as the whole numbers that a range coder takes.

A range coder gives each symbol a whole number, its frequency. All frequencies of a choice add up to
2^24. A symbol then costs 24 - log2(frequency) bits.
"""

from typing import Any

import numpy as np

from charlstm.coding import tables
from charlstm.coding.fixed_point import FixedPoint
from charlstm.coding.tables import Whole

PRECISION = 24


def apportion(weights: Whole) -> Whole:
    """Return frequencies in the ratio of `weights`: all above 0, 2^24 together.

    Each symbol has 1 in advance. What rounding leaves goes to the largest.

    Args:
        weights: (N,), N at least 2, none negative, at most 2^38, not all 0.

    Example:
        >>> apportion(np.array([1, 0, 1])).tolist()
        [8388608, 1, 8388607]
    """
    free = (1 << PRECISION) - len(weights)
    frequencies = weights * free // weights.sum() + 1  # in int64: less than 2^62
    frequencies[frequencies.argmax()] += (1 << PRECISION) - frequencies.sum()
    return frequencies


def softmax(logits: FixedPoint) -> Whole:
    """Return frequencies for logits (V,).

    Example:
        >>> (softmax(FixedPoint.of(np.log([1.0, 3.0]))) / 2**24).round(5)
        array([0.25, 0.75])
    """
    units = logits.units
    return apportion(tables.exp_of_minus((units.max() - units).astype(np.int64)))


class Counts:
    """Frequencies that follow from how often each of N symbols came so far.

    A symbol that came k times has the weight k + 1/2 (Krichevsky & Trofimov 1981).

    Args:
        size: N.

    Example:
        >>> counts = Counts(2)
        >>> counts.add(1)
        >>> (counts.frequencies() / 2**24).round(5)
        array([0.25, 0.75])
    """

    def __init__(self, size: int) -> None:
        self._doubled: Whole = np.ones(size, np.int64)

    def frequencies(self) -> Whole:
        """Return the frequencies (N,) of the symbols now."""
        return apportion(self._doubled)

    def add(self, symbol: Any) -> None:
        """Count a symbol that came."""
        self._doubled[symbol] += 2
