"""What all figures share: size, axes, and the styles of lines.

No figure uses pyplot. So panels can draw them in any thread. Lines differ by colour, by dash and by
marker, so that they also differ in print without colour. Colour-blind readers can tell the colours
apart (Okabe & Ito 2008).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# 7 colours, 5 dashes, 8 markers: no two of these numbers have a common divisor, so the first
# 7 * 5 * 8 lines all differ
Numbers = Sequence[float] | np.ndarray[Any, Any]


def new_figure(height: float = 3.6, width: float = 7.0) -> Figure:
    """Return an empty figure, by default as wide as a notebook's column; sizes are in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def new_axes(xlabel: str, ylabel: str, title: str) -> tuple[Figure, Axes]:
    """Return a figure and its one pair of axes, with labels and a title."""
    figure = new_figure()
    axes = figure.subplots()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title, parse_math=False)  # a $ in it is a dollar
    axes.grid(visible=True, linewidth=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def line_style(index: int, points: int) -> dict[str, Any]:
    """Return the style of a line, as arguments of `Axes.plot`.

    Args:
        index: number of the line in its figure, from 0.
        points: number of its points. A line has about eight markers, however many points it has.
    """
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": DASHES[index % len(DASHES)],
        "marker": MARKERS[index % len(MARKERS)],
        "markersize": 4,
        "markevery": (index, max(1, points // 8)) if points > 16 else 1,
    }


def add_legend(axes: Axes) -> None:
    """Add a legend, if any line has a name."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize="small")


def png(figure: Figure, dots_per_inch: int = 100) -> bytes:
    """Return a figure as the bytes of a PNG file, for `ipywidgets.Image.value`."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dots_per_inch)
    return file.getvalue()
