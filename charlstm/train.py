"""The command that trains a model: `python -m charlstm.train my-text.txt --minutes 3`."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import sys
from collections.abc import Callable, Sequence, Set
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from charlstm.errors import UserError, command, counted, option, say
from charlstm.fields import check_ranges
from charlstm.flags import Positional, lay_over, parse
from charlstm.machine.cpus import prepare_cpu
from charlstm.machine.devices import find_device
from charlstm.machine.waiting import Waiting
from charlstm.options import (
    SIZES,
    UNITS,
    DataOptions,
    DeviceOptions,
    MachineOptions,
    ModelOptions,
    MoreOptions,
    Sources,
    TrainOptions,
)
from charlstm.quoting import invocation
from charlstm.training.display import Display, advice, describe
from charlstm.training.distributed import Ranks, join
from charlstm.training.presets import choose_preset, expectation, preset

if TYPE_CHECKING:
    import torch

    from charlstm.text.corpus import Corpus
    from charlstm.training.run import Run


@dataclass(frozen=True)
class Train:
    """Train a character model on a text.

    python -m charlstm.train my-text.txt --minutes 3

    python -m charlstm.train tinyshakespeare --layers 2 --epochs 5 --out runs/bard --show 200

    python -m charlstm.train --resume runs/bard

    python -m charlstm.train --resume runs/bard --more-minutes 5

    CORPUS is a file, several files, a folder, - for standard input, or a name that
    python -m charlstm.corpora lists.

    The run's folder, runs/NAME, gets five files. model.safetensors is the best model on
    validation. resume.safetensors holds all that --resume needs. log.jsonl has a line for each
    validation. lock keeps other trainings out while this one is at work. README.md, written
    at the end, is a card for those who get the model. Ctrl-C finishes the step
    and saves, and so does the end of an SSH session. With --steps or --epochs, the same machine
    with the same threads gives the same weights again; with --minutes it does not.
    """

    corpus: Annotated[Sources, Positional("[CORPUS ...]")] = Sources()
    """The text to learn."""
    preset: Literal["auto", "small", "medium", "large", "xlarge"] = "auto"
    """Sizes and rates that go together; other flags change them. auto chooses by the length of the
    text, the budget and the device."""
    out: str | None = None
    """Folder of the run (default: runs/ and the name of the text)."""
    resume: str | None = None
    """Go on with the training in this folder, with its own options, as if it had not stopped."""
    init_from: str | None = None
    """Start with the weights, the vocabulary and the sizes of this model."""
    unknown: Literal["add", "skip", "error"] = "add"
    """With --init-from: add characters that the model does not know, skip them, or refuse them."""
    show: int | None = None
    """Characters of samples to show at each validation, side by side at temperatures 0.5, 0.8 and
    1; none shows no sample."""
    data: DataOptions = DataOptions()
    model: ModelOptions = ModelOptions()
    training: TrainOptions = TrainOptions()
    more: MoreOptions = MoreOptions()
    device: DeviceOptions = DeviceOptions()
    machine: MachineOptions = MachineOptions()

    def __post_init__(self) -> None:
        check_ranges(self, show=(1, None))
        if self.out == "":
            raise UserError(f"{option('out')} is empty; name a folder, or leave it out")


@functools.partial(command, prints=False)
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    ranks = join()
    if ranks.rank:
        from charlstm.training.follow import follow

        return follow(ranks)
    given, flags = parse(Train, argv)
    _check(given, flags)
    asked = given.model.cell
    cell = ["--cell", asked] if ":" in asked else []  # later commands need it, too
    if "cell" in flags:
        given = _with_known_cell(given)

    from charlstm.text.order import told_of_end
    from charlstm.training.finish import is_finished

    prepare_cpu(given.machine.threads)
    run = _run(given, flags, ranks)
    finished = is_finished(run)
    if ranks.size > 1:
        from charlstm.training.follow import Plan

        ranks.first(lambda: None if finished else Plan.of(run.trainer, asked))
    if finished:
        steps = counted(run.trainer.progress.step, "step")
        others = f"{option('more_epochs')}, {option('more_steps')}"
        more = f"{option('more_minutes', 5)} (or {others})"
        say(f"{run.folder}: has finished, after {steps}; train it on with {more}")
        return 0
    end = "" if run.corpus.ends else told_of_end(run.corpus.text)
    for line in describe(run, end):
        say(line)
    code, last = _fit(run, given.show)
    if code:
        again = invocation("train", "--resume", run.folder, *cell)
        if ranks.size > 1:
            again = again.replace("python", "torchrun ...", 1)
        say(f"stopped and saved; {again} goes on")
        return code
    _finish(run, last, end)
    again = invocation("sample", run.folder, *cell)
    say(f"saved: {run.folder}/model.safetensors; try  {again}")
    return 0


def _check(given: Train, flags: Set[str]) -> None:
    """Refuse options that contradict each other."""
    if given.resume is None and not given.corpus:
        raise UserError("no CORPUS; give a text to learn, or go on with a run by --resume RUN")
    more = {f"more_{unit}" for unit in UNITS}
    beside = {"resume", "corpus", "cell", "show", "threads", "device", *more}
    if given.resume is None and (odd := sorted(flags & more)):
        new = option(odd[0].removeprefix("more_"))
        raise UserError(f"{option(odd[0])} without --resume: a new training has {new}")
    if given.resume is not None and (odd := sorted(flags - beside)):
        raise UserError(
            f"{', '.join(map(option, odd))} beside --resume: a run goes on with the options it"
            " began with; leave it out, or start anew with"
            f" {option('init_from', Path(given.resume))}"
        )
    if given.init_from is None and "unknown" in flags:
        raise UserError("--unknown without --init-from: a new model learns every character")


def _with_known_cell(given: Train) -> Train:
    """Import the module of a cell given as MODULE:NAME, and put NAME in place of that."""
    from charlstm.model.named_cells import import_cell

    cell = import_cell(given.model.cell)
    return dataclasses.replace(given, model=dataclasses.replace(given.model, cell=cell))


def _run(given: Train, flags: Set[str], ranks: Ranks) -> Run:
    from charlstm.model.checkpoint import Checkpoint, find_model
    from charlstm.text.corpus import read_corpus
    from charlstm.training.budget import Budget
    from charlstm.training.inherit import own_sizes
    from charlstm.training.place import Place
    from charlstm.training.run import Run

    place = Place(find_device(given.device.device), given.machine.threads, ranks)
    if given.resume is not None:
        cell = given.model.cell if "cell" in flags else None
        more = Budget.more(given.more)
        return Run.resume(Path(given.resume), given.corpus, place, more, cell)
    if given.init_from is None:
        corpus = read_corpus(given.corpus, given.data)
        expected, given = _with_preset(given, flags, corpus, place.device)
        model, training = given.model, given.training
        run = _begin(given, lambda folder: Run.start(folder, corpus, model, training, place))
        if not flags & set(SIZES):  # with other sizes it is another model
            say(expected)
        return run
    base = given.init_from
    checkpoint = Checkpoint.load(find_model(base))
    data = dataclasses.replace(given.data, bytes=checkpoint.vocabulary.bytewise)
    corpus = read_corpus(given.corpus, data)
    _, given = _with_preset(given, flags, corpus, place.device)
    asked = dataclasses.asdict(given.model) | {"bytes": given.data.bytes}
    asked = {name: value for name, value in asked.items() if name in flags}
    options = dataclasses.replace(given.model, **own_sizes(checkpoint, asked, base))
    training, unknown = given.training, given.unknown
    run = _begin(
        given,
        lambda folder: Run.start_from(
            folder, corpus, checkpoint, options, training, unknown, place
        ),
    )
    old = checkpoint.vocabulary
    if new := run.vocabulary.characters[len(old) :]:
        say(f"{counted(len(new), 'new character')} added to the model's {len(old)}: {new!r}")
    if refused := run.vocabulary.unknown(corpus.text):
        count = counted(len(refused), "character")
        say(f"{count} left out, because the model does not know them: {refused!r}")
    return run


def _begin(given: Train, start: Callable[[Path], Run]) -> Run:
    """Start in the folder that was named; without a name, in one that nobody else has taken."""
    from charlstm.training.folder import free_folder, name_of
    from charlstm.training.lock import TakenError

    if given.out:
        return start(Path(given.out))
    while True:
        with contextlib.suppress(TakenError):  # by a training that began in the same moment
            return start(free_folder(name_of(given.corpus[0])))


def _with_preset(
    given: Train, flags: Set[str], corpus: Corpus, device: torch.device
) -> tuple[str, Train]:
    """Lay the preset for this text under the options that were given.

    Returns:
        what to expect of the preset, and the command with its options.
    """
    length = len(corpus.text)
    if given.preset == "auto":
        name = choose_preset(length, given.training, device.type, flags)
        expected = expectation(name, length)
    else:
        name = given.preset
        expected = expectation(name)
    chosen = preset(name)
    model = lay_over(chosen.model, given.model, flags)
    training = lay_over(chosen.training, given.training, flags)
    return expected, dataclasses.replace(given, model=model, training=training)


def _fit(run: Run, show: int | None) -> tuple[int, float]:
    """Train to the end, or until a signal.

    Returns:
        0, or 128 + the number of the signal; and the mean loss of the last steps, 0 without a step.
    """
    from charlstm.training.shown import at_temperatures

    ranks = run.trainer.ranks
    last = 0.0
    with ranks.catching(), Display() as display, closing(run.fit()) as reports:
        for report in reports:
            display.update(report)
            last = report.train_loss
            if report.validation is not None and show:  # even if the run keeps older weights
                newest = run.checkpoint(run.trainer.average.to_arrays())
                display.write(at_temperatures(newest, show, report.step, run.place.threads))
            if ranks.stopped_by:
                return 128 + ranks.stopped_by, last
    return 0, last


def _finish(run: Run, last: float, end: str) -> None:
    from charlstm.model.checkpoint import Checkpoint
    from charlstm.training.card import write_card
    from charlstm.training.finish import characters_to_measure, finish
    from charlstm.training.shown import at_the_end

    progress = run.trainer.progress
    if run.trainer.out_of_patience():
        say(
            f"stopped early: {counted(progress.stale, 'validation')} without a better one"
            f" ({option('patience')})"
        )
    steps = counted(progress.step, "step")
    say(f"done: {steps} in {progress.seconds:,.0f} s; measuring the best model")
    with Waiting("measuring", characters_to_measure(run), "") as waiting:
        evaluation = finish(run, waiting.advance)
    say(evaluation.table())
    if progress.best is not None:
        training = run.trainer.score_training()
        V = len(run.vocabulary)
        say(advice(progress, training, progress.best, last, V, end))
    checkpoint = Checkpoint.load(run.folder / "model.safetensors")
    if not write_card(run.folder, checkpoint):
        say(f"{run.folder}/README.md: kept as it is, because it was written or changed by hand")
    say(at_the_end(checkpoint, progress.step, run.place.threads))


if __name__ == "__main__":
    sys.exit(main())
