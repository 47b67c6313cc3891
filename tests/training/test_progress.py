"""The numbers that a training counts."""

import dataclasses
import math

import pytest

from charlstm.errors import UserError
from charlstm.model.section import Section
from charlstm.training.progress import Clock, Progress


def test_steps_and_validations_are_counted():
    progress = Progress(step=2)
    progress.count_loss(2.0, 0.5, clipped=True)
    progress.count_loss(1.0, 0.5, clipped=False)
    assert (progress.step, progress.clipped) == (2, 1)
    assert (progress.loss_sum, progress.loss_steps) == (3.0, 2)
    assert progress.count_validation(1.5)
    assert (progress.best, progress.best_step, progress.stale) == (1.5, 2, 0)
    assert (progress.loss_sum, progress.loss_steps) == (0.0, 0)


@pytest.mark.parametrize("nats", [1.5, 2.0, math.nan, math.inf])
def test_a_validation_that_is_no_better_is_stale(nats):
    progress = Progress(step=9, best=1.5, best_step=2)
    assert not progress.count_validation(nats)
    assert (progress.best, progress.best_step, progress.stale) == (1.5, 2, 1)


@pytest.mark.parametrize("nats", [math.nan, math.inf])
def test_a_first_validation_that_is_not_finite_is_not_the_best(nats):
    progress = Progress()
    assert not progress.count_validation(nats)
    assert progress.best is None


def test_a_clock_goes_on_from_where_it_stood(monkeypatch):
    times = iter([100.0, 104.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    progress = Progress(step=50, seconds=30.0)
    clock = Clock(progress)
    assert clock.steps_per_second(progress) == 0
    progress.seconds = clock.read()
    progress.step = 58
    assert progress.seconds == 34.0
    assert clock.steps_per_second(progress) == 2.0


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"best_step": 8}, "best_step: 8 is not a whole number of at least 0 and at most 7"),
        ({"clipped": 8}, "clipped: 8"),
        ({"loss_steps": 8}, "loss_steps: 8"),
        ({"stale": 8}, "stale: 8"),
        ({"rollbacks": 4}, "rollbacks: 4 is not a whole number of at least 0 and at most 3"),
        ({"rate_scale": 0.3}, "rate_scale: 0.3 is not one of 1.0"),
        ({"rollbacks": 2}, "rate_scale: 1.0 is not one of 0.25"),
        ({"step": 10**30}, "step: 1000000000000000000000000000000 is not a whole number"),
        (
            {"seconds": 1e17},
            "seconds: 1e+17 is not a finite number of at least 0 and at most 1e+09",
        ),
        (
            {"begun_seconds": 1e30},
            "begun_seconds: 1e+30 is not a finite number of at least 0 and at",
        ),
        ({"best": -1.0}, "best: -1.0 is not a finite number"),
    ],
)
def test_numbers_that_no_training_has_together_are_refused(changed, told):
    fine = dataclasses.asdict(Progress(step=7, best=1.5, best_step=7, clipped=7, loss_steps=7))
    assert dataclasses.asdict(Progress.from_json(Section(fine, "run"))) == fine
    with pytest.raises(UserError) as error:
        Progress.from_json(Section(fine | changed, "run"))
    assert f"run: its metadata garbles {told}" in str(error.value)


def test_the_norms_of_gradients_are_counted_from_one_validation_to_the_next():
    progress = Progress()
    progress.count_loss(2.0, 0.5, clipped=False)
    progress.count_loss(2.0, 1.5, clipped=True)
    assert progress.norm_sum == 2.0
    progress.count_validation(1.0)
    assert (progress.norm_sum, progress.loss_steps) == (0, 0)


def test_a_run_from_before_the_norms_were_counted_goes_on():
    saved = dataclasses.asdict(Progress(step=7, best=1.5, best_step=7, loss_steps=7, norm_sum=3.0))
    assert Progress.from_json(Section(saved, "a run")).norm_sum == 3.0
    del saved["norm_sum"]
    assert Progress.from_json(Section(saved, "a run")).norm_sum == 0.0
