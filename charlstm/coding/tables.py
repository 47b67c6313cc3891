"""exp and tanh as tables of whole numbers, with straight lines between the entries.

A C library may round the last digit of exp in its own way, so two machines can differ. A whole
number cannot. Python's `decimal` computes the entries: by its specification each result is the
correctly rounded one, on every machine. Between two entries, whole numbers give the straight line.

An argument is a whole number, too: a multiple of 2^-FRACTION. The entries lie 2^-9 apart. So the
straight line is off by at most 2^-18 / 8 of the second derivative: 5e-7 of exp itself, and 4e-7 for
tanh, less than half of 2^-FRACTION.
"""

import functools
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Any

import numpy as np

FRACTION = 20  # arguments, and the values of tanh, are multiples of 2^-20
EXP_FRACTION = 32  # the values of exp are multiples of 2^-32
BETWEEN = 11  # bits of an argument below an entry: entries are 2^(11 - 20) = 2^-9 apart
TANH_END = 8  # from here on tanh is 1, up to rounding
EXP_END = 22  # from here on exp(-x) is less than 2^-31

Whole = np.ndarray[Any, np.dtype[np.int64]]


def tanh(x: Whole) -> Whole:
    """Return the hyperbolic tangent of x >= 0; both are multiples of 2^-20.

    Example:
        >>> one = 1 << FRACTION
        >>> (tanh(np.array([0, one // 2, 9 * one])) / one).round(5)
        array([0.     , 0.46212, 1.     ])
    """
    return _look_up(_tables()[1], x)


def exp_of_minus(x: Whole) -> Whole:
    """Return exp(-x) in multiples of 2^-32, for x >= 0 in multiples of 2^-20.

    Example:
        >>> (exp_of_minus(np.array([0, 1 << FRACTION])) / 2**EXP_FRACTION).round(5)
        array([1.     , 0.36788])
    """
    return _look_up(_tables()[0], x)


def _look_up(table: Whole, x: Whole) -> Whole:
    x = np.minimum(x, (len(table) - 2) << BETWEEN)
    place = x >> BETWEEN
    left = table[place]
    rise = (table[place + 1] - left) * (x & ((1 << BETWEEN) - 1))
    return left + ((rise + (1 << (BETWEEN - 1))) >> BETWEEN)  # to the nearest


@functools.cache
def _tables() -> tuple[Whole, Whole]:
    """Return the tables of exp(-x) and tanh(x); each has one entry after its end."""
    per_one = 1 << (FRACTION - BETWEEN)
    with localcontext(Context(prec=60, rounding=ROUND_HALF_EVEN)):
        ratio = (-1 / Decimal(per_one)).exp()
        powers = [ratio**0]  # exp(-x); the error of the last one is less than 1e-55
        while len(powers) < EXP_END * per_one + 2:
            powers.append(powers[-1] * ratio)
        exp = [_rounded(power, EXP_FRACTION) for power in powers]
        squares = powers[: 2 * (TANH_END * per_one + 2) : 2]  # exp(-2x)
        tanh = [_rounded((1 - square) / (1 + square), FRACTION) for square in squares]
    return np.array(exp, np.int64), np.array(tanh, np.int64)


def _rounded(value: Decimal, fraction: int) -> int:
    return int((value * 2**fraction).to_integral_value())
