"""Students graded side by side, stopped by Ctrl-C, and graded on."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from toy import RIGHT, exported, handed_in_by, points, ran

from charlstm.grading import apart, sandbox
from charlstm.grading.classroom import Classroom
from charlstm.grading.side_by_side import cpus, grade


def test_a_process_gets_what_python_needs_and_fresh_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/mine")
    found = apart._environment(tmp_path, 1)
    assert "SECRET_TOKEN" not in found
    assert "JUPYTER_CONFIG_PATH" not in found
    assert found["OMP_NUM_THREADS"] == "1"
    for name in ("HOME", "IPYTHONDIR", "TMPDIR", "XDG_CACHE_HOME", "JUPYTER_DATA_DIR"):
        assert found[name].startswith(str(tmp_path)), name


def test_the_default_is_the_cpus_that_may_be_used():
    assert 1 <= cpus() <= (os.cpu_count() or 1)


def test_a_missing_sandbox_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="bwrap is missing; install Debian's package bubblewrap"):
        sandbox.require()


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for bwrap")
def test_a_forbidden_sandbox_is_told(monkeypatch, tmp_path):
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'No permissions' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ValueError, match=r"bwrap fails \(No permissions\); let the kernel give"):
        sandbox.require()


@pytest.mark.slow
def test_ctrl_c_loses_nothing_and_the_next_call_goes_on(toy_course, tmp_path, capsys):
    release = toy_course / "release" / "ps1" / "ps1.ipynb"
    endless = {**RIGHT, "double": "while True:\n    pass"}
    handed_in_by(tmp_path / "in", "ada.ipynb", release, **RIGHT)
    handed_in_by(tmp_path / "in", "bob.ipynb", release, **endless)
    words = ["grade", str(toy_course), "ps1", str(tmp_path / "in"), "--jobs", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "charlstm.course", *words], stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if "/2 ada" in line:
            break
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert not psutil.wait_procs(family, timeout=5)[1]
    assert points(toy_course) == {"ada": 6}
    handed_in_by(tmp_path / "in", "bob (1).ipynb", release, half=RIGHT["half"])
    told = ran(capsys, "grade", toy_course, "ps1", tmp_path / "in")
    assert "1/1 bob" in told.err
    assert points(toy_course) == {"ada": 6, "bob": 3}
    assert exported(toy_course).keys() == {"ada", "bob"}


@pytest.mark.slow
def test_many_at_once_get_the_points_that_they_get_alone(toy_course, tmp_path, capsys):
    release = toy_course / "release" / "ps1" / "ps1.ipynb"
    for number in range(4):
        changes = dict(list(RIGHT.items())[: number % 3])
        handed_in_by(tmp_path / "in", f"s{number}.ipynb", release, **changes)
    ran(capsys, "grade", toy_course, "ps1", tmp_path / "in", "--jobs", 4)
    wanted = {"s0": 0, "s1": 3, "s2": 6, "s3": 0}
    assert points(toy_course) == wanted
    room = Classroom(toy_course)
    assert [each.student for each in grade(room, "ps1", ["s2", "s1"], jobs=1)] == ["s2", "s1"]
    assert points(toy_course) == wanted
