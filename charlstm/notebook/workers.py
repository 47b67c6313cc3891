"""Panels that work for a long time: in one a model writes, in the other a model learns.

The work runs in a thread, and a Stop button ends it. About ten times a second the panel shows how
far the work is.
"""

from __future__ import annotations

import html
import itertools
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress

import ipywidgets as w
import torch

from charlstm.errors import UserError, translated
from charlstm.model.checkpoint import Checkpoint, find_model
from charlstm.model.network import CharModel
from charlstm.notebook import plots
from charlstm.notebook.panel import Panel, Picture, mark, told
from charlstm.options import ModelOptions, SampleOptions, TrainOptions
from charlstm.sampling.sampler import Sampler, generate
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.trainer import Trainer

SECONDS = 0.1  # between two updates of what a panel shows
FIRST = 300  # characters of the text with which a sampler opens
SHOWN = 20_000  # newest characters that a sampler shows while it writes
FIGURE_SECONDS = 1.0  # between two figures, as drawing one takes longer


class SamplerPanel(Panel):
    """A panel in which a model writes, letter by letter, until Stop.

    It opens with a first text, the same each time.

    Args:
        model: a model file, a run folder, a shipped model's name, or a checkpoint; None takes the
            shipped model.
        prime: text that the model continues.
        length: largest number of characters that the model writes.

    Attributes:
        widget: what the notebook shows. While the model writes, of a long text only the end.
    """

    def __init__(
        self, model: str | Checkpoint | None = None, prime: str = "", length: int = 600
    ) -> None:
        found = model if isinstance(model, Checkpoint) else Checkpoint.load(find_model(model))
        self._sampler = Sampler(found)
        self._length = length
        self._pieces = [""]  # the prime and characters: a text would be copied at each character
        self._temperature = w.FloatSlider(0.8, min=0, max=2, step=0.1, description="temperature")
        self._top_k = w.IntSlider(0, min=0, max=50, description="top-k (0: all)")
        self._min_p = w.FloatSlider(0, min=0, max=0.5, step=0.01, description="min-p (0: off)")
        self._no_repeat = w.IntSlider(0, min=0, max=50, description="no repeat (0: off)")
        self._prime = w.Text(prime, description="prime")
        self._output = w.HTML()
        self._work = _Work("Write", self._write, self._show)
        for name in ("temperature", "top_k", "min_p", "no_repeat", "prime"):
            control = getattr(self, f"_{name}")
            mark(control, name)
            control.style.description_width = "10em"
        sliders = [self._temperature, self._top_k, self._min_p, self._no_repeat]
        controls = w.VBox([*sliders, self._prime])
        with suppress(UserError):  # a prime that the model cannot read: Write tells what is wrong
            for _ in itertools.islice(self._write(seed=0), FIRST):
                pass
        self._show(True)
        super().__init__("sampler", [controls, self._work.buttons, self._output])

    def _write(self, seed: int | None = None) -> Generator[None, None, None]:
        options = SampleOptions(
            temperature=self._temperature.value,
            top_k=self._top_k.value or None,
            min_p=self._min_p.value or None,
            no_repeat=self._no_repeat.value or None,
            length=self._length,
            seed=seed,
        )
        prime = self._sampler.vocabulary.from_user(self._prime.value)
        self._pieces = [prime]
        for character in generate(self._sampler, prime, options):
            self._pieces.append(character)
            yield

    @property
    def text(self) -> str:
        """The prime, followed by what the model has written."""
        return self._shown(self._pieces)

    def _shown(self, pieces: list[str]) -> str:
        """Return text for a person: a model of bytes writes UTF-8, and may be amid a character."""
        return self._sampler.vocabulary.to_user("".join(pieces)).decode("utf-8", "replace")

    def _show(self, last: bool) -> None:
        self._output.value = _preformatted(
            self._shown(self._pieces if last else self._pieces[-SHOWN:])
        )


class TrainingMonitor(Panel):
    """A panel that trains a model on a text. It shows a live curve, a sample, and a Stop button.

    Args:
        text: the text that the model learns; the last tenth is for validation.
        model: sizes and dropout rates.
        training: budget and rates; by default one minute.

    Attributes:
        widget: what the notebook shows.
        losses: nats by step, for training and for validation.
        checkpoint: the best model so far, whatever ended the training; None until the first
            validation or the end.
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
        self._image = Picture()
        self._draw()
        self._sample = w.HTML()
        self._written = ""
        self._drawn = 0.0  # when the figure was drawn, by time.monotonic()
        self._work = _Work("Train", self._train, self._show)
        parts = [self._work.buttons, self._bar, self._image, self._sample]
        super().__init__("training", parts)

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
        with suppress(UserError):  # large weights may give no finite logits: then nothing is new
            self._written = "".join(generate(Sampler(self.checkpoint), "", options))

    def _show(self, last: bool) -> None:
        if not last and time.monotonic() - self._drawn < FIGURE_SECONDS:
            return
        self._drawn = time.monotonic()
        self._draw()
        self._sample.value = _preformatted(self._written)

    def _draw(self) -> None:
        self._figure = plots.training(self.losses)
        if not self.losses["train"]:  # empty axes without negative numbers
            self._figure.axes[0].set(xlim=(0, 1), ylim=(0, 5))
        self._image.show(self._figure)


class _Work:
    """Long work in a thread, with a button that begins it and a button that stops it.

    Args:
        name: label of the button that begins it.
        work: a generator that yields often; Stop closes it at the next yield.
        show: updates what the panel shows. It is called with False about ten times a second, and
            with True at the end.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Generator[None, None, None]],
        show: Callable[[bool], None],
    ) -> None:
        self._work = work
        self._show = show
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.begin = w.Button(description=name, icon="play")
        self.stop = w.Button(description="Stop", icon="stop", disabled=True)
        self.message = w.HTML()
        self.begin.on_click(lambda _: self.start())
        self.stop.on_click(lambda _: self._stopped.set())
        mark(self.begin, "begin")
        mark(self.stop, "stop")
        self.buttons = w.HBox([self.begin, self.stop, self.message])

    def start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._stopped.clear()
        self._torch_threads = torch.get_num_threads()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        self.begin.disabled = True
        self.stop.disabled = False
        self.message.value = ""
        shown = time.monotonic()
        # else it would begin with the number that another panel's work has set at this moment
        torch.set_num_threads(self._torch_threads)
        try:
            with closing(self._work()) as steps:
                for _ in steps:
                    if self._stopped.is_set():
                        break
                    if time.monotonic() - shown > SECONDS:
                        self._show(False)
                        shown = time.monotonic()
        except Exception as error:
            self.message.value = told(error)
            if translated(error) is None:
                raise
        finally:
            self._show(True)
            self.begin.disabled = False
            self.stop.disabled = True


def _preformatted(text: str) -> str:
    """Return HTML that shows a text as it is, with every space and line end, without markup."""
    style = "white-space: pre-wrap; line-height: 1.3; max-width: 80ch"
    return f'<pre style="{style}">{html.escape(text)}</pre>'
