"""What a training tells a person on standard error: before it, while it goes on, and after it."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from charlstm.errors import carry_on_unread
from charlstm.options import DEFAULT_MINUTES

if TYPE_CHECKING:
    from charlstm.training.run import Run
    from charlstm.training.trainer import Progress, Report

LINE_SECONDS = 15  # between two lines where there is no terminal, at least
PARTED = 0.2  # nats between training and validation that call for more dropout
LATE = 0.75  # share of the steps; a model that was best before has gone past it


def describe(run: Run) -> Iterator[str]:
    """Tell what will be trained on what, and for how long."""
    from charlstm.text.report import report_lines, text_report
    from charlstm.text.vocabulary import LARGE_VOCABULARY

    corpus, trainer, parts = run.corpus, run.trainer, run.corpus.parts()
    model, options, streams = trainer.model, trainer.options, trainer.streams
    characters = len(run.vocabulary)
    left_out = run.vocabulary.unknown(corpus.text)
    yield (
        f"text: {' '.join(corpus.sources)}; train 0 to {parts['train'].stop:,}, validation to"
        f" {parts['validation'].stop:,}; vocabulary: {characters:,} characters"
        + (f", {len(left_out)} rare ones left out" if left_out else "")
    )
    if not trainer.progress.step:
        yield from report_lines(text_report(corpus.text, corpus.options.bytes))
    if characters > LARGE_VOCABULARY:
        yield (
            f"a vocabulary of {characters:,} is large and makes training slow; --min-count leaves"
            " rare characters out, --bytes has 256 at most"
        )
    if (streams.batch_size, streams.window) != (options.batch_size, options.window):
        yield (
            f"a short text: {streams.batch_size} streams and windows of {streams.window} instead of"
            f" {options.batch_size} and {options.window}"
        )
    weights = sum(p.numel() for p in model.parameters())
    sizes = model.options
    yield (
        f"model: {sizes.layers} x {sizes.hidden_size} {sizes.cell}, {weights:,} weights;"
        f" {streams.batch_size} streams x {streams.window} characters, {streams.windows} windows an"
        f" epoch, {streams.dropped} characters dropped; {'bf16' if model.bf16 else 'fp32'},"
        f" {run.threads} threads"
    )
    if options.steps:
        budget = f"{options.steps:,} steps"
    elif options.epochs:
        budget = f"{options.epochs:g} epochs"
    else:
        budget = f"{options.minutes or DEFAULT_MINUTES:g} minutes"
    at = f", from step {trainer.progress.step:,}" if trainer.progress.step else ""
    yield f"budget: {budget}{at}; folder: {run.folder}"


class Display:
    """A progress bar on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        from tqdm import tqdm

        form = "{percentage:3.0f}%|{bar:10}| {elapsed}<{remaining} {postfix}"
        self.bar = tqdm(total=1.0, bar_format=form, disable=not sys.stderr.isatty())
        self.started = False
        self.told = time.monotonic()
        self.validation = ""

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def update(self, report: Report) -> None:
        """Show a step; validations always, other steps now and then."""
        if report.note:
            self.write(report.note)
        if report.validation is not None:
            nats = report.validation
            self.validation = f" validation {nats:.4f} nats, {nats / math.log(2):.4f} bits;"
        speed = f"{report.chars_per_second:,.0f} chars/s"
        if not self.bar.disable:
            if not self.started:  # a resumed run starts where it was
                self.bar.initial = self.bar.n = report.fraction
                self.started = True
            seen = self.validation.split(",")[0]
            self.bar.set_postfix_str(f"loss {report.train_loss:.3f}{seen} {speed}", refresh=False)
            self.bar.update(report.fraction - self.bar.n)
        elif report.validation is not None or time.monotonic() - self.told > LINE_SECONDS:
            self.told = time.monotonic()
            line = f"{report.fraction:4.0%} step {report.step:,}: loss {report.train_loss:.4f};"
            self.write(f"{line}{self.validation} {report.clipped:.0%} clipped, {speed}")

    def write(self, text: str) -> None:
        """Print a line without tearing the bar."""
        with carry_on_unread():
            self.bar.write(text, file=sys.stderr)


def advice(progress: Progress, training: float, validation: float) -> str:
    """Tell which knob to turn, from how the training ended.

    Args:
        progress: of the training.
        training: nats of the best model on the training text, cold, nothing dropped.
        validation: the same on the validation text.
    """
    told = f"the same model, cold: training {training:.3f}, validation {validation:.3f} nats;"
    if progress.best_step < LATE * progress.step:
        parted = validation > training
        why = "then the text was learnt by heart" if parted else "and got no better"
        return (
            f"{told} validation was best at step {progress.best_step:,} of {progress.step:,},"
            f" {why}: raise --dropout and --weight-drop, give it more text, or less time"
        )
    if validation - training > PARTED:
        return (
            f"{told} they part: more text helps most, then --dropout and --weight-drop, and with"
            " those higher more time and a larger --hidden-size"
        )
    return f"{told} they are close: more time and a larger --hidden-size will help most"
