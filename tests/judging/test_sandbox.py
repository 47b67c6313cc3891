"""Where there is no sandbox, that is told."""

import os

import pytest
from toy import RIGHT, handed_in_by, ran

from charlstm import course
from charlstm.judging import sandbox


@pytest.fixture(params=["missing", "forbidden"])
def no_sandbox(request, monkeypatch, tmp_path):
    """Make bubblewrap fail; return what is told then."""
    if request.param == "missing":
        monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
        return "bwrap is missing; install Debian's package bubblewrap (Linux only)"
    if os.name == "nt":
        pytest.skip("a shell script stands for bwrap")
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'No permissions' >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return "bwrap fails (No permissions); let the kernel give user namespaces to your account"


def test_why_there_is_none_is_told(no_sandbox):
    assert sandbox.why_not() == no_sandbox


def test_with_contain_nothing_runs_without_one(no_sandbox, toy_course, tmp_path, capsys):
    release = toy_course / "release" / "ps1" / "ps1.ipynb"
    handed_in_by(tmp_path / "in", "ada.ipynb", release, **RIGHT)
    words = ["grade", str(toy_course), "ps1", str(tmp_path / "in")]
    assert course.main([*words, "--contain"]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.endswith(f"--contain: {no_sandbox}; or leave it out where nothing can be lost")


@pytest.mark.slow
def test_without_contain_it_is_told_and_the_code_runs(no_sandbox, toy_course, tmp_path, capsys):
    release = toy_course / "release" / "ps1" / "ps1.ipynb"
    handed_in_by(tmp_path / "in", "ada.ipynb", release, **RIGHT)
    told = ran(capsys, "grade", toy_course, "ps1", tmp_path / "in")
    assert f"students' code runs under your account, with your rights: {no_sandbox}\n" in told.err
    assert "1/1 ada" in told.err


def test_a_course_within_what_the_code_sees_is_hidden(tmp_path, monkeypatch):
    course = tmp_path / "texts" / "course"
    course.mkdir(parents=True)
    monkeypatch.setenv("CHARLSTM_DATA", str(course.parent))
    command = sandbox.kernel_command(tmp_path / "root", course)
    shown, hidden = command.index(str(course.parent)), command.index(str(course))
    assert command[shown - 1] == "--ro-bind-try"
    assert command[hidden - 1] == "--tmpfs"
    assert shown < hidden
    assert str(tmp_path) not in sandbox.kernel_command(tmp_path / "root", tmp_path)
