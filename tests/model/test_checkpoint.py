"""Model files: complete, checked when read, and unharmed by a failed write."""

import dataclasses
import errno
import json
import math
import stat
import subprocess
import sys

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.fields import Split
from charlstm.machine import atomic_file
from charlstm.model.array_file import read_arrays, write_arrays
from charlstm.model.checkpoint import Checkpoint, find_model
from charlstm.model.facts import Measured, Provenance, Score, Training
from charlstm.options import DataOptions, TrainOptions


def test_a_model_survives_the_round_trip_as_float16(checkpoint, model_file):
    loaded = Checkpoint.load(model_file)
    assert loaded.options == checkpoint.options
    assert loaded.vocabulary == checkpoint.vocabulary
    for name, array in checkpoint.weights.items():
        np.testing.assert_array_equal(loaded.weights[name], array.astype(np.float16))
        assert loaded.weights[name].dtype == np.float32


def test_the_file_says_everything_to_a_program_that_knows_only_safetensors(model_file, checkpoint):
    with safetensors.safe_open(model_file, "numpy") as file:
        told = json.loads(file.metadata()["charlstm"])
        assert sorted(file.keys()) == sorted(checkpoint.weights)
    assert told["version"] == 1
    assert told["vocabulary"]["characters"] == checkpoint.vocabulary.characters
    assert told["model"]["hidden_size"] == 12


def test_the_file_says_what_is_known_of_the_model_and_nothing_else(model_file, facts_file):
    few, all_ = (read_arrays(path, "model")[1] for path in (model_file, facts_file))
    assert sorted(few) == ["model", "vocabulary"]
    assert sorted(all_) == ["corpus", "measured", "model", "training", "vocabulary"]
    assert sorted(all_["corpus"]) == ["characters", "options", "sha256", "sources"]
    keys = ["device", "epochs", "options", "seconds", "steps", "threads"]
    assert sorted(all_["training"]) == keys
    assert sorted(all_["measured"]) == ["carried", "cold", "from", "part", "to", "validation_nats"]
    figures = ["bits_per_char", "characters", "nats", "perplexity"]
    assert sorted(all_["measured"]["cold"]) == figures
    loaded = Checkpoint.load(model_file)
    assert (loaded.provenance, loaded.training, loaded.measured) == (None, None, None)


def test_saving_twice_gives_the_same_bytes(checkpoint, tmp_path):
    for name in "ab":
        checkpoint.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def rewrite(path, change):
    """Change header and arrays, with a digest that fits again."""
    arrays, header = read_arrays(path, "model")
    header["kind"] = "model"
    arrays = {k: v.copy() for k, v in arrays.items()}
    change(arrays, header)
    write_arrays(path, arrays, header)


def put(name, key, value):
    def change(arrays, header):
        header[name][key] = value

    return change


def grow(arrays, header):
    arrays["head.bias"] = np.zeros(3, np.float16)


def poison(arrays, header):
    arrays["head.bias"][1] = np.nan


DAMAGE = {
    "another shape": (grow, r"head\.bias has shape \(3,\), but its options ask for"),
    "not finite": (poison, r"head\.bias holds values that are not finite"),
    "float64": (
        lambda a, h: a.update({"head.bias": a["head.bias"].astype(np.float64)}),
        "float64; float16 and float32 are allowed",
    ),
    "a weight is missing": (lambda a, h: a.pop("head.bias"), r"lacks the weight head\.bias"),
    "one too many": (
        lambda a, h: a.update(extra=np.zeros(1, np.float16)),
        "should not hold the weight extra",
    ),
    "other sizes": (put("model", "layers", 3), r"lacks the weight layers\.2"),
    "unknown option": (put("model", "zoneout", 0.1), "unknown option 'zoneout'; known are cell"),
    "unknown cell": (put("model", "cell", "elman"), "cell is 'elman'; it must be one of lstm"),
    "option of another type": (put("model", "layers", "two"), "option layers is 'two'; it must be"),
    "option out of range": (put("model", "dropout", 7), "model.safetensors: .*dropout is 7"),
    "letters that are no text": (put("vocabulary", "characters", ["a"]), r"\['a'\] is not a text"),
    "corpus that is a text": (lambda a, h: h.update(corpus="x"), "garbles corpus: 'x' is not a"),
    "repeated letters": (put("vocabulary", "characters", "aa"), "all different"),
    "no vocabulary": (lambda a, h: h.pop("vocabulary"), "its metadata lacks vocabulary; train"),
    "later version": (lambda a, h: h.update(version=99), "format version 99; .* reads version 1"),
    "another kind": (lambda a, h: h.update(kind="resume"), "another kind"),
}


@pytest.fixture
def facts_file(checkpoint, tmp_path):
    """A file that states every fact."""
    path = tmp_path / "facts.safetensors"
    dataclasses.replace(checkpoint, provenance=TEXT, training=TRAINING, measured=SCORES).save(path)
    return path


TEXT = Provenance(("a.txt", "-"), "0af1", 744, DataOptions(limit=744, split=Split(0.8, 0.1)))
TRAINING = Training(TrainOptions(steps=30, learning_rate=0.01), 30, 1.5, 2.25, 2)
SCORES = Measured(1.4, "validation", 600, 744, Score(1.5, 143), Score(math.pi, 143))


def test_facts_survive_the_round_trip(facts_file):
    loaded = Checkpoint.load(facts_file)
    assert (loaded.provenance, loaded.training, loaded.measured) == (TEXT, TRAINING, SCORES)


numbers = st.floats(0, 1e300, allow_subnormal=False)  # the processor flushes those to zero
counts = st.integers(0, 2**63 - 1)
names = st.text(st.characters(codec="utf-8"), max_size=9)
scores = st.builds(Score, numbers, st.integers(1, 10**9))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.none()
    | st.builds(Provenance, st.tuples(names, names), names, counts, st.just(TEXT.options)),
    st.none()
    | st.builds(
        Training, st.just(TRAINING.options), counts, numbers, numbers, st.integers(1, 1024)
    ),
    st.none()
    | st.builds(Measured, st.none() | numbers)
    | st.builds(
        lambda start, length, *rest: Measured(None, "test", start, start + length, *rest),
        st.integers(0, 10**9), st.integers(0, 10**9), scores, scores,
    ),
)  # fmt: skip
def test_whatever_is_known_survives_the_round_trip(
    checkpoint, tmp_path, provenance, training, measured
):
    facts = {"provenance": provenance, "training": training, "measured": measured}
    saved = dataclasses.replace(checkpoint, **facts)
    saved.save(tmp_path / "again")
    loaded = Checkpoint.load(tmp_path / "again")
    assert {name: getattr(loaded, name) for name in facts} == facts


# key, value, what the one line must say after the file's name
GARBLED = [
    ("corpus.sources", "x", "corpus.sources: 'x' is not a list of texts"),
    ("corpus.sources", [1], "corpus.sources: [1] is not a list of texts"),
    ("corpus.sha256", None, "corpus.sha256: None is not a text"),
    ("corpus.characters", -1, "corpus.characters: -1 is not a whole number of at least 0"),
    ("corpus.characters", 7.0, "corpus.characters: 7.0 is not a whole number"),
    ("corpus.options", [], "corpus.options: [] is not a JSON object"),
    ("corpus.options.encoding", "klingon", "encoding='klingon': unknown encoding: klingon"),
    ("corpus.options.split", [10**400, 1], ""),
    ("training.options.window", 0, "window is 0; it must be at least 1"),
    ("training.options.seed", True, "training.options: option seed is True"),
    ("training.steps", True, "training.steps: True is not a whole number"),
    ("training.steps", 2**63, f"training.steps: {2**63} is not a whole number"),
    ("training.epochs", math.nan, "training.epochs: nan is not a finite number"),
    ("training.seconds", math.inf, "training.seconds: inf is not a finite number"),
    ("training.seconds", "1", "training.seconds: '1' is not a finite number"),
    ("training.seconds", 10**400, "is not a number that is small enough"),
    ("training.threads", 0, "training.threads: 0 is not a whole number of at least 1 and at most"),
    ("measured", 3, "measured: 3 is not a JSON object"),
    ("measured.validation_nats", -0.1, "measured.validation_nats: -0.1 is not a finite number"),
    ("measured.part", "most", "measured.part: 'most' is not one of train, validation, test, all"),
    ("measured.to", 599, "measured.to: 599 is not a whole number of at least 600"),
    ("measured.carried", {}, "its metadata lacks measured.carried.nats"),
    ("measured.cold.characters", 0, "measured.cold.characters: 0 is not a whole number"),
    ("vocabulary.bytewise", 1, "vocabulary.bytewise: 1 is not true or false"),
    ("vocabulary.characters", "aa", "vocabulary: it must have one or more"),
]


def replaced(values, keys, value):
    """Return JSON values with one of them, somewhere inside, replaced."""
    if not keys:
        return value
    inside = values.copy()
    inside[keys[0]] = replaced(values[keys[0]], keys[1:], value)
    return inside


@pytest.mark.parametrize(("key", "value", "message"), GARBLED, ids=lambda v: str(v)[:30])
def test_a_garbled_fact_is_answered_by_file_and_key(facts_file, key, value, message):
    arrays, header = read_arrays(facts_file, "model")
    header = replaced(header, key.split("."), value) | {"kind": "model"}
    write_arrays(facts_file, arrays, header)
    with pytest.raises(UserError) as error:
        Checkpoint.load(facts_file)
    assert str(error.value).startswith(f"{facts_file}: ")
    assert message in str(error.value)
    assert len(str(error.value)) < 500


def places(values, where=()):
    """Yield the keys that lead to each of the values inside."""
    yield where
    if isinstance(values, dict | list):
        for key in values if isinstance(values, dict) else range(len(values)):
            yield from places(values[key], (*where, key))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_subnormal=False) | st.text()
    | st.sampled_from([10**400, 2**63, -1, 0, "\ud800", "\0", "lstm", 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300
)
@given(st.data())
def test_whatever_is_garbled_the_file_loads_or_is_refused_by_name(facts_file, tmp_path, data):
    arrays, header = read_arrays(facts_file, "model")
    where = data.draw(st.sampled_from([place for place in places(header) if place]))
    header = replaced(header, where, data.draw(anything))
    path = tmp_path / "garbled.safetensors"
    write_arrays(path, arrays, header | {"kind": "model"})
    try:
        loaded = Checkpoint.load(path)
    except UserError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017
    else:
        loaded.save(path)
        assert Checkpoint.load(path).training == loaded.training


def test_facts_of_an_older_file_may_lack_what_came_later(facts_file):
    arrays, header = read_arrays(facts_file, "model")
    del header["corpus"]["options"]["limit"]
    header["measured"] = {}
    write_arrays(facts_file, arrays, header | {"kind": "model"})
    loaded = Checkpoint.load(facts_file)
    assert loaded.provenance.options == dataclasses.replace(TEXT.options, limit=None)
    assert loaded.measured == Measured()


def test_a_checkpoint_needs_no_torch():
    probe = (
        "import sys; from charlstm.model.checkpoint import Checkpoint, find_model;"
        "assert Checkpoint.load(find_model(None)).measured.cold.nats < 1.4;"
        "assert not {'torch', 'pooch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_does_not_fit_is_refused_by_name(model_file, damage):
    change, message = DAMAGE[damage]
    rewrite(model_file, change)
    with pytest.raises(UserError, match=message):
        Checkpoint.load(model_file)


def test_a_flipped_bit_is_noticed(model_file):
    content = bytearray(model_file.read_bytes())
    content[-7] ^= 1
    model_file.write_bytes(content)
    with pytest.raises(UserError, match="damaged: its content does not match its digest"):
        Checkpoint.load(model_file)


def test_a_changed_header_is_noticed(model_file):
    content = model_file.read_bytes()
    letters = b"abcdefghijklm"
    assert content.count(letters) == 1
    model_file.write_bytes(content.replace(letters, letters[::-1]))
    with pytest.raises(UserError, match="damaged: its content"):
        Checkpoint.load(model_file)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_not_written(checkpoint, model_file, value):
    before = model_file.read_bytes()
    checkpoint.weights["head.bias"][0] = value
    with pytest.raises(UserError, match="no longer finite; train again with a smaller"):
        checkpoint.save(model_file)
    assert model_file.read_bytes() == before


def test_weights_too_large_for_float16_are_kept_in_float32(checkpoint, model_file):
    checkpoint.weights["head.bias"][0] = 70_000
    checkpoint.save(model_file)
    np.testing.assert_array_equal(
        Checkpoint.load(model_file).weights["head.bias"],
        checkpoint.weights["head.bias"].astype("f4"),
    )


def test_a_full_disk_harms_nothing(checkpoint, model_file, monkeypatch):
    before = model_file.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic_file.os, "fsync", full)
    with pytest.raises(UserError, match=r"no space left on device; the old file .* out"):
        checkpoint.save(model_file)
    assert model_file.read_bytes() == before
    assert list(model_file.parent.iterdir()) == [model_file]


def test_the_old_file_stays_until_the_new_one_is_whole(checkpoint, model_file, monkeypatch):
    before = model_file.read_bytes()
    monkeypatch.setattr(
        atomic_file.os, "replace", lambda *_: None
    )  # the process ends before the rename
    checkpoint.save(model_file)
    assert model_file.read_bytes() == before


def test_the_file_has_the_permissions_of_any_new_file(model_file, tmp_path):
    (tmp_path / "plain").write_text("", encoding="utf-8")
    assert stat.S_IMODE(model_file.stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


def test_models_are_found_by_file_folder_and_name(model_file, tmp_path):
    assert find_model(str(model_file)) == model_file
    assert find_model(str(model_file.parent)) == model_file
    assert find_model(None) == find_model("tinyshakespeare")
    with pytest.raises(UserError, match=r"nosuch: .*shipped: .*tinyshakespeare.*charlstm\.train"):
        find_model("nosuch")
    with pytest.raises(UserError, match=r"no model\.safetensors in this folder"):
        find_model(str(tmp_path))
