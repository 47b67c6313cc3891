"""What all figures share: size, axes, the styles of lines, and how they become a picture.

No figure uses pyplot. So panels can draw them in any thread. Lines differ by colour, by dash and by
marker, so that they also differ in print without colour.

On white each colour has the contrast that WCAG 2.2 asks of lines (1.4.11, 3:1), and colour-blind
readers can tell them apart; `tests/notebook/test_colours.py` measures both. Four of the colours are
those of Okabe & Ito (2008). The other three of theirs are too light on white. In their places stand
three that a search found, as far as possible from all others for these readers.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from charlstm.notebook.describe import describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#633F63", "#E10048", "#36511B", "#000000")
ORANGE, SKY = "#E69F00", "#56B4E9"  # too light for lines; black letters can be read on them
DASHES = ("-", "--", "-.", ":", (0, (5, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# 7 colours, 5 dashes, 8 markers: no two of these numbers have a common divisor, so the first
# 7 * 5 * 8 lines all differ
ROOM = (0.13, 0.15, 0.84, 0.75)  # left, bottom, width, height of axes, as shares of the figure
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Numbers = Sequence[float] | np.ndarray[Any, Any]


class DescribedFigure(Figure):
    """A figure that a notebook keeps together with its description in words, as alt text.

    The words stand in the metadata of the output, {"image/png": {"alt": ...}}. nbconvert reads them
    there. JupyterLab up to 4.6 shows no alt text for a picture, wherever it stands.
    """

    def _repr_mimebundle_(self, **how: Any) -> Any:
        """Return no picture, which %matplotlib inline makes, but what is said of it."""
        return {}, {"image/png": {"alt": describe(self)}}


def new_figure(height: float = 3.6, width: float = 7.0) -> Figure:
    """Return an empty figure, by default as wide as a notebook's column; sizes are in inches."""
    return DescribedFigure(figsize=(width, height), layout="constrained")


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


def dot_style(index: int) -> dict[str, Any]:
    """Return the style of dots, as arguments of `Axes.plot`; a white edge keeps them apart.

    Args:
        index: number of the group of dots in its figure, from 0.
    """
    colour = COLOURS[index % len(COLOURS)]
    marker = MARKERS[index % len(MARKERS)]
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.4, "markersize": 7}
    return {"linestyle": "none", "marker": marker, "color": colour, **edge}


def add_legend(axes: Axes) -> None:
    """Add a legend, if any line has a name."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize="small")


def png(figure: Figure, dots_per_inch: int = 100) -> bytes:
    """Return a figure as the bytes of a PNG file, for `ipywidgets.Image.value`."""
    file = io.BytesIO()
    figure.dpi = dots_per_inch
    # `savefig` would draw twice, to find out how large the picture becomes, which is known here;
    # little compression: the picture goes no further than to the browser, and is there sooner
    FigureCanvasAgg(figure).print_png(file, pil_kwargs={"compress_level": 1})
    return file.getvalue()


def redraw(figure: Figure, lines: Mapping[str, Numbers], title: str) -> None:
    """Give the lines of a figure new numbers.

    A new figure would take several times as long: most of that time goes into making ticks, and
    into finding out how much room the labels need. Here the room is fixed, and powers of ten are
    plain text: matplotlib would parse each new one as a formula, for longer than it draws the rest.

    Args:
        figure: with one pair of axes, which has as many lines as there are `lines`.
        lines: for each line its name and its y, over x = 0, 1, 2, ...
        title: the new title.
    """
    figure.set_layout_engine("none")
    axes = figure.axes[0]
    axes.set_position(ROOM)
    axes.set_title(title, parse_math=False)
    if axes.get_yscale() == "log":
        axes.yaxis.set_major_formatter(_power_of_ten)
    for index, (line, (name, y)) in enumerate(zip(axes.get_lines(), lines.items(), strict=True)):
        shown = positive(y) if axes.get_yscale() == "log" else y
        line.set_data(np.arange(len(shown)), shown)
        line.set_label(name)
        line.set_markevery(line_style(index, len(y))["markevery"])
    axes.relim()
    axes.autoscale_view()
    add_legend(axes)


def _power_of_ten(value: float, _: object) -> str:
    return "10" + str(round(math.log10(value))).translate(RAISED)


def positive(values: Numbers) -> np.ndarray[Any, Any]:
    """Replace zeros by NaN. A norm may underflow to 0, and a logarithmic axis cannot show it."""
    drawn = np.asarray(values, float)
    return np.where(drawn > 0, drawn, math.nan)
