"""The command that finds good options: `python -m charlstm.search my-text.txt --space ...`."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import json
import sys
import time
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from charlstm.errors import UserError, command, counted, option, say
from charlstm.fields import ABOVE_0, LARGEST_COUNT, check_ranges
from charlstm.flags import Positional, lay_over, parse
from charlstm.machine.atomic_file import make_folder, write_atomically
from charlstm.machine.cpus import prepare_cpu
from charlstm.options import (
    UNITS,
    DataOptions,
    DeviceOptions,
    Items,
    MachineOptions,
    ModelOptions,
    Sources,
    TrainOptions,
)
from charlstm.quoting import invocation
from charlstm.training.presets import choose_preset, preset

if TYPE_CHECKING:
    from charlstm.searching.findings import Results
    from charlstm.searching.plan import Plan

TRIALS = 20  # of random and tpe, if no number is given


@dataclass(frozen=True)
class Search:
    """Find good options for a text: train many small models, and keep the best.

    python -m charlstm.search my-text.txt --space hidden_size=64..512:log dropout=0..0.5 --minutes 2

    python -m charlstm.search tales --sampler grid --space layers=1,2 cell=lstm,gru --epochs 2

    python -m charlstm.search tales --space learning_rate=1e-3..0.1:log --repeat 5 --workers 2

    Each item of --space is an option of train and its values: a list (layers=1,2), or a range
    (dropout=0..0.5) that may count ratios (:log) or have steps (:step=32). All other options of
    train are the same for all settings. Ctrl-C saves; the same command goes on, also after a kill
    and with more --trials. At the end come a table, a figure, and the command that trains the best;
    its model is kept. A search needs the search extra.
    """

    corpus: Annotated[Sources, Positional("[CORPUS ...]")] = Sources()
    """The text to learn."""
    space: Items = Items()
    """What is tried: an item for each option."""
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    """Who chooses settings: Optuna's tree-structured Parzen estimator, chance, or all of a grid in
    mixed order."""
    trials: int | None = None
    """Settings to try (default: 20; all of a grid)."""
    repeat: int = 1
    """Trainings of each setting, with a seed each; settings are ranked by the mean."""
    prune: Literal["auto", "median", "off"] = "auto"
    """End trainings early that are behind the median (from 30 percent of the budget on, after 5
    settings); auto does so, but not with a grid or --repeat, where all figures count."""
    hours: float | None = None
    """After so many hours no further setting begins; the same command goes on later."""
    workers: int = 1
    """Processes on this machine; with more than one, each has one thread."""
    storage: str | None = None
    """URL of Optuna's storage, for several machines (default: search.db in the folder)."""
    out: str | None = None
    """Folder of the search (default: runs/ and the name of the text, with -search)."""
    json: bool = False
    """Print one JSON object on standard output."""
    preset: Literal["auto", "small", "medium", "large", "xlarge"] = "auto"
    """Sizes and rates of all settings, but for the space and other flags; auto as in train."""
    data: DataOptions = DataOptions()
    model: ModelOptions = ModelOptions()
    training: TrainOptions = TrainOptions()
    device: DeviceOptions = DeviceOptions()
    machine: MachineOptions = MachineOptions()

    def __post_init__(self) -> None:
        check_ranges(self, trials=(1, 100_000), repeat=(1, 1000), workers=(1, 1024))
        check_ranges(self, hours=(ABOVE_0, None))
        if (most := LARGEST_COUNT + 1 - self.repeat) < self.training.seed:
            repeated = f"{option('seed', self.training.seed)} with {option('repeat', self.repeat)}"
            raise UserError(f"{repeated}: the first seed must be at most {most}")
        if self.out == "":
            raise UserError(f"{option('out')} is empty; name a folder, or leave it out")


@functools.partial(command)
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, flags = parse(Search, argv)
    if not given.corpus:
        raise UserError("no CORPUS; give a text to learn, before --space")
    if "-" in given.corpus:
        raise UserError("CORPUS is -: a search reads its text again and again; give a file")
    try:
        for name in ("optuna", "sklearn"):  # the second for the importances, at the end
            importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UserError(
            f"{(error.name or '').partition('.')[0]} is not installed; a search needs the search"
            " extra: pip install -c constraints.txt -e '.[search]'"
        ) from None
    from charlstm.searching.findings import Results
    from charlstm.searching.processes import run_workers
    from charlstm.searching.study import open_study, telling_of_storage

    plan = _plan(given, flags)
    make_folder(plan.folder)
    with telling_of_storage(plan):
        results = Results(plan, open_study(plan))
        code = 0
        if results.is_done():
            more = "" if plan.sampler == "grid" else f"; more {option('trials')} go on with it"
            say(f"{plan.folder}: this search is done{more}")
        else:
            _begin(plan, results)
            until = time.time() + 3600 * given.hours if given.hours else float("inf")
            code = run_workers(plan, until)
            results = Results(plan, open_study(plan))
        return _end(plan, results, code, given.json)


def _plan(given: Search, flags: Set[str]) -> Plan:
    from charlstm.machine.devices import find_device
    from charlstm.searching.plan import Plan
    from charlstm.searching.space import Space
    from charlstm.text.corpus import read_corpus
    from charlstm.training.folder import name_of

    space = Space.read(given.space)
    for name in (d.name for d in space.dimensions):
        if name in flags:
            raise UserError(
                f"{option(name)} and {name} in {option('space')}: an option is fixed or tried, not"
                " both; leave one out"
            )
    threads = given.machine.threads or (1 if given.workers > 1 else None)
    prepare_cpu(threads)
    corpus = read_corpus(given.corpus, given.data)
    device = find_device(given.device.device)
    name = given.preset
    if name == "auto":
        name = choose_preset(len(corpus.text), given.training, device.type, flags)
    chosen = preset(name)
    number = len(list(space.grid())) if given.sampler == "grid" else given.trials or TRIALS
    if given.sampler == "grid" and given.trials not in (None, number):
        raise UserError(
            f"{option('trials')} is {given.trials}, but the grid has {counted(number, 'setting')};"
            f" leave it out, or give {option('sampler', 'random')}"
        )
    folder = Path(given.out or f"runs/{name_of(given.corpus[0])}-search")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: a file; name a folder with {option('out')}")
    several = given.sampler == "grid" or given.repeat > 1
    plan = Plan(
        corpus=tuple(given.corpus),
        data=given.data,
        model=lay_over(chosen.model, given.model, flags),
        training=lay_over(chosen.training, given.training, flags),
        cell=given.model.cell,
        given=tuple(_words(given, flags, name, threads)),
        space=space,
        sampler=given.sampler,
        trials=number,
        repeat=given.repeat,
        prune=given.prune == "median" or (given.prune == "auto" and not several),
        folder=folder,
        storage=given.storage,
        device=given.device.device,
        threads=threads,
        workers=given.workers,
    )
    plan.__dict__["text"] = corpus
    space.check(plan.options)
    return plan


def _words(given: Search, flags: Set[str], preset: str, threads: int | None) -> list[str]:
    """Return the words of the command line that all trainings have alike."""
    words = ["--preset", preset]
    for group in (given.data, given.model, given.training, given.device):
        for field in dataclasses.fields(group):
            value: Any = getattr(group, field.name)
            if field.name not in flags or field.name == "seed":
                continue
            flag = "--" + field.name.replace("_", "-")
            if isinstance(value, bool):
                words += [flag] if value else []
            elif isinstance(value, tuple):
                words += [flag, *map(str, value)]
            else:
                words += [flag, "none" if value is None else str(value)]
    if not flags & set(UNITS):
        words += ["--minutes", "3"]
    return words + (["--threads", str(threads)] if threads else [])


def _begin(plan: Plan, results: Results) -> None:
    """Tell what is searched, and what it will cost."""
    from charlstm.searching.cost import lines_of_cost

    left = plan.trials - len(results.settled)
    before = f", {len(results.settled)} of them done" if results.settled else ""
    say(f"search: {plan.space}; {plan.sampler}, {counted(plan.trials, 'setting')}{before}")
    for line in lines_of_cost(plan, left):
        say(line)
    threads = f" with {counted(plan.threads, 'thread')} each" if plan.threads else ""
    say(f"{counted(plan.workers, 'worker')}{threads}; folder: {plan.folder}")


def _end(plan: Plan, results: Results, code: int, as_json: bool) -> int:
    """Show what was found, and write it down."""
    from charlstm.model.checkpoint import Checkpoint
    from charlstm.training.card import write_card

    told = results.to_json()
    write_atomically(plan.folder / "search.json", (json.dumps(told) + "\n").encode())
    run = results.best_run()
    if len(results.complete) > 1:
        _draw(plan, results)
    if as_json:
        print(json.dumps(told))
    else:
        print("\n".join(results.table()))
    if results.complete:
        say(f"trains the best: {results.command()}")
        if run is not None and (run / "model.safetensors").exists():
            write_card(run, Checkpoint.load(run / "model.safetensors"))
            cell = ["--cell", plan.cell] if ":" in plan.cell else []
            say(f"its model is kept: {invocation('sample', run, *cell)}")
        else:
            say(f"its model is on the machine {results.complete[0].user_attrs['host']}")
    elif results.settled:
        say(f"no setting was trained to its end, so no model is kept; {option('json')} says why")
    if code:
        say("stopped and saved; the same command goes on")
    elif not results.is_done():
        left = plan.trials - len(results.settled)
        say(f"{counted(left, 'setting')} left, or at work elsewhere; the same command goes on")
    return code


def _draw(plan: Plan, results: Results) -> None:
    """Draw the settings into the folder."""
    from charlstm.measuring.comparison import interval
    from charlstm.notebook.run_plots import picture
    from charlstm.notebook.search_plots import search

    settings = []
    for trial in sorted(results.complete, key=lambda trial: trial.number):
        found = interval([each["nats"] for each in trial.user_attrs["seeds"]])
        ends = {"low": found.low, "high": found.high} if found.seeds > 1 else {}
        settings.append({**trial.params, "nats": found.mean, **ends})
    names = [d.name for d in plan.space.dimensions]
    figure = search(settings, names, results.held_equal())
    path = plan.folder / "search.png"
    write_atomically(path, picture(figure, "png"))
    say(f"{path}: the scores, and each option against them")


if __name__ == "__main__":
    sys.exit(main())
