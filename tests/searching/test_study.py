"""The trials in the storage: how many there are, and what becomes of those that were stopped."""

import dataclasses
import socket
import subprocess
import sys

import optuna
import pytest
from optuna.trial import TrialState as State
from small_search import plan_in
from sqlalchemy.exc import OperationalError

from charlstm.errors import UserError
from charlstm.searching import study as module
from charlstm.searching.study import (
    TRIES,
    folder_of,
    is_surplus,
    live,
    open_study,
    origin,
    release,
    sampler,
    telling_of_storage,
)
from charlstm.training.lock import claim

# `ask` stands for a worker here; `optimize` sends heartbeats
pytestmark = pytest.mark.filterwarnings("ignore:Heartbeat of storage:UserWarning")


@pytest.fixture
def plan(tmp_path, corpus):
    return plan_in(tmp_path / "search", corpus)


def states(study):
    return [trial.state.name for trial in study.get_trials()]


def take(plan, study):
    """Take the next trial as a worker does."""
    trial = study.ask()
    plan.space.suggest(trial)
    trial.set_user_attr("folder", str(plan.folder.resolve()))
    trial.set_user_attr("host", socket.gethostname())
    return trial


def test_a_grid_is_queued_once(plan):
    open_study(plan)
    study = open_study(plan)
    assert states(study) == ["WAITING"] * 4
    fixed = [tuple(t.system_attrs["fixed_params"].values()) for t in study.get_trials()]
    assert set(fixed) == {(4, 1), (4, 2), (6, 1), (6, 2)}


def test_two_that_begin_at_once_queue_no_setting_for_two(plan, monkeypatch):
    """Neither sees what the other has queued: each setting waits twice, and is trained once."""
    study = open_study(plan)
    calls = []
    with monkeypatch.context() as patched:
        unseen = lambda *_, **__: calls.append(1) or []  # noqa: E731
        patched.setattr(optuna.Study, "get_trials", unseen)
        study.set_user_attr("planned", False)
        open_study(plan)
    assert len(calls) == 1  # not once for each setting: a large grid would take hours
    trials = study.get_trials()
    assert len(trials) == 8
    wanted = [trial for trial in trials if not is_surplus(trials, trial.number, plan.trials)]
    assert len({tuple(t.system_attrs["fixed_params"].values()) for t in wanted}) == 4
    assert [trial.number for trial in live(trials).values()] == [0, 1, 2, 3]
    study.set_user_attr("planned", False)  # as after a kill in the middle
    assert len(open_study(plan).get_trials()) == 8


def test_a_storage_that_another_search_is_making_is_opened_again(plan, monkeypatch):
    make = module._opened
    errors = [OperationalError("CREATE TABLE", None, Exception("table studies already exists"))] * 3

    def sometimes(plan):
        if errors:
            raise errors.pop()
        return make(plan)

    monkeypatch.setattr(module, "BETWEEN", 0)
    monkeypatch.setattr(module, "_opened", sometimes)
    assert states(open_study(plan)) == ["WAITING"] * 4


@pytest.mark.parametrize("name", ["a?b=1", "a%20b", "a#b", "a:b@c", "ä b"])
def test_the_database_lies_in_the_folder_whatever_its_name(tmp_path, corpus, name):
    open_study(plan_in(tmp_path / name, corpus))
    assert [path.name for path in (tmp_path / name).iterdir()] == ["search.db"]


def test_a_folder_that_was_renamed_goes_on(plan):
    release(open_study(plan), plan.folder)
    moved = plan.folder.rename(plan.folder.with_name("moved"))
    assert len(open_study(dataclasses.replace(plan, folder=moved)).get_trials()) == 4


def test_trainings_of_another_search_are_not_taken_over(plan):
    open_study(plan)
    (plan.folder / "trials").mkdir()
    open_study(plan)
    (plan.folder / "search.db").unlink()
    with pytest.raises(UserError, match=r"holds trainings that .* does not know of"):
        open_study(plan)


def test_a_damaged_database_is_told_in_one_line(plan):
    study = open_study(plan)
    database = plan.folder / "search.db"
    database.write_bytes(database.read_bytes()[:4096] + b"spoilt" * 9000)
    told = pytest.raises(UserError, match=r"search.db: .*malformed; mend that, or name another")
    with told, telling_of_storage(plan):
        study.set_user_attr("planned", False)
        study.get_trials()
    database.write_bytes(b"spoilt" * 1000)
    with pytest.raises(UserError, match=r"search.db: file is not a database; mend that, or name"):
        open_study(plan)


def test_a_dead_workers_setting_is_tried_again_in_its_folder(plan):
    study = open_study(plan)
    trial = take(plan, study)
    trial.report(2.0, 5)
    release(study, plan.folder)
    *_, again = study.get_trials()
    assert states(study) == ["FAIL", "WAITING", "WAITING", "WAITING", "WAITING"]
    assert (again.params, origin(again)) == (trial.params, trial.number)
    assert again.intermediate_values == {5: 2.0}
    assert folder_of(plan.folder, again).name == "0000"
    release(study, plan.folder)
    assert len(study.get_trials()) == 5
    assert len(live(study.get_trials())) == 4


def test_a_living_workers_setting_is_left_alone(plan):
    study = open_study(plan)
    take(plan, study)
    folder = folder_of(plan.folder, study.get_trials()[0])
    code = (
        "import sys; from pathlib import Path; from charlstm.training.lock import claim\n"
        "mine = claim(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as worker:
        worker.stdout.readline()
        release(study, plan.folder)
        assert states(study)[0] == "RUNNING"
        worker.kill()
    release(study, plan.folder)
    assert states(study)[0] == "FAIL"
    assert claim(folder)


def test_another_machines_setting_is_left_to_its_heartbeat(plan):
    study = open_study(plan)
    take(plan, study).set_user_attr("host", "elsewhere")
    release(study, plan.folder)
    assert states(study)[0] == "RUNNING"


def test_a_setting_that_kills_its_workers_is_given_up(plan):
    study = open_study(plan)
    while any(t.state == State.WAITING for t in study.get_trials()):
        take(plan, study)
        release(study, plan.folder)
    standing = live(study.get_trials())
    assert len(standing) == 4
    assert {t.user_attrs["error"] for t in standing.values()} == {f"its worker died {TRIES} times"}


def test_who_comes_too_late_is_surplus(plan):
    study = open_study(plan)
    trials = [study.ask().number for _ in range(6)]
    late = [is_surplus(study.get_trials(), number, 4) for number in trials]
    assert late == [False] * 4 + [True] * 2


def test_a_random_search_that_goes_on_draws_new_numbers(tmp_path, corpus):
    plan = plan_in(tmp_path / "r", corpus, ["dropout=0..0.5"], sampler="random")
    study = optuna.create_study()
    drawn = []
    for trials, worker in [(0, 0), (1, 0), (1, 1), (0, 0)]:
        study.sampler = sampler(plan, trials, worker)
        drawn.append(plan.space.suggest(study.ask())["dropout"])
    assert len({*drawn}) == 3
    assert drawn[0] == drawn[-1]


@pytest.mark.parametrize("url", ["foo:bar", "nothing://x/y", "sqlite:////no/such/folder/x.db"])
def test_a_storage_that_cannot_be_opened_is_one_line(plan, url):
    import dataclasses

    with pytest.raises(UserError, match="storage='") as told:
        open_study(dataclasses.replace(plan, storage=url))
    assert "\n" not in str(told.value)
