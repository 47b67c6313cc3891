"""The command that hands out and grades problem sets: `python -m charlstm.course build FOLDER`."""

from __future__ import annotations

import csv
import shutil
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from charlstm.errors import UserError, carry_on_unread, command, say
from charlstm.flags import Positional, parse
from charlstm.grading.submissions import handed_in
from charlstm.options import check_ranges

if TYPE_CHECKING:
    from charlstm.grading.classroom import Classroom, Row

Folder = Annotated[str, Positional("FOLDER")]
Set = Annotated[str, Positional("SET")]


@dataclass(frozen=True)
class Build:
    """Make the course, or bring it up to date: FOLDER/ps1.zip and so on are to be handed out."""

    folder: Folder
    """The course's folder; a new one is made."""


@dataclass(frozen=True)
class Grade:
    """Collect notebooks and grade those that are new or changed; tell each student's points.

    Without SUBMISSIONS only what was collected before, or whose tests have changed, is graded.
    """

    folder: Folder
    """The course's folder."""
    assignment: Set
    """Name of the problem set, such as ps1."""
    submissions: Annotated[str | None, Positional("[SUBMISSIONS]")] = None
    """Folder or zip of notebooks, or one notebook, as the learning-management system names them."""
    seconds: int | None = None
    """Limit for each cell (default: 60, as nbgrader_config.py in the folder says)."""
    regrade: bool = False
    """Grade all again, changed or not."""

    def __post_init__(self) -> None:
        check_ranges(self, seconds=(1, None))


@dataclass(frozen=True)
class Export:
    """Write all points of all sets to a CSV file, a row for each student."""

    folder: Folder
    """The course's folder."""
    to: str | None = None
    """The file (default: grades.csv in the folder)."""


@dataclass(frozen=True)
class Feedback:
    """Write a page for each student to hand back; it shows the hidden tests."""

    folder: Folder
    """The course's folder."""
    assignment: Set
    """Name of the problem set, such as ps1."""
    to: str | None = None
    """A zip, or a folder (default: ps1-feedback.zip in the course's folder)."""


@dataclass(frozen=True)
class Course:
    """Hand out the problem sets, and grade what comes back with nbgrader.

    python -m charlstm.course build my-course

    python -m charlstm.course grade my-course ps1 downloads.zip --seconds 60

    python -m charlstm.course export my-course

    python -m charlstm.course feedback my-course ps1

    Grading runs the students' code as you, with all that you may do; the page for instructors,
    README.md beside the sources, tells how to contain it. Each verb has its own --help.
    """

    verb: Build | Grade | Export | Feedback


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = parse(Course, argv)[0].verb
    try:
        from charlstm.grading.classroom import Classroom, assignments_folder
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed; graders need the course extra:"
            " pip install -c constraints.txt -e '.[course]'"
        ) from None

    room = Classroom(given.folder, make=isinstance(given, Build))
    if isinstance(given, Build):
        for name, done in room.build(sorted(assignments_folder().glob("ps*.py"))):
            print(f"{name}  {done}")
        say(f"to hand out: the zips in {given.folder}")
    elif isinstance(given, Grade):
        room.check(given.assignment)
        _grade(room, given)
        _export(room, None)
    elif isinstance(given, Export):
        _export(room, given.to)
    else:
        room.check(given.assignment)
        _feedback(room, given)
    return 0


def _grade(room: Classroom, given: Grade) -> None:
    name = given.assignment
    if given.submissions is not None:
        _collect(room, name, given.submissions)
    if not room.students(name):
        raise UserError(f"{name}: nothing was handed in; name a folder or zip of notebooks, too")
    waiting = room.waiting(name, given.regrade)
    start = time.monotonic()
    _grade_each(room, name, waiting, given.seconds)
    print(table(*room.results(name)))
    took = (time.monotonic() - start) / max(len(waiting), 1)
    say(f"{name}: {len(waiting)} graded" + (f", {took:.1f} s each" if waiting else ""))


def _collect(room: Classroom, name: str, submissions: str) -> None:
    collected = list(room.collect(name, handed_in(Path(submissions))))
    width = max((len(student) for _, student, _ in collected), default=0)
    for file, student, remark in collected:
        say(f"{student or 'left out':{width}}  <- {file}" + (f"  ({remark})" if remark else ""))
    if not any(student for _, student, _ in collected):
        raise UserError(f"{submissions}: no notebook of {name} in it; see the names above")


def _grade_each(room: Classroom, name: str, students: Sequence[str], seconds: int | None) -> None:
    """Grade one after the other: a bar on a terminal, a line for each elsewhere."""
    from tqdm import tqdm

    with tqdm(students, unit=" students", disable=not sys.stderr.isatty()) as bar:
        for count, student in enumerate(bar, 1):
            bar.set_postfix_str(student)
            begun = time.monotonic()
            room.grade(name, student, seconds)
            note = room.students(name)[student]["note"]
            if bar.disable or note:
                took = f"{time.monotonic() - begun:.1f} s"
                with carry_on_unread():
                    bar.write(f"{count}/{len(students)} {student}: {note or took}", sys.stderr)


def table(most: dict[str, float], rows: Sequence[Row]) -> str:
    """Lay the points out in columns.

    Example:
        >>> from types import SimpleNamespace as Row
        >>> points = {"step": 3.0, "why": None}
        >>> row = Row(student="ada", points=points, total=3.0, note="why: waits for a person")
        >>> print(table({"step": 3, "why": 2}, [row]))
        student  step/3  why/2  total/5  note
        ada           3      -        3  why: waits for a person
    """
    heads = ["student", *(f"{part}/{points:g}" for part, points in most.items())]
    heads += [f"total/{sum(most.values()):g}", "note"]
    lines = [heads]
    for row in rows:
        numbers = [*(row.points[part] for part in most), row.total]
        lines.append([row.student, *("-" if n is None else f"{n:g}" for n in numbers), row.note])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in (0, len(heads) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _export(room: Classroom, to: str | None) -> None:
    """Write a row for each student: what a set was worth in all, its note, its parts."""
    columns: dict[str, dict[str, Any]] = {}
    students: set[str] = set()
    for name in room.assignments():
        most, rows = room.results(name)
        if not rows:
            continue
        students |= {row.student for row in rows}
        columns[f"{name} of {sum(most.values()):g}"] = {row.student: row.total for row in rows}
        for part, points in most.items():
            columns[f"{name} {part} of {points:g}"] = {r.student: r.points[part] for r in rows}
        columns[f"{name} note"] = {row.student: row.note for row in rows}
    path = Path(to) if to else room.path / "grades.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["student", *columns])
        for student in sorted(students):
            writer.writerow([student, *(column.get(student) for column in columns.values())])
    say(f"points of {len(students)} students: {path}")


def _feedback(room: Classroom, given: Feedback) -> None:
    name = given.assignment
    path = Path(given.to) if given.to else room.path / f"{name}-feedback.zip"
    pages = list(room.feedback(name))
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, page in pages:
                archive.write(page, file)
    else:
        for file, page in pages:
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page, path / file)
    rows = [row for row in room.results(name)[1] if row.total is not None]
    waiting = [row.student for row in rows if None in row.points.values()]
    if waiting:
        say(f"written answers not graded yet, shown as 0: {', '.join(waiting)}")
    none = sorted({*room.students(name)} - {*room.found("autograded", name)})
    without = f"; not graded, so without one: {', '.join(none)}" if none else ""
    say(f"{len(pages)} pages, with the hidden tests in them: {path}{without}")


if __name__ == "__main__":
    sys.exit(main())
