"""What a training tells a person on standard error: before it starts, while it runs, at its end."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from charlstm.errors import carry_on_unread, counted, figure, option
from charlstm.machine.devices import describe_device
from charlstm.training.budget import Budget

if TYPE_CHECKING:
    from charlstm.training.progress import Progress, Report
    from charlstm.training.run import Run

LINE_SECONDS = 5  # shortest time between two lines where there is no terminal
SHORT = 600  # seconds; a longer training writes its lines less often, so that a log stays readable
PARTED = 0.2  # nats; if validation is worse than training by more, more dropout helps
UNEVEN = 0.2  # nats; first steps lost at most 0.03 more than ln V (3 presets, 2 texts, 3 seeds)
LATE = 0.75  # share of the steps; if validation was best before it, training went on too long


def describe(run: Run, end: str = "") -> Iterator[str]:
    """Yield lines that tell what is trained, on which text, and for how long.

    Args:
        run: the training.
        end: how the end of the text is unlike the rest; empty if it is not.
    """
    from charlstm.model.kernels import bf16_trouble

    trainer = run.trainer
    if trainer.options.precision == "bf16" and not trainer.bf16:
        trouble = bf16_trouble(trainer.model.options.cell, trainer.model.device)
        yield f"{option('precision', 'bf16')}: {trouble}; going on in fp32"
    yield from _describe_text(run, end)
    yield from _describe_model(run)
    device = trainer.model.device
    if run.begun_on != device.type:
        yield f"begun on {run.begun_on}, goes on on {device.type}: it rounds in another way there"
    step = trainer.progress.step
    since = f", from step {step:,}" if step else ""
    yield f"budget: {Budget.of(trainer.options)}{since}; folder: {run.folder}"


def _describe_text(run: Run, end: str) -> Iterator[str]:
    from charlstm.text.report import report_lines, text_report
    from charlstm.text.vocabulary import LARGE_VOCABULARY

    corpus = run.corpus
    parts = corpus.parts()
    characters = len(run.vocabulary)
    left_out = run.vocabulary.unknown(corpus.text)
    train, validation = parts["train"].stop, parts["validation"].stop
    cut = f"train 0 to {train:,}, validation to {validation:,}"
    if corpus.ends:
        drawn = f"for validation, drawn by {corpus.options.split_by}"
        cut = f"{train:,} characters to train on, {validation - train:,} {drawn}"
    yield (
        f"text: {' '.join(corpus.sources)}; {cut};"
        f" vocabulary: {counted(characters, 'character')}"
        + (f", {counted(len(left_out), 'rare one')} left out" if left_out else "")
    )
    if not run.trainer.progress.step:
        yield from report_lines(text_report(corpus.text, corpus.options.bytes))
        if end:
            yield end
    if characters > LARGE_VOCABULARY:
        yield (
            f"a vocabulary of {characters:,} is large and makes training slow;"
            f" {option('min_count')} leaves rare characters out, {option('bytes')} has 256 at most"
        )


def _describe_model(run: Run) -> Iterator[str]:
    model = run.trainer.model
    options = run.trainer.options
    streams = run.trainer.streams
    if (streams.batch_size, streams.window) != (options.batch_size, options.window):
        yield (
            f"a short text: {counted(streams.batch_size, 'stream')} and windows of {streams.window}"
            f" instead of {options.batch_size} and {options.window}"
        )
    sizes = model.options
    weights = sum(p.numel() for p in model.parameters())
    cpu = model.device.type == "cpu"
    threads = run.trainer.threads
    used = (
        "threads: measured while it trains"
        if threads.measured
        else counted(threads.number, "thread")
    )
    where = used if cpu else describe_device(model.device)
    if (size := run.trainer.ranks.size) > 1:
        where += f" in each of {size} processes"
    yield (
        f"model: {sizes.layers} x {sizes.hidden_size} {sizes.cell}, {weights:,} weights;"
        f" {counted(streams.batch_size, 'stream')} x {counted(streams.window, 'character')},"
        f" {counted(streams.windows, 'window')} an epoch,"
        f" {counted(streams.dropped, 'character')} dropped;"
        f" {'bf16' if run.trainer.bf16 else 'fp32'}, {where}"
    )


class Display:
    """Shows progress: as a bar on a terminal, elsewhere as a line now and then."""

    def __init__(self) -> None:
        from tqdm import tqdm

        form = "{percentage:3.0f}%|{bar:10}| {elapsed}<{remaining} {postfix}"
        self.bar = tqdm(total=1.0, bar_format=form, disable=not sys.stderr.isatty())
        self.started = False
        self.begun = self.told = time.monotonic()
        self.loss = ""  # of the newest validation

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:
        with carry_on_unread():
            self.bar.close()

    def update(self, report: Report) -> None:
        """Show a step. A validation is always shown, other steps now and then."""
        if report.note:
            self.write(report.note)
        validation = ""
        if (nats := report.validation) is not None:
            self.loss = f" validation {figure(nats, 4)} nats"
            validation = f"{self.loss}, {figure(nats / math.log(2), 4)} bits;"
        speed = f"{report.chars_per_second:,.0f} chars/s"
        if not self.bar.disable:
            if not self.started:  # a resumed run's bar starts where it was
                self.bar.initial = self.bar.n = report.fraction
                self.started = True
            self.bar.set_postfix_str(
                f"loss {figure(report.train_loss, 3)}{self.loss} {speed}", refresh=False
            )
            with carry_on_unread():
                self.bar.update(report.fraction - self.bar.n)
        elif report.validation is not None or self._silent():
            self.told = time.monotonic()
            line = (
                f"{report.fraction:4.0%} step {report.step:,}: loss {figure(report.train_loss, 4)};"
            )
            self.write(f"{line}{validation} {report.clipped:.0%} clipped, {speed}")

    def _silent(self) -> bool:
        """Whether it is time for another line."""
        now = time.monotonic()
        return now - self.told > max(LINE_SECONDS, (now - self.begun - SHORT) / 100)

    def write(self, text: str) -> None:
        """Print a line without tearing the bar."""
        with carry_on_unread():
            self.bar.write(text, file=sys.stderr)


def advice(
    progress: Progress,
    training: float,
    validation: float,
    last: float,
    vocabulary_size: int,
    end: str = "",
) -> str:
    """Tell which options to change next, from how the training ended.

    Args:
        progress: the numbers of the training at its end.
        training: nats per character of the best model on the training text, cold, without dropout.
        validation: the same for the validation text.
        last: mean loss of the last steps, nats per character.
        vocabulary_size: V; a model that knows nothing loses ln V nats per character.
        end: how the end of the text is unlike the rest; empty if it is not.
    """
    dropout = option("dropout")
    size = option("hidden_size")
    scores = f"training {figure(training, 3)}, validation {figure(validation, 3)} nats"
    told = f"the same model, cold: {scores};"
    guessing = math.log(vocabulary_size)
    if not all(nats <= guessing + UNEVEN for nats in (training, last)):  # NaN is not, either
        return (
            f"{told} the training diverged: its loss is above {guessing:.3f}, what guessing among"
            f" {vocabulary_size} characters costs (ln V): train again with a smaller"
            f" {option('learning_rate')}, and with {option('clip', 1.0)} or less"
        )
    if end and validation - training > PARTED:
        return f"{told} they part, and {end}"
    if progress.best_step < LATE * progress.step:
        parted = validation > training
        why = "then the text was learnt by heart" if parted else "and got no better"
        return (
            f"{told} validation was best at step {progress.best_step:,} of {progress.step:,},"
            f" {why}: raise {dropout} and {option('weight_drop')}, give it more text, or less time"
        )
    if validation - training > PARTED:
        return (
            f"{told} they part: more text helps most, then {dropout} and {option('weight_drop')},"
            f" and with those higher more time and a larger {size}"
        )
    return f"{told} they are not far apart: more time and a larger {size} will help most"
