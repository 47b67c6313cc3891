"""Processes that take trials until all are done. Each may be killed at any time."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing.process import BaseProcess

import optuna
from optuna.trial import FrozenTrial

from charlstm.errors import command, counted, say
from charlstm.machine.cpus import prepare_cpu
from charlstm.searching.dimension import rounded
from charlstm.searching.plan import Plan
from charlstm.searching.setting import (
    SpoiltError,
    Stopped,
    SurplusError,
    best_of,
    keep_best,
    objective,
)
from charlstm.searching.study import (
    is_settled,
    live,
    open_study,
    release,
    sampler,
    telling_of_storage,
)
from charlstm.training.distributed import Ranks

LOOKS = 0.2  # seconds between two looks at the workers
TAKEN_OVER = "Cannot tell a "  # Optuna's error, if a trial has ended elsewhere
DEATHS = 3  # of workers without a trial that ended, until the search gives up


def work(plan: Plan, worker: int, until: float) -> int:
    """Take trials until there are enough of them.

    Args:
        plan: the search.
        worker: number of this worker on this machine.
        until: when no further trial begins, as `time.time()` counts.

    Returns:
        the exit code: 0, or that of the signal that stopped it.

    Raises:
        UserError: the storage or the folder cannot be used, or the text is too short.
    """
    prepare_cpu(plan.threads)
    study = open_study(plan)
    try:
        while time.time() < until:
            release(study, plan.folder)
            trials = study.get_trials(deepcopy=False)
            waiting = any(t.state == optuna.trial.TrialState.WAITING for t in trials)
            if len(live(trials)) >= plan.trials and not waiting:
                break
            study.sampler = sampler(plan, len(trials), worker)
            try:
                study.optimize(
                    lambda trial: objective(plan, trial, plan.trials),
                    n_trials=1,
                    catch=(SurplusError, SpoiltError),
                    callbacks=[lambda study, trial: _tell(plan, study, trial)],
                )
            except optuna.exceptions.UpdateFinishedTrialError:
                continue  # this machine slept, and another worker has taken over
            except ValueError as error:
                if not str(error).startswith(TAKEN_OVER):
                    raise
    except Stopped as stopped:
        release(study, plan.folder)  # now: other machines need not wait for a missing heartbeat
        return stopped.code
    except KeyboardInterrupt:  # while it measured, or between two trainings
        return 128 + signal.SIGINT
    return 0


def _tell(plan: Plan, study: optuna.Study, trial: FrozenTrial) -> None:
    """Say how a trial has ended, and which is the best so far."""
    if not is_settled(trial):
        return
    keep_best(study, plan.folder)
    standing = live(study.get_trials(deepcopy=False))
    done = sum(map(is_settled, standing.values()))
    setting = " ".join(f"{name}={rounded(value)}" for name, value in trial.params.items())
    if "error" in trial.user_attrs:
        found = f"failed: {trial.user_attrs['error']}"
    elif trial.state == optuna.trial.TrialState.PRUNED:
        found = f"pruned at {trial.user_attrs.get('pruned', '?')} % of the budget"
    else:
        seconds = sum(each["seconds"] for each in trial.user_attrs["seeds"])
        found = f"{trial.value:.4f} nats in {seconds:,.0f} s"
    best = best_of(study)
    beside = f"; best {best.value:.4f}" if best else ""
    say(f"{done} of {plan.trials}: {setting}: {found}{beside}")


def run_workers(plan: Plan, until: float) -> int:
    """Let as many workers as the plan has take trials; return the exit code.

    A worker that dies is replaced, and its trial goes on from what was saved last. A signal is
    passed on to all: they save and end.
    """
    if plan.workers == 1:
        return work(plan, 0, until)
    study = open_study(plan)
    context = multiprocessing.get_context("spawn")
    deaths = ended = 0
    running: dict[int, BaseProcess] = {}

    def begin(worker: int) -> None:
        process = context.Process(target=_worker, args=(plan, worker, until))
        process.start()
        running[worker] = process

    ranks = Ranks()
    code = told = 0
    with ranks.catching():
        for worker in range(plan.workers):
            begin(worker)
        while running:
            time.sleep(LOOKS)
            if (ranks.stopped_by or code) and not told:
                told = ranks.stopped_by or signal.SIGTERM
                for process in running.values():
                    process.terminate()
            for worker, process in [*running.items()]:
                if process.is_alive():
                    continue
                process.join()
                del running[worker]
                exited = process.exitcode or 0
                if exited >= 0:
                    code = code or exited
                    continue
                settled = _settled(study)
                deaths = deaths + 1 if settled == ended else 1
                ended = settled
                release(study, plan.folder)
                if told or code:
                    continue
                if deaths > DEATHS * plan.workers:
                    say(f"{counted(deaths, 'worker')} died without a trial that ended; giving up")
                    code = 1
                    continue
                say(f"worker {worker + 1} was killed (signal {-exited}); another one goes on")
                begin(worker)
    return 128 + ranks.stopped_by if ranks.stopped_by else code


def _settled(study: optuna.Study) -> int:
    return sum(map(is_settled, live(study.get_trials(deepcopy=False)).values()))


def _worker(plan: Plan, worker: int, until: float) -> None:
    """Be a worker process: end with an exit code, and with one line if the user must act."""

    def main(_: object) -> int:
        with telling_of_storage(plan):
            return work(plan, worker, until)

    raise SystemExit(command(main, prints=False)(()))
