"""One figure of one or several trainings: their losses, learning rate, gradients and clipping."""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from charlstm.errors import say
from charlstm.notebook.describe import describe
from charlstm.notebook.figure import line_style, new_figure, positive

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Over = Literal["steps", "time", "characters"]
FIELD: dict[Over, str] = {"steps": "step", "time": "seconds", "characters": "characters"}
LABEL: dict[Over, str] = {
    "steps": "steps",
    "time": "seconds of training",
    "characters": "characters read",
}
LONGEST_NAME = 40  # characters of a name in the legend; a longer one loses its middle
LONGEST_LINE = 100  # characters of the legend
BEYOND = 1.3  # the losses end at this times the uniform model's; only a diverged training is above


@dataclass(frozen=True)
class Curve:
    """A training to draw.

    Attributes:
        name: its name.
        lines: the numbers of each line of its log.
        uniform: nats per character of a model that knows nothing; None if not known.
        clip: the largest norm that clipping leaves unchanged; None if nothing is clipped.
        options: those in which it differs from the others, in words.
    """

    name: str
    lines: Sequence[Mapping[str, float]]
    uniform: float | None = None
    clip: float | None = None
    options: str = ""

    @property
    def label(self) -> str:
        """What the legend says of it, in one or several lines."""
        half = LONGEST_NAME // 2
        long = len(self.name) > LONGEST_NAME
        name = f"{self.name[: half - 1]} … {self.name[-half + 2 :]}" if long else self.name
        words = f"{name}: {self.options}" if self.options else name
        return "\n".join(textwrap.wrap(words, LONGEST_LINE)) or name

    def column(self, *names: str) -> list[float]:
        """Return the first of these numbers that a line has, for each line, or NaN."""
        return [next((x[n] for n in names if n in x), math.nan) for x in self.lines]

    def clipped(self) -> list[float]:
        """Return the share of clipped steps from each line to the next, in percent.

        The log has the share of all steps so far.
        """
        sums = [(0.0, 0.0)]
        sums += [(x["step"], x["step"] * x.get("clipped", math.nan)) for x in self.lines]
        return [
            100 * min(max((after[1] - before[1]) / max(1, after[0] - before[0]), 0), 1)
            if math.isfinite(after[1] - before[1])
            else math.nan
            for before, after in pairwise(sums)
        ]


def trainings(curves: Sequence[Curve], over: Over = "steps") -> Figure:
    """Draw trainings side by side: loss, learning rate, gradient norm, share of clipped steps.

    A cross marks a validation that was not finite.

    Args:
        curves: the trainings.
        over: what the x axis counts.
    """
    labels = [curve.label for curve in curves]
    columns = 1 if max(map(len, labels)) > LONGEST_LINE // 3 else 3
    lines = sum(label.count("\n") + 1 for label in labels)
    figure = new_figure(6.4 + 0.2 * math.ceil(lines / columns), 9.0)
    (loss, rate), (norm, clipped) = figure.subplots(2, 2)
    bold = []
    for index, curve in enumerate(curves):
        x = curve.column(FIELD[over])
        style = line_style(index, len(x))
        dot = "." if len(x) == 1 else ""  # one point makes no line
        quiet = style | {"marker": dot, "linewidth": 0.9}
        name = curve.name
        loss.plot(x, curve.column("train_loss"), label=f"{name}, training", **quiet)
        found = curve.column("validation")
        bold += loss.plot(x, found, label=f"{name}, validation", **(style | {"linewidth": 1.8}))
        lost = [at for at, nats in zip(x, found, strict=True) if not math.isfinite(nats)]
        loss.plot(lost, [0.97] * len(lost), "x", color=style["color"], markersize=9,
                  transform=loss.get_xaxis_transform())  # fmt: skip
        quiet |= {"label": name}
        rate.plot(x, curve.column("learning_rate"), **quiet)
        norm.plot(x, positive(curve.column("mean_grad_norm", "grad_norm")), **quiet)
        clipped.plot(x, curve.clipped(), **quiet)
    _finish_losses(loss, curves)
    for clip in sorted({curve.clip for curve in curves if curve.clip}):
        norm.axhline(clip, color="grey", linewidth=1.2)
        norm.annotate(f"clip {clip:g}", (1, clip), xycoords=("axes fraction", "data"), ha="right",
                      va="bottom", fontsize="small", color="dimgrey")  # fmt: skip
    norm.set_yscale("log")
    rates = [max(curve.column("learning_rate"), default=0) for curve in curves]
    if max(rates) > 10 * min(rates) > 0:  # else the smaller ones lie on the axis
        rate.set_yscale("log")
    clipped.set_ylim(-3, 103)
    names = ["nats per character", "learning rate", "gradient norm", "clipped steps, %"]
    for axes, label in zip((loss, rate, norm, clipped), names, strict=True):
        axes.set_ylabel(label)
        axes.set_xlabel(LABEL[over])
        axes.grid(visible=True, linewidth=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    for text in figure.legend(
        bold, labels, loc="outside lower center", frameon=False, ncols=columns, fontsize="small",
    ).get_texts():  # fmt: skip
        text.set_parse_math(False)
    return figure


def picture(figure: Figure, kind: str) -> bytes:
    """Return a figure as a file that also says what it shows.

    In SVG the words stay words, which the browser sets.
    """
    import matplotlib

    file = io.BytesIO()
    words = describe(figure).encode("utf-8", "replace").decode()  # half a name cannot be written
    place = {"png": "Description", "pdf": "Subject", "svg": "Title"}[kind]
    with (
        warnings.catch_warnings(record=True) as told,
        matplotlib.rc_context({"svg.fonttype": "none"}),
    ):
        warnings.simplefilter("always")
        figure.savefig(file, format=kind, dpi=150, metadata={place: words})
    if kind != "svg" and any("missing from font" in str(each.message) for each in told):
        say("no font of matplotlib has all letters of these names; .svg and .html show them")
    return file.getvalue().replace(b"<svg ", b'<svg role="img" ', int(kind == "svg"))


def _finish_losses(axes: Axes, curves: Sequence[Curve]) -> None:
    """Add the axis of bits, tell which line is which, and cut off what a diverged training did."""
    bits = axes.secondary_yaxis("right", functions=(_bits, _nats))
    bits.set_ylabel("bits per character")
    axes.set_title("bold with marks: validation; thin: training", fontsize="small")
    uniform = max((curve.uniform or 0.0 for curve in curves), default=0.0)
    if uniform and axes.get_ylim()[1] > BEYOND * uniform:
        axes.set_ylim(0, BEYOND * uniform)
        axes.axhline(uniform, color="grey", linewidth=1.2)
        axes.annotate("knows nothing", (1, uniform), xycoords=("axes fraction", "data"), ha="right",
                      va="bottom", fontsize="small", color="dimgrey")  # fmt: skip


def _bits(nats: Any) -> Any:
    return nats / math.log(2)


def _nats(bits: Any) -> Any:
    return bits * math.log(2)
