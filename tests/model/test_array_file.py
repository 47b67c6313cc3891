"""Files of arrays: whole or refused, and read within bounds, whoever wrote them."""

import os
import pickle
import time

import numpy as np
import pytest
import safetensors.numpy

from charlstm.errors import UserError
from charlstm.model import array_file
from charlstm.model.array_file import (
    check_shapes,
    check_weights,
    computable,
    read_arrays,
    read_header,
    write_arrays,
)
from charlstm.model.checkpoint import Checkpoint

WEIGHTS = {"w": np.zeros(2, np.float32)}


def raw(path, told):
    """Write any text where the JSON of a header belongs."""
    safetensors.numpy.save_file(WEIGHTS, path, {"charlstm": told})
    return path


def test_arrays_and_header_come_back(tmp_path):
    path = tmp_path / "a.safetensors"
    write_arrays(path, WEIGHTS, {"kind": "line", "told": ["é", 1.5, {"deep": [[[1]]]}]})
    arrays, header = read_arrays(path, "line")
    np.testing.assert_array_equal(arrays["w"], WEIGHTS["w"])
    assert header == {"told": ["é", 1.5, {"deep": [[[1]]]}]}
    assert read_header(path, "line").keys() == {"version", "kind", "told", "sha256"}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("[" * 200_000, "more than 32 brackets inside one another"),
        ("[" * 990 + "]" * 990, "more than 32 brackets inside one another"),
        ('{"a":' * 33 + "1" + "}" * 33, "more than 32 brackets inside one another"),
        ("[" + "[]," * 2_000_000 + "[]]", "far too many values"),
        ("[" + '"",' * 1_100_000 + "1]", "far too many values"),
        ('"' + "x" * 99_000_000 + '"', "a header of 99,000,"),
        ('"' + r"\"" * 1_500_000, "has no charlstm metadata"),
        ('"' * 3_000_000, "has no charlstm metadata"),
        ('{"version": ' + "9" * 5000 + "}", "has no charlstm metadata"),
        ('{"version": ' + "9" * 4000 + "}", "format version 9999"),
        ('{"version": "' + "x" * 100_000 + '"}', "format version 'xxx"),
        ('{"version": true}', "format version True"),
        ('["version"]', "has no charlstm metadata"),
        ("7", "has no charlstm metadata"),
        ("", "has no charlstm metadata"),
    ],
    ids=lambda x: str(x)[:20],
)
def test_a_header_beyond_the_bounds_is_refused_at_once(tmp_path, told, message):
    path = raw(tmp_path / "a.safetensors", told)
    started = time.process_time()
    with pytest.raises(UserError) as error:
        read_arrays(path, "model")
    seconds = time.process_time() - started
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert len(str(error.value)) < 500
    assert seconds < 1  # 20 MB of brackets took 12 s before there were bounds


def test_a_header_with_a_hundred_thousand_characters_fits(tmp_path):
    """Also if each takes 14 bytes there: two surrogates of six, and two more backslashes."""
    path = tmp_path / "a.safetensors"
    characters = "".join(map(chr, range(0x20000, 0x20000 + 155_000)))
    sources = [f"texts/{i:05}.txt" for i in range(20_000)]
    write_arrays(path, WEIGHTS, {"kind": "line", "told": characters, "sources": sources})
    assert read_arrays(path, "line")[1] == {"told": characters, "sources": sources}


def test_a_header_that_could_not_be_read_is_not_written(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(UserError, match=r"not written, because its header would have 9,000,\d+ b"):
        write_arrays(path, WEIGHTS, {"kind": "line", "sources": ["x" * 9_000_000]})
    assert not path.exists()


@pytest.mark.parametrize("length", [0, 1 << 62, 1 << 25])
def test_a_header_of_another_length_is_refused(tmp_path, length):
    path = tmp_path / "a.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + b"{}")
    with pytest.raises(UserError, match="not a whole safetensors file"):
        read_arrays(path, "model")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_no_model(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(UserError, match="pipe: not a file that can be read twice"):
        read_arrays(path, "model")


@pytest.mark.parametrize(
    ("number", "fits"),
    [(0, True), (1e6, True), (-1e6, True), (1.1e6, False), (3e38, False), (np.nan, False)],
)
def test_what_a_network_can_compute_with(tmp_path, number, fits):
    array = np.array([0, number], np.float32)
    assert computable(array) == fits
    if not fits:
        with pytest.raises(UserError, match="w holds values that are not finite, or beyond 1,000"):
            check_weights(tmp_path, {"w": array}, {"w": (2,)})


@pytest.mark.filterwarnings("error")
def test_float16_and_empty_arrays_can_be_computed_with():
    assert computable(np.array([65504], np.float16))
    assert computable(np.zeros((0, 3), np.float32))


def test_shapes_are_held_against_options_that_ask_for_far_more(tmp_path):
    with pytest.raises(UserError, match=r"w has shape \(2,\), but its options ask for \(1000000"):
        check_shapes(tmp_path, WEIGHTS, {"w": (1_000_000_000_000, 7)})


def test_the_bounds_hold_a_run_of_a_hundred_layers():
    """100 layers of 4 weights: in three copies and two moments and a step, twice."""
    assert array_file.MOST_OUTSIDE_STRINGS > 100 * 4 * 6 * 2 * 50


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


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="needs Linux' /proc/self/maps")
def test_a_file_that_was_read_is_not_mapped_any_more(model_file):
    """Windows replaces no file that is mapped into memory."""
    checkpoint = Checkpoint.load(model_file)
    weights, _ = read_arrays(model_file, "model")
    with open("/proc/self/maps", encoding="utf-8") as maps:
        assert str(model_file) not in maps.read()
    for name, array in weights.items():  # and no array lay in what was mapped
        np.testing.assert_array_equal(array.astype(np.float32), checkpoint.weights[name])


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    arrays = array_file._arrays
    versions = iter(range(1, 4))
    write_arrays(path, {"a": np.full(3, 0.0)}, {"kind": "resume", "n": 0})

    def replaced(path, wanted):
        if (n := next(versions, None)) is not None:
            write_arrays(path, {"a": np.full(3, float(n))}, {"kind": "resume", "n": n})
        return arrays(path, wanted)

    monkeypatch.setattr(array_file, "_arrays", replaced)
    found, header = read_arrays(path, "resume")
    assert (found["a"].tolist(), header["n"]) == ([3.0] * 3, 3)
