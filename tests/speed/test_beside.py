"""Processes beside: that they run, and that they end."""

import contextlib
import subprocess
import sys

import pytest

from charlstm.errors import UserError
from charlstm.speed import beside
from charlstm.speed.beside import busy, together, waiting


@pytest.fixture
def children(monkeypatch):
    """Note the processes that are begun."""
    begun = []
    popen = subprocess.Popen

    def begin(*arguments, **options):
        begun.append(popen(*arguments, **options))
        return begun[-1]

    monkeypatch.setattr(beside.subprocess, "Popen", begin)
    return begun


def test_busy_processes_run_during_the_block_only(children):
    with busy(2):
        assert [child.poll() for child in children] == [None, None]
    assert all(child.poll() is not None for child in children)
    with busy(0):
        assert len(children) == 2


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ZeroDivisionError])
def test_they_end_with_the_block_whatever_ends_it(children, stop):
    with pytest.raises(stop), busy(1):
        raise stop
    assert children[0].poll() is not None


def test_they_end_even_with_a_process_that_is_killed():
    program = """
import os, signal
from charlstm.speed.beside import busy
with busy(1):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    # the busy child holds the other end of standard error: this returns once it is gone
    killed = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, timeout=100)
    assert killed.returncode < 0


def test_children_begin_together_and_their_figures_come_back(children, tmp_path):
    """Each one waits until all are ready."""
    program = f"""
from pathlib import Path
import os
folder = Path({str(tmp_path)!r})
(folder / str(os.getpid())).touch()
print("ready", flush=True)
input()
print(len(list(folder.iterdir())) / 2)
"""
    assert together(3, program) == [1.5, 1.5, 1.5]
    assert all(child.poll() is not None for child in children)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, None])
def test_a_program_that_waits_is_asked_for_figures_and_ends_with_the_block(children, stop):
    program = """
import sys
for number, line in enumerate(sys.stdin):
    print(number + 0.5, flush=True)
"""
    with pytest.raises(stop) if stop else contextlib.nullcontext(), waiting(program) as measure:
        assert [measure(), measure(), measure()] == [0.5, 1.5, 2.5]
        assert children[0].poll() is None
        if stop:
            raise stop
    assert children[0].poll() is not None


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "input(); raise SystemExit(3)"])
def test_a_program_that_ends_instead_of_waiting_is_told(children, program):
    with waiting(program) as measure:
        if not program.startswith("input"):
            children[0].wait()
        with pytest.raises(UserError, match="ended with exit code 3"):
            measure()


FAILING = [
    "raise SystemExit('no')",
    "print('ready', flush=True); raise SystemExit('no')",
    "print('ready', flush=True); input(); raise SystemExit('no')",
]


@pytest.mark.parametrize("program", FAILING)
def test_a_child_that_fails_does_not_leave_the_others(children, program):
    with pytest.raises(UserError, match="ended with exit code 1"):
        together(2, program)
    assert all(child.poll() is not None for child in children)
