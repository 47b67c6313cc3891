"""Groups of options: ranges, JSON, and messages that name arguments."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.fields import OFF, Split, check_ranges, from_json, to_json
from charlstm.options import DataOptions, MachineOptions, ModelOptions, SampleOptions, TrainOptions
from charlstm.training.presets import PRESETS

GROUPS = (DataOptions, ModelOptions, TrainOptions, SampleOptions)


def numbers(low, high, off=False):
    """Return a strategy for numbers from 0 or just above it; torch flushes denormals to 0."""
    known = st.floats(max(low, 1e-9), high) | (st.just(low) if low == 0 else st.nothing())
    return known | st.none() if off else known


def whole(low, high, off=False):
    return st.integers(low, high) | st.none() if off else st.integers(low, high)


# text without surrogates, which no command line and no JSON file holds
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
OPTIONS = {
    DataOptions: {
        "encoding": st.sampled_from(["utf-8", "latin-1", "utf-16"]),
        "newlines": st.sampled_from(["keep", "lf"]),
        "split": st.sampled_from([Split(0.9, 0.1), Split(0.25, 1e-7)]),
        "bytes": st.booleans(),
        "limit": whole(1, 10**12, off=True),
        "min_count": whole(1, 10**6),
    },
    ModelOptions: {
        "cell": st.sampled_from(["lstm", "gru", "coupled"]),
        "layers": whole(1, 100),
        "hidden_size": whole(1, 65536),
        "embedding_size": whole(1, 65536, off=True),
        "readout": st.sampled_from(["sum", "last"]),
        "input_dropout": numbers(0, 0.99),
        "dropout": numbers(0, 0.99),
        "weight_drop": numbers(0, 0.99),
    },
    TrainOptions: {
        "minutes": numbers(1e-9, 1e6, off=True),
        "batch_size": whole(1, 10**6),
        "window": whole(1, 10**6),
        "reset": numbers(0, 1),
        "learning_rate": numbers(1e-9, 1e3),
        "beta1": numbers(0, 0.999),
        "weight_decay": numbers(0, 1e3),
        "clip": numbers(1e-9, 1e6, off=True),
        "ema": numbers(1e-9, 0.999999, off=True),
        "patience": whole(1, 10**6, off=True),
        "precision": st.sampled_from(["auto", "fp32", "bf16"]),
        "seed": whole(0, 2**63 - 1),
    },
    SampleOptions: {
        "temperature": numbers(0, 100),
        "top_k": whole(1, 1000, off=True),
        "top_p": numbers(1e-9, 1, off=True),
        "length": whole(0, 10**9),
        "stop": TEXT,
        "seed": whole(0, 2**63 - 1, off=True),
    },
}


def some_options(kind):
    """Return a strategy for any of a group's options, by name."""
    return st.fixed_dictionaries({}, optional=OPTIONS[kind])


@pytest.mark.parametrize("kind", GROUPS)
def test_any_options_come_back_from_json(kind):
    @given(some_options(kind))
    def check(values):
        options = kind(**values)
        assert from_json(kind, json.loads(json.dumps(to_json(options))), "here") == options

    check()


@pytest.mark.parametrize("name", [name for name in OFF if name != "show"])
def test_off_is_none_in_python_and_0_in_json(name):
    kind = next(kind for kind in GROUPS if name in kind.__dataclass_fields__)
    assert to_json(kind(**{name: None}))[name] == 0  # as version 0.1.0 wrote it
    for zero in (0, 0.0):
        if not (isinstance(zero, float) and name in ("embedding_size", "patience")):
            assert getattr(from_json(kind, {name: zero}, "here"), name) is None


def test_the_presets_come_back_from_json():
    for name, preset in PRESETS.items():
        for group in (preset.model, preset.training):
            assert from_json(type(group), to_json(group), name) == group


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (
            ModelOptions,
            {"layer": 2},
            "unknown option 'layer'; known are cell, layers, hidden",
        ),
        (ModelOptions, {"layers": "2"}, "option layers is '2'; it must be a whole number"),
        (ModelOptions, {"cell": 3}, "option cell is 3; it must be a text"),
        (ModelOptions, {"readout": "first"}, "readout is 'first'; it must be one of sum, last"),
        (ModelOptions, {"layers": True}, "option layers is True; it must be a whole number"),
        (DataOptions, {"split": [0.9]}, "option split is [0.9]; it must be two shares"),
        (DataOptions, {"split": [0.9, "x"]}, "it must be two shares"),
        (
            TrainOptions,
            {"patience": 1.5},
            "patience is 1.5; it must be a whole number or None",
        ),
    ],
)
def test_json_that_is_wrong_is_refused_by_name(kind, values, message):
    with pytest.raises(UserError) as refused:
        from_json(kind, values, "here")
    assert message in str(refused.value)


# --- messages of library calls -------------------------------------------------------------------

CALLS = [
    (lambda: DataOptions(split=Split(0.9, 0.2)), "split is 0.9 0.2; give two shares above 0"),
    (lambda: DataOptions(encoding="klingon"), "encoding='klingon': unknown encoding"),
    (lambda: DataOptions(min_count=0), "min_count is 0; it must be at least 1"),
    (lambda: DataOptions(limit=0), "limit is 0; it must be at least 1"),
    (lambda: ModelOptions(layers=0), "layers is 0; it must be from 1 to 100"),
    (lambda: ModelOptions(hidden_size=10**9), "hidden_size is 1000000000; it must be from 1 to"),
    (lambda: ModelOptions(embedding_size=-1), "embedding_size is -1; it must be from 1 to 65536"),
    (lambda: ModelOptions(weight_drop=1.0), "weight_drop is 1.0; it must be from 0 to 0.99"),
    (lambda: TrainOptions(minutes=2, steps=5), "minutes and steps are both budgets; give one"),
    (lambda: TrainOptions(epochs=math.inf), "epochs is inf; it must be above 0 and finite"),
    (lambda: TrainOptions(learning_rate=math.nan), "learning_rate is nan; it must be above 0"),
    (lambda: TrainOptions(clip=0), "clip is 0; it must be above 0 and finite; clip=None turns"),
    (lambda: TrainOptions(ema=0), "ema is 0; it must be above 0 and at most 0.999999; ema=None"),
    (lambda: TrainOptions(patience=0), "patience is 0; it must be at least 1; patience=None turns"),
    (lambda: TrainOptions(steps=2**63), "steps is 9223372036854775808; it must be above 0 and at"),
    (lambda: TrainOptions(minutes=10**400), "minutes is 1000"),
    (lambda: DataOptions(split=Split(10**400, 1)), "split is 1000000"),
    (lambda: DataOptions(encoding="a\0"), "encoding='a\\x00': embedded null character"),
    (lambda: SampleOptions(temperature=-1), "temperature is -1; it must be at least 0"),
    (lambda: SampleOptions(top_k=0), "top_k is 0; it must be at least 1"),
    (lambda: SampleOptions(top_p=1.5), "top_p is 1.5; it must be above 0 and at most 1"),
    (lambda: SampleOptions(stop=""), "stop is empty; give the text to stop before"),
    (lambda: MachineOptions(threads=0), "threads is 0; it must be from 1 to 1024"),
]


@pytest.mark.parametrize(("call", "message"), CALLS, ids=[message for _, message in CALLS])
def test_a_library_call_names_arguments_and_never_flags(call, message):
    with pytest.raises(UserError) as refused:
        call()
    assert str(refused.value).startswith(message)
    assert "--" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_ranges_include_their_ends():
    @dataclasses.dataclass
    class Two:
        a: float
        b: int | None = None

    check_ranges(Two(1), a=(1, 2), b=(1, 2))
    check_ranges(Two(2), a=(1, 2))
    for wrong in (0.999, 2.001, math.nan, math.inf):
        with pytest.raises(UserError, match="a is"):
            check_ranges(Two(wrong), a=(1, 2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ModelOptions(layers=1.5), "layers is 1.5; it must be a whole number"),
        (lambda: ModelOptions(hidden_size=True), "hidden_size is True; it must be a whole number"),
        (lambda: ModelOptions(readout="bogus"), "readout is 'bogus'; it must be one of sum, last"),
        (lambda: ModelOptions(cell=3), "cell is 3; it must be a text"),
        (lambda: TrainOptions(precision="fp8"), "precision is 'fp8'; it must be one of auto, fp32"),
        (lambda: TrainOptions(clip="1"), "clip is '1'; it must be a number or None"),
        (lambda: DataOptions(newlines="crlf"), "newlines is 'crlf'; it must be one of keep, lf"),
        (lambda: DataOptions(split=(0.9,)), r"split is \(0.9,\); it must be two shares"),
        (lambda: SampleOptions(length="9"), "length is '9'; it must be a whole number"),
    ],
)
def test_a_library_call_is_held_to_the_types_of_the_fields(make, message):
    with pytest.raises(UserError, match=message):
        make()


def test_numbers_of_numpy_are_numbers():
    assert ModelOptions(hidden_size=np.int64(8), dropout=np.float32(0.5)).hidden_size == 8
