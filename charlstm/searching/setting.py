"""One trial: ordinary trainings in folders of their own, one for each seed.

What Optuna minimises is the mean over the seeds of the cold nats on the validation part, as
`evaluate` measures them at the end. The pruner sees the best validation so far at each twentieth of
the budget, so that settings are compared where they have used the same share of it. With several
seeds it sees the first one's alone: a setting that survives it is trained with all.
"""

from __future__ import annotations

import math
import multiprocessing
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna

from charlstm.errors import UserError, translated
from charlstm.machine.atomic_file import remove
from charlstm.machine.devices import find_device
from charlstm.model.checkpoint import Checkpoint
from charlstm.searching.plan import Plan
from charlstm.searching.study import folder_of, is_surplus
from charlstm.training.finish import finish, is_finished
from charlstm.training.lock import Claim, TakenError, claim
from charlstm.training.place import Place
from charlstm.training.run import Run
from charlstm.training.saved import Saved
from charlstm.training.snapshot import DivergedError

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

    from charlstm.options import ModelOptions, TrainOptions
    from charlstm.training.progress import Report

LOOK = 10  # seconds; nobody looks into a folder for so long
STOPS = 20  # places of the budget at which settings are compared
WEIGHTS = ("model.safetensors", "resume.safetensors")


class SurplusError(Exception):
    """Other trials do already what this one would do."""


class SpoiltError(Exception):
    """The training of a setting failed by itself: it diverged, say."""


class Stopped(BaseException):  # no error: like KeyboardInterrupt
    """A signal came, or the process that began this worker is gone.

    Attributes:
        code: the exit code.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def objective(plan: Plan, trial: Trial, most: int) -> float:
    """Train and measure a setting with all seeds; return the mean of its cold nats.

    Args:
        plan: the search.
        trial: Optuna's trial.
        most: how many settings there are to be.

    Raises:
        SurplusError: there are enough without this one.
        SpoiltError: its training failed by itself; the trial has the reason in its `error`.
        Stopped: a signal came; its trainings are saved.
        UserError: nothing can be written, or the text is too short.
    """
    number = trial.number
    frozen = _frozen(trial)
    if is_surplus(trial.study.get_trials(deepcopy=False), number, most):
        trial.set_user_attr("surplus", True)
        raise SurplusError
    setting = plan.space.suggest(trial)
    folder = folder_of(plan.folder, frozen)
    try:
        mine = _claimed(folder)
    except TakenError:
        trial.set_user_attr("surplus", True)
        raise SurplusError from None
    trial.set_user_attr("folder", str(plan.folder.resolve()))
    trial.set_user_attr("host", socket.gethostname())
    found: list[dict[str, Any]] = []
    try:
        for seed in plan.seeds:
            found.append(_trained(plan, trial, frozen, setting, seed))
            trial.set_user_attr("seeds", found)
    finally:
        mine.let_go()
    return math.fsum(each["nats"] for each in found) / len(found)


def _claimed(folder: Path) -> Claim:
    """Take a trial's folder. Who looks whether its worker lives holds it for a moment, too.

    Raises:
        TakenError: somebody trains there.
    """
    until = time.monotonic() + LOOK
    while True:
        try:
            return claim(folder)
        except TakenError:
            if time.monotonic() > until:
                raise
        time.sleep(LOOK / 50)


def _frozen(trial: Trial) -> FrozenTrial:
    (own,) = (t for t in trial.study.get_trials(deepcopy=False) if t.number == trial.number)
    return own


def _trained(
    plan: Plan, trial: Trial, frozen: FrozenTrial, setting: dict[str, Any], seed: int
) -> dict[str, Any]:
    """Train a setting with a seed, or go on with that, and return its figures by name."""
    import dataclasses

    folder = folder_of(plan.folder, frozen) / f"seed-{seed}"
    place = Place(find_device(plan.device), plan.threads)
    model, training = plan.options(setting)
    training = dataclasses.replace(training, seed=seed)
    try:
        if _begun(folder, plan, model, training):
            run = Run.resume(folder, plan.corpus, place)
        else:
            for name in WEIGHTS:
                remove(folder / name)
            run = Run.start(folder, plan.text, model, training, place)
        if not is_finished(run):
            pruned = _Pruning(trial, max(frozen.intermediate_values, default=0))
            watched = plan.prune and seed == plan.seeds[0]
            _fit(run, pruned if watched else None)
            finish(run)
    except (DivergedError, MemoryError, RuntimeError) as error:  # not a full disk: all would fail
        if (told := translated(error)) is None:
            raise
        trial.set_user_attr("error", str(told))
        raise SpoiltError from error
    measured = Checkpoint.load(folder / "model.safetensors").measured
    if measured is None or measured.cold is None or measured.carried is None:
        trial.set_user_attr("error", "its score is not finite")
        raise SpoiltError
    progress = run.trainer.progress
    return {
        "seed": seed,
        "nats": measured.cold.nats,
        "carried": measured.carried.nats,
        "weights": sum(p.numel() for p in run.trainer.model.parameters()),
        "steps": progress.step,
        "characters": progress.step * run.trainer.chars_per_step,
        "seconds": progress.seconds,
    }


def _begun(folder: Path, plan: Plan, model: ModelOptions, training: TrainOptions) -> bool:
    """Whether a folder holds this very training: not a damaged one, nor one of another search."""
    try:
        saved = Saved.read(folder / "resume.safetensors")
    except UserError:  # none, too: killed before its first save was whole
        return False
    same = (saved.options, saved.training.options) == (model, training)
    return same and saved.provenance.sha256 == plan.text.sha256


class _Pruning:
    """Tells Optuna how a training goes, and ends it if it is behind."""

    def __init__(self, trial: Trial, percent: int) -> None:
        self._trial = trial
        self._told = percent * STOPS // 100

    def see(self, report: Report, best: float | None) -> None:
        """Report the best validation at each place that was passed.

        Raises:
            optuna.TrialPruned: the training is behind.
        """
        if report.validation is None or best is None:
            return
        place = int(report.fraction * STOPS)
        for passed in range(self._told + 1, place + 1):
            self._trial.report(best, passed * 100 // STOPS)
        self._told = max(self._told, place)
        if report.fraction < 1 and self._trial.should_prune():
            self._trial.set_user_attr("pruned", round(100 * report.fraction))
            raise optuna.TrialPruned


def _fit(run: Run, pruning: _Pruning | None) -> None:
    parent = multiprocessing.parent_process()
    ranks = run.trainer.ranks
    with ranks.catching(), closing(run.fit()) as reports:
        for report in reports:
            if ranks.stopped_by:
                raise Stopped(128 + ranks.stopped_by)
            if parent is not None and not parent.is_alive():
                raise Stopped(143)
            if pruning is not None:
                pruning.see(report, run.trainer.progress.best)


def keep_best(study: Study, folder: Path) -> None:
    """Delete the weights of all settings that have ended, but for the best one's.

    Their logs stay. Whoever calls this after a trial leaves no better one without its weights: only
    those that are behind another one in the storage are deleted.
    """
    ended = study.get_trials(
        deepcopy=False, states=(optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    )
    best = best_of(study)
    for trial in ended:
        if best is None or trial.number != best.number:
            for path in folder_of(folder, trial).glob("seed-*/*.safetensors"):
                if path.name in WEIGHTS:
                    remove(path)


def best_of(study: Study) -> FrozenTrial | None:
    """Return the trial with the lowest mean; None before the first has ended."""
    states = (optuna.trial.TrialState.COMPLETE,)
    ended = study.get_trials(deepcopy=False, states=states)
    return min(ended, key=lambda trial: (trial.value, trial.number), default=None)
