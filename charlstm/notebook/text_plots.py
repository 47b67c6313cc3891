"""Figures along a text: coloured letters, gates, states, and the next character's chances.

Every function takes a text and numbers, and returns a `matplotlib.figure.Figure`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from charlstm.errors import counted
from charlstm.notebook.figure import (
    COLOURS,
    ORANGE,
    SKY,
    Numbers,
    add_legend,
    line_style,
    new_axes,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.path import Path

    from charlstm.insight.surprise import Span

SIGNED = ("h", "c", "g", "n")  # states and candidates, from -1 to 1; all others are gates
MOST_COLUMNS = 72  # letters in a row of a coloured text; a longer line is folded
BELOW, NOTHING, ABOVE = SKY, "#FFFFFF", ORANGE  # what stands for -1, 0 and 1
MOST_NATS = 8.0  # what is more surprising has the same colour
FAINT = 0.02  # share of the largest relevance that is not drawn
SIZE = 10.5  # of a letter, points
ROW = 0.21  # height of a row of letters, inches
TOLD, APART, BEFORE = 3, 8, 8  # of the strongest letters: how many, how far apart, what is quoted


def letters(
    text: str,
    values: Numbers,
    what: str = "",
    title: str = "",
    low: float = -1.0,
    high: float = 1.0,
) -> Figure:
    """Draw a text in which each letter stands on a colour that shows a number.

    Orange stands for `high`, white for 0, blue for `-high`. Letters on a number below 0 stand on a
    line, so that the figure can also be read in grey.

    Args:
        text: T characters. A line of more than 72 is folded.
        values: a number for each character, (T,), `low` to `high`. The figure cuts off what is
            beyond.
        what: what the numbers are, such as "tanh c of unit 7".
        title: title of the figure, such as the model.
        low: the smallest number: -1 for a state, 0 for a gate.
        high: the largest number.
    """
    from matplotlib.collections import LineCollection, PathCollection
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.transforms import Affine2D

    colours = LinearSegmentedColormap.from_list("numbers", (BELOW, NOTHING, ABOVE), 257)
    drawn = np.clip(np.asarray(values, float), low, high)
    places = _rows_and_columns(text)
    rows, columns = (int(most) + 1 for most in places.max(0))
    width = max(columns, 24)
    figure = new_figure(height=0.75 + ROW * rows, width=7.0 * width / MOST_COLUMNS)
    axes = figure.subplots()
    page = np.full((rows, width), np.nan)
    page[tuple(places.T)] = drawn
    image = axes.imshow(page, cmap=colours, vmin=-high, vmax=high, aspect="auto")
    seen = [_in_a_row(character) for character in text]
    inked = [k for k, character in enumerate(seen) if not character.isspace()]
    glyphs = PathCollection(
        [_glyph(seen[k]) for k in inked],
        offsets=places[inked, ::-1],
        offset_transform=axes.transData,
        transform=Affine2D().scale(1 / 72) + figure.dpi_scale_trans,  # points
        facecolor="black",
        linewidth=0,
        snap=False,  # else dots vanish
    )
    glyphs.set_label(_strongest(text, drawn))  # for the figure in words
    glyphs.set_in_layout(False)  # to lay out each letter would take longer than to draw it
    axes.add_collection(glyphs)
    below = places[drawn < 0]
    feet = [((c - 0.45, r + 0.4), (c + 0.45, r + 0.4)) for r, c in below]
    axes.add_collection(LineCollection(feet, colors="black", linewidths=0.8))
    axes.set_axis_off()
    axes.set_title(title, parse_math=False, fontsize="medium")
    bar = figure.colorbar(
        image, ax=axes, orientation="horizontal", aspect=40, boundaries=np.linspace(low, high, 65)
    )
    bar.set_ticks([low, (low + high) / 2, high])
    bar.set_label(what, parse_math=False)
    bar.ax.axhline(0.15, xmax=0.5 * (low < 0), color="black", linewidth=0.8)
    return figure


def unit(text: str, values: Numbers, layer: int, value: str, unit: int, title: str = "") -> Figure:
    """Draw what one unit holds along a text, as coloured letters.

    States and candidates go from -1 to 1, and c is shown as tanh c. Gates go from 0 to 1.

    Args:
        text: T characters.
        values: what the unit holds after each, (T,).
        layer: number of its layer, from 0.
        value: name of the state or gate, as in `insight.activations`.
        unit: number of the unit, from 0.
        title: title of the figure, such as the model.
    """
    numbers = np.tanh(values) if value == "c" else np.asarray(values)
    what = f"{'tanh c' if value == 'c' else value} of unit {unit}, layer {layer + 1}"
    return letters(text, numbers, what, title, low=-1.0 if value in SIGNED else 0.0)


def surprise(text: str, nats: Numbers, spans: Sequence[Span] = (), title: str = "") -> Figure:
    """Draw how surprised a model is by each character of a text, and underline what stands out.

    White stands for 0 nats, orange for 8 or more.

    Args:
        text: T characters.
        nats: surprise of each character, (T,).
        spans: what to underline, such as what `insight.surprise.stands_out` finds.
        title: title of the figure, such as the model.
    """
    from matplotlib.collections import LineCollection

    figure = letters(text, nats, "surprise, nats", title, low=0.0, high=MOST_NATS)
    places = _rows_and_columns(text)
    pieces = [place for span in spans for place in places[span.start : span.end]]
    under = [((c - 0.5, r + 0.42), (c + 0.5, r + 0.42)) for r, c in pieces]
    told = ", ".join(repr(span.text) for span in spans)
    label = f"underlined: {told}" if told else "_nothing"
    lines = LineCollection(under, colors="black", linewidths=2.0, label=label)
    figure.axes[0].add_collection(lines)
    return figure


def blame(text: str, relevance: Numbers, target: int, title: str = "") -> Figure:
    """Draw a text up to one letter, in letters coloured by what each of them did for it.

    The letter that is explained stands in a frame. Orange spoke for it, blue against it. The
    strongest colour is that of the letter with the largest relevance, whichever its sign. Less than
    2 % of it is drawn as nothing, or else half of the letters would stand on a line.

    Args:
        text: T characters.
        relevance: a number for each character, (T,), as a row of `Blame.relevance`.
        target: place of the letter that is explained.
        title: title of the figure, such as the method.
    """
    from matplotlib.patches import Rectangle

    read = np.asarray(relevance, float)[:target]
    most = int(np.abs(read).argmax())
    lag = target - most
    what = (
        f"relevance for {_in_a_row(text[target])}; 1 is {abs(read[most]):.2g}, the size of that of"
        f" {_in_a_row(text[most])} {lag} {'letter' if lag == 1 else 'letters'} before"
    )
    shown = np.append(read / max(abs(read[most]), np.finfo(float).tiny), 0.0)
    shown[np.abs(shown) < FAINT] = 0.0
    figure = letters(text[: target + 1], shown, what, title)
    row, column = _rows_and_columns(text[: target + 1])[target]
    frame = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, linewidth=1.5, clip_on=False)
    figure.axes[0].add_patch(frame)
    return figure


def gates(text: str, values: Mapping[str, np.ndarray[Any, Any]], title: str = "") -> Figure:
    """Draw the values of gates along a text: a row for each unit, a column for each character.

    Args:
        text: T characters.
        values: for each gate or state its values, (T, H): gates 0 to 1, states -1 to 1.
        title: title of the figure, such as the model.
    """
    figure = new_figure(height=1.1 + 0.9 * len(values))
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
    """Draw numbers that change while a network reads a text.

    Args:
        text: T characters.
        lines: for each line its numbers, (T,).
        ylabel: what the numbers are, with their unit.
        title: title of the figure.
    """
    figure, axes = new_axes("character read", ylabel, title)
    for index, (name, values) in enumerate(lines.items()):
        axes.plot(range(len(text)), values, label=name, **line_style(index, points=1))
    axes.set_xticks(range(len(text)), [_visible(c) for c in text], fontfamily="monospace")
    add_legend(axes)
    return figure


def next_character(
    letters: str, chances: Mapping[str, Numbers], title: str = "", most: int = 15
) -> Figure:
    """Draw the chances of the characters that are most likely to come next, as bars.

    The first line decides which characters these are, and their order.

    Args:
        letters: V characters.
        chances: for each line, such as a temperature, its chances, (V,).
        title: title of the figure, such as the text read before.
        most: largest number of characters to show.
    """
    figure, axes = new_axes("next character", "chance", title)
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
    add_legend(axes)
    return figure


def _strongest(text: str, numbers: np.ndarray[Any, Any]) -> str:
    """Return in words how a text begins, and where its numbers are highest and lowest."""
    told = [f"{counted(len(text), 'letter')} that begin {text[:20]!r}"]
    for word, order in (("highest", np.argsort(-numbers)), ("lowest", np.argsort(numbers))):
        if word == "lowest" and numbers.min() >= 0:
            continue
        places: list[int] = []
        for k in order.tolist():
            if len(places) < TOLD and all(abs(k - place) > APART for place in places):
                places.append(k)
        ends = [f"{numbers[k]:.2g} at the end of {text[max(0, k - BEFORE) : k + 1]!r}"
                for k in places]  # fmt: skip
        told.append(f"{word} {', '.join(ends)}")
    return "; ".join(told)


def _rows_and_columns(text: str) -> np.ndarray[Any, Any]:
    """Return where each character of a text stands on a page, (T, 2)."""
    places = []
    row = column = 0
    for character in text:
        places.append((row, column))
        column += 1
        if character == "\n" or column == MOST_COLUMNS:
            row, column = row + 1, 0
    return np.array(places)


@functools.cache
def _glyph(character: str) -> Path:
    """Return the outline of a letter, in points, with the middle of its cell at the origin.

    Outlines are drawn many times as fast as texts, and a panel draws hundreds at each change.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    path = TextPath((0, 0), character, size=SIZE, prop=FontProperties(family="monospace"))
    middle = Affine2D().translate(-0.3 * SIZE, -0.36 * SIZE)  # of a letter with a stem
    return path.transformed(middle)


def _in_a_row(character: str) -> str:
    """Return a character as it stands in a coloured text: one letter wide, a space as a gap."""
    shown = {"\n": "\u21b5", "\t": "\u21e5"}.get(character, character)
    return shown if shown.isprintable() else "\ufffd"


def _visible(character: str) -> str:
    """Return a character as an axis can show it. On an axis a plain $ would start a formula."""
    shown = {"\n": "\u21b5", " ": "\u2423", "\t": "\u21e5", "$": r"\$"}.get(character, character)
    return shown if shown.isprintable() else f"{ord(character):04x}"
