"""Rows and the CSV file, from a gradebook with every case, filled without a kernel."""

import pytest

from charlstm.grading.classroom import Classroom
from charlstm.grading.nbgrader import gradebook
from charlstm.grading.record import Entry
from charlstm.grading.results import Row, results, write_csv

CELLS = {"half-visible": 1, "half-hidden": 2, "why": 3}
GRADED = {  # points of each cell, as nbgrader gave them; None: a person must give them
    "ada": {"half-visible": 1, "half-hidden": 2, "why": None},
    "bob": {"half-visible": 1, "half-hidden": 0, "why": None},
    "cy": {"half-visible": 0, "half-hidden": 0, "why": 0},
}


@pytest.fixture
def room(tmp_path):
    """A course in which ada waits, bob has changed his answer, and dan's notebook killed it."""
    room = Classroom(tmp_path / "course", make=True)
    with gradebook(room.path) as book:
        book.add_assignment("ps1")
        book.add_notebook("ps1", "ps1")
        for name, most in CELLS.items():
            book.add_grade_cell(name, "ps1", "ps1", max_score=most, cell_type="code")
        for student, points in GRADED.items():
            book.add_student(student)
            book.add_submission("ps1", student)
            for name, score in points.items():
                grade = book.find_grade(name, "ps1", "ps1", student)
                grade.auto_score = score
                grade.needs_manual_grade = score is None
        book.find_grade("why", "ps1", "ps1", "bob").manual_score = 2
        book.add_student("dan")
        book.add_submission("ps1", "dan")
        book.db.commit()
    for place in ("release", *(f"autograded/{student}" for student in GRADED)):
        path = room.path / place / "ps1" / "ps1.ipynb"
        path.parent.mkdir(parents=True)
        path.touch()
    room.entries("ps1").update(
        ada=Entry("ada.ipynb", late=True, repaired="put back: half-hidden"),
        cy=Entry("cy.ipynb", note="over the time limit: half"),
        dan=Entry("dan.ipynb", note="not graded: the kernel died"),
        eve=Entry("eve.ipynb", problem="not a notebook (NotJSONError)"),
    )
    return room


def test_each_student_has_points_by_part_and_a_note(room):
    max_points, rows = results(room, "ps1")
    assert max_points == {"half": 3, "why": 3}
    assert rows == [
        Row("ada", {"half": 3, "why": None}, 3, "late; put back: half-hidden;"
            " why: waits for a person"),
        Row("bob", {"half": 1, "why": 2}, 3, "why: look again"),
        Row("cy", {"half": 0, "why": 0}, 0, "over the time limit: half"),
        Row("dan", {"half": None, "why": None}, None, "not graded: the kernel died"),
        Row("eve", {"half": None, "why": None}, None, "not a notebook (NotJSONError)"),
    ]  # fmt: skip


def test_the_csv_file_has_a_row_for_each_student_and_empty_fields_for_what_is_missing(room):
    assert write_csv(room, room.path / "grades.csv", ["ps1"]) == 5
    assert (room.path / "grades.csv").read_text(encoding="utf-8").splitlines() == [
        "student,ps1 of 6,ps1 half of 3,ps1 why of 3,ps1 note",
        "ada,3.0,3.0,,late; put back: half-hidden; why: waits for a person",
        "bob,3.0,1.0,2.0,why: look again",
        "cy,0.0,0.0,0.0,over the time limit: half",
        "dan,,,,not graded: the kernel died",
        "eve,,,,not a notebook (NotJSONError)",
    ]
