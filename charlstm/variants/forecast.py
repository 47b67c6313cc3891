"""Numbers in place of letters: the same layers read a window of a series and say its next number.

A character model gives a chance to each next letter. A number has no list of what may come, so here
the read-out is one number, and the loss is the squared error. All else is as it was: windows, the
state that starts at zero, one step after the other. To look further ahead, the network reads its
own forecasts, as a character model reads the letters that it wrote.

The letters are those of the table *Symbols* in the first lesson. T is the look-back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from charlstm.errors import UserError
from charlstm.model.initial import seeded
from charlstm.model.named_cells import find_cell
from charlstm.model.section import Section
from charlstm.model.stack import Stack
from charlstm.options import ModelOptions
from charlstm.text.writer import LARGEST_SEED, check_sizes
from charlstm.variants.fitting import FitOptions, FitReport, fit_batches
from charlstm.variants.saving import load_network, save_network
from charlstm.variants.series import Numbers, check_series

LONGEST = 2**20  # numbers in a window
ROWS = 1024  # windows that are read at once when nothing is learned


@dataclass(frozen=True)
class Scale:
    """What turns numbers of a series into numbers of the size that a network likes, and back.

    Attributes:
        shift: is subtracted.
        factor: divides.

    Raises:
        UserError: one of them is not a finite number, or the factor is not above 0.

    Example:
        >>> scale = Scale.of(np.array([1.0, 3.0, 5.0, 7.0]))
        >>> scale.shift, round(scale.factor, 3)
        (4.0, 2.236)
    """

    shift: float
    factor: float

    def __post_init__(self) -> None:
        given = (self.shift, self.factor)
        if np.array(given).dtype.kind not in "if" or not np.isfinite(given).all() or given[1] <= 0:
            raise UserError(
                f"scale is {given}; both must be finite, and the factor above 0; Scale.of(series)"
                " makes one"
            )

    @classmethod
    def of(cls, series: Numbers) -> "Scale":
        """Return the scale that gives a series the mean 0 and the standard deviation 1.

        Args:
            series: the training part alone, (N,). What comes later must not have a part in it.

        Raises:
            UserError: all its numbers are nearly equal, one is not finite or far too large, or
                there is none.
        """
        series = check_series(series)
        with np.errstate(over="ignore", invalid="ignore"):
            shift, factor = float(np.mean(series)), float(np.std(series))
        most = np.abs(series).max()
        if not np.isfinite(factor):
            raise UserError(f"the series has numbers up to {most:g}; give them in a larger unit")
        if factor <= 1e-9 * most:
            raise UserError(
                f"the series is constant, or nearly: its mean is {shift:g}, and its standard"
                f" deviation {factor:g}; give a series whose numbers differ more"
            )
        return cls(shift, factor)


def windows(series: Numbers, look_back: int) -> tuple[Numbers, Numbers]:
    """Return all windows of a series, and the number after each.

    Args:
        series: (N,).
        look_back: T, the numbers in a window, at least 1.

    Returns:
        windows (N - T, T), and the numbers after them, (N - T,).

    Raises:
        UserError: the series has no window or is not one row of finite numbers, or T is below 1.

    Example:
        >>> inputs, targets = windows(np.array([1.0, 2.0, 4.0, 8.0]), look_back=2)
        >>> inputs.tolist(), targets.tolist()
        ([[1.0, 2.0], [2.0, 4.0]], [4.0, 8.0])
    """
    series = _checked(series, look_back, 1)
    inputs = np.lib.stride_tricks.sliding_window_view(series[:-1], look_back)
    return inputs, series[look_back:]


class Forecaster(nn.Module):
    """A stacked recurrent network that says the next number of a series.

    Args:
        look_back: T, the numbers that it reads before each forecast.
        scale: of the numbers; `Scale.of` the training part.
        hidden_size: H.
        layers: recurrent layers, one above the other.
        cell: name of the recurrence.
        seed: of the initial weights.

    Raises:
        UserError: a size or the seed is out of its range, or the scale is not a `Scale`.

    Example:
        >>> series = np.sin(np.arange(200.0))
        >>> model = Forecaster(8, Scale.of(series[:150]), hidden_size=8)
        >>> for report in fit_forecast(model, series[:150], FitOptions(steps=200)):
        ...     pass
        >>> forecasts = model.predict(series)  # of all numbers but the first 8
        >>> bool(np.abs(forecasts - series[8:])[142:].max() < 0.1)
        True
    """

    def __init__(
        self,
        look_back: int,
        scale: Scale,
        hidden_size: int = 32,
        layers: int = 1,
        cell: str = "lstm",
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_sizes(look_back=(look_back, 1, LONGEST), seed=(seed, 0, LARGEST_SEED))
        if not isinstance(scale, Scale):
            raise UserError(f"scale is {scale!r}; it must be a Scale; Scale.of(series) makes one")
        self.look_back = look_back
        self.scale = scale
        options = ModelOptions(cell=cell, layers=layers, hidden_size=hidden_size, dropout=0.0)
        with seeded(seed):
            self.layers = Stack(options, input_size=1)
            self.head = nn.Linear(hidden_size, 1)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.head.weight.device

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the next number, (B,), for windows (B, T). All numbers are scaled."""
        features, _ = self.layers(inputs[:, :, None])  # (B, T, H)
        return self.head(features[:, -1])[:, 0]

    def scaled(self, numbers: Numbers) -> Tensor:
        """Return numbers of the series as the network reads them, where the network is.

        Raises:
            UserError: a number is too large for the type of the weights.
        """
        dtype = self.head.weight.dtype
        with np.errstate(over="ignore"):
            small = (numbers - self.scale.shift) / self.scale.factor
        if (np.abs(small) > torch.finfo(dtype).max).any():
            raise UserError(
                f"the series has numbers up to {np.abs(numbers).max():g}, too far from the scale's"
                f" {self.scale.shift:g}; give them in the unit of the training"
            )
        return torch.from_numpy(small).to(self.device, dtype)

    def predict(self, series: Numbers) -> Numbers:
        """Forecast each number of a series but the first T from the T numbers before it.

        Args:
            series: (N,).

        Returns:
            forecasts, (N - T,), in units of the series.

        Raises:
            UserError: as for `windows` and `scaled`.
        """
        return self._next(windows(series, self.look_back)[0])

    def forecast(self, series: Numbers, steps: int) -> Numbers:
        """Forecast the numbers that come after a series; each forecast is read for the next one.

        Args:
            series: (N,), or several of one length, (B, N). The last T numbers are read.
            steps: how many numbers.

        Returns:
            forecasts, (steps,) or (B, steps), in units of the series.

        Raises:
            UserError: fewer than T numbers, or one that is not finite; fewer than one step.
        """
        check_sizes(steps=(steps, 1))
        several = isinstance(series, list | np.ndarray) and np.ndim(series[:1]) > 1
        rows = [_checked(row, self.look_back, 0) for row in (series if several else [series])]
        read = np.stack([row[-self.look_back :] for row in rows])
        for _ in range(steps):
            read = np.column_stack([read, self._next(read[:, -self.look_back :])])
        return read[:, self.look_back :] if several else read[0, self.look_back :]

    @torch.inference_mode()
    def _next(self, inputs: Numbers) -> Numbers:
        """Return the number after each window, (B,), for windows (B, T)."""
        pieces = [
            self(self.scaled(inputs[start : start + ROWS])).cpu().double().numpy()
            for start in range(0, len(inputs), ROWS)
        ]
        return np.concatenate(pieces) * self.scale.factor + self.scale.shift

    def save(self, path: Path | str) -> None:
        """Write the network and its scale to a file of the kind "forecast".

        Raises:
            UserError: as for `save_network`.
        """
        options = self.layers.options
        save_network(
            path,
            "forecast",
            self,
            look_back=self.look_back,
            shift=self.scale.shift,
            factor=self.scale.factor,
            hidden_size=options.hidden_size,
            layers=options.layers,
            cell=options.cell,
        )

    @classmethod
    def load(cls, path: Path | str) -> "Forecaster":
        """Read what `save` wrote.

        Raises:
            UserError: as for `load_network`.
        """

        def build(saved: Section) -> "Forecaster":
            cell = saved.text("cell")
            find_cell(cell, saved.file)
            try:
                scale = Scale(saved.number("shift", signed=True), saved.number("factor"))
            except UserError as error:
                raise UserError(f"{saved.file}: {error}") from None
            look_back = saved.count("look_back", 1, LONGEST)
            hidden_size = saved.count("hidden_size", 1, 65536)
            return cls(look_back, scale, hidden_size, saved.count("layers", 1, 100), cell)

        return load_network(path, "forecast", build)


def fit_forecast(
    model: Forecaster, series: Numbers, options: FitOptions | None = None
) -> Iterator[FitReport]:
    """Train a forecaster on random windows of a series, and yield a report for each step.

    Args:
        model: trained in place, where it lies.
        series: the training part alone, (N,). No number after it is read.
        options: budget and optimiser. A loss is a mean squared error, in units of the scale.

    Raises:
        UserError: as for `windows` and `fit_batches`.

    Example:
        >>> series = np.sin(np.arange(200.0))
        >>> model = Forecaster(8, Scale.of(series), hidden_size=8)
        >>> reports = list(fit_forecast(model, series, FitOptions(steps=100)))
        >>> reports[-1].loss < 0.1 * reports[0].loss
        True
    """
    inputs, targets = map(model.scaled, windows(series, model.look_back))
    options = options or FitOptions()

    def loss_of(rng: np.random.Generator) -> Tensor:
        rows = torch.from_numpy(rng.integers(len(inputs), size=options.batch_size))
        rows = rows.to(model.device)
        return (model(inputs[rows]) - targets[rows]).square().mean()

    return fit_batches(model, loss_of, options)


def _checked(series: Numbers, look_back: int, more: int) -> Numbers:
    """Return a series as float64 if it has a window and `more` numbers, all of them finite."""
    check_sizes(look_back=(look_back, 1, LONGEST))
    advice = f", because look_back is {look_back}; give a longer series, or a smaller look_back"
    return check_series(series, look_back + more, advice)
