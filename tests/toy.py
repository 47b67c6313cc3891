"""A small set, right answers to it, and what tests do with its notebooks."""

import csv

import nbformat

from charlstm import course
from charlstm.collecting.repair import grade_id
from charlstm.grading.nbgrader import gradebook

TOY = '''# %% [markdown]
# # A small set

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, SET}
from charlstm.notebook.exercises import expect

two = 2

# %% nbgrader={"grade": false, "grade_id": "double", "locked": false, "solution": true, KIND}
def double(x):
    """Return twice x."""
    ### BEGIN SOLUTION
    return two * x
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "double-visible", "locked": true, "points": 1, SET}
expect("double(2)", double(2), 4)

# %% nbgrader={"grade": true, "grade_id": "double-hidden", "locked": true, "points": 2, SET}
# Others are tried when this is graded.
### BEGIN HIDDEN TESTS
expect("double(-3)", double(-3), -6)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "half", "locked": false, "solution": true, KIND}
def half(x):
    """Return half of x."""
    ### BEGIN SOLUTION
    return x / two
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "half-visible", "locked": true, "points": 1, SET}
expect("half(2)", half(2), 1)

# %% nbgrader={"grade": true, "grade_id": "half-hidden", "locked": true, "points": 2, SET}
# Others are tried when this is graded.
### BEGIN HIDDEN TESTS
expect("half(3)", half(3), 1.5)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": true, "grade_id": "why", "locked": false, "points": 3, ANSWER}
# Why?
'''
for short, long in {
    "ANSWER": '"solution": true, KIND',
    "SET": '"solution": false, KIND',
    "KIND": '"schema_version": 3, "task": false',
}.items():
    TOY = TOY.replace(short, long)
RIGHT = {
    "double": "def double(x):\n    return x + x",
    "half": "def half(x):\n    return 0.5 * x",
    "why": "Because it is so.",
}


def by_id(notebook):
    return {grade_id(cell): cell for cell in notebook.cells}


def handed_in_by(folder, name, release, **changes):
    """Write a copy of a released notebook in which cells are other sources, or gone (None)."""
    notebook = nbformat.read(release, as_version=4)
    for cell in [*notebook.cells]:
        change = changes.get(grade_id(cell) or "", cell.source)
        if change is None:
            notebook.cells.remove(cell)
        elif isinstance(change, dict):
            cell.metadata.update(change)
        else:
            cell.source = change
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def laid(room, student, **changes):
    """Lay a notebook into `submitted/` as nbgrader's own collect does; return its path."""
    place = room.path / "submitted" / student / "ps1"
    handed_in_by(place, "ps1.ipynb", room.notebook("release", "ps1"), **changes)
    return place / "ps1.ipynb"


def scores(folder, assignment="ps1"):
    """Read each student's points of each cell from nbgrader's gradebook."""
    with gradebook(folder) as book:
        return {
            s.student.id: {g.name: g.score for g in s.notebooks[0].grades}
            for s in book.assignment_submissions(assignment)
        }


def points(folder, assignment="ps1"):
    return {student: sum(found.values()) for student, found in scores(folder, assignment).items()}


def exported(folder):
    with (folder / "grades.csv").open(encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def ran(capsys, *words):
    assert course.main([*map(str, words)]) == 0
    return capsys.readouterr()
