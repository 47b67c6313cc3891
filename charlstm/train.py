"""The command that trains a model: `python -m charlstm.train my-text.txt --minutes 3`."""

from __future__ import annotations

import dataclasses
import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Optional

from charlstm.cpu import bf16_trouble, prepare_cpu
from charlstm.errors import UserError, carry_on_unread, command, say
from charlstm.options import (
    MOST_THREADS,
    PRESETS,
    DataOptions,
    ModelOptions,
    SampleOptions,
    Sources,
    SourcesArgument,
    TrainOptions,
    check,
    flag,
    given_flags,
    parse,
)

if TYPE_CHECKING:
    from charlstm.runs import Run
    from charlstm.trainer import Report

LINE_SECONDS = 15  # between two lines where there is no terminal, at least
SIZES = ("cell", "layers", "hidden_size", "embedding_size", "readout")


@dataclass(frozen=True)
class Train:
    """Train a character model on a text.

    python -m charlstm.train my-text.txt --minutes 3

    python -m charlstm.train tinyshakespeare --layers 2 --epochs 5 --out runs/bard --show 200

    python -m charlstm.train --resume runs/bard

    CORPUS is a file, several files, a folder, - for standard input, or the name of a corpus in
    CHARLSTM_DATA. runs/NAME/model.safetensors is the best model on validation,
    runs/NAME/resume.safetensors all that --resume needs, runs/NAME/log.jsonl a line per
    validation. Ctrl-C finishes the step and saves. --steps and --epochs give the same weights
    again on the same machine with the same threads; --minutes does not.
    """

    corpus: SourcesArgument = Sources()
    """The text to learn."""
    preset: Literal["small", "medium", "large"] = "medium"
    """Sizes and rates that go together; other flags change them."""
    out: Optional[str] = None
    """Folder of the run (default: runs/ and the name of the text)."""
    resume: Optional[str] = None
    """Go on with the training in this folder, with its own options, as if it had not stopped."""
    init_from: Optional[str] = None
    """Start from this model's weights and vocabulary, with its sizes."""
    unknown: Literal["add", "skip", "error"] = "add"
    """With --init-from: add characters that the model does not know, skip them, or refuse."""
    show: int = 0
    """Characters of a sample to show at each validation."""
    threads: Optional[int] = None
    """Threads (default: the CPUs this process may use)."""
    data: DataOptions = DataOptions()
    model: ModelOptions = ModelOptions()
    training: TrainOptions = TrainOptions()

    def __post_init__(self) -> None:
        check(self, threads=(1, MOST_THREADS), show=(0, None))
        if self.out == "":
            raise UserError("--out is empty; name a folder, or leave it out")


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = parse(Train, argv)
    given = parse(Train, argv, default=preset(given.preset))
    flags = given_flags(argv)
    _check(given, flags)

    threads = prepare_cpu(given.threads)
    run = _run(given, flags)
    if given.threads is None and run.threads != threads:
        prepare_cpu(run.threads)  # a resumed run goes on with as many as it had
    else:
        run.threads = threads
    _use_bf16(run)
    for line in _describe(run):
        say(line)
    code = _fit(run, given.show)
    if code:
        say(f"stopped and saved; python -m charlstm.train --resume {run.folder} goes on")
        return code
    _finish(run)
    return 0


def _check(given: Train, flags: set[str]) -> None:
    """Refuse what contradicts itself."""
    if given.resume is None and not given.corpus:
        raise UserError("no CORPUS; give a text to learn, or go on with a run by --resume RUN")
    if given.resume is not None and (odd := sorted(flags - {"resume", "show", "threads"})):
        raise UserError(
            f"{flag(odd[0])} beside --resume: a run goes on with the options it began with; leave"
            f" it out, or start anew with --init-from {given.resume}"
        )
    if given.init_from is None and "unknown" in flags:
        raise UserError("--unknown without --init-from: a new model learns every character")


def preset(name: Literal["small", "medium", "large"]) -> Train:
    """Return the command whose defaults are those of a preset."""
    values = PRESETS[name]
    model = {k: v for k, v in values.items() if k in ModelOptions.__dataclass_fields__}
    training = {k: v for k, v in values.items() if k in TrainOptions.__dataclass_fields__}
    return Train(preset=name, model=ModelOptions(**model), training=TrainOptions(**training))


def _run(given: Train, flags: set[str]) -> Run:
    from charlstm.checkpoint import Checkpoint, find_model
    from charlstm.corpora import read_corpus
    from charlstm.runs import Run, free_folder

    if given.resume is not None:
        return Run.resume(Path(given.resume), given.corpus)
    first = given.corpus[0]
    folder = (
        Path(given.out)
        if given.out
        else free_folder("stdin" if first == "-" else Path(first).resolve().stem)
    )
    if given.init_from is None:
        return Run.start(folder, read_corpus(given.corpus, given.data), given.model, given.training)
    checkpoint = Checkpoint.load(find_model(given.init_from))
    data = dataclasses.replace(given.data, bytes=checkpoint.vocabulary.bytewise)
    corpus = read_corpus(given.corpus, data)
    sizes = {name: getattr(checkpoint.options, name) for name in SIZES}
    fixed = sizes | {"bytes": checkpoint.vocabulary.bytewise}
    asked = dataclasses.asdict(given.model) | {"bytes": given.data.bytes}
    for name in sorted(flags & set(fixed)):
        if asked[name] != fixed[name]:
            raise UserError(
                f"{flag(name)} is {asked[name]}, but {given.init_from} has {fixed[name]}; leave it"
                " out"
            )
    options = dataclasses.replace(given.model, **sizes)
    run = Run.start_from(folder, corpus, checkpoint, options, given.training, given.unknown)
    old = checkpoint.vocabulary
    if new := run.vocabulary.characters[len(old) :]:
        say(f"{len(new)} new characters are added to the model's {len(old)}: {new!r}")
    if refused := run.vocabulary.unknown(corpus.text):
        say(f"{len(refused)} characters that the model does not know are left out: {refused!r}")
    return run


def _use_bf16(run: Run) -> None:
    wanted = run.trainer.options.precision
    trouble = "" if wanted == "fp32" else bf16_trouble(run.trainer.model.options.cell)
    run.trainer.model.bf16 = wanted != "fp32" and not trouble
    if wanted == "bf16" and trouble:
        say(f"--precision bf16: {trouble}; going on in fp32")


def _describe(run: Run) -> Iterator[str]:
    """Tell what will be trained on what, and for how long."""
    from charlstm.trainer import DEFAULT_MINUTES
    from charlstm.vocabulary import LARGE_VOCABULARY

    corpus, trainer, parts = run.corpus, run.trainer, run.corpus.parts()
    model, options, streams = trainer.model, trainer.options, trainer.streams
    length, characters = len(corpus.text), len(run.vocabulary)
    left_out = run.vocabulary.unknown(corpus.text)
    yield (
        f"text: {' '.join(corpus.sources)}, {length:,} characters, {characters} different; train"
        f" 0 to {parts['train'].stop:,}, validation to {parts['validation'].stop:,}"
        + (f"; {len(left_out)} rare characters left out" if left_out else "")
    )
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


def _fit(run: Run, show: int) -> int:
    """Train until the end (0) or a signal (128 + its number)."""
    with _signals() as caught, _Display() as display, closing(run.fit()) as reports:
        for report in reports:
            display.update(report)
            if report.validation is not None and show:
                display.write(_sample(run, show))
            if caught:
                return 128 + caught[0]
    return 0


def _finish(run: Run) -> None:
    from charlstm.evaluate import table

    progress = run.trainer.progress
    if run.trainer.out_of_patience():
        say(f"stopped early: {progress.stale} validations without a better one (--patience)")
    say(f"done: {progress.step:,} steps in {progress.seconds:,.0f} s; measuring the best model")
    say(table(run.finish()))
    say(f"saved: {run.folder}/model.safetensors; try  python -m charlstm.sample {run.folder}")


def _sample(run: Run, length: int) -> str:
    from charlstm.sampler import Sampler, generate

    checkpoint = run.checkpoint(run.trainer.average.to_arrays(), {})
    options = SampleOptions(length=length, seed=run.trainer.progress.step)
    text = "".join(generate(Sampler(checkpoint), "", options))
    return run.vocabulary.to_user(text).decode("utf-8", "replace")


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Note Ctrl-C and SIGTERM instead of dying of them; a second one kills as usual."""
    caught: list[int] = []

    def note(number: int, frame: Any) -> None:
        caught.append(number)
        signal.signal(number, before[number])

    numbers = (signal.SIGINT, signal.SIGTERM)
    before: dict[int, Any] = {number: signal.signal(number, note) for number in numbers}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Display:
    """A progress bar on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        from tqdm import tqdm

        form = "{percentage:3.0f}%|{bar:10}| {elapsed}<{remaining} {postfix}"
        self.bar = tqdm(total=1.0, bar_format=form, disable=not sys.stderr.isatty())
        self.started = False
        self.told = time.monotonic()
        self.validation = ""

    def __enter__(self) -> _Display:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def update(self, report: Report) -> None:
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
        with carry_on_unread():
            self.bar.write(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
