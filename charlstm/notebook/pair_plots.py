"""Figures of two texts: which letters of one belong to which of the other; words in a plane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from charlstm.notebook.figure import COLOURS, MARKERS, Numbers, new_axes, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

END = "⏎"  # the end of a target


def alignments(source: str, target: str, tables: Mapping[str, Numbers], title: str = "") -> Figure:
    """Draw tables of numbers, letters of a source across, letters of a target down.

    A dot marks the largest number of each row, so that the figure can also be read in grey.

    Args:
        source: S letters.
        target: T letters.
        tables: by the name of what they hold, such as the weights of attention, numbers of at least
            0, (T, S). If they have a row more, it belongs to the end of the target.
        title: title of the figure.
    """
    rows, columns = (text.replace(" ", "␣") for text in (target + END, source))
    figure = new_figure(height=len(tables) * (0.8 + 0.2 * len(rows)))
    for axes, (name, numbers) in zip(
        np.ravel(figure.subplots(len(tables), 1)), tables.items(), strict=True
    ):
        table = np.asarray(numbers, float)
        image = axes.imshow(table, cmap="Blues", vmin=0.0, vmax=table.max(), aspect="auto")
        axes.plot(table.argmax(1), range(len(table)), linestyle="none", marker="o", markersize=5,
                  color="white", markeredgecolor="black", label="largest of the row")  # fmt: skip
        axes.set_xticks(range(len(columns)), list(columns), family="monospace")
        axes.set_yticks(range(len(table)), list(rows[: len(table)]), family="monospace")
        axes.set_xlabel("source")
        axes.set_ylabel("target")
        figure.colorbar(image, ax=axes, label=name)
    figure.axes[0].set_title(title, parse_math=False)
    return figure


def words(
    places: Mapping[str, tuple[float, float]],
    groups: Mapping[str, str],
    xlabel: str,
    ylabel: str,
    title: str = "",
    path: tuple[str, ...] = (),
) -> Figure:
    """Draw words at places of a plane, and a path from word to word.

    Args:
        places: x and y of each word.
        groups: the group of each word, which decides its colour and its mark.
        xlabel: what x is.
        ylabel: what y is.
        title: title of the figure.
        path: words that a line joins, in this order.
    """
    figure, axes = new_axes(xlabel, ylabel, title)
    named = sorted({groups[word] for word in places})
    for index, group in enumerate(named):
        some = [word for word in places if groups[word] == group]
        x, y = np.array([places[word] for word in some], float).T
        axes.plot(x, y, linestyle="none", marker=MARKERS[index % len(MARKERS)], markersize=4,
                  color=COLOURS[index % len(COLOURS)], label=group)  # fmt: skip
        for word in some:
            axes.annotate(word, places[word], xytext=(3, 3), textcoords="offset points", fontsize=8)
    if path:
        x, y = np.array([places[word] for word in path], float).T
        axes.plot(x, y, color="black", linewidth=1, label="the walk", zorder=1)
    axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return figure
