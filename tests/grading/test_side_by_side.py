"""Students graded side by side, stopped by Ctrl-C, and graded on."""

import signal
import subprocess
import sys

import psutil
import pytest
from toy import RIGHT, exported, handed_in_by, points, ran

from charlstm.grading.classroom import Classroom
from charlstm.grading.side_by_side import grade


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
