"""A picture of a panel, for pages where no kernel runs: its controls as they stand, and its figure.

A notebook keeps the picture beside the panel. A page on the web, such as GitHub's view of a
notebook, shows it in place of the panel.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from charlstm.notebook.figure import new_figure, png
from charlstm.notebook.lines import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 7.0  # inches
ROW = 0.3  # inches from one control to the next
LINE = 0.2  # inches from one line of text to the next
DOTS = 100  # per inch, as in the pictures that panels show
LETTERS = 80  # in a line of text
GREY, BLUE = "#767676", "#1976d2"


def still(box: w.Box, name: str) -> tuple[bytes, str]:
    """Return a picture of a panel, a PNG, and what the picture shows, in words.

    Args:
        box: the panel's widgets.
        name: what the panel is, for the words.
    """
    import matplotlib.image

    parts = list(_leaves(box))
    controls = [part for part in parts if not isinstance(part, w.Image | w.HTML | w.Button)]
    buttons = [part for part in parts if isinstance(part, w.Button)]
    pictures = [
        matplotlib.image.imread(io.BytesIO(part.value))
        for part in parts
        if isinstance(part, w.Image) and part.value
    ]
    lines = [line for part in parts if isinstance(part, w.HTML) for line in _lines(part.value)]
    rows = -(-len(controls) // 2) + bool(buttons)
    shown = sum(len(picture) for picture in pictures) / DOTS
    height = rows * ROW + shown + len(lines) * LINE + ROW / 2
    figure = new_figure(height)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)  # down the page
    for index, button in enumerate(buttons):
        _box(axes, 0.1 + 1.2 * index, ROW / 2, 1.0, button.description)
    half = -(-len(controls) // 2)
    for index, control in enumerate(controls):
        down = index % half + bool(buttons)
        _control(axes, WIDTH / 2 * (index // half), (down + 0.5) * ROW, control)
    top = rows * ROW
    for picture in pictures:
        tall, wide = len(picture) / DOTS, picture.shape[1] / DOTS
        axes.imshow(picture, extent=(0, wide, top + tall, top), interpolation="none", aspect="auto")
        top += tall
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    for line in lines:
        axes.text(0.1, top + LINE, line, family="monospace", fontsize=8, parse_math=False)
        top += LINE
    return png(figure, DOTS), _words(name, controls, buttons, lines)


def _leaves(widget: Any) -> Iterator[Any]:
    children: Any = getattr(widget, "children", ())
    for child in children:
        yield from _leaves(child)
    if not children and (hasattr(widget, "value") or isinstance(widget, w.Button)):
        yield widget


def _lines(shown: str) -> list[str]:
    """Return the lines of what an HTML widget shows, at most `LETTERS` long."""
    text = re.sub(r"<style\b.*?</style>", "", shown, flags=re.S)
    plain = html.unescape(re.sub(r"<[^>]*>", "", text))
    return wrapped(plain, LETTERS).splitlines()


def _control(axes: Axes, left: float, y: float, control: Any) -> None:
    """Draw the name of a control, and a slider's track and handle or a box with its value."""
    axes.text(left + 1.1, y, control.description, ha="right", va="center", fontsize=9)
    start, long = left + 1.2, 1.5
    if isinstance(control, w.FloatSlider | w.IntSlider | w.FloatProgress):
        place = start + long * (control.value - control.min) / (control.max - control.min)
        axes.plot([start, start + long], [y, y], color=GREY, linewidth=3, solid_capstyle="round")
        axes.plot([start, place], [y, y], color=BLUE, linewidth=3, solid_capstyle="round")
        if not isinstance(control, w.FloatProgress):
            axes.plot(place, y, marker="o", markersize=9, color="white", markeredgecolor="black")
            axes.text(start + long + 0.15, y, f"{control.value:g}", va="center", fontsize=9)
    else:
        _box(axes, start, y, long, _shown(control))


def _shown(control: Any) -> str:
    """Return a control's value as the control shows it: a choice may have a name."""
    return str(control.label if isinstance(control, w.Dropdown) else control.value)


def _box(axes: Axes, left: float, y: float, long: float, text: str) -> None:
    from matplotlib.patches import Rectangle

    high = 0.8 * ROW
    axes.add_patch(Rectangle((left, y - high / 2), long, high, facecolor="white", edgecolor=GREY))
    axes.text(left + 0.08, y, text, va="center", fontsize=9, parse_math=False)


def _words(name: str, controls: list[w.Widget], buttons: list[w.Widget], lines: list[str]) -> str:
    """Return the panel in words: a page without a kernel cannot show more than this moment."""
    told = [f"{control.description} {_shown(control)}" for control in controls]
    told += [f"a button {button.description}" for button in buttons]
    text = f" Below: {' '.join(lines)}" if lines else ""
    return f"A picture of the panel {name}; run the cell to use it. {', '.join(told)}.{text}"
