"""An array library whose results do not depend on the machine: fixed-point numbers.

The recurrences in `charlstm.model.cells` run on any array library. In float32 their results depend
on the order in which a matrix product adds: another processor, another BLAS or another number of
threads gives other last digits. A decoder needs the encoder's very digits. So here all numbers are
multiples of 2^-20, and each is held as a whole number of these units, in float64.

Why no machine can give another result:

- **A matrix product** adds whole numbers. float64 holds all whole numbers up to 2^53, so each
  partial sum is exact, in whatever order it is added, with or without fused multiply-add. That is
  so as long as the sizes of all terms add up to less than 2^53. `@` checks this: the largest
  number on its left times the largest column sum of sizes on its right must stay below 2^52, which
  leaves room for the check's own rounding. With weights and states of 20 bits, |h| <= 1 and 1,024
  units, the mean size of the weights may be 2^(52 - 20 - 20 - 10) = 4.
- **A sum or product of two numbers** is rounded by IEEE 754 in one way only, whatever their size.
  Where the result is no whole number, `rint` takes the nearest one.
- **tanh** is a table of whole numbers.

NumPy multiplies whole numbers by a simple loop, which takes two to five times as long as the BLAS
takes for float64. That is why the units are held in float64.
"""

from __future__ import annotations

import sys
from functools import cached_property
from typing import Any

import numpy as np

from charlstm.coding import tables
from charlstm.coding.tables import FRACTION
from charlstm.errors import UserError

ONE = 1 << FRACTION
UNIT = 1.0 / ONE
EXACT = 2.0**52

Units = np.ndarray[Any, np.dtype[np.float64]]


class FixedPoint:
    """An array of multiples of 2^-20.

    It has what the recurrences need: +, -, *, @, slices, `T`, `shape`; and `tanh`, which they find
    in `__array_namespace__`. The other side of +, - and * may be a plain number.

    Args:
        units: the numbers, divided by 2^-20; all whole.

    Example:
        >>> x = FixedPoint.of(np.array([0.5, -0.25]))
        >>> (x * x + 1.0).units / ONE
        array([1.25  , 1.0625])
    """

    __array_ufunc__ = None  # NumPy shall not take a FixedPoint for a plain object

    def __init__(self, units: Units) -> None:
        self.units = units

    @classmethod
    def of(cls, values: Any) -> FixedPoint:
        """Return the multiples of 2^-20 that are nearest to `values`, an array."""
        return cls(np.rint(values.astype(np.float64) * ONE))

    def __array_namespace__(self) -> Any:
        return sys.modules[__name__]

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return self.units.shape

    @cached_property
    def T(self) -> FixedPoint:  # noqa: N802  # NumPy's name
        """The transposed array."""
        return FixedPoint(self.units.T)

    @cached_property
    def _column(self) -> float:
        """The largest sum of sizes in a column, in units."""
        return float(np.abs(self.units).sum(0).max())

    def __getitem__(self, place: Any) -> FixedPoint:
        return FixedPoint(self.units[place])

    def __add__(self, other: FixedPoint | float) -> FixedPoint:
        return FixedPoint(self.units + _units(other))

    def __sub__(self, other: FixedPoint | float) -> FixedPoint:
        return FixedPoint(self.units - _units(other))

    def __rsub__(self, other: float) -> FixedPoint:
        return FixedPoint(_units(other) - self.units)

    def __mul__(self, other: FixedPoint | float) -> FixedPoint:
        return _rescaled(self.units * _units(other))

    __radd__ = __add__
    __rmul__ = __mul__

    def __matmul__(self, other: FixedPoint) -> FixedPoint:
        """Multiply by a matrix.

        Raises:
            UserError: the sums may become too large to be exact.
        """
        if not np.abs(self.units).max() * other._column < EXACT:
            raise UserError(
                "the model's weights are so large that sums are no longer exact, and another"
                " machine could not decompress the file; train with more weight decay"
            )
        return _rescaled(self.units @ other.units)


def tanh(x: FixedPoint) -> FixedPoint:
    """Return the hyperbolic tangent, from a table; it is off by less than 2^-19."""
    return FixedPoint(np.copysign(tables.tanh(np.abs(x.units).astype(np.int64)), x.units))


def _units(x: FixedPoint | float) -> Any:
    if isinstance(x, FixedPoint):
        return x.units
    if not isinstance(x, (int, float)):
        raise TypeError(f"{type(x).__name__} beside FixedPoint")
    return round(x * ONE)


def _rescaled(products: Units) -> FixedPoint:
    """Turn multiples of 2^-40 into the nearest multiples of 2^-20; they may be overwritten."""
    products *= UNIT
    return FixedPoint(np.rint(products, out=products))
