"""A figure in words, for readers who do not see it.

The words are made from what is drawn, so they cannot become stale: title, axes with their range,
and where each line begins and ends. A notebook keeps them beside the picture, as its alt text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

MOST = 8  # lines, groups of bars and notes that are told one by one


def describe(figure: Figure) -> str:
    """Return what a figure shows, in words.

    Example:
        >>> from charlstm.notebook.plots import curves
        >>> describe(curves({"a": ([0, 1, 2], [3.0, 2.0, 2.5])}, "step", "loss", "A run"))
        'A run. step from 0 to 2; loss from 2 to 3. a: 3 to 2.5.'
    """
    told = [_axes(axes) for axes in figure.axes if axes.get_label() != "<colorbar>"]
    return " ".join(filter(None, told)) or "an empty figure"


def _axes(axes: Axes) -> str:
    title = axes.get_title()
    sentences = [_plain(title) if axes.title.get_parse_math() else title]
    sentences.append("; ".join(filter(None, (_axis(axes, axes.xaxis), _axis(axes, axes.yaxis)))))
    parts = [*_shades(axes), *_marks(axes), *_bars(axes), *_lines(axes)]
    words = [_plain(text.get_text()) for text in axes.texts]
    parts += [word for word in words if re.search("[^\\W\\d]", word)]  # not each number of a grid
    if len(parts) > MOST:
        parts[MOST:] = [f"and {len(parts) - MOST} more"]
    sentences.append("; ".join(filter(None, parts)))
    return " ".join(f"{sentence}." for sentence in sentences if sentence)


def _axis(axes: Axes, axis: Axis) -> str:
    """Return the name of an axis and its range: that of the data, or the names of its places."""
    name = _plain(axis.get_label_text())
    if not name:
        return ""
    if axis.get_scale() == "log":
        name += " (logarithmic)"
    names = _names(axis)
    if names:
        return f"{name}: {' '.join(names)}"
    which = int(axis is axes.yaxis)
    data = [np.asarray(line.get_data()[which], float) for line in _own_lines(axes)]
    values = np.concatenate(data) if data else np.array([])
    values = values[np.isfinite(values)]
    return f"{name} from {values.min():.3g} to {values.max():.3g}" if len(values) else name


def _names(axis: Axis) -> list[str]:
    """Return the names of an axis's places, if they are named: letters, say."""
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    formatter: Any = axis.get_major_formatter()
    if not isinstance(formatter, FixedFormatter | FuncFormatter):
        return []
    return [label.get_text().replace("\\", "") for label in axis.get_ticklabels()]


def _lines(axes: Axes) -> Iterator[str]:
    for line in axes.get_lines():
        name = _plain(str(line.get_label()))
        name = "" if name.startswith("_") else name
        y = np.asarray(line.get_ydata(), float)
        y = y[np.isfinite(y)]
        if line not in _own_lines(axes):  # from one edge to the other: a limit, or chance
            if name:
                yield name
        elif not len(y):
            yield f"{name}: nothing" if name else ""
        elif line.get_linestyle() == "None":
            dots = f"{len(y)} dots from {y.min():.3g} to {y.max():.3g}"
            yield f"{name}: {dots}" if name else dots
        else:
            ends = f"{y[0]:.3g} to {y[-1]:.3g}" if len(y) > 1 else f"{y[0]:.3g}"
            yield f"{name or ('a line' if len(y) > 1 else 'a mark')}: {ends}"


def _own_lines(axes: Axes) -> list[Any]:
    """Return the lines of data, without those that cross the whole figure."""
    return [line for line in axes.get_lines() if line.get_transform() == axes.transData]


def _bars(axes: Axes) -> Iterator[str]:
    names = _names(axes.xaxis)
    containers: list[Any] = axes.containers
    for container in containers:
        heights = [bar.get_height() for bar in container.patches]
        tallest = np.argsort(-np.array(heights), kind="stable")[:3]
        told = ", ".join(f"{names[k] if names else k} {heights[k]:.2g}" for k in sorted(tallest))
        name = _plain(str(container.get_label()))
        name = "" if name.startswith("_") else name
        yield f"{name}, tallest bars: {told}" if name else f"tallest bars: {told}"


def _shades(axes: Axes) -> Iterator[str]:
    for image in [*axes.images, *axes.collections]:
        values = image.get_array()
        if values is None or image.colorbar is None:
            continue
        finite = np.asarray(values, float)
        finite = finite[np.isfinite(finite)]
        bar = image.colorbar.ax
        what = _plain(bar.get_ylabel() or bar.get_xlabel()) or "values"
        yield f"{what} as shades, from {finite.min():.2g} to {finite.max():.2g}"


def _marks(axes: Axes) -> Iterator[str]:
    """Yield what is marked on the letters of a text, if the marks have a name."""
    for marks in axes.collections:
        name = str(marks.get_label())
        if name and not name.startswith("_"):
            yield name


def _plain(text: str) -> str:
    """Return a label without the marks of formulas, in one line."""
    text = re.sub(r"\\[,;! ]", " ", text.replace("\\$", "\0"))
    text = re.sub(r"\\([a-zA-Z]+)", r"\1", re.sub(r"[{}$]", "", text)).replace("\0", "$")
    return " ".join(text.replace(" / ", "/").split())
