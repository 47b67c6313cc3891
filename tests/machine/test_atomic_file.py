"""A file is replaced whole, by several writers and killed ones, too; nothing is lost."""

import errno
import os
import re
import stat
import time

import pytest
from killed import killed_at_each_line, needs_fork

from charlstm.errors import UserError
from charlstm.machine import atomic_file
from charlstm.machine.atomic_file import ABANDONED, WAITS, make_folder, write_atomically
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
    (temporary,) = set(path.parent.iterdir()) - {path}
    advice = "for a day: close that program, then rename this file to model.safetensors"
    assert str(told.value).endswith(f"the new content is safe in {temporary} {advice}")
    assert path.read_bytes() == b"old"
    assert temporary.read_bytes() == b"new"
    assert 20 < sum(waited) < 30


def test_a_training_that_cannot_replace_its_model_loses_no_weights(checkpoint, tmp_path, held):
    path = tmp_path / "model.safetensors"
    checkpoint.save(path)
    checkpoint.weights["head.bias"][:] = 0.5
    held(1000)
    with pytest.raises(UserError) as told:
        checkpoint.save(path)
    os.rename(re.search(r"safe in (\S+)", str(told.value))[1], tmp_path / "renamed.safetensors")
    assert set(Checkpoint.load(tmp_path / "renamed.safetensors").weights["head.bias"]) == {0.5}


def test_a_folder_without_permission_is_told_at_once(path, held):
    waited = held(1000, winerror=None)  # as on all other systems
    with pytest.raises(UserError, match=r"cannot access .* the old file is as it was; buy a disk"):
        write_atomically(path, b"new", "buy a disk")
    assert waited == [0]
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("name", ["model.safetensors/inside", "a" * 300 + "/file"])
def test_where_no_file_can_be_no_room_is_asked_for(path, name):
    with pytest.raises(UserError, match="; name another place"):
        write_atomically(path.parent / name, b"new")


def test_a_folder_is_made(tmp_path):
    write_atomically(tmp_path / "a" / "b", b"new", "")
    assert (tmp_path / "a" / "b").read_bytes() == b"new"


def test_of_two_who_write_at_once_each_has_a_temporary_file_of_its_own(path, monkeypatch):
    real = os.replace

    def meanwhile(*names):
        monkeypatch.setattr(atomic_file.os, "replace", real)
        write_atomically(path, b"theirs", "")
        assert path.read_bytes() == b"theirs"
        real(*names)

    monkeypatch.setattr(atomic_file.os, "replace", meanwhile)
    write_atomically(path, b"ours, written before, renamed later", "")
    assert path.read_bytes() == b"ours, written before, renamed later"
    assert list(path.parent.iterdir()) == [path]


def test_nothing_is_written_through_a_link_that_was_there_before(path, tmp_path, monkeypatch):
    monkeypatch.setattr(atomic_file.secrets, "token_hex", lambda size: "0" * 2 * size)
    victim = tmp_path / "victim"
    for content in (None, b"precious"):  # a link to nowhere, too
        if content:
            victim.write_bytes(content)
        path.with_name(f"{path.name}.{'0' * 16}.tmp").symlink_to(victim)
        with pytest.raises(UserError, match="exists; the old file is as it was; buy a disk"):
            write_atomically(path, b"new", "buy a disk")
        assert path.read_bytes() == b"old"
        assert victim.exists() == bool(content)
    assert victim.read_bytes() == b"precious"


def test_what_killed_writers_left_goes_after_a_day_and_nothing_else(path):
    hexadecimal = "0123456789abcdef"
    names = [
        f"{path.name}.{hexadecimal}.tmp",
        f"other.{hexadecimal}.tmp",
        f"my-{path.name}.{hexadecimal}.tmp",
        f"model-safetensors.{hexadecimal}.tmp",
        f"{path.name}.{hexadecimal}.tmp.mine",
        f"{path.name}.tmp",
        f"{path.name}.before.tmp",
    ]
    left = [path.with_name(name) for name in names]
    for each in left:
        each.write_bytes(b"left")
    write_atomically(path, b"1", "")
    assert set(path.parent.iterdir()) == {path, *left}  # a writer may be at work
    now = time.time()
    for each in left:
        os.utime(each, (now, now - ABANDONED + 60))
    write_atomically(path, b"2", "")
    assert set(path.parent.iterdir()) == {path, *left}
    for each in left:
        os.utime(each, (now, now - ABANDONED - 60))
    write_atomically(path, b"3", "")
    assert set(path.parent.iterdir()) == {path, *left[1:]}


def test_an_interrupted_writer_leaves_nothing(path, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic_file.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new", "")
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="Windows opens no folder")
def test_the_file_is_on_disk_before_it_is_renamed_and_the_folder_after(path, monkeypatch):
    done = []
    sync = os.fsync
    replace = os.replace

    def synced(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def replaced(*names):
        done.append("renamed")
        replace(*names)

    monkeypatch.setattr(atomic_file.os, "fsync", synced)
    monkeypatch.setattr(atomic_file.os, "replace", replaced)
    write_atomically(path, b"new", "")
    assert done == ["file", "renamed", "folder"]


def test_a_folder_that_cannot_be_flushed_is_no_error(path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(atomic_file.os, "open", refuse)
    write_atomically(path, b"new", "")
    assert path.read_bytes() == b"new"


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_writer_killed_at_any_line_leaves_the_old_or_the_new_content(path):
    new = b"new" * 10_000

    def write():
        write_atomically(path, new, "")

    seen = set()
    for _ in killed_at_each_line(lambda: path.write_bytes(b"old"), write, atomic_file):
        seen.add(path.read_bytes())
        left = set(path.parent.iterdir()) - {path}
        assert len(left) <= 1
        write_atomically(path, b"next", "")  # whatever was left does not hinder the next one
        assert path.read_bytes() == b"next"
        for each in left:
            each.unlink()
    assert seen == {b"old", new}


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_folder_that_a_failing_disk_does_not_flush_is_told(path, monkeypatch, number):
    real = os.fsync

    def fail(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(atomic_file.os, "fsync", fail)
    with pytest.raises(UserError, match=os.strerror(number).lower()) as told:
        write_atomically(path, b"new", "buy a disk")
    assert "the old file is as it was" not in str(told.value)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.EBADF])
def test_a_system_that_flushes_no_folders_goes_on(path, monkeypatch, number):
    def fail(*given):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic_file.os, "open", fail)
    atomic_file.flush_folder(path.parent)


def test_the_names_of_new_folders_outlast_a_power_failure(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(atomic_file, "flush_folder", flushed.append)
    make_folder(tmp_path / "a" / "b")
    assert sorted(flushed) == [tmp_path, tmp_path / "a"]
    make_folder(tmp_path / "a" / "b")  # nothing is new
    assert len(flushed) == 2
