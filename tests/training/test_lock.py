"""Who trains in a folder: one process, until it ends in whatever way; others are told who."""

import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap

import pytest
from killed import needs_fork

from charlstm.errors import UserError
from charlstm.training import lock
from charlstm.training.lock import Claim, TakenError, check_free, claim, claim_new


@pytest.fixture(autouse=True)
def _signed_at_once(monkeypatch):
    monkeypatch.setattr(lock, "SIGNING", 0)


@pytest.fixture
def elsewhere():
    """Run code in a process of its own, until it has printed a line."""
    started = []

    def run(code, *arguments):
        # -P: the package that this process has, also if another one lies in the current folder
        command = [sys.executable, "-P", "-c", textwrap.dedent(code), *map(str, arguments)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout.readline() == "ready\n"
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


HOLDS = """
    import sys, time
    from pathlib import Path
    from charlstm.training.lock import claim
    mine = claim(Path(sys.argv[1]))
    print("ready", flush=True)
    time.sleep(100)
"""


def test_who_comes_second_is_told_who_holds_the_folder_and_gets_it_after_a_kill(
    elsewhere, tmp_path
):
    holder = elsewhere(HOLDS, tmp_path / "run")
    who = f"process {holder.pid} on {re.escape(socket.gethostname())}"
    since = r"has been at work here since \d{4}-\d\d-\d\d \d\d:\d\d[+-]\d\d:\d\d"
    what = "stop it, or wait until it has ended"
    for _ in range(2):  # who asks changes nothing
        with pytest.raises(TakenError, match=f"^{tmp_path}/run: {who} {since}; {what}$"):
            claim(tmp_path / "run")
    with pytest.raises(TakenError, match="stop it, or name another folder with out"):
        claim_new(tmp_path / "run")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert claim(tmp_path / "run")


def test_a_process_can_claim_what_it_holds_and_lets_go_with_the_last_claim(elsewhere, tmp_path):
    mine = claim(tmp_path)
    assert claim(tmp_path) is mine
    (tmp_path / "link").symlink_to(tmp_path)
    assert claim(tmp_path / "link") is mine  # another name for the same folder
    del mine
    elsewhere(HOLDS, tmp_path)
    with pytest.raises(TakenError):
        claim(tmp_path)


def test_a_folder_that_was_removed_and_made_again_is_another_one(elsewhere, tmp_path):
    mine = claim(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    elsewhere(HOLDS, tmp_path / "run")
    with pytest.raises(TakenError):
        claim(tmp_path / "run")
    assert mine


def test_a_run_that_is_there_is_refused_and_no_folder_made(tmp_path, elsewhere):
    check_free(tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert claim_new(tmp_path / "run")
    for name in ("model.safetensors", "resume.safetensors"):
        folder = tmp_path / name.split(".")[0]
        folder.mkdir()
        (folder / name).touch()
        for check in (check_free, claim_new):
            with pytest.raises(TakenError, match="already holds a run; name another folder"):
                check(folder)
    elsewhere(HOLDS, folder)
    with pytest.raises(TakenError, match="has been at work here"):
        check_free(folder)


@needs_fork
def test_a_forked_child_does_not_keep_the_lock_of_a_dead_parent(elsewhere, tmp_path):
    forks = """import os
    if not os.fork():
        os.close(1)
        time.sleep(9)
        os._exit(0)
    """
    parent = elsewhere(HOLDS.replace("print(", f"{forks}print("), tmp_path)
    with pytest.raises(TakenError):
        claim(tmp_path)
    parent.kill()
    parent.wait()
    assert claim(tmp_path)


@pytest.mark.parametrize("victim", ["file", "nothing", "folder", "fifo"])
def test_what_is_planted_in_the_lock_s_place_is_refused_and_left_alone(victim, tmp_path):
    path = tmp_path / "run" / "lock"
    path.parent.mkdir()
    if victim == "fifo":
        os.mkfifo(path)
    elif victim == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / victim)
        if victim == "file":
            (tmp_path / "file").write_text("precious", encoding="utf-8")
    with pytest.raises(UserError, match="run/lock: not a plain file; remove it"):
        claim(path.parent)
    if victim == "file":
        assert (tmp_path / "file").read_text(encoding="utf-8") == "precious"
    assert not (tmp_path / "nothing").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no O_NOFOLLOW")
def test_a_link_that_is_planted_at_the_last_moment_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    monkeypatch.setattr(lock.os.path, "lexists", lambda _: False)
    with pytest.raises(UserError, match=r"lock: .*symbolic links"):
        claim(tmp_path)
    assert not (tmp_path / "victim").exists()


def test_who_is_refused_gives_the_holder_time_to_sign(elsewhere, tmp_path, monkeypatch):
    holder = elsewhere(HOLDS, tmp_path)
    signed = (tmp_path / "lock").read_bytes()
    (tmp_path / "lock").write_bytes(b"\nprocess 1, which is long dead\n")
    monkeypatch.setattr(lock.time, "sleep", lambda _: (tmp_path / "lock").write_bytes(signed))
    with pytest.raises(TakenError, match=f"process {holder.pid} on"):
        claim(tmp_path)


def test_a_stranger_s_words_in_the_file_stay_on_one_line(elsewhere, tmp_path):
    elsewhere(HOLDS, tmp_path)
    (tmp_path / "lock").write_text("\nmean\x1b[2J\nwords" + "x" * 10_000, encoding="utf-8")
    with pytest.raises(TakenError) as told:
        claim(tmp_path)
    assert "mean?[2J?words" in str(told.value)
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 500
    (tmp_path / "lock").write_text("", encoding="utf-8")
    with pytest.raises(TakenError, match="another process has been at work here; stop it"):
        claim(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told_and_used(number, tmp_path, monkeypatch, capsys):
    def refuse(descriptor, blocking):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock, "lock_descriptor", refuse)
    assert isinstance(claim(tmp_path), Claim)
    assert capsys.readouterr().err == (
        f"{tmp_path}: this file system has no locks; let no other training write there\n"
    )


def test_a_disk_that_fails_is_told(tmp_path, monkeypatch):
    def fail(descriptor, blocking):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(lock, "lock_descriptor", fail)
    with pytest.raises(UserError, match="lock: input/output error; make it writable, or copy the"):
        claim(tmp_path)
    with pytest.raises(UserError, match="lock: input/output error; name another folder with out"):
        claim_new(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file/lock: "):
        claim(tmp_path / "file")
