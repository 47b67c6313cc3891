"""Only one process writes in a cache folder, and it clears away what killed ones left there."""

import errno
import os
import signal
import time

import pytest
from killed import in_a_child, needs_fork

from charlstm.errors import UserError
from charlstm.machine.cache import cache_folder, writing_alone


def test_without_a_home_the_message_says_what_the_folder_is_for(monkeypatch):
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(UserError, match=r"^the folder for cakes is not known, .*; bake one$"):
        cache_folder("cakes", "bake one")


@needs_fork
def test_a_killed_writer_lets_go_and_what_it_left_is_removed(tmp_path):
    def work():
        with writing_alone(tmp_path, ""):
            (tmp_path / "half.tmp").touch()
            time.sleep(60)

    child = in_a_child(work)
    while not (tmp_path / "half.tmp").exists():
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with writing_alone(tmp_path, ""):
        assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_file_system_without_locks_is_written_and_nothing_is_removed(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("filelock.lock_descriptor", fail)
    (tmp_path / "half.tmp").touch()
    with writing_alone(tmp_path, ""):
        assert (tmp_path / "half.tmp").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match=r"file.lock: .*; name another$"),
        writing_alone(tmp_path / "file", "name another"),
    ):
        pass
