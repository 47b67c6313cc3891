"""What a search will cost: exact for minutes, from a few steps otherwise."""

import dataclasses
import re

import pytest
from small_search import plan_in

from charlstm.model.kernels import bf16_trouble
from charlstm.searching import cost
from charlstm.training.place import Place
from charlstm.training.run import Run


@pytest.fixture
def plan(tmp_path, corpus):
    return plan_in(tmp_path / "s", corpus, repeat=3)


def test_minutes_are_multiplied(plan):
    training = dataclasses.replace(plan.training, steps=None, minutes=2.0)
    plan = dataclasses.replace(plan, training=training, workers=4)
    (line,) = cost.lines_of_cost(plan, 4)
    assert line.startswith("cost: 4 settings x 3 seeds x 2 minutes / 4 workers = 6.0 min")


def test_steps_are_estimated_from_a_few(plan, monkeypatch):
    clock = iter(range(0, 1000, 10))  # each look at the clock is 10 s later: 2 s a step
    monkeypatch.setattr(cost.time, "perf_counter", lambda: float(next(clock)))
    assert cost.seconds_per_training(plan, [{"layers": 1}, {"layers": 2}]) == [80.0, 80.0]


def test_an_epoch_has_as_many_steps_as_windows(plan, monkeypatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(cost.time, "perf_counter", lambda: float(next(clock)))
    training = dataclasses.replace(plan.training, steps=None, epochs=3.0)
    plan = dataclasses.replace(plan, training=training)
    (found,) = cost.seconds_per_training(plan, [{"layers": 1}])
    characters = 0.9 * len(plan.text.text)
    assert found == pytest.approx(3 * 2.0 * characters / (4 * 8), rel=0.05)


def test_the_steps_that_are_timed_are_those_of_the_training(plan, monkeypatch, tmp_path):
    """In its precision, with its threads, at its place: on some machines that is bfloat16."""
    made = []
    whole = cost.trainer_for
    monkeypatch.setattr(cost, "trainer_for", lambda *given: made.append(whole(*given)) or made[-1])
    plan = dataclasses.replace(plan, training=dataclasses.replace(plan.training, precision="auto"))
    cost.seconds_per_training(plan, [{"layers": 2}])
    run = Run.start(tmp_path / "run", plan.text, *plan.options({"layers": 2}), Place(threads=1))
    for trainer in (made[0], run.trainer):
        assert trainer.bf16 == (bf16_trouble("lstm", trainer.model.device) == "")
        assert trainer.threads.number == 1
    assert made[0].model.device == run.trainer.model.device
    assert made[0].streams.windows == run.trainer.streams.windows


def test_pruning_is_told(plan):
    plan = dataclasses.replace(plan, prune=True)
    first, second = cost.lines_of_cost(plan, 4)
    assert re.search(r"about \d+ s, estimated from 5 steps of 4 settings", first)
    assert "median pruner" in second
