"""One panel for each thing that a person wants to play with in a notebook.

Figures are PNG bytes in an `Image`, texts are HTML: ipykernel 7 runs callbacks in a thread of their
own, where pyplot draws wrong figures and `print` goes nowhere. Long work runs in a thread that a
Stop button ends, and tells about ten times a second how far it is.
"""

from __future__ import annotations

import functools
import html
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any

import ipywidgets as w
import numpy as np

from charlstm.errors import UserError
from charlstm.insight.gradients import factor, horizon, reach
from charlstm.model import cells
from charlstm.model.checkpoint import Checkpoint, find_model
from charlstm.model.initial import initialize
from charlstm.model.network import CharModel
from charlstm.notebook import plots
from charlstm.options import ModelOptions, SampleOptions, TrainOptions
from charlstm.sampling.sampler import Sampler, generate
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.trainer import Trainer

SECONDS = 0.1  # between two looks of a panel that works
FIGURE_SECONDS = 1.0
ACTIVATIONS = {"tanh": cells.tanh, "relu": cells.relu, "linear": cells.linear}
LETTERS = 20


def explored_curve(
    cell: str = "lstm",
    scheme: str = "pytorch",
    gain: float = 1.0,
    forget_bias: float = 0.0,
    length: int = 60,
    activation: str = "tanh",
    seed: int = 0,
) -> np.ndarray[Any, Any]:
    """Return the gradient's norm by lag that the explorer draws, (length + 1,).

    Args:
        cell: a recurrence.
        scheme: initial weights, as for `model.initial.initialize`.
        gain: multiplies the recurrent matrix.
        forget_bias: of the cells that have a forget gate.
        length: T, random letters read.
        activation: of the cell "rnn".
        seed: of weights and letters.
    """
    options = ModelOptions(cell=cell, hidden_size=64, embedding_size=32)
    model = initialize(CharModel(options, LETTERS), scheme, gain, forget_bias, seed)
    ids = np.random.default_rng(seed).integers(LETTERS, size=(8, length + 1), dtype=np.int32)
    step = functools.partial(cells.rnn, activation=ACTIVATIONS[activation])
    return reach(model, ids, step=step if cell == "rnn" else None).curve()


def gradient_explorer(cell: str = "lstm", scheme: str = "pytorch") -> w.Widget:
    """Return a panel that shows how far a gradient reaches, while its sliders are moved.

    The curve before the last change stays, dashed, to compare with.

    Args:
        cell: the recurrence that it opens with.
        scheme: the initial weights that it opens with, as for `model.initial.initialize`.
    """
    schemes = ["pytorch", "charlstm"]
    controls = {
        "cell": w.Dropdown(options=list(cells.CELLS), value=cell, description="cell"),
        "scheme": w.Dropdown(options=schemes, value=scheme, description="start"),
        "gain": w.FloatSlider(1.0, min=0.1, max=3.0, step=0.1, description="gain"),
        "forget_bias": w.FloatSlider(0.0, min=-2, max=5, step=0.5, description="forget bias"),
        "length": w.IntSlider(60, min=10, max=200, step=10, description="length"),
        "activation": w.Dropdown(options=list(ACTIVATIONS), description="activation"),
    }
    image, told, lock = w.Image(format="png", width=640), w.HTML(), threading.Lock()
    shown: dict[str, Any] = {}

    def draw(_: object = None) -> None:
        with lock:  # two callbacks may run at once
            values = {name: control.value for name, control in controls.items()}
            curve = explored_curve(**values)
            lines = {"now": curve} | ({"before": shown["curve"]} if shown else {})
            image.value = plots.png(plots.norm_by_lag(lines, "the loss of the last character"))
            reached = horizon(curve)
            told.value = (
                f"factor {factor(curve):.3f} a step; below 1 % of its start"
                f" {f'from lag {reached} on' if reached else 'nowhere here'}"
            )
            shown["curve"] = curve
            controls["activation"].disabled = values["cell"] != "rnn"
            controls["forget_bias"].disabled = "f" not in cells.CELLS[values["cell"]].gates

    for name, control in controls.items():
        control.add_class(f"charlstm-{name.replace('_', '-')}")
        control.observe(draw, names="value")
    draw()
    left = w.VBox([controls[name] for name in ("cell", "scheme", "activation")])
    right = w.VBox([controls[name] for name in ("gain", "forget_bias", "length")])
    return _panel("explorer", w.HBox([left, right]), image, told)


def driven_unit(
    text: str, write: str = "", erase: str = "", i: float = 1.0, f: float = 1.0, o: float = 1.0
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return c and h, each (T,), of one LSTM unit whose gates are set by hand.

    Args:
        text: T characters.
        write: characters at which the input gate is `i`, elsewhere 0; what is written is 1.
        erase: characters at which the forget gate is 0, elsewhere `f`.
        i: input gate.
        f: forget gate.
        o: output gate, the same at every character.
    """
    c, states = 0.0, []
    for character in text:
        c = (0.0 if character in erase else f) * c + (i if character in write else 0.0)
        states.append(c)
    return np.array(states), o * np.tanh(states)


def gate_panel(text: str, write: str = "", erase: str = "") -> w.Widget:
    """Return a panel in which the gates of one LSTM unit are set by hand, see `driven_unit`."""
    texts = {"write": w.Text(write, description="write at"),
             "erase": w.Text(erase, description="erase at")}  # fmt: skip
    gates = {name: w.FloatSlider(1.0, min=0, max=1, step=0.05, description=f"{name} gate")
             for name in "ifo"}  # fmt: skip
    image, lock = w.Image(format="png", width=640), threading.Lock()

    def draw(_: object = None) -> None:
        with lock:  # two callbacks may run at once
            values = {name: control.value for name, control in (texts | gates).items()}
            c, h = driven_unit(text, **values)
            image.value = plots.png(plots.along(text, {"c": c, "h": h}, "state of the unit"))

    for name, control in (texts | gates).items():
        control.add_class(f"charlstm-{name}")
        control.observe(draw, names="value")
    draw()
    sides = [w.VBox(list(group.values())) for group in (texts, gates)]
    return _panel("gates", w.HBox(sides), image)


class SamplerPanel:
    """A panel in which a model writes, letter by letter, until Stop.

    Args:
        model: a model file, a run folder, a shipped model's name, or a checkpoint; None is the
            shipped model.
        prime: text to go on from.
        length: characters at most.

    Attributes:
        widget: what the notebook shows.
        text: what was written, the prime included.
    """

    def __init__(
        self, model: str | Checkpoint | None = None, prime: str = "", length: int = 600
    ) -> None:
        found = model if isinstance(model, Checkpoint) else Checkpoint.load(find_model(model))
        self._sampler, self._length, self.text = Sampler(found), length, ""
        self._temperature = w.FloatSlider(0.8, min=0, max=2, step=0.1, description="temperature")
        self._top_k = w.IntSlider(0, min=0, max=50, description="top-k (0: all)")
        self._prime = w.Text(prime, description="prime")
        self._output = w.HTML()
        self._work = _Work("Write", self._write, self._show)
        for name in ("temperature", "top_k", "prime"):
            control = getattr(self, f"_{name}")
            control.add_class(f"charlstm-{name.replace('_', '-')}")
            control.style.description_width = "7em"
        controls = w.VBox([self._temperature, self._top_k, self._prime])
        self.widget = _panel("sampler", controls, self._work.buttons, self._output)

    def _write(self) -> Generator[None, None, None]:
        options = SampleOptions(
            temperature=self._temperature.value,
            top_k=self._top_k.value or None,
            length=self._length,
        )
        self.text = self._prime.value
        for character in generate(self._sampler, self.text, options):
            self.text += character
            yield

    def _show(self, last: bool) -> None:
        self._output.value = _preformatted(self.text)


class TrainingMonitor:
    """A panel that trains a model on a text: a live curve, a sample so far, and Stop.

    Args:
        text: what is learnt; the last tenth is for validation.
        model: sizes.
        training: budget and rates.

    Attributes:
        widget: what the notebook shows.
        losses: nats by step, of training and validation.
        checkpoint: the best model so far, whatever ended the training; None before the first.
    """

    def __init__(
        self, text: str, model: ModelOptions | None = None, training: TrainOptions | None = None
    ) -> None:
        self._vocabulary = Vocabulary.of(text)
        self._ids = self._vocabulary.encode(text)
        self._options = model or ModelOptions()
        self._training = training or TrainOptions(minutes=1)
        self.losses: dict[str, dict[int, float]] = {"train": {}, "validation": {}}
        self.checkpoint: Checkpoint | None = None
        self._bar = w.FloatProgress(min=0, max=1, description="budget")
        self._image, self._sample = w.Image(format="png", width=640), w.HTML()
        self._told, self._drawn = "", 0.0
        self._work = _Work("Train", self._train, self._show)
        self.widget = _panel("training", self._work.buttons, self._bar, self._image, self._sample)

    def _train(self) -> Generator[None, None, None]:
        cut = int(0.9 * len(self._ids))
        model = CharModel(self._options, len(self._vocabulary), self._training.seed)
        trainer = Trainer(model, self._ids[:cut], self._ids[cut:], self._training)
        self.losses = {"train": {}, "validation": {}}
        try:
            for report in trainer.fit():
                self._bar.value = report.fraction
                if report.validation is not None:
                    self.losses["train"][report.step] = report.train_loss
                    self.losses["validation"][report.step] = report.validation
                    self._keep(trainer)
                yield
        finally:  # Stop keeps what was learnt
            self._keep(trainer)

    def _keep(self, trainer: Trainer) -> None:
        self.checkpoint = Checkpoint(self._options, self._vocabulary, trainer.kept())
        options = SampleOptions(length=200, seed=trainer.progress.step)
        self._told = "".join(generate(Sampler(self.checkpoint), "", options))

    def _show(self, last: bool) -> None:
        if not last and time.monotonic() - self._drawn < FIGURE_SECONDS:
            return
        self._drawn = time.monotonic()
        if self.losses["train"]:
            self._image.value = plots.png(plots.training(self.losses))
        self._sample.value = _preformatted(self._told)


class _Work:
    """Long work in a thread: a button that begins it and one that stops it.

    Args:
        name: of the first button.
        work: yields often; it is closed when Stop is pressed.
        show: called about ten times a second between two yields, and with True at the end.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Generator[None, None, None]],
        show: Callable[[bool], None],
    ) -> None:
        self._work, self._show = work, show
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.begin = w.Button(description=name, icon="play")
        self.stop = w.Button(description="Stop", icon="stop", disabled=True)
        self.message = w.HTML()
        self.begin.on_click(lambda _: self.start())
        self.stop.on_click(lambda _: self._stopped.set())
        self.begin.add_class("charlstm-begin")
        self.stop.add_class("charlstm-stop")
        self.buttons = w.HBox([self.begin, self.stop, self.message])

    def start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        self.begin.disabled, self.stop.disabled = True, False
        self.message.value, shown = "", time.monotonic()
        try:
            with closing(self._work()) as steps:
                for _ in steps:
                    if self._stopped.is_set():
                        break
                    if time.monotonic() - shown > SECONDS:
                        self._show(False)
                        shown = time.monotonic()
        except UserError as error:
            self.message.value = html.escape(str(error))
        finally:
            self._show(True)
            self.begin.disabled, self.stop.disabled = False, True


def _preformatted(text: str) -> str:
    """Show a text as it is: every space, every line end, and no markup of its own."""
    style = "white-space: pre-wrap; line-height: 1.3; max-width: 80ch"
    return f'<pre style="{style}">{html.escape(text)}</pre>'


def _panel(name: str, *parts: w.Widget) -> w.Widget:
    panel = w.VBox(list(parts))
    panel.add_class(f"charlstm-{name}")
    return panel
