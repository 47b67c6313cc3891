"""Workers: they share the trials, say how each ended, and may be killed at any time."""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_search import plan_in

from charlstm.searching import processes
from charlstm.searching.findings import Results
from charlstm.searching.processes import run_workers, work
from charlstm.searching.study import open_study

KILLS = int(os.environ.get("KILLS", 3))


def test_a_worker_does_all_and_says_how_each_ended(tmp_path, corpus, capsys):
    plan = plan_in(tmp_path / "search", corpus, ["layers=1,2"])
    assert run_workers(plan, time.time() + 600) == 0
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("1 of 2: layers=")
    assert second.startswith("2 of 2: layers=")
    assert "; best " in second
    assert Results(plan, open_study(plan)).is_done()
    assert work(plan, 0, time.time() + 600) == 0  # nothing is left
    assert capsys.readouterr().err == ""


def test_a_setting_that_another_worker_took_over_is_no_error(tmp_path, corpus, monkeypatch):
    """A machine slept; the others took its worker for dead, and tell how the trial ended."""
    plan = plan_in(tmp_path / "search", corpus, ["layers=1,2"])
    train = processes.objective

    def slept(plan, trial, most):
        value = train(plan, trial, most)
        if trial.number == 0:
            trial.study.tell(trial.number, value)
        return value

    monkeypatch.setattr(processes, "objective", slept)
    assert work(plan, 0, time.time() + 600) == 0
    assert len(Results(plan, open_study(plan)).complete) == 2


def test_two_workers_never_take_one_trial(tmp_path, corpus):
    """SQLite has no SELECT FOR UPDATE: a transaction locks the file before it reads."""
    plan = plan_in(tmp_path / "search", corpus, ["layers=1,2"])
    storage = open_study(plan)._storage._backend
    with storage.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM trials").scalar() == 2
        other = sqlite3.connect(plan.folder / "search.db", timeout=0, isolation_level=None)
        with contextlib.closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")


def test_after_the_hours_no_trial_begins(tmp_path, corpus):
    plan = plan_in(tmp_path / "search", corpus, ["layers=1,2"])
    assert work(plan, 0, time.time() - 1) == 0
    assert not Results(plan, open_study(plan)).settled


def workers_of(process):
    """Return the ids of the worker processes that a process has begun."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        found = map(int, listed.read_text(encoding="utf-8").split())
        return [w for w in found if b"spawn_main" in Path(f"/proc/{w}/cmdline").read_bytes()]
    except OSError:
        return []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_no_kill_loses_a_setting_or_a_seed(tmp_path, corpus):
    """Workers and whole searches are killed; the same command ends as if nothing had been."""
    words = [sys.executable, "-m", "charlstm.search", corpus, "--space", "layers=1,2",
             "hidden_size=4,6", "--sampler", "grid", "--repeat", "2", "--steps", "60",
             "--workers", "2", "--batch-size", "4", "--window", "8", "--precision", "fp32",
             "--out", "runs/killed", "--json"]  # fmt: skip
    rng = random.Random(5)
    kills = starts = 0
    while True:
        starts += 1
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path
        ) as process:
            while process.poll() is None and kills < KILLS:
                time.sleep(rng.uniform(0.5, 8))
                workers = workers_of(process)
                target = rng.choice(workers) if workers and rng.random() < 0.6 else process.pid
                if process.poll() is None:
                    os.kill(target, signal.SIGKILL)
                    kills += 1
            out = process.communicate()[0]
        if process.returncode == 0:
            break
    told = json.loads(out)
    assert told["done"]
    settings = {tuple(each["setting"].values()) for each in told["settings"]}
    assert len(told["settings"]) == len(settings) == 4
    for each in told["settings"]:
        if each["state"] != "failed":  # given up after four deaths: only in the long form
            assert [seed["steps"] for seed in each["seeds"]] == [60, 60]
    assert (tmp_path / told["run"] / "model.safetensors").exists()
    print(f"{kills} kills, {starts} starts: nothing lost")
