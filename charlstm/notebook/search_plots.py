"""One figure of a search: how it went, and the score against each option that was tried."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from charlstm.notebook.figure import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATIO = 8  # an axis of numbers above 0 that spans more than this ratio is logarithmic
COLUMNS = 3


def search(settings: Sequence[Mapping[str, Any]], names: Sequence[str], held_equal: str) -> Figure:
    """Draw the settings of a search that were trained to their end.

    Args:
        settings: in the order of their trials, each with its options and its `nats`, and with `low`
            and `high` if there were several seeds.
        names: the options that were tried.
        held_equal: what all trainings had alike; it stands above.
    """
    panels = 1 + len(names)
    columns = min(COLUMNS, panels)
    rows = math.ceil(panels / columns)
    figure = new_figure(0.5 + 2.7 * rows, 3.2 * columns)
    figure.suptitle(held_equal, fontsize="small", wrap=True)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    nats = [setting["nats"] for setting in settings]
    first, *others = axes
    places = range(1, len(nats) + 1)
    first.plot(places, nats, "o", color=COLOURS[0], markersize=4, label="each setting")
    first.step(
        places, np.minimum.accumulate(nats), where="post", color=COLOURS[1], label="best so far"
    )
    first.set_xlabel("finished settings")
    first.set_ylabel("nats per character, cold")
    first.xaxis.get_major_locator().set_params(integer=True)
    first.legend(frameon=False, fontsize="small")
    for each, name in zip(others, names, strict=False):
        _panel(each, name, settings)
    for each in axes:
        each.grid(visible=True, linewidth=0.3)
        each.spines[["top", "right"]].set_visible(False)
    for each in axes[panels:]:
        each.set_visible(False)
    return figure


def _panel(axes: Axes, name: str, settings: Sequence[Mapping[str, Any]]) -> None:
    """Draw the scores against one option: words and `none` side by side, numbers to scale."""
    values = [setting[name] for setting in settings]
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if numbers:
        places = [float(v) for v in values]
        if min(places) > 0 and max(places) / min(places) > RATIO:
            axes.set_xscale("log", base=2)
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        elif all(isinstance(v, int) for v in values):
            axes.locator_params("x", integer=True)
    else:
        words = sorted({str(v) for v in values})
        places = [float(words.index(str(v))) for v in values]
        axes.set_xticks(range(len(words)), [w.lower() if w in ("None", "True", "False") else w
                                            for w in words])  # fmt: skip
        axes.set_xlim(-0.5, len(words) - 0.5)
    nats = np.array([setting["nats"] for setting in settings])
    bars = None
    if all("low" in setting for setting in settings):
        low, high = (np.array([setting[end] for setting in settings]) for end in ("low", "high"))
        bars = np.maximum(0, [nats - low, high - nats])
    axes.errorbar(places, nats, bars, fmt="o", color=COLOURS[0], markersize=4, linewidth=1)
    best = int(np.argmin(nats))
    axes.plot(places[best], nats[best], "*", color=COLOURS[1], markersize=11, label="best")
    axes.set_xlabel(name)
