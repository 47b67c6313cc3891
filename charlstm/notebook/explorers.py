"""Panels that redraw their figure whenever a control moves."""

from __future__ import annotations

import functools
from typing import Any

import ipywidgets as w
import numpy as np

from charlstm.insight.activations import record
from charlstm.insight.gradients import factor, horizon, reach
from charlstm.model import cells
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.named_cells import find_cell, known_cells
from charlstm.model.network import SCHEMES, CharModel, initialize
from charlstm.notebook import plots, text_plots
from charlstm.notebook.figure import redraw
from charlstm.notebook.newest import Newest
from charlstm.notebook.panel import Panel, Picture
from charlstm.options import ModelOptions

ACTIVATIONS = {"tanh": cells.tanh, "relu": cells.relu, "linear": cells.linear}
LETTERS = 20  # different letters in the random texts of the explorer
REMEMBERED = 500  # curves: a reader goes back and forth


def explored_curve(
    cell: str = "lstm",
    scheme: str = "pytorch",
    gain: float = 1.0,
    forget_bias: float = 0.0,
    length: int = 60,
    activation: str = "tanh",
    seed: int = 0,
) -> np.ndarray[Any, Any]:
    """Return the curve that `GradientExplorer` draws: a gradient's norm by lag, (length + 1,).

    Args:
        cell: name of the cell.
        scheme: initial weights, as for `initialize`.
        gain: multiplies the recurrent matrix.
        forget_bias: bias of the forget gate, for cells that have one.
        length: T, the number of random letters that the network reads.
        activation: activation of the cell "rnn"; other cells ignore it.
        seed: seed of the weights and the letters.
    """
    options = ModelOptions(cell=cell, hidden_size=64, embedding_size=None)
    model = initialize(CharModel(options, LETTERS), scheme, gain, forget_bias, seed)
    ids = np.random.default_rng(seed).integers(LETTERS, size=(8, length + 1), dtype=np.int32)
    step = functools.partial(cells.rnn, activation=ACTIVATIONS[activation])
    return reach(model, ids, step=step if cell == "rnn" else None).curve()


class GradientExplorer(Panel):
    """A panel that shows how far a gradient reaches, while its sliders are moved.

    The curve shown before stays as a dashed line, for comparison. The title says for which values
    the curve is drawn, so that a late figure never passes for one of newer values.

    Args:
        cell: the cell that is chosen when the panel opens.
        scheme: the initial weights when the panel opens, as for `initialize`.

    Attributes:
        widget: what the notebook shows.
        newest: draws when a control moves.
    """

    def __init__(self, cell: str = "lstm", scheme: str = "pytorch") -> None:
        left = {
            "cell": w.Dropdown(options=list(known_cells()), value=cell, description="cell"),
            "scheme": w.Dropdown(options=SCHEMES, value=scheme, description="start"),
            "activation": w.Dropdown(options=list(ACTIVATIONS), description="activation"),
        }
        right = {
            "gain": w.FloatSlider(1.0, min=0.1, max=3.0, step=0.1, description="gain"),
            "forget_bias": w.FloatSlider(0.0, min=-2, max=5, step=0.5, description="forget bias"),
            "length": w.IntSlider(60, min=10, max=200, step=10, description="length"),
        }
        self._controls = left | right
        self._image = Picture()
        self._summary = w.HTML()
        self._curve_of = functools.lru_cache(REMEMBERED)(explored_curve)
        self._curve: np.ndarray[Any, Any] | None = None
        self.newest = Newest(self._controls, self._draw, self._image)
        columns = [w.VBox(list(group.values())) for group in (left, right)]
        parts = [self.newest.message, w.HBox(columns), self._image, self._summary]
        super().__init__("explorer", parts)

    def _draw(self, values: dict[str, Any]) -> None:
        curve = self._curve_of(**values)
        lines = {"now": curve}  # a legend does not show a name that begins with _
        lines |= {"_": np.zeros(1)} if self._curve is None else {"before": self._curve}
        if self._figure is None:
            self._figure = plots.norm_by_lag(lines)
        redraw(self._figure, lines, _title(values))
        self._curve = curve
        self._image.show(self._figure)
        self._summary.value = _summary(curve)
        self._controls["activation"].disabled = values["cell"] != "rnn"
        self._controls["forget_bias"].disabled = "f" not in find_cell(values["cell"]).gates


def _summary(curve: np.ndarray[Any, Any]) -> str:
    if not np.isfinite(curve).all():
        return "a state or a gradient has grown too large for a number of 32 bits"
    lag = horizon(curve)
    below = f"from lag {lag} on" if lag else "nowhere here"
    return f"factor {factor(curve):.3f} a step; below 1 % of its start {below}"


def _title(values: dict[str, Any]) -> str:
    """Return the values of the explorer's controls as a title; what plays no part is left out."""
    parts = [values["cell"], f"start {values['scheme']}", f"gain {values['gain']:g}"]
    if values["cell"] == "rnn":
        parts.append(values["activation"])
    if "f" in find_cell(values["cell"]).gates:
        parts.append(f"forget bias {values['forget_bias']:g}")
    return ", ".join([*parts, f"{values['length']} letters"])


def driven_unit(
    text: str, write: str = "", erase: str = "", i: float = 1.0, f: float = 1.0, o: float = 1.0
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return c and h, each (T,), of one LSTM unit whose gates are set by hand.

    Args:
        text: T characters.
        write: at these characters the input gate is `i`, elsewhere it is 0. The unit writes a 1.
        erase: at these characters the forget gate is 0, elsewhere it is `f`.
        i: value of the input gate.
        f: value of the forget gate.
        o: value of the output gate, the same at every character.
    """
    c = 0.0
    states = []
    for character in text:
        c = (0.0 if character in erase else f) * c + (i if character in write else 0.0)
        states.append(c)
    return np.array(states), o * np.tanh(states)


class GatePanel(Panel):
    """A panel in which a reader sets the gates of one LSTM unit by hand (see `driven_unit`).

    Args:
        text: what the unit reads.
        write: the characters at which it writes when the panel opens.
        erase: the characters at which it erases when the panel opens.

    Attributes:
        widget: what the notebook shows.
        newest: draws when a control moves.
    """

    def __init__(self, text: str, write: str = "", erase: str = "") -> None:
        texts = {
            "write": w.Text(write, description="write at"),
            "erase": w.Text(erase, description="erase at"),
        }
        gates = {
            name: w.FloatSlider(1.0, min=0, max=1, step=0.05, description=f"{name} gate")
            for name in "ifo"
        }
        self._text = text
        self._image = Picture()
        self.newest = Newest(texts | gates, self._draw, self._image)
        columns = [w.VBox(list(group.values())) for group in (texts, gates)]
        super().__init__("gates", [self.newest.message, w.HBox(columns), self._image])

    def _draw(self, values: dict[str, Any]) -> None:
        lines = dict(zip("ch", driven_unit(self._text, **values), strict=True))
        title = f"i = {values['i']:g}, f = {values['f']:g}, o = {values['o']:g}"
        if self._figure is None:
            self._figure = text_plots.along(self._text, lines, "state of the unit")
        redraw(self._figure, lines, title)
        self._image.show(self._figure)


class UnitPanel(Panel):
    """A panel in which a reader looks for units that mean something.

    The model reads the text once, when the panel opens. Then a letter's colour shows what the
    chosen unit holds after it: a gate from 0 to 1, h and g from -1 to 1, c as tanh c.

    Args:
        checkpoint: the model.
        text: what it reads.
        before: text that it reads first and that the panel does not show.
        start: layer from 0, name of a state or gate, and number of the unit when the panel opens.

    Attributes:
        widget: what the notebook shows.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        text: str,
        before: str = "",
        start: tuple[int, str, int] | None = None,
    ) -> None:
        self._text = text
        self._layers = [
            {name: values[len(before) :] for name, values in layer.items()}
            for layer in record(checkpoint, before + text)
        ]
        layer, name, unit = start or (0, "h", 0)
        last = checkpoint.options.hidden_size - 1
        layers = [(f"layer {k + 1}", k) for k in range(len(self._layers))]
        controls = {
            "layer": w.Dropdown(options=layers, value=layer, description="layer"),
            "value": w.Dropdown(options=list(self._layers[0]), value=name, description="value"),
            "unit": w.BoundedIntText(unit, min=0, max=last, description=f"unit 0-{last}"),
        }
        self._image = Picture()
        self.newest = Newest(controls, self._draw, self._image)
        super().__init__(
            "units", [self.newest.message, w.HBox(list(controls.values())), self._image]
        )

    def _draw(self, values: dict[str, Any]) -> None:
        numbers = self._layers[values["layer"]][values["value"]][:, values["unit"]]
        self._figure = text_plots.unit(self._text, numbers, **values)
        self._image.show(self._figure)
