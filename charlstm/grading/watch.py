"""Notices what somebody changes in a course while students' code runs.

The process that grades is the only one that should write there. It looks at the points, the tests
in the gradebook, `course.json`, and the files of the set, before and after each student.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.api import Grade, GradeCell, SourceCell, SubmittedAssignment, SubmittedNotebook

from charlstm.grading.classroom import Classroom
from charlstm.grading.nbgrader import gradebook

State = dict[tuple[str, ...], Any]


class Watch:
    """The state of a course, as it should be.

    Args:
        room: the course.
        assignment: the set that is graded.

    Attributes:
        touched: students whose files somebody has changed.
    """

    def __init__(self, room: Classroom, assignment: str):
        self.room, self.assignment = room, assignment
        self.touched: set[str] = set()
        self._state = self._now()

    def changes(self) -> list[str]:
        """Return what has changed since the last call or `accept`, in words."""
        before, self._state = self._state, self._now()
        changed = sorted(
            key for key in {*before, *self._state} if before.get(key) != self._state.get(key)
        )
        self.touched |= {name for what, name, *_ in changed if what == "submitted"}
        return [_told(key, before.get(key), self._state.get(key)) for key in changed]

    def accept(self, student: str) -> None:
        """Take what grading a student has written as it should be; nobody else's points."""
        now = self._now()
        for key in (("points", student, self.assignment), ("file", "course.json")):
            self._state[key] = now.get(key)

    def _now(self) -> State:
        state: State = {}
        with gradebook(self.room.path) as book:
            points = (
                book.db.query(
                    *(SubmittedAssignment.student_id, SubmittedAssignment.assignment_id),
                    *(Grade.cell_id, Grade.auto_score, Grade.manual_score, Grade.extra_credit),
                )
                .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
                .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            )
            sets = {each.id: each.name for each in book.assignments}
            for student, of, *grade in points:
                state.setdefault(("points", student, sets[of]), set()).add(tuple(grade))
            state["gradebook", "the points that cells give"] = {
                (cell.id, cell.max_score) for cell in book.db.query(GradeCell)
            }
            state["gradebook", "the tests"] = {
                (cell.id, cell.source) for cell in book.db.query(SourceCell)
            }
        for path in (self.room.path / "course.json", self.room.path / "nbgrader_config.py"):
            state["file", path.name] = _stamp(path)
        for step in ("release", "source"):
            for path in (self.room.path / step / self.assignment).rglob("*"):
                state["file", path.relative_to(self.room.path).as_posix()] = _stamp(path)
        for student in self.room.students_at("submitted", self.assignment):
            for path in self.room.notebook("submitted", self.assignment, student).parent.iterdir():
                state["submitted", student, self.assignment, path.name] = _stamp(path)
        return state


def _stamp(path: Path) -> Any:
    """Return what no program can change in a file unnoticed; the time of a change cannot be set."""
    if not path.exists():
        return None
    about = path.lstat()
    return about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def _told(key: tuple[str, ...], before: Any, after: Any) -> str:
    if key[0] != "points":
        return "/".join(key[1:] if key[0] == "file" else key)
    was, is_now = (
        sum((auto or 0 if hand is None else hand) + (extra or 0) for _, auto, hand, extra in grades)
        for grades in (before or (), after or ())
    )
    return f"points of {key[1]} in {key[2]} ({was:g} before, {is_now:g} now)"
