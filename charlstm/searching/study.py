"""The trials in Optuna's storage, and what becomes of those whose worker has died.

By default the storage is an SQLite file in the search's folder. Its transactions survive SIGKILL
and a power failure, several processes can write it, and Optuna's heartbeats need a database.
(Optuna's journal file also survives, but it has no heartbeats.) On a network disk SQLite's locks
cannot be trusted: for several machines give the URL of a database server.

A trial that was stopped goes on in its folder, from what its training saved last: Optuna gets a new
trial with the same values and the same `origin`, the number of the first trial of that setting, or
its place in the grid. Two things tell that a worker is dead. On this machine nobody holds the lock
in the trial's folder. On another one, no heartbeat has come for a minute.
"""

from __future__ import annotations

import contextlib
import datetime
import socket
import time
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
import sqlalchemy.event
from optuna.trial import TrialState as State
from sqlalchemy.exc import SQLAlchemyError

from charlstm.errors import UserError, option
from charlstm.quoting import quoted
from charlstm.searching.plan import Plan
from charlstm.training.lock import TakenError, claim

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial

HEARTBEAT = 15  # seconds
GRACE = 60  # seconds without a heartbeat, until a worker counts as dead
OPENINGS = 4  # of a storage in which something goes wrong
BETWEEN = 0.5  # seconds from one to the next
TRIES = 4  # of a setting whose worker dies each time, for want of memory perhaps
STARTUP = 5  # settings that run to their end before any is pruned
WARM = 30  # percent of the budget in which nothing is pruned
SQLITE = {"timeout": 60, "isolation_level": None}  # seconds; who begins transactions: we do
FINISHED = (State.COMPLETE, State.PRUNED)

optuna.logging.set_verbosity(optuna.logging.CRITICAL)  # what users must know is told by us


def open_study(plan: Plan) -> Study:
    """Open a search's study, or make it.

    Raises:
        UserError: the storage cannot be opened, or has another search of this name.
    """
    for opening in range(1, OPENINGS + 1):
        try:
            study = _opened(plan)
            break
        except Exception as error:  # of SQLAlchemy, of a driver, of Optuna
            if opening == OPENINGS or not isinstance(error, SQLAlchemyError):
                raise _unusable(plan, error) from error
        time.sleep(BETWEEN)  # another search may be making the same tables
    if (before := study.user_attrs.get("facts")) is not None:
        plan.check_same(before)
    elif (plan.folder / "trials").exists():  # never take another search's weights for our own
        raise UserError(
            f"{plan.folder / 'trials'}: holds trainings that {plan.url} does not know of: another"
            f" search's; name another folder with {option('out')}, or remove this one"
        )
    else:
        study.set_user_attr("facts", plan.facts())
    if plan.sampler == "grid" and not study.user_attrs.get("planned"):
        _queue_grid(study, plan)
    return study


def _opened(plan: Plan) -> Study:
    sqlite = plan.url.startswith("sqlite")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = optuna.storages.RDBStorage(
            plan.url,
            engine_kwargs={"connect_args": SQLITE} if sqlite else None,
            heartbeat_interval=HEARTBEAT,
            grace_period=GRACE,
        )
    if sqlite:  # else two workers could read that a trial waits, and both take it
        sqlalchemy.event.listen(storage.engine, "begin", _lock_at_once)
    return optuna.create_study(
        storage=storage, study_name=plan.name, load_if_exists=True, pruner=_pruner(plan)
    )


@contextlib.contextmanager
def telling_of_storage(plan: Plan) -> Iterator[None]:
    """Tell in one line that a search's storage fails while it is used.

    Raises:
        UserError: it does.
    """
    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        raise _unusable(plan, error) from error


def _unusable(plan: Plan, error: Exception) -> UserError:
    """Return the error for a storage that cannot be opened, read or written."""
    cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
    first = getattr(cause, "orig", None) or cause  # without the SQL, which says nothing to users
    why = " ".join(str(first).split()) or type(first).__name__
    why = why.replace("$STORAGE_URL", quoted(plan.url))
    if plan.storage is None:
        path = plan.folder / "search.db"
        return UserError(f"{path}: {why}; mend that, or name another folder with {option('out')}")
    return UserError(
        f"{option('storage', plan.storage)}: {why}; give a URL that SQLAlchemy knows, such as"
        " sqlite:///search.db or mysql://user@host/name"
    )


def _queue_grid(study: Study, plan: Plan) -> None:
    """Queue each setting of a grid, with its place in the grid as `origin`.

    A search that was killed while it did so goes on with what is missing. If two begin at once and
    both queue a setting, it has one origin, and the later one of its trials is surplus.
    """
    settings = list(plan.space.grid())
    _shuffle(settings, plan.training.seed)
    queued = set(map(origin, study.get_trials(deepcopy=False)))
    for place, setting in enumerate(settings):
        if place not in queued:
            study.enqueue_trial(setting, user_attrs={"origin": place})
    study.set_user_attr("planned", True)


def _lock_at_once(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _pruner(plan: Plan) -> optuna.pruners.BasePruner:
    if not plan.prune:
        return optuna.pruners.NopPruner()
    return optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=WARM)


def _shuffle(settings: list[dict[str, Any]], seed: int) -> None:
    """Mix a grid, so that a search that is stopped has seen something of each value."""
    key = [zlib.crc32(f"{seed} {setting}".encode()) for setting in settings]
    settings[:] = [s for _, s in sorted(zip(key, settings, strict=True), key=lambda pair: pair[0])]


def sampler(plan: Plan, trials: int, worker: int) -> BaseSampler:
    """Return the sampler of one trial.

    Its seed depends on how many trials there are, so that a search that goes on does not begin its
    random numbers again; and on the worker, so that two at once do not try the same.
    """
    key = f"{plan.training.seed} {trials} {worker} {socket.gethostname() if worker else ''}"
    seed = zlib.crc32(key.encode())
    if plan.sampler == "tpe":
        return optuna.samplers.TPESampler(seed=seed)
    return optuna.samplers.RandomSampler(seed=seed)


def origin(trial: FrozenTrial) -> int:
    """Return the number of a trial's setting: that of its first trial, or its place in the grid.

    It names the setting's folder.
    """
    return int(trial.user_attrs.get("origin", trial.number))


def live(trials: Sequence[FrozenTrial]) -> dict[int, FrozenTrial]:
    """Return, for each setting, the trial that stands for it: by its `origin`.

    That is the first one that has not been stopped. A trial that failed by itself, with a reason,
    is not tried again.
    """
    found: dict[int, FrozenTrial] = {}
    for trial in trials:
        if trial.state != State.FAIL or "error" in trial.user_attrs:
            found.setdefault(origin(trial), trial)
    return found


def is_settled(trial: FrozenTrial) -> bool:
    """Whether a trial has ended for good."""
    return trial.state in FINISHED or (trial.state == State.FAIL and "error" in trial.user_attrs)


def is_surplus(trials: Sequence[FrozenTrial], number: int, most: int) -> bool:
    """Whether trials with lower numbers do what one would do: so many settings, or its own."""
    (own,) = (trial for trial in trials if trial.number == number)
    before = live([trial for trial in trials if trial.number < number])
    return origin(own) in before or len(before) >= most


def release(study: Study, folder: Path) -> None:
    """Fail the trials of this machine's dead workers, and queue what was stopped again.

    Args:
        study: the study.
        folder: of the search.
    """
    for trial in study.get_trials(deepcopy=False, states=(State.RUNNING,)):
        if _is_dead(trial, folder):
            _fail(study, trial)
    trials = study.get_trials(deepcopy=False)
    standing = live(trials)
    stopped: dict[int, list[FrozenTrial]] = {}
    for trial in trials:
        known = trial.params or "fixed_params" in trial.system_attrs  # else it had not begun
        if trial.state == State.FAIL and "surplus" not in trial.user_attrs and known:
            stopped.setdefault(origin(trial), []).append(trial)
    for first, tries in stopped.items():
        if first in standing:
            continue
        last = tries[-1]
        attrs = {"origin": first}
        if len(tries) >= TRIES:
            attrs["error"] = f"its worker died {len(tries)} times"  # type: ignore[assignment]
        study.add_trial(
            optuna.create_trial(
                state=State.FAIL if len(tries) >= TRIES else State.WAITING,
                params=last.params,
                distributions=last.distributions,
                user_attrs=attrs,
                system_attrs=last.system_attrs,
                intermediate_values=last.intermediate_values,
            )
        )


def _is_dead(trial: FrozenTrial, folder: Path) -> bool:
    host = trial.user_attrs.get("host")
    if host is None:  # killed before it could say who it is
        begun = trial.datetime_start or datetime.datetime.now()
        return (datetime.datetime.now() - begun).total_seconds() > GRACE
    if host != socket.gethostname() or trial.user_attrs.get("folder") != str(folder.resolve()):
        return False
    try:
        claim(folder_of(folder, trial)).let_go()
    except TakenError:
        return False
    return True


def _fail(study: Study, trial: FrozenTrial) -> None:
    try:
        study.tell(trial.number, state=State.FAIL)
    except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
        return  # another process saw it first


def folder_of(folder: Path, trial: FrozenTrial) -> Path:
    """Return the folder of a trial's trainings."""
    return folder / "trials" / f"{origin(trial):04d}"
