"""Students graded side by side, stopped by Ctrl-C, and graded on."""

import signal
import subprocess
import sys

import psutil
import pytest
from toy import RIGHT, exported, handed_in_by, points, ran

from charlstm.collecting.downloads import files_in
from charlstm.grading.classroom import Classroom
from charlstm.grading.side_by_side import TOUCHED, grade


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


def test_a_file_that_is_damaged_after_collecting_is_told(toy_course, tmp_path):
    release = toy_course / "release" / "ps1" / "ps1.ipynb"
    handed_in_by(tmp_path / "in", "ada.ipynb", release)
    room = Classroom(toy_course)
    list(room.collect("ps1", files_in(tmp_path / "in")))
    room.notebook("submitted", "ps1", "ada").write_text("{", encoding="utf-8")
    (done,) = grade(room, "ps1", ["ada"])
    assert done.note.startswith("not graded: NotJSONError: ")
    assert room.entries("ps1")["ada"].note == done.note


def test_a_file_that_is_changed_while_others_are_graded_is_not_graded(
    toy_course, tmp_path, monkeypatch
):
    release = toy_course / "release" / "ps1" / "ps1.ipynb"
    for name in ("ada", "bob"):
        handed_in_by(tmp_path / "in", f"{name}.ipynb", release)
    room = Classroom(toy_course)
    list(room.collect("ps1", files_in(tmp_path / "in")))
    path = room.notebook("submitted", "ps1", "bob")
    monkeypatch.setattr(room, "job", lambda *_: path.write_text("{", encoding="utf-8") and 1 / 0)
    ada, bob = grade(room, "ps1", ["ada", "bob"])
    assert ada.note.startswith("not graded: ")
    assert ada.changes == ["submitted/bob/ps1/ps1.ipynb"]
    assert bob.note == f"not graded: {TOUCHED}"
