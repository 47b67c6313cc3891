"""What each student got, from the gradebook and `course.json`: as rows, a table and a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlstm.errors import UserError, printable
from charlstm.grading.classroom import Classroom
from charlstm.grading.nbgrader import gradebook, part_of
from charlstm.grading.record import Entry
from charlstm.machine.atomic_file import write_atomically


@dataclass(frozen=True)
class Row:
    """What a student got for a set.

    Attributes:
        student: the student's id.
        points: points by part. None means that a person must still grade it, or that nothing was
            graded.
        total: sum of the points; None if nothing was graded.
        note: what a person should look at.
    """

    student: str
    points: dict[str, float | None]
    total: float | None
    note: str


def results(room: Classroom, assignment: str) -> tuple[dict[str, float], list[Row]]:
    """Return the highest points possible for each part, in the set's order, and all rows."""
    entries = room.entries(assignment)
    graded = set(room.students_at("autograded", assignment))
    with gradebook(room.path) as book:
        max_points: dict[str, float] = {}
        for cell in book.find_notebook(assignment, assignment).grade_cells:
            part = part_of(cell.name)
            max_points[part] = max_points.get(part, 0) + cell.max_score
        in_book = {s.student.id: s for s in book.assignment_submissions(assignment)}
        rows = []
        for student in sorted({*entries, *in_book}):
            submission = in_book.get(student) if student in graded else None
            rows.append(_row(student, max_points, entries.get(student, Entry()), submission))
        return max_points, rows


def _row(student: str, max_points: dict[str, float], entry: Entry, submission: Any) -> Row:
    """Sum up the points of nbgrader's `SubmittedAssignment` by part.

    `submission` is None if nothing was graded.
    """
    points: dict[str, float | None] = dict.fromkeys(max_points)
    notes = [entry.problem, "late" if entry.late else "", entry.note, entry.beside, entry.repaired]
    for grade in submission.notebooks[0].grades if submission else ():
        part = part_of(grade.name)
        if grade.needs_manual_grade:
            changed_since = grade.manual_score is not None
            notes.append(f"{part}: {'look again' if changed_since else 'waits for a person'}")
            if not changed_since:
                continue
        points[part] = (points[part] or 0) + grade.score
    total = submission.score if submission else None
    return Row(student, points, total, "; ".join(filter(None, notes)))


def table(max_points: dict[str, float], rows: Sequence[Row]) -> str:
    """Lay the points out in columns.

    Args:
        max_points: the most points that each part can give, in the order of the columns.
        rows: what each student got.

    Example:
        >>> row = Row("ada", {"step": 3.0, "why": None}, total=3.0, note="why: waits for a person")
        >>> print(table({"step": 3, "why": 2}, [row]))
        student  step/3  why/2  total/5  note
        ada           3      -        3  why: waits for a person
    """
    heads = ["student", *(f"{part}/{points:g}" for part, points in max_points.items())]
    heads += [f"total/{sum(max_points.values()):g}", "note"]
    lines = [heads]
    for row in rows:
        numbers = [*(row.points[part] for part in max_points), row.total]
        points = ["-" if n is None else f"{n:g}" for n in numbers]
        lines.append([printable(row.student), *points, printable(row.note)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in (0, len(heads) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def write_csv(room: Classroom, path: Path, sets: Sequence[str]) -> int:
    """Write a row for each student: for each set the total, the points of each part, and the note.

    Args:
        room: the course.
        path: the file.
        sets: names of the sets.

    Returns:
        number of students.

    Raises:
        UserError: somebody has more points for a cell than it gives.
    """
    _hold_against_maximum(room)
    columns: dict[str, dict[str, float | str | None]] = {}
    students: set[str] = set()
    for name in sets:
        max_points, rows = results(room, name)
        if not rows:
            continue
        students |= {row.student for row in rows}
        columns[f"{name} of {sum(max_points.values()):g}"] = {r.student: r.total for r in rows}
        for part, points in max_points.items():
            columns[f"{name} {part} of {points:g}"] = {r.student: r.points[part] for r in rows}
        columns[f"{name} note"] = {row.student: row.note for row in rows}
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["student", *columns])
    for student in sorted(students):
        writer.writerow([student, *(column.get(student) for column in columns.values())])
    text = file.getvalue().encode(errors="backslashreplace")  # a note may hold half a pair
    write_atomically(path, text, "name another file")
    return len(students)


def _hold_against_maximum(room: Classroom) -> None:
    above = []
    with gradebook(room.path) as book:
        for name in room.assignments():
            for submission in book.assignment_submissions(name):
                above += [
                    f"{submission.student.id} has {grade.score:g} of {grade.max_score:g} points for"
                    f" {grade.name} of {name}"
                    for grade in submission.notebooks[0].grades
                    if grade.score > grade.max_score
                ]
    if above:
        more = f", and {len(above) - 3} more" if len(above) > 3 else ""
        raise UserError(
            f"{room.path / 'gradebook.db'}: {'; '.join(above[:3])}{more}; put them right in the"
            " formgrader, or put a copy of the file back"
        )
