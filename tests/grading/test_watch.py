"""What somebody else changes in a course while it grades."""

import pytest
from toy import RIGHT, handed_in_by, points, ran

from charlstm import course
from charlstm.collecting.downloads import files_in
from charlstm.grading.classroom import Classroom
from charlstm.grading.nbgrader import gradebook
from charlstm.grading.watch import Watch


@pytest.fixture
def room(toy_course, tmp_path):
    """A course in which ada has points; nothing was run for them."""
    room = Classroom(toy_course)
    for name in ("ada", "bob"):
        handed_in_by(tmp_path / "in", f"{name}.ipynb", room.notebook("release", "ps1"), **RIGHT)
    list(room.collect("ps1", files_in(tmp_path / "in")))
    cells = len(room.job("ps1", "ada").notebook.cells)
    assert room.put("ps1", "ada", {"outputs": [[]] * cells}).note == ""
    return room


@pytest.mark.slow
def test_points_tests_and_files_are_watched(room):
    watch = Watch(room, "ps1")
    assert watch.changes() == []
    with gradebook(room.path) as book:
        book.find_grade("double-hidden", "ps1", "ps1", "ada").auto_score = 1
        book.find_source_cell("half-hidden", "ps1", "ps1").source = "pass"
        book.find_graded_cell("double-hidden", "ps1", "ps1").max_score = 9
        book.db.commit()
    room.notebook("submitted", "ps1", "bob").write_text("{}", encoding="utf-8")
    (room.path / "course.json").write_text("{}", encoding="utf-8")
    assert watch.changes() == [
        "course.json",
        "gradebook/the points that cells give",
        "gradebook/the tests",
        "points of ada in ps1 (6 before, 5 now)",
        "submitted/bob/ps1/ps1.ipynb",
    ]
    assert watch.touched == {"bob"}
    assert watch.changes() == []


@pytest.mark.slow
def test_what_grading_writes_is_no_change(room):
    watch = Watch(room, "ps1")
    room.put("ps1", "bob", {"error": "NotRunError", "reason": "it was tired"})
    watch.accept("bob")
    assert room.entries("ps1")["bob"].note == "not graded: it was tired"
    assert watch.changes() == []
    assert points(room.path) == {"ada": 6, "bob": 0}


@pytest.mark.slow
def test_points_above_the_maximum_are_not_exported(room, capsys):
    ran(capsys, "export", room.path)
    with gradebook(room.path) as book:
        book.find_grade("double-hidden", "ps1", "ps1", "ada").extra_credit = 26
        book.db.commit()
    assert course.main(["export", str(room.path)]) == 2
    told = capsys.readouterr().err
    assert "gradebook.db: ada has 28 of 2 points for double-hidden of ps1; put them right" in told
