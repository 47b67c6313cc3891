"""Saving and restoring a training to the last bit, errors, and the last good state."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from charlstm.errors import UserError
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, TrainOptions
from charlstm.training.snapshot import Snapshot, step_back
from charlstm.training.trainer import Trainer

SIZES = ModelOptions(layers=2, hidden_size=16, embedding_size=6, dropout=0.2, weight_drop=0.2)
OPTIONS = TrainOptions(steps=60, batch_size=4, window=8, learning_rate=0.02)
IDS = np.random.default_rng(0).integers(20, size=700, dtype=np.int32)


def trainer(options=OPTIONS, sizes=SIZES):
    model = CharModel(sizes, 20, options.seed)
    return Trainer(model, IDS[:600], IDS[600:], options, validate_every=25)


def same(first, second):
    return sorted(first) == sorted(second) and all(
        first[name].dtype == second[name].dtype and first[name].tobytes() == second[name].tobytes()
        for name in first
    )


def trained(steps, **options):
    run = trainer(dataclasses.replace(OPTIONS, **options))
    for report in run.fit():
        if report.step == steps:
            break
    return run


@pytest.mark.parametrize("steps", [0, 17, 25, 30])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_is_taken_comes_back_bit_for_bit(steps, cell):
    sizes = dataclasses.replace(SIZES, cell=cell)
    run = trainer(sizes=sizes)
    for report in run.fit():
        if report.step >= steps:
            break
    arrays, numbers = run.state()
    other = trainer(sizes=sizes)
    other.load_state(arrays, numbers)
    again, numbers_again = other.state()
    assert same(arrays, again)
    assert numbers_again == numbers


@pytest.mark.parametrize("ema", [None, 0.99])
def test_a_saved_state_goes_on_bit_for_bit(ema):
    whole = trained(60, ema=ema)
    arrays, numbers = trained(37, ema=ema).state()
    second = trained(0, ema=ema)
    third = trained(0, ema=ema)
    second.load_state(arrays, numbers)
    assert next(iter(second.fit())).step == 38
    third.load_state(arrays, numbers)
    list(third.fit())
    assert same(whole.model.to_arrays(), third.model.to_arrays())
    assert same(whole.average.to_arrays(), third.average.to_arrays())
    assert same(whole.best, third.best)


def test_the_names_in_a_file_stay_as_they_are():
    arrays, numbers = trained(26).state()
    names = [name for name in arrays if not name.startswith("good.")]
    assert [name for name in names if "head.bias" in name] == [
        "model.head.bias", "average.head.bias", "best.head.bias",
    ]  # fmt: skip
    assert {"optimizer.0.step", "optimizer.0.exp_avg", "optimizer.0.exp_avg_sq"} < set(names)
    hidden = [name for name in names if name.startswith("hidden.")]
    assert hidden == ["hidden.0.0", "hidden.0.1", "hidden.1.0", "hidden.1.1"]
    assert arrays["hidden.0.0"].shape == (4, 16)
    assert {f"good.{name}" for name in names} == set(arrays) - set(names)
    assert (numbers["now"]["step"], numbers["good"]["step"]) == (26, 25)
    assert list(numbers["now"]) == [
        "step", "seconds", "best", "stale", "clipped", "loss_sum", "loss_steps", "best_step",
        "rate_scale", "rollbacks", "begun_step", "begun_seconds", "norm_sum",
    ]  # fmt: skip
    without = trained(1, ema=None).state()[0]
    assert not any("average." in name for name in without)


def test_a_snapshot_is_a_copy():
    run = trained(30)
    taken = Snapshot.of(run)
    before = {name: array.copy() for name, array in taken.arrays.items()}
    list(run.fit())
    assert same(taken.arrays, before)
    assert taken.numbers["step"] == 30


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays, numbers: arrays.pop("model.head.bias"),
        lambda arrays, numbers: arrays.pop("average.head.bias"),
        lambda arrays, numbers: arrays.pop("good.best.head.bias"),
        lambda arrays, numbers: arrays.pop("hidden.1.1"),
        lambda arrays, numbers: arrays.update({"optimizer.0.1.2": np.zeros(1, np.float32)}),
        lambda arrays, numbers: numbers["now"].update(unheard_of=1),
        lambda arrays, numbers: numbers.pop("good"),
    ],
)
def test_a_state_that_lacks_something_is_refused(spoil):
    arrays, numbers = trained(30).state()
    spoil(arrays, numbers)
    with pytest.raises(UserError, match="the saved training does not fit its own options: "):
        trainer().load_state(arrays, numbers)


@pytest.mark.parametrize("prefix", ["", "good."])
@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("optimizer.0.exp_avg", lambda array: array[:-1]),
        ("optimizer.2.exp_avg_sq", lambda array: array.ravel()),
        ("optimizer.1.exp_avg", lambda array: array.astype(np.float64)),
        ("optimizer.1.step", lambda array: np.zeros(3, np.float32)),
        ("hidden.0.0", lambda array: array[:1]),
        ("hidden.1.1", lambda array: array[:, :-1]),
        ("hidden.1.0", lambda array: array.astype(np.float16)),
        ("hidden.0.1", lambda array: np.zeros((400, 1600), np.float32)),
    ],
)
def test_moments_and_states_of_another_shape_or_type_never_reach_the_kernels(prefix, name, other):
    """They would read beyond the end of such an array."""
    arrays, numbers = trained(30).state()
    arrays[prefix + name] = other(arrays[prefix + name])
    with pytest.raises(UserError, match=f"does not fit its own options: {name} has shape"):
        trainer().load_state(arrays, numbers)


@pytest.mark.parametrize("name", ["optimizer.0.step", "optimizer.99.step", "hidden.2.0"])
def test_moments_and_states_are_all_there_and_no_others(name):
    arrays, numbers = trained(30).state()
    lacks = arrays.pop(name, None) is not None
    if not lacks:
        arrays[name] = np.zeros((), np.float32)
    told = f"it {'lacks' if lacks else 'should not hold'} {name}"
    with pytest.raises(UserError, match=told):
        trainer().load_state(arrays, numbers)


@pytest.mark.parametrize("kind", ["optimizer.", "hidden.", "good.optimizer.", "good.hidden."])
def test_after_the_first_step_there_are_moments_and_states(kind):
    arrays, numbers = trained(30).state()
    arrays = {name: array for name, array in arrays.items() if not name.startswith(kind)}
    with pytest.raises(UserError, match=f"it lacks {kind.removeprefix('good.')}"):
        trainer().load_state(arrays, numbers)


@pytest.mark.parametrize(
    ("name", "value"),
    [("optimizer.0.exp_avg_sq", -1), ("optimizer.1.exp_avg", np.nan), ("hidden.0.1", np.inf)],
)
def test_values_that_no_training_has_are_refused(name, value):
    arrays, numbers = trained(30).state()
    arrays[name].flat[0] = value
    with pytest.raises(UserError, match=f"{name} holds values that no training has"):
        trainer().load_state(arrays, numbers)


def test_a_state_of_other_sizes_is_refused():
    arrays, numbers = trainer().state()
    other = trainer(sizes=dataclasses.replace(SIZES, hidden_size=17))
    with pytest.raises(UserError, match="does not fit"):
        other.load_state(arrays, numbers)


def test_a_step_back_returns_to_the_last_good_state_at_half_the_rate():
    run = trained(30)
    seconds = run.progress.seconds
    with torch.no_grad():
        run.model.head.bias.fill_(math.nan)
    seen = "step 31: loss nan, gradient norm 2.5"
    told = step_back(run, seen)
    assert told == f"{seen}; back to step 25 with 0.5 times the learning rate"
    now = Snapshot.of(run)
    assert same(now.arrays, run.good.arrays)
    changed = {"rate_scale": 0.5, "rollbacks": 1, "seconds": seconds}
    assert now.numbers == run.good.numbers | changed
    assert "with 0.25 times" in step_back(run, seen)  # the scale is not that of the good
    step_back(run, seen)
    with pytest.raises(UserError, match=r"best model so far is kept; .* smaller learning_rate"):
        step_back(run, seen)


def test_a_step_back_takes_states_that_only_a_file_may_not_hold():
    """A reader's own cell may carry an infinite state and still have a finite loss."""
    run = trained(30)
    run.good.arrays["hidden.0.1"][0] = math.inf
    assert "back to step 25" in step_back(run, "step 31")
    assert run.hidden[0][1].isinf().any()


@pytest.mark.parametrize("step", [0.0, 29.0, 31.0, -1.0, 0.5, np.nan])
def test_the_optimiser_has_done_as_many_steps_as_the_training(step):
    arrays, numbers = trained(30).state()
    arrays["optimizer.1.step"] = np.array(step, np.float32)
    with pytest.raises(UserError, match=r"optimizer\.1\.step holds values that no training has"):
        trainer().load_state(arrays, numbers)


@pytest.mark.parametrize(
    ("budget", "last"), [({"steps": 60}, 60), ({"steps": None, "epochs": 2.5}, 45)]
)
def test_a_step_beyond_the_budget_is_refused(budget, last):
    """There are 18 windows of 4 x 8 characters in 600."""
    options = dataclasses.replace(OPTIONS, **budget)
    run = trainer(options)
    next(iter(run.fit()))
    arrays, numbers = run.state()
    arrays = {name: array for name, array in arrays.items() if not name.startswith("good.")}
    for step, fits in [(last, True), (last + 1, False), (2**62, False)]:
        for name in arrays:
            if name.endswith(".step"):
                arrays[name] = np.array(min(step, 2**24), np.float32)
        both = arrays | {f"good.{name}": array for name, array in arrays.items()}
        numbers["now"]["step"] = numbers["good"]["step"] = step
        if fits:
            trainer(options).load_state(both, numbers)
            continue
        with pytest.raises(UserError, match=f"step {step:,} is beyond "):
            trainer(options).load_state(both, numbers)
