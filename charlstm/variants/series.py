"""Series of numbers: one that is famous, two that we make, and faults planted into any of them."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlstm.errors import UserError, counted
from charlstm.text.registry import shipped_folder
from charlstm.text.writer import check_sizes

Numbers = np.ndarray[Any, np.dtype[np.float64]]
KINDS = ("spike", "shift", "missing season")
STEP = 0.1  # of time, in which `mackey_glass` advances
WARM_UP = 1000  # of time, until nothing is left of how `mackey_glass` started


def check_series(series: Any, least: int = 1, advice: str = "; give a longer series") -> Numbers:
    """Return a series as float64 if it is one row of finite numbers.

    Args:
        series: (N,).
        least: numbers that it must have.
        advice: the end of the message if it has fewer.

    Raises:
        UserError: it has another shape, too few numbers, or one that is not finite.

    Example:
        >>> check_series([1, 2, 4]).tolist()
        [1.0, 2.0, 4.0]
    """
    try:
        numbers = np.asarray(series, float)
    except (TypeError, ValueError):
        raise UserError("the series does not hold numbers alone; give one row of numbers") from None
    if numbers.ndim != 1:
        raise UserError(f"the series has the shape {numbers.shape}; give one row of numbers, (N,)")
    if len(numbers) < least:
        raise UserError(
            f"the series has {counted(len(numbers), 'number')}; at least {least} are needed{advice}"
        )
    if not np.isfinite(numbers).all():
        place = int(np.argmin(np.isfinite(numbers)))
        raise UserError(
            f"the series has {numbers[place]} at place {place}; all numbers must be finite; leave"
            " it out or fill it in"
        )
    return numbers


def airline() -> tuple[list[str], Numbers]:
    """Return the months from 1949 to 1960, and how many thousands flew between countries in each.

    It is series G of Box & Jenkins 1976. `corpora/README.md` says how it was checked.

    Returns:
        144 months, such as "1949-01", and 144 numbers.

    Example:
        >>> months, passengers = airline()
        >>> len(months), months[0], float(passengers[0])
        (144, '1949-01', 112.0)
    """
    path = shipped_folder() / "airline.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["month"] for row in rows], np.array([float(row["thousands"]) for row in rows])


def mackey_glass(length: int, every: int = 6, seed: int = 0) -> Numbers:
    """Return a chaotic series, a model of how the number of blood cells swings.

        dx/dt = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x(t)

    It is equation 4b of Mackey & Glass 1977, with the constants that forecasters use. Euler's
    method advances it by 0.1 of time.

    Args:
        length: N, at least 1.
        every: time between two numbers of the series, a whole number, at least 1.
        seed: of what came before.

    Raises:
        UserError: the length or the time is not a whole number, or below 1, or the seed below 0.

    Example:
        >>> series = mackey_glass(500)
        >>> bool(0.2 < series.min() < 0.5 and 1.2 < series.max() < 1.5)
        True
    """
    check_sizes(length=(length, 1), every=(every, 1), seed=(seed, 0))
    delay = round(17 / STEP)
    rng = np.random.default_rng(seed)
    x = (1.2 + 0.2 * rng.uniform(-1, 1, delay + 1)).tolist()
    for _ in range(round((WARM_UP + every * length) / STEP)):
        late = x[-1 - delay]
        x.append(x[-1] + STEP * (0.2 * late / (1 + late**10) - 0.1 * x[-1]))
    stride = round(every / STEP)
    return np.array(x[-1 - stride * (length - 1) :: stride])


def hourly(length: int, seed: int = 0) -> Numbers:
    """Return a series with the shape of a day, as of a power station: 24 numbers a day, with noise.

    The shape is a sum of three waves. Its height and the level wander slowly, each as an
    autoregression of first order.

    Args:
        length: N, at least 1.
        seed: of the shape and of all noise.

    Raises:
        UserError: the length is not a whole number, or below 1, or the seed below 0.

    Example:
        >>> hourly(1000).shape
        (1000,)
    """
    check_sizes(length=(length, 1), seed=(seed, 0))
    rng = np.random.default_rng(seed)
    t = np.arange(length)
    waves = [
        size * np.sin(2 * np.pi * k * t / 24 + phase)
        for k, size, phase in zip((1, 2, 3), (10, 5, 3), rng.uniform(0, 2 * np.pi, 3), strict=True)
    ]
    level = 100 + _wandering(length, 0.995, 8.0, rng)
    height = 1 + _wandering(length, 0.99, 0.3, rng)
    return level + height * np.sum(waves, 0) + rng.normal(0, 1, length)


def _wandering(length: int, memory: float, size: float, rng: np.random.Generator) -> Numbers:
    """Return an autoregression of first order whose standard deviation is `size`."""
    noise = rng.normal(0, size * np.sqrt(1 - memory**2), length)
    values = np.empty(length)
    value = rng.normal(0, size)
    for t in range(length):
        value = memory * value + noise[t]
        values[t] = value
    return values


@dataclass(frozen=True)
class Fault:
    """A fault in a series. `text.typos.judge` takes it where it takes a typing error.

    Attributes:
        start: its first number.
        end: one past its last one. A shift lasts to the end of the series; an alarm in the first
            season after it is right, and a later one is not.
        kind: "spike", "shift" or "missing season".
    """

    start: int
    end: int
    kind: str


def plant(
    series: Numbers, number: int, period: int, sizes: Sequence[float], seed: int = 0
) -> tuple[Numbers, list[Fault]]:
    """Put faults into a series: as many of each kind, at places that chance decides.

    - A *spike* is one number that is too high or too low.
    - A *shift* moves all numbers from its place on, up or down. The next shift goes the other way.
    - A *missing season* has the mean of the season before in place of each of its numbers.

    Args:
        series: (N,); it stays as it is.
        number: faults of each kind; 0 plants none.
        period: numbers in a season, at least 1.
        sizes: of a spike and of a shift, in units of the series.
        seed: of places and signs.

    Returns:
        the series with faults, (N,), and the faults in their order.

    Raises:
        UserError: the series is too short for so many faults, four seasons for each, or has a
            number that is not finite; a count is out of its range; or the sizes are not two finite
            numbers.

    Example:
        >>> spoilt, faults = plant(np.zeros(60), 1, period=4, sizes=(9.0, 5.0), seed=0)
        >>> [fault.kind for fault in faults]
        ['missing season', 'spike', 'shift']
    """
    check_sizes(number=(number, 0), period=(period, 1), seed=(seed, 0))
    spoilt = check_series(series).copy()
    if np.shape(sizes) != (2,) or not np.isfinite(sizes).all():
        raise UserError(f"sizes is {sizes}; it must be two finite numbers, of a spike and a shift")
    count = number * len(KINDS)
    room = len(series) // max(count, 1)
    if room < 4 * period:
        raise UserError(
            f"the series has {len(series)} numbers, too few for {count} faults of period {period};"
            f" at least {4 * period * count} are needed; plant fewer, or give a longer series"
        )
    rng = np.random.default_rng(seed)
    faults = []
    up = rng.choice((-1, 1))
    for place, kind in enumerate(rng.permutation(np.repeat(KINDS, number)).tolist()):
        start = place * room + int(rng.integers(period, room - 2 * period + 1))
        end = start + (1 if kind == "spike" else period)
        if kind == "spike":
            spoilt[start] += sizes[0] * rng.choice((-1, 1))
        elif kind == "shift":
            spoilt[start:] += sizes[1] * up
            up = -up
        else:
            spoilt[start:end] = spoilt[start - period : start].mean()
        faults.append(Fault(start, end, kind))
    return spoilt, faults
