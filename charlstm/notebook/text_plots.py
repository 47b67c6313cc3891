"""Figures along a text: gates, states, and the chances of the next character.

Every function takes a text and numbers, and returns a `matplotlib.figure.Figure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from charlstm.notebook.figure import (
    COLOURS,
    Numbers,
    add_legend,
    line_style,
    new_axes,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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


def _visible(character: str) -> str:
    """Return a character as an axis can show it. On an axis a plain $ would start a formula."""
    shown = {"\n": "\u21b5", " ": "\u2423", "\t": "\u21e5", "$": r"\$"}.get(character, character)
    return shown if shown.isprintable() else f"{ord(character):04x}"
