"""Closed and full standard streams, and the end of a session, do not hurt a training."""

import os
import pty
import re
import subprocess
import sys
import time

import pytest

from charlstm.model.checkpoint import Checkpoint
from charlstm.training.saved import Saved

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a Unix shell")
TRAIN = [sys.executable, "-m", "charlstm.train"]
TINY = "--hidden-size 8 --embedding-size 4 --batch-size 8 --window 32 --threads 1".split()


def shell(command, *arguments):
    buffered = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    words = ["sh", "-c", command, "sh", *arguments]
    return subprocess.run(words, capture_output=True, timeout=200, env=buffered)


@pytest.mark.slow
@pytest.mark.parametrize("streams", ["2>&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
def test_a_training_does_not_need_its_streams(streams, tmp_path, corpus):
    if "full" in streams and not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    folder = tmp_path / "run"
    command = [*TRAIN, corpus, *TINY, "--steps", "40", "--out", str(folder)]
    done = shell(f'"$@" {streams}', *command)
    assert (done.returncode, done.stdout) == (0, b"")
    assert Checkpoint.load(folder / "model.safetensors").training.steps == 40
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md", "lock", "log.jsonl", "model.safetensors", "resume.safetensors",
    ]  # fmt: skip
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith('{"step": ') for line in lines)


@pytest.mark.slow
def test_a_reader_of_standard_error_may_go_away(tmp_path, corpus):
    command = [*TRAIN, corpus, *TINY, "--steps", "40", "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        process.stderr.readline()
        process.stderr.close()
        assert process.wait(200) == 0
    assert Checkpoint.load(tmp_path / "run" / "model.safetensors").training.steps == 40


@pytest.mark.slow
def test_the_end_of_a_session_saves(tmp_path, corpus):
    """The terminal goes away: SIGHUP comes, and whatever is written to it fails."""
    folder = tmp_path / "run"
    process, terminal = pty.fork()
    if not process:
        budget = ["--minutes", "9", "--patience", "none"]
        os.execv(TRAIN[0], [*TRAIN, corpus, *TINY, *budget, "--out", str(folder)])
    deadline = time.monotonic() + 100
    while not (folder / "log.jsonl").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.close(terminal)
    assert os.WEXITSTATUS(os.waitpid(process, 0)[1]) == 129
    logged = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    step = int(re.search(r'"step": (\d+)', logged)[1])
    assert Saved.read(folder / "resume.safetensors").progress["now"]["step"] >= step > 0


PROBE = """
import os, sys
from charlstm.errors import command, say
def main(argv=None):
    say("unread")
    with open(sys.argv[1], "w") as file:
        os.write(2, b"from a library")
        file.write(str(file.fileno()))
    return 0
sys.exit(command(main, prints=False)())
"""


@pytest.mark.parametrize("streams", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_no_file_gets_the_number_of_a_closed_stream(streams, tmp_path):
    done = shell(f'"$@" {streams}', sys.executable, "-c", PROBE, str(tmp_path / "file"))
    assert (done.returncode, done.stdout) == (0, b"")
    assert int((tmp_path / "file").read_text(encoding="utf-8")) > 2


def test_what_a_full_disk_has_not_taken_does_not_fail_at_exit(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    probe = PROBE.replace('say("unread")', 'print("unread", end="", file=sys.stderr)')
    probe = probe.replace('os.write(2, b"from a library")', "pass")  # that would fail at once
    done = shell('"$@" 2>/dev/full', sys.executable, "-c", probe, str(tmp_path / "file"))
    assert done.returncode == 0


def test_help_needs_standard_output():
    done = shell('"$@" --help >&-', *TRAIN)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert done.stderr.startswith(b"error: standard output is closed; leave it open")
