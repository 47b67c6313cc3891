"""A file is replaced whole; where Windows holds it, it is tried again, and nothing is lost."""

import errno
import os

import pytest

from charlstm.errors import UserError
from charlstm.model import atomic_file
from charlstm.model.atomic_file import WAITS, write_atomically
from charlstm.model.checkpoint import Checkpoint


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"old")
    return path


@pytest.fixture
def held(monkeypatch):
    """Let os.replace fail a number of times, as on Windows; return the seconds that are waited."""

    def hold(times, winerror=32):
        left = iter(range(times))
        real = os.replace
        waited = []

        def replace(*names):
            if next(left, None) is None:
                return real(*names)
            error = PermissionError(errno.EACCES, "The process cannot access the file")
            error.winerror = winerror
            raise error

        monkeypatch.setattr(atomic_file.os, "replace", replace)
        monkeypatch.setattr(atomic_file.time, "sleep", waited.append)
        return waited

    return hold


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_a_file_that_is_held_for_a_moment_is_replaced_after_it(path, held, winerror):
    waited = held(2, winerror)
    write_atomically(path, b"new", "buy a disk")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]
    assert waited == [0, *WAITS[:2]]


def test_a_file_that_stays_held_leaves_old_and_new_content_and_says_where(path, held):
    waited = held(1000)
    with pytest.raises(UserError, match="another program has it open") as told:
        write_atomically(path, b"new", "buy a disk")
    temporary = path.parent / "model.safetensors.tmp"
    assert (
        f"the new content is safe in {temporary}: close that program, then rename this file to"
        in str(told.value)
    )
    assert path.read_bytes() == b"old"
    assert temporary.read_bytes() == b"new"
    assert 20 < sum(waited) < 30


def test_a_training_that_cannot_replace_its_model_loses_no_weights(checkpoint, tmp_path, held):
    path = tmp_path / "model.safetensors"
    checkpoint.save(path)
    checkpoint.weights["head.bias"][:] = 0.5
    held(1000)
    with pytest.raises(UserError, match=r"model\.safetensors\.tmp"):
        checkpoint.save(path)
    os.rename(path.with_name("model.safetensors.tmp"), tmp_path / "renamed.safetensors")
    assert set(Checkpoint.load(tmp_path / "renamed.safetensors").weights["head.bias"]) == {0.5}


def test_a_folder_without_permission_is_told_at_once(path, held):
    waited = held(1000, winerror=None)  # as on all other systems
    with pytest.raises(UserError, match=r"cannot access .* the old file is as it was; buy a disk"):
        write_atomically(path, b"new", "buy a disk")
    assert waited == [0]
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == b"old"


def test_a_folder_is_made(tmp_path):
    write_atomically(tmp_path / "a" / "b", b"new", "")
    assert (tmp_path / "a" / "b").read_bytes() == b"new"
