"""One safe file: whole, checked, and never harmed by a failed write."""

import errno
import json
import os
import pickle
import stat

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from charlstm.errors import UserError
from charlstm.model import checkpoint as module
from charlstm.model.checkpoint import Checkpoint, find_model, read_arrays, write_arrays


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
    "another shape": (grow, r"head\.bias has shape \(3,\), its options ask for"),
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
    "option of another type": (put("model", "layers", "two"), "option layers is 'two', which"),
    "option out of range": (put("model", "dropout", 7), "dropout is 7"),
    "letters that are no text": (put("vocabulary", "characters", ["a"]), "must be a text"),
    "corpus that is a text": (lambda a, h: h.update(corpus="x"), "lacks or garbles corpus"),
    "repeated letters": (put("vocabulary", "characters", "aa"), "all different"),
    "no vocabulary": (lambda a, h: h.pop("vocabulary"), "lacks or garbles 'vocabulary'"),
    "later version": (lambda a, h: h.update(version=99), "format version 99; .* reads version 1"),
    "another kind": (lambda a, h: h.update(kind="resume"), "another kind"),
}


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
    with pytest.raises(UserError, match="damaged, its content does not match its digest"):
        Checkpoint.load(model_file)


def test_a_changed_header_is_noticed(model_file):
    content = model_file.read_bytes()
    letters = b"abcdefghijklm"
    assert content.count(letters) == 1
    model_file.write_bytes(content.replace(letters, letters[::-1]))
    with pytest.raises(UserError, match="damaged, its content"):
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


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_refused(model_file, share):
    content = model_file.read_bytes()
    model_file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError, match="not a whole safetensors file"):
        Checkpoint.load(model_file)


class Malice:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_a_pickle_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.safetensors"
    path.write_bytes(pickle.dumps(Malice()))
    with pytest.raises(UserError, match="not a whole safetensors file"):
        Checkpoint.load(path)
    assert not (tmp_path / "executed").exists()


def test_somebody_elses_safetensors_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"w": np.zeros(2, np.float32)}, path)
    with pytest.raises(UserError, match="has no charlstm metadata"):
        Checkpoint.load(path)


def test_a_full_disk_harms_nothing(checkpoint, model_file, monkeypatch):
    before = model_file.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(UserError, match=r"no space left on device; nothing .* --out"):
        checkpoint.save(model_file)
    assert model_file.read_bytes() == before
    assert list(model_file.parent.iterdir()) == [model_file]


def test_the_old_file_stays_until_the_new_one_is_whole(checkpoint, model_file, monkeypatch):
    before = model_file.read_bytes()
    monkeypatch.setattr(module.os, "replace", lambda *_: None)  # the rename never comes
    checkpoint.save(model_file)
    assert model_file.read_bytes() == before


def test_the_file_has_the_permissions_of_any_new_file(model_file, tmp_path):
    (tmp_path / "plain").write_text("")
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
