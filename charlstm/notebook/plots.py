"""One figure for each thing that is measured, from plain numbers.

Every function takes dicts of numbers and returns a `matplotlib.figure.Figure`: no pyplot, so that
figures can be drawn in any thread, as widgets do. Lines differ by colour (Okabe & Ito 2008, which
colour-blind readers can tell apart), by dash and by marker, so that they differ in grey, too.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)))  # five, seven and eight: no two of 280 lines are alike
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
Numbers = Sequence[float] | np.ndarray[Any, Any]


def norm_by_lag(curves: Mapping[str, Numbers], title: str = "", what: str = "h") -> Figure:
    """Draw how the norm of a gradient changes with the lag, the norms on a logarithmic axis.

    Args:
        curves: for each line its norms, by lag from 0 on.
        title: what is compared.
        what: the state that the gradient is taken for, h or c.
    """
    figure, axes = _axes("lag k, characters", f"norm of $dL_T\\,/\\,d{what}_{{T-k}}$", title)
    for index, (name, norms) in enumerate(curves.items()):
        values = _positive(norms)
        axes.semilogy(np.arange(len(values)), values, label=name, **_style(index, len(values)))
    _legend(axes)
    return figure


def singular_values(spectra: Mapping[int, Numbers], title: str = "") -> Figure:
    """Draw the singular values of products of Jacobians, largest first.

    Args:
        spectra: for each number of steps k, the values.
        title: which cell.
    """
    figure, axes = _axes("rank", "singular value", title)
    for index, (k, values) in enumerate(spectra.items()):
        drawn = _positive(values)
        ranks = np.arange(1, len(drawn) + 1)
        axes.semilogy(ranks, drawn, label=f"{k} step{'s' * (k != 1)}", **_style(index, len(drawn)))
    axes.axhline(1.0, color="grey", linewidth=0.8)
    _legend(axes)
    return figure


def gradient_norms(norms: Mapping[str, Numbers], limit: float, title: str = "") -> Figure:
    """Draw gradient norms over a training, before clipping, and the limit.

    Args:
        norms: for each run, the norm of each step; a run ends where one is not finite.
        limit: the largest norm that clipping lets through.
        title: what is compared.
    """
    figure, axes = _axes("step", "gradient norm before clipping", title)
    for index, (name, values) in enumerate(norms.items()):
        drawn = np.asarray(values, float)
        broken = ~np.isfinite(drawn)
        good = int(np.argmax(broken)) if broken.any() else len(drawn)
        axes.semilogy(range(1, good + 1), drawn[:good], label=name, **_style(index, good))
        if broken.any():
            where = good + 1, drawn[:good].max(initial=limit)
            axes.plot(*where, marker="x", markersize=10, color="black")
            told = "NaN" if np.isnan(drawn[good]) else "infinite"
            axes.annotate(told, where, xytext=(5, 5), textcoords="offset points", zorder=5,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
    axes.axhline(limit, color="grey", linewidth=1.5, label=f"clip at {limit:g}")
    _legend(axes)
    return figure


def training(losses: Mapping[str, Mapping[int, float]], title: str = "") -> Figure:
    """Draw losses over steps, in nats (left) and bits (right) per character.

    Args:
        losses: for each line, its nats by step, such as {"train": {25: 3.1}, "validation": {...}}.
        title: what is trained.
    """
    figure, axes = _axes("step", "nats per character", title)
    for index, (name, line) in enumerate(losses.items()):
        axes.plot(list(line), list(line.values()), label=name, **_style(index, len(line)))
    bits = axes.secondary_yaxis("right", functions=(_bits, _nats))
    bits.set_ylabel("bits per character")
    _legend(axes)
    return figure


def recall(scores: Mapping[str, Mapping[int, Numbers]], chance: float, title: str = "") -> Figure:
    """Draw every seed's accuracy as a dot, by the distance that had to be bridged.

    Args:
        scores: for each model, by lag, the accuracies of its seeds, 0 to 1.
        chance: accuracy of guessing.
        title: the task.
    """
    figure, axes = _axes("lag, characters", "share recalled", title)
    lags = sorted({lag for line in scores.values() for lag in line})
    places = {lag: place for place, lag in enumerate(lags)}
    width = 0.6 / max(1, len(scores) - 1)
    for index, (name, line) in enumerate(scores.items()):
        shift = (index - (len(scores) - 1) / 2) * width
        points = [  # seeds side by side, or equal ones would hide each other
            (places[lag] + shift + 0.6 * width * (seed / max(1, len(values) - 1) - 0.5), value)
            for lag, values in line.items()
            for seed, value in enumerate(values)
        ]
        x, y = np.array(points).reshape(-1, 2).T
        axes.plot(x, y, linestyle="none", marker=MARKERS[index % len(MARKERS)], label=name,
                  markersize=5, color=COLOURS[index % len(COLOURS)], alpha=0.75)  # fmt: skip
    axes.axhline(chance, color="grey", linewidth=1.5, label=f"chance {chance:.3g}")
    axes.set_xticks(range(len(lags)), [str(lag) for lag in lags])
    axes.set_xlim(-0.5, len(lags) - 0.5)
    axes.set_ylim(-0.03, 1.03)
    if scores:
        axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def gates(text: str, values: Mapping[str, np.ndarray[Any, Any]], title: str = "") -> Figure:
    """Draw what gates do while a text is read: a row a unit, a column a character.

    Args:
        text: T characters.
        values: for each gate, (T, H), 0 to 1 for gates, -1 to 1 for states.
        title: which model.
    """
    figure = _figure(height=1.1 + 0.9 * len(values))
    all_axes = figure.subplots(len(values), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, shown) in zip(all_axes, values.items(), strict=True):
        low = -1.0 if shown.min() < 0 else 0.0
        image = axes.imshow(shown.T, aspect="auto", cmap="cividis", vmin=low, vmax=1.0)
        axes.set_ylabel(f"{name}\nunit")
        axes.yaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        figure.colorbar(image, ax=axes)
    all_axes[-1].set_xticks(range(len(text)), [_visible(c) for c in text], fontfamily="monospace")
    all_axes[-1].set_xlabel("character read")
    all_axes[0].set_title(title, parse_math=False)
    return figure


def along(text: str, lines: Mapping[str, Numbers], ylabel: str, title: str = "") -> Figure:
    """Draw numbers that change while a text is read.

    Args:
        text: T characters.
        lines: for each line, (T,).
        ylabel: what they are, with its unit.
        title: what is shown.
    """
    figure, axes = _axes("character read", ylabel, title)
    for index, (name, values) in enumerate(lines.items()):
        axes.plot(range(len(text)), values, label=name, **_style(index, points=1))
    axes.set_xticks(range(len(text)), [_visible(c) for c in text], fontfamily="monospace")
    _legend(axes)
    return figure


def next_character(
    letters: str, chances: Mapping[str, Numbers], title: str = "", most: int = 15
) -> Figure:
    """Draw the chances of the next character, the most likely ones of the first line's.

    Args:
        letters: V characters.
        chances: for each line, such as a temperature, (V,).
        title: what was read before.
        most: characters shown.
    """
    figure, axes = _axes("next character", "chance", title)
    first = np.asarray(next(iter(chances.values())), float)
    order = np.argsort(-first, kind="stable")[:most]
    width = 0.8 / len(chances)
    for index, (name, values) in enumerate(chances.items()):
        shift = (index - (len(chances) - 1) / 2) * width
        axes.bar(np.arange(len(order)) + shift, np.asarray(values, float)[order], width, label=name,
                 color=COLOURS[index % len(COLOURS)], hatch=("", "//", "..", "xx")[index % 4],
                 edgecolor="black", linewidth=0.4)  # fmt: skip
    labels = [_visible(letters[place]) for place in order]
    axes.set_xticks(range(len(order)), labels, fontfamily="monospace")
    _legend(axes)
    return figure


def grid(
    scores: Mapping[tuple[int, int], float], row: str, column: str, what: str, title: str = ""
) -> Figure:
    """Draw a number for each pair of settings, with the number written on it.

    Args:
        scores: by (row, column), 0 to 1.
        row: name of the first setting.
        column: name of the second.
        what: the number.
        title: the experiment.
    """
    rows, columns = (sorted({pair[k] for pair in scores}) for k in (0, 1))
    table = np.array([[scores.get((r, c), math.nan) for c in columns] for r in rows])
    figure, axes = _axes(column, row, title)
    image = axes.imshow(table, cmap="cividis", vmin=0.0, vmax=1.0, aspect="auto")
    for r, c in np.ndindex(table.shape):
        if not math.isnan(table[r, c]):
            axes.text(c, r, f"{table[r, c]:.2f}", ha="center", va="center",
                      color="white" if table[r, c] < 0.5 else "black")  # fmt: skip
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
    """Draw a number over a plane as shades, and ways that lead through it.

    Args:
        values: (len(y), len(x)).
        x: places of the columns.
        y: places of the rows.
        labels: what x, y and the number are, with their units.
        paths: for each way, x and y; what lies outside the plane is cut off.
        title: what is shown.
    """
    from matplotlib import colormaps

    figure, axes = _axes(labels[0], labels[1], title)
    shades = colormaps["cividis"].resampled(16)  # steps show how it rises, and make a small file
    image = axes.pcolormesh(x, y, values, cmap=shades, shading="nearest", rasterized=True)
    for index, (name, (across, up)) in enumerate(paths.items()):
        style = _style(index, 0) | {"color": ("white", COLOURS[4])[index % 2], "markevery": 1}
        axes.plot(across, up, label=name, markeredgecolor="black", linewidth=1.2, **style)
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
        lines: for each line, x and y.
        xlabel: what x is, with its unit.
        ylabel: what y is, with its unit.
        title: what is shown.
        log: a logarithmic y axis.
    """
    figure, axes = _axes(xlabel, ylabel, title)
    for index, (name, (x, y)) in enumerate(lines.items()):
        axes.plot(x, y, label=name, **_style(index, len(x)))
    if log:
        axes.set_yscale("log")
    _legend(axes)
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
        points: for each group, x and y.
        xlabel: what x is, with its unit.
        ylabel: what y is, with its unit.
        title: what is shown.
        log: a logarithmic x axis.
    """
    figure, axes = _axes(xlabel, ylabel, title)
    for index, (name, (x, y)) in enumerate(points.items()):
        axes.plot(x, y, linestyle="none", marker=MARKERS[index % len(MARKERS)], label=name,
                  color=COLOURS[index % len(COLOURS)], alpha=0.75)  # fmt: skip
    if log:
        axes.set_xscale("log")
    _legend(axes)
    return figure


def png(figure: Figure, dots_per_inch: int = 100) -> bytes:
    """Return a figure as the bytes of a PNG file, as `ipywidgets.Image.value` takes them."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dots_per_inch)
    return file.getvalue()


def _figure(height: float = 3.6) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(7.0, height), layout="constrained")


def _axes(xlabel: str, ylabel: str, title: str) -> tuple[Figure, Axes]:
    figure = _figure()
    axes = figure.subplots()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title, parse_math=False)  # a $ in it is a dollar
    axes.grid(visible=True, linewidth=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _style(index: int, points: int) -> dict[str, Any]:
    """Return how a line looks: about eight markers, whatever its length."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": DASHES[index % len(DASHES)],
        "marker": MARKERS[index % len(MARKERS)],
        "markersize": 4,
        "markevery": (index, max(1, points // 8)) if points > 16 else 1,
    }


def _bits(nats: Any) -> Any:
    return nats / math.log(2)


def _nats(bits: Any) -> Any:
    return bits * math.log(2)


def _positive(values: Numbers) -> np.ndarray[Any, Any]:
    """Leave out what a logarithmic axis cannot show: a norm that has underflowed to 0."""
    drawn = np.asarray(values, float)
    return np.where(drawn > 0, drawn, math.nan)


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize="small")


def _visible(character: str) -> str:
    """Return a character as it can be seen on an axis; $ starts a formula there."""
    shown = {"\n": "\u21b5", " ": "\u2423", "\t": "\u21e5", "$": r"\$"}.get(character, character)
    return shown if shown.isprintable() else f"{ord(character):04x}"
