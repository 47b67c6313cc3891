"""A figure in words, for readers who do not see it.

The words are made from what is drawn, so they cannot become stale: title, axes with their range,
where each line begins, ends, and turns, and the numbers of a table. A notebook keeps them beside
the picture, as its alt text.
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

MOST = 12  # lines, groups of bars and notes that are told one by one
MOST_NUMBERS = 30  # of a table that is told whole
TURN = 0.1  # of a line's height: how far beyond both ends a turn is worth telling


def describe(figure: Figure) -> str:
    """Return what a figure shows, in words.

    Example:
        >>> from charlstm.notebook.plots import curves
        >>> describe(curves({"a": ([0, 1, 2], [3.0, 2.0, 2.5])}, "step", "loss", "A run"))
        'A run. step from 0 to 2; loss from 2 to 3. a: 3 to 2.5, lowest 2 at 1.'
    """
    told = [f"{title}." if (title := figure.get_suptitle()) else ""]
    told += [_axes(axes) for axes in figure.axes if axes.get_label() != "<colorbar>"]
    return " ".join(filter(None, told)) or "an empty figure"


def number(value: float) -> str:
    """Return a number as it is read aloud: a year and a count whole, others with three digits.

    Example:
        >>> number(1949.0), number(31415.9), number(0.000123456)
        ('1949', '31416', '0.000123')
    """
    whole = 1000 <= abs(value) < 1e7 or (abs(value) < 1000 and value == round(value))
    return f"{value:.0f}" if whole else f"{value:.3g}"


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
    names = list(_names(axis).values())
    if names:
        return f"{name}: {' '.join(names)}"
    which = int(axis is axes.yaxis)
    data = [np.asarray(line.get_data()[which], float) for line in _own_lines(axes)]
    values = np.concatenate(data) if data else np.array([])
    values = values[np.isfinite(values)]
    return f"{name} from {number(values.min())} to {number(values.max())}" if len(values) else name


def _names(axis: Axis) -> dict[float, str]:
    """Return the names of an axis's places by where they are, if they are named: letters, say."""
    from matplotlib.ticker import FixedLocator

    if not isinstance(axis.get_major_locator(), FixedLocator):
        return {}
    places = axis.get_majorticklocs().tolist()
    # not of the labels: those of a shared axis are hidden
    labels = axis.get_major_formatter().format_ticks(places)
    return dict(zip(places, (label.replace("\\", "") for label in labels), strict=True))


def _place(axis: Axis, value: float) -> str:
    """Return where a number is on an axis: the name of its place, or the number."""
    names = _names(axis)
    if not names or axis.get_scale() == "log":
        return number(value)
    nearest = min(names, key=lambda place: abs(place - value))
    same = [place for place in names if names[place] == names[nearest]]
    many = f" (number {sorted(names).index(nearest) + 1})" if len(same) > 1 else ""
    return names[nearest] + many


def _called(axis: Axis, value: float) -> str:
    """Return where a number is on an axis, with the axis's name."""
    return f"{_plain(axis.get_label_text()).partition(',')[0]} {_place(axis, value)}".strip()


def _lines(axes: Axes) -> Iterator[str]:
    rows: dict[str, list[float]] = {}
    for line in axes.get_lines():
        name = _plain(str(line.get_label()))
        name = "" if name.startswith("_") else name
        x, y = (np.asarray(of, float) for of in line.get_data())
        good = np.isfinite(y)
        x, y = x[good], y[good]
        if line not in _own_lines(axes):  # from one edge to the other: a limit, or chance
            if name:
                yield name
        elif not len(y):
            yield f"{name}: nothing" if name else ""
        elif line.get_linestyle() == "None":
            if not name and _in_rows(axes):
                for value, row in zip(x, y, strict=True):
                    rows.setdefault(_place(axes.yaxis, row), []).append(value)
                continue
            yield f"{name}: {_dots(axes, x, y)}" if name else _dots(axes, x, y)
        else:
            ends = f"{number(y[0])} to {number(y[-1])}" if len(y) > 1 else number(y[0])
            told = "".join([ends, *_turns(axes, x, y)])
            mark = f"a mark at {_place(axes.xaxis, x[0])}"
            yield f"{name or ('a line' if len(y) > 1 else mark)}: {told}"
    if rows:
        yield "; ".join(f"{row}: {_range(of)}" for row, of in rows.items())


def _turns(axes: Axes, x: Any, y: Any) -> Iterator[str]:
    """Yield the lowest and the highest of a line, where they are well beyond both of its ends."""
    height = np.log(np.maximum(y, np.finfo(float).tiny)) if axes.get_yscale() == "log" else y
    low, high = height.min(), height.max()
    ends = height[[0, -1]]
    for word, at, beyond in (
        ("lowest", height.argmin(), ends.min() - low),
        ("highest", height.argmax(), high - ends.max()),
    ):
        if beyond > TURN * (high - low):
            yield f", {word} {number(y[at])} at {_place(axes.xaxis, x[at])}"


def _in_rows(axes: Axes) -> bool:
    """Return whether the places of the y axis have names, and those of the x axis do not."""
    return bool(_names(axes.yaxis)) and not _names(axes.xaxis)


def _dots(axes: Axes, x: Any, y: Any) -> str:
    """Return where dots are; on an axis of names, what is at each of them."""
    pairs = list(zip(x.tolist(), y.tolist(), strict=True))
    across, up = axes.xaxis, axes.yaxis
    if _names(across) and _names(up):
        return ", ".join(f"{_place(up, b)} at {_place(across, a)}" for a, b in pairs)
    if _in_rows(axes):
        return ", ".join(f"{_place(up, b)} {number(a)}" for a, b in pairs)
    if len(pairs) == 1:
        return f"a dot at {_place(across, pairs[0][0])}: {number(pairs[0][1])}"
    if not _names(across) or across.get_scale() == "log":
        return f"{len(y)} dots from {_range(y)}, at {_range(x)}"
    groups: dict[str, list[float]] = {}
    for a, b in pairs:
        groups.setdefault(_place(across, a), []).append(b)
    return ", ".join(f"at {group} {_range(of)}" for group, of in groups.items())


def _range(values: Any) -> str:
    ends = [number(min(values)), number(max(values))]
    return " to ".join(dict.fromkeys(ends))


def _own_lines(axes: Axes) -> list[Any]:
    """Return the lines of data, without those that cross the whole figure."""
    return [line for line in axes.get_lines() if line.get_transform() == axes.transData]


def _bars(axes: Axes) -> Iterator[str]:
    from matplotlib.container import BarContainer

    names = list(_names(axes.xaxis).values())
    for container in axes.containers:
        if not isinstance(container, BarContainer):
            continue
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
        table: np.ndarray[Any, Any] = np.ma.filled(np.ma.asarray(values, float), np.nan)
        bar = image.colorbar.ax
        what = _plain(bar.get_ylabel() or bar.get_xlabel()) or "values"
        ends = f"from {np.nanmin(table):.2g} to {np.nanmax(table):.2g}"
        yield f"{what} as shades, {ends}{_where(axes, image, table)}"


def _where(axes: Axes, image: Any, table: np.ndarray[Any, Any]) -> str:
    """Return a table's rows, or if it is large, where its lowest and its highest number are."""
    if not axes.axison or np.nanmin(table) == np.nanmax(table):
        return ""  # letters: their marks tell where
    edges = image.get_coordinates() if hasattr(image, "get_coordinates") else None
    across, up = axes.xaxis, axes.yaxis
    if table.size <= MOST_NUMBERS and _names(across) and _names(up):
        rows = [
            f"{_place(up, row)}: {' '.join(f'{v:.2g}' for v in table[row])}"
            for row in range(len(table))
        ]
        return f": {_plain(up.get_label_text())} {', '.join(rows)}"
    told = []
    for word, at in (("lowest", np.nanargmin(table)), ("highest", np.nanargmax(table))):
        row, column = np.unravel_index(int(at), table.shape)
        x, y = (float(column), float(row))
        if edges is not None:
            x, y = (edges[row : row + 2, column : column + 2, k].mean() for k in (0, 1))
        told.append(f"{word} at {_called(across, x)}, {_called(up, y)}")
    return f"; {'; '.join(told)}"


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
