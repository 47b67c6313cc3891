"""A training is killed again and again, and ends as if nothing had happened."""

import os
import random
import signal
import time

import pytest
import small_run
from disk import watched
from killed import in_a_child, needs_fork

from charlstm.model.checkpoint import Checkpoint
from charlstm.training import run as runs
from charlstm.training.saved import Saved

KILLS = int(os.environ.get("KILLS", 30))


def killed_at_a_write(folder, corpus, count):
    """Train in a child that kills itself at so many operations on files; return how it ended."""
    left = iter(range(count))

    def seen(what, argument):
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def work():
        with watched(seen):
            small_run.train(folder, corpus)

    return os.waitpid(in_a_child(work), 0)[1]


def killed_after(folder, corpus, seconds):
    """Train in a child that is killed after some seconds; return how it ended."""
    process = in_a_child(lambda: small_run.train(folder, corpus))
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    return os.waitpid(process, 0)[1]


@needs_fork
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_no_kill_loses_a_file_a_weight_or_a_line(tmp_path, corpus, monkeypatch):
    monkeypatch.setattr(runs, "SAVE_SECONDS", 0)
    begun = time.monotonic()
    small_run.train(tmp_path / "undisturbed", corpus)
    whole = time.monotonic() - begun
    want = small_run.outcome(tmp_path / "undisturbed")
    rng = random.Random(2)
    kills = finished = 0
    while kills < KILLS:
        folder = tmp_path / f"run-{finished}"
        if rng.random() < 0.5:
            status = killed_at_a_write(folder, corpus, rng.randrange(120))
        else:
            status = killed_after(folder, corpus, rng.uniform(0, whole / 4))
        if os.WIFSIGNALED(status):
            kills += 1
            if (folder / "model.safetensors").exists():
                Checkpoint.load(folder / "model.safetensors")
            if (folder / "resume.safetensors").exists():
                Saved.read(folder / "resume.safetensors")
            continue
        assert status == 0
        assert small_run.outcome(folder) == want
        finished += 1
    small_run.train(folder, corpus)
    assert small_run.outcome(folder) == want
    print(f"{kills:,} kills in {finished + 1:,} trainings: nothing lost")
