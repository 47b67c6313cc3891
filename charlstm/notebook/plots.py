"""A figure for each kind of measurement.

Every function takes plain numbers by name, and returns a `matplotlib.figure.Figure`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from charlstm.notebook.figure import (
    ORANGE,
    Numbers,
    add_legend,
    dot_style,
    line_style,
    new_axes,
    positive,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DARK = 0.465  # of the shades from 0 to 1: below, white is easier to read on them than black


def norm_by_lag(curves: Mapping[str, Numbers], title: str = "", what: str = "h") -> Figure:
    """Draw the norm of a gradient, on a logarithmic axis, over the lag.

    Args:
        curves: for each line its norms, by lag from 0 on.
        title: title of the figure.
        what: the gradient is the one with respect to this state, h or c.
    """
    figure, axes = new_axes("lag k, characters", f"norm of $dL_T\\,/\\,d{what}_{{T-k}}$", title)
    for index, (name, norms) in enumerate(curves.items()):
        values = positive(norms)
        axes.semilogy(np.arange(len(values)), values, label=name, **line_style(index, len(values)))
    add_legend(axes)
    return figure


def singular_values(spectra: Mapping[int, Numbers], title: str = "") -> Figure:
    """Draw the singular values of products of Jacobians, the largest first.

    Args:
        spectra: for each number of steps k the singular values.
        title: title of the figure, such as the cell.
    """
    figure, axes = new_axes("rank", "singular value", title)
    for index, (k, values) in enumerate(spectra.items()):
        drawn = positive(values)
        ranks = np.arange(1, len(drawn) + 1)
        name = f"{k} step{'s' * (k != 1)}"
        axes.semilogy(ranks, drawn, label=name, **line_style(index, len(drawn)))
    axes.axhline(1.0, color="grey", linewidth=0.8)
    add_legend(axes)
    return figure


def gradient_norms(norms: Mapping[str, Numbers], limit: float, title: str = "") -> Figure:
    """Draw the gradient norms of trainings, before clipping, and the limit of clipping.

    Args:
        norms: for each training the norm of each step. The line ends before the first norm that is
            not finite.
        limit: the largest norm that clipping leaves unchanged.
        title: title of the figure.
    """
    figure, axes = new_axes("step", "gradient norm before clipping", title)
    for index, (name, values) in enumerate(norms.items()):
        drawn = np.asarray(values, float)
        broken = ~np.isfinite(drawn)
        good = int(np.argmax(broken)) if broken.any() else len(drawn)
        axes.semilogy(range(1, good + 1), drawn[:good], label=name, **line_style(index, good))
        if broken.any():
            where = good + 1, drawn[:good].max(initial=limit)
            axes.plot(*where, marker="x", markersize=10, color="black")
            reason = "NaN" if np.isnan(drawn[good]) else "infinite"
            axes.annotate(reason, where, xytext=(5, 5), textcoords="offset points", zorder=5,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
    axes.axhline(limit, color="grey", linewidth=1.5, label=f"clip at {limit:g}")
    add_legend(axes)
    return figure


def training(losses: Mapping[str, Mapping[int, float]], title: str = "") -> Figure:
    """Draw losses over steps, in nats (left) and bits (right) per character.

    Args:
        losses: for each line its nats by step: {"train": {25: 3.1}, "validation": {...}}.
        title: title of the figure.
    """
    figure, axes = new_axes("step", "nats per character", title)
    for index, (name, line) in enumerate(losses.items()):
        axes.plot(list(line), list(line.values()), label=name, **line_style(index, len(line)))
    bits = axes.secondary_yaxis("right", functions=(_bits, _nats))
    bits.set_ylabel("bits per character")
    add_legend(axes)
    return figure


def recall(scores: Mapping[str, Mapping[int, Numbers]], chance: float, title: str = "") -> Figure:
    """Draw the accuracy of every seed as a dot, over the lag that a model had to remember across.

    Args:
        scores: for each model and lag the accuracies of its seeds, 0 to 1.
        chance: accuracy of guessing.
        title: title of the figure, such as the task.
    """
    figure, axes = new_axes("lag, characters", "share recalled", title)
    lags = sorted({lag for line in scores.values() for lag in line})
    places = {lag: place for place, lag in enumerate(lags)}
    width = 0.6 / max(1, len(scores) - 1)
    for index, (name, line) in enumerate(scores.items()):
        shift = (index - (len(scores) - 1) / 2) * width
        points = [  # seeds stand side by side, because equal values would hide each other
            (places[lag] + shift + 0.6 * width * (seed / max(1, len(values) - 1) - 0.5), value)
            for lag, values in line.items()
            for seed, value in enumerate(values)
        ]
        x, y = np.array(points).reshape(-1, 2).T
        axes.plot(x, y, label=name, **dot_style(index))
    axes.axhline(chance, color="grey", linewidth=1.5, label=f"chance {chance:.3g}")
    axes.set_xticks(range(len(lags)), [str(lag) for lag in lags])
    axes.set_xlim(-0.5, len(lags) - 0.5)
    axes.set_ylim(-0.03, 1.03)
    if scores:
        axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def grid(
    scores: Mapping[tuple[int, int], float], row: str, column: str, what: str, title: str = ""
) -> Figure:
    """Draw a number for each pair of settings as a shade, and write the number on it.

    Args:
        scores: the number for each (row, column), 0 to 1.
        row: name of the setting in the rows.
        column: name of the setting in the columns.
        what: what the number is.
        title: title of the figure, such as the experiment.
    """
    rows, columns = (sorted({pair[k] for pair in scores}) for k in (0, 1))
    table = np.array([[scores.get((r, c), math.nan) for c in columns] for r in rows])
    figure, axes = new_axes(column, row, title)
    image = axes.imshow(table, cmap="cividis", vmin=0.0, vmax=1.0, aspect="auto")
    for r, c in np.ndindex(table.shape):
        if not math.isnan(table[r, c]):
            axes.text(c, r, f"{table[r, c]:.2f}", ha="center", va="center",
                      color="white" if table[r, c] < DARK else "black")  # fmt: skip
    axes.set_xticks(range(len(columns)), [str(c) for c in columns])
    axes.set_yticks(range(len(rows)), [str(r) for r in rows])
    figure.colorbar(image, ax=axes, label=what)
    axes.grid(visible=False)
    return figure


def surface(
    values: Numbers,
    x: Numbers,
    y: Numbers,
    labels: tuple[str, str, str],
    paths: Mapping[str, tuple[Numbers, Numbers]],
    title: str = "",
) -> Figure:
    """Draw a number over a plane as shades, and paths through that plane.

    Args:
        values: the number at each point, (len(y), len(x)).
        x: x of each column.
        y: y of each row.
        labels: what x, y and the number are, with their units.
        paths: for each path its x and y. The figure cuts off what lies outside the plane.
        title: title of the figure.
    """
    from matplotlib import colormaps
    from matplotlib.patheffects import withStroke

    figure, axes = new_axes(labels[0], labels[1], title)
    shades = colormaps["cividis"].resampled(16)  # few shades show the slope and keep the file small
    image = axes.pcolormesh(x, y, values, cmap=shades, shading="nearest", rasterized=True)
    edged = [withStroke(linewidth=3, foreground="black")]  # else no colour is seen on every shade
    for index, (name, (across, up)) in enumerate(paths.items()):
        style = line_style(index, 0) | {"color": ("white", ORANGE)[index % 2], "markevery": 1}
        axes.plot(across, up, label=name, markeredgecolor="black", linewidth=1.2,
                  path_effects=edged, **style)  # fmt: skip
    axes.set_xlim(np.min(x), np.max(x))
    axes.set_ylim(np.min(y), np.max(y))
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, label=labels[2])
    if paths:
        axes.legend(fontsize="small", facecolor="grey", loc="upper left")
    return figure


def curves(
    lines: Mapping[str, tuple[Numbers, Numbers]],
    xlabel: str,
    ylabel: str,
    title: str = "",
    log: bool = False,
) -> Figure:
    """Draw lines of y over x.

    Args:
        lines: for each line its x and y.
        xlabel: what x is, with its unit.
        ylabel: what y is, with its unit.
        title: title of the figure.
        log: whether the y axis is logarithmic.
    """
    figure, axes = new_axes(xlabel, ylabel, title)
    for index, (name, (x, y)) in enumerate(lines.items()):
        axes.plot(x, y, label=name, **line_style(index, len(x)))
    if log:
        axes.set_yscale("log")
    add_legend(axes)
    return figure


def by_seed(
    lines: Mapping[str, Mapping[float, Numbers]], xlabel: str, ylabel: str, title: str = ""
) -> Figure:
    """Draw the mean of several seeds as a line, and each seed as a dot; the x axis is logarithmic.

    Args:
        lines: for each line and x the y of its seeds.
        xlabel: what x is, with its unit.
        ylabel: what y is, with its unit.
        title: title of the figure.
    """
    figure, axes = new_axes(xlabel, ylabel, title)
    for index, (name, line) in enumerate(lines.items()):
        style = line_style(index, len(line))
        axes.semilogx(list(line), [np.mean(of) for of in line.values()], label=name, **style)
        points = [(x, y) for x, of in line.items() for y in of]
        x, y = np.array(points, float).reshape(-1, 2).T
        axes.scatter(x, y, s=20, marker=style["marker"], color=style["color"],
                     edgecolor="white", linewidth=0.4)  # fmt: skip
    places = sorted({x for line in lines.values() for x in line})
    axes.set_xticks(places, [f"{x:,}" for x in places])
    axes.set_xticks([], minor=True)
    add_legend(axes)
    return figure


def dots(
    points: Mapping[str, tuple[Numbers, Numbers]],
    xlabel: str,
    ylabel: str,
    title: str = "",
    log: bool = False,
) -> Figure:
    """Draw one number against another, a dot for each pair.

    Args:
        points: for each group its x and y.
        xlabel: what x is, with its unit.
        ylabel: what y is, with its unit.
        title: title of the figure.
        log: whether the x axis is logarithmic.
    """
    figure, axes = new_axes(xlabel, ylabel, title)
    for index, (name, (x, y)) in enumerate(points.items()):
        axes.plot(x, y, label=name, **dot_style(index))
    if log:
        axes.set_xscale("log")
    add_legend(axes)
    return figure


def _bits(nats: Any) -> Any:
    return nats / math.log(2)


def _nats(bits: Any) -> Any:
    return bits * math.log(2)
