"""Several trainings in one folder at the same time: one works, the others say who does."""

import contextlib
import json
import os
import signal
import socket
import time

import pytest
from killed import in_a_child, needs_fork

from charlstm.model.checkpoint import Checkpoint
from charlstm.train import main
from charlstm.training import display

pytestmark = [
    needs_fork,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]
TINY = "--hidden-size 8 --embedding-size 4 --batch-size 8 --window 32 --threads 1".split()


def started_at_once(number, tmp_path, *arguments):
    """Start so many trainings in the same moment; return their process ids."""
    read, write = os.pipe()

    def work(index):
        os.close(write)
        os.read(read, 1)  # until the parent closes its end
        said = (tmp_path / f"said-{index}").open("w", encoding="utf-8")
        with said, contextlib.redirect_stderr(said):
            return main([*map(str, arguments)])

    for index in range(number):
        (tmp_path / f"said-{index}").write_text("", encoding="utf-8")
    processes = [in_a_child(lambda index=index: work(index)) for index in range(number)]
    os.close(write)
    os.close(read)
    return processes


def one_works_and_the_others_say_who(processes, tmp_path, folder):
    left = dict(enumerate(processes))
    refused = []
    deadline = time.monotonic() + 200
    while len(left) > 1:
        assert time.monotonic() < deadline
        for index, process in list(left.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                assert os.WEXITSTATUS(status) == 2
                refused.append((tmp_path / f"said-{index}").read_text(encoding="utf-8"))
                del left[index]
        time.sleep(0.01)
    ((index, worker),) = left.items()
    while "% step " not in (tmp_path / f"said-{index}").read_text(encoding="utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    who = f"error: {folder}: process {worker} on {socket.gethostname()} has been at work here"
    assert [said[: len(who)] for said in refused] == [who] * (len(processes) - 1)
    assert all(said.count("\n") == 1 for said in refused)
    os.kill(worker, signal.SIGTERM)
    assert os.WEXITSTATUS(os.waitpid(worker, 0)[1]) == 143


@pytest.mark.parametrize("number", [2, 4, 8])
def test_one_of_several_works_in_a_folder_and_the_others_say_who(
    number, tmp_path, corpus, monkeypatch
):
    monkeypatch.setattr(display, "LINE_SECONDS", 0)
    folder = tmp_path / "run"
    begin = (corpus, *TINY, "--minutes", 9, "--patience", "none", "--out", folder)
    for arguments in (begin, ("--resume", folder)):
        processes = started_at_once(number, tmp_path, *arguments)
        one_works_and_the_others_say_who(processes, tmp_path, folder)
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted(set(steps))
    Checkpoint.load(folder / "model.safetensors")


def test_without_a_name_each_gets_a_folder_of_its_own(tmp_path, corpus, monkeypatch):
    monkeypatch.chdir(tmp_path)
    processes = started_at_once(4, tmp_path, corpus, *TINY, "--steps", 9)
    assert [os.waitpid(process, 0)[1] for process in processes] == [0] * 4
    names = {"text", "text-2", "text-3", "text-4"}
    assert {path.name for path in (tmp_path / "runs").iterdir()} == names
    for name in names:
        assert Checkpoint.load(tmp_path / "runs" / name / "model.safetensors").training.steps == 9
        said = "".join((tmp_path / f"said-{i}").read_text(encoding="utf-8") for i in range(4))
        assert said.count(f"saved: runs/{name}/model") == 1
