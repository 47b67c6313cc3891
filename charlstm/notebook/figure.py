"""What all figures share: their size, their axes, and how lines differ.

No figure uses pyplot, so that it can be drawn in any thread, as panels do. Lines differ by colour
(Okabe & Ito 2008, which colour-blind readers can tell apart), by dash and by marker. So they differ
in print without colour, too.
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
# no two of the numbers 7, 5 and 8 have a common divisor, so the first 7 * 5 * 8 lines all differ
Numbers = Sequence[float] | np.ndarray[Any, Any]


def new_figure(height: float = 3.6) -> Figure:
    """Return an empty figure as wide as a notebook's column; the height is in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(7.0, height), layout="constrained")


def new_axes(xlabel: str, ylabel: str, title: str) -> tuple[Figure, Axes]:
    """Return a figure and its one pair of axes, with their labels."""
    figure = new_figure()
    axes = figure.subplots()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title, parse_math=False)  # a $ in it is a dollar
    axes.grid(visible=True, linewidth=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def line_style(index: int, points: int) -> dict[str, Any]:
    """Return how the line of this number looks: about eight markers, whatever its length."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": DASHES[index % len(DASHES)],
        "marker": MARKERS[index % len(MARKERS)],
        "markersize": 4,
        "markevery": (index, max(1, points // 8)) if points > 16 else 1,
    }


def add_legend(axes: Axes) -> None:
    """Name the lines, if any of them has a name."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize="small")


def png(figure: Figure, dots_per_inch: int = 100) -> bytes:
    """Return a figure as the bytes of a PNG file, for `ipywidgets.Image.value`."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dots_per_inch)
    return file.getvalue()
