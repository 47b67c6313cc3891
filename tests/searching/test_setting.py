"""One trial: trainings that are those of train, saved, measured, pruned, and their weights kept."""

import dataclasses
import math
from contextlib import closing

import optuna
import pytest
from small_search import STEPS, plan_in

from charlstm.errors import UserError
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.searching import setting
from charlstm.searching.setting import (
    SpoiltError,
    Stopped,
    SurplusError,
    best_of,
    keep_best,
    objective,
)
from charlstm.searching.study import open_study, origin, release
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.distributed import Ranks
from charlstm.training.finish import finish
from charlstm.training.lock import TakenError, claim
from charlstm.training.run import Run
from charlstm.training.snapshot import DivergedError

# `ask` stands for a worker here; `optimize` sends heartbeats
pytestmark = pytest.mark.filterwarnings("ignore:Heartbeat of storage:UserWarning")


@pytest.fixture
def plan(tmp_path, corpus):
    return plan_in(tmp_path / "search", corpus, repeat=2)


def optimize(plan, study, number=1):
    study.optimize(lambda trial: objective(plan, trial, plan.trials), n_trials=number,
                   catch=(SurplusError, SpoiltError))  # fmt: skip


def test_a_trial_is_the_mean_of_ordinary_trainings(plan, tmp_path):
    study = open_study(plan)
    optimize(plan, study)
    (trial,) = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    found = []
    for seed in plan.seeds:
        model, training = plan.options(trial.params)
        training = training.__class__(**(vars(training) | {"seed": seed}))
        run = Run.start(tmp_path / f"again-{seed}", plan.text, model, training)
        for _ in run.fit():
            pass
        found.append(finish(run).scores.cold.nats)
    assert [each["nats"] for each in trial.user_attrs["seeds"]] == pytest.approx(found, abs=1e-9)
    assert trial.value == pytest.approx(math.fsum(found) / 2)
    assert found[0] != found[1]


@pytest.mark.slow
def test_a_stopped_trial_goes_on_where_it_was(plan, monkeypatch):
    study = open_study(plan)
    steps = []
    fit = Run.fit

    def counted(self):
        with closing(fit(self)) as reports:
            for report in reports:
                steps.append(report.step)
                yield report

    monkeypatch.setattr(Run, "fit", counted)
    signal = property(lambda self: 2 if len(steps) == STEPS + 7 else 0)
    monkeypatch.setattr(Ranks, "stopped_by", signal)
    with pytest.raises(Stopped):  # in the second seed's training
        optimize(plan, study)
    release(study, plan.folder)
    monkeypatch.setattr(Ranks, "stopped_by", 0)
    optimize(plan, study, 4)
    assert len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])) == 4
    assert len(steps) == 4 * 2 * STEPS  # no step was done twice
    first = min(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]), key=origin)
    assert origin(first) == 0
    assert first.number == 4


@pytest.mark.slow
def test_only_the_best_keeps_its_weights(plan):
    study = open_study(plan)
    for _ in range(4):
        optimize(plan, study)
        keep_best(study, plan.folder)
    assert len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])) == 4
    kept = {p.parents[1].name for p in plan.folder.glob("trials/*/*/model.safetensors")}
    assert kept == {f"{best_of(study).number:04d}"}
    assert len(list(plan.folder.glob("trials/*/seed-*/log.jsonl"))) == 8
    for seed in plan.seeds:
        Checkpoint.load(plan.folder / "trials" / kept.copy().pop() / f"seed-{seed}" /
                        "model.safetensors")  # fmt: skip


def test_a_training_that_fails_by_itself_is_not_the_end(plan, monkeypatch):
    failures = iter([DivergedError("the training diverged"), MemoryError()])

    def failing(self):
        raise next(failures)
        yield

    monkeypatch.setattr(Run, "fit", failing)
    study = open_study(plan)
    optimize(plan, study, 2)
    first, second = study.get_trials()[:2]
    assert first.state == second.state == optuna.trial.TrialState.FAIL
    assert first.user_attrs["error"] == "the training diverged"
    assert second.user_attrs["error"].startswith("out of memory; give smaller sizes")


def test_a_full_disk_is_no_settings_fault(plan, monkeypatch):
    """All others would fail in the same moment; the setting is tried again when there is room."""

    def full(self):
        raise UserError("no space left on device")

    monkeypatch.setattr(Run, "fit", full)
    study = open_study(plan)
    with pytest.raises(UserError, match="no space left"):
        optimize(plan, study)
    release(study, plan.folder)
    states = [trial.state.name for trial in study.get_trials()]
    assert states == ["FAIL", *["WAITING"] * 4]
    assert origin(study.get_trials()[-1]) == 0


@pytest.mark.parametrize("changed", ["damaged", "another setting's"])
def test_only_its_own_training_goes_on(plan, changed):
    """A folder may hold what another search left, or a file that a disk has spoilt."""
    study = open_study(plan)
    saved = plan.folder / "trials" / "0000" / "seed-0" / "resume.safetensors"
    if changed == "damaged":
        saved.parent.mkdir(parents=True)
        saved.write_bytes(b"spoilt")
    else:
        model = dataclasses.replace(plan.model, hidden_size=16)
        Run.start(saved.parent, plan.text, model, dataclasses.replace(plan.training, seed=0))
    optimize(plan, study)
    (trial,) = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    model = CharModel(plan.options(trial.params)[0], len(Vocabulary.of(plan.text.text)), 0)
    weights = sum(p.numel() for p in model.parameters())
    assert [each["weights"] for each in trial.user_attrs["seeds"]] == [weights, weights]


def test_a_surplus_trial_trains_nothing(plan):
    study = open_study(plan)
    taken = [study.ask() for _ in range(4)]
    optimize(plan, study)
    assert study.get_trials()[-1].user_attrs == {"surplus": True}
    assert not (plan.folder / "trials").exists()
    assert len(taken) == 4


def test_a_look_into_a_folder_does_not_stop_a_search(plan, monkeypatch):
    """A worker that looks whether another one lives holds the lock for a moment."""
    looks = iter([True, True, False])

    def sometimes(folder):
        if next(looks, True):
            raise TakenError(f"{folder}: taken")
        return claim(folder)

    monkeypatch.setattr(setting, "claim", sometimes)
    monkeypatch.setattr(setting, "LOOK", 0.2)
    study = open_study(plan)
    optimize(plan, study)
    optimize(plan, study)  # now the folder stays taken
    states = [trial.state.name for trial in study.get_trials()]
    assert states == ["COMPLETE", "FAIL", "WAITING", "WAITING"]  # the rest of the grid
    assert study.get_trials()[1].user_attrs["surplus"]


@pytest.mark.slow
def test_a_training_that_is_behind_is_pruned(tmp_path, corpus, monkeypatch):
    """At a rate of 1e-6 nothing is learnt, so it is behind all others from the beginning."""
    plan = plan_in(tmp_path / "search", corpus, ["learning_rate=0.000001"], prune=True)
    monkeypatch.setattr("charlstm.training.budget.SHORTEST_INTERVAL", 2)
    monkeypatch.setattr("charlstm.training.budget.TRAINED_PER_SCORED", 0.01)
    study = open_study(plan)
    places = range(5, 101, 5)
    for _ in range(5):  # these have done well
        study.add_trial(
            optuna.create_trial(value=1.0, intermediate_values=dict.fromkeys(places, 1.0))
        )
    optimize(dataclasses.replace(plan, trials=6), study)
    (trial,) = study.get_trials(states=[optuna.trial.TrialState.PRUNED])
    assert 30 <= trial.user_attrs["pruned"] < 50
    assert set(trial.intermediate_values) <= set(places)
