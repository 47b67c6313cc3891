"""The command that hands out and grades problem sets: `python -m charlstm.course build FOLDER`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from charlstm.errors import UserError, carry_on_unread, command, printable, say
from charlstm.fields import check_ranges
from charlstm.flags import Positional, parse
from charlstm.grading.downloads import files_in
from charlstm.quoting import quoted

if TYPE_CHECKING:
    from charlstm.grading.classroom import Classroom
    from charlstm.grading.results import Row

Folder = Annotated[str, Positional("FOLDER")]
Set = Annotated[str, Positional("SET")]


@dataclass(frozen=True)
class Build:
    """Make the course, or bring it up to date; hand out FOLDER/ps1.zip and the other zips."""

    folder: Folder
    """The course's folder; it is made if there is none."""


@dataclass(frozen=True)
class Grade:
    """Collect notebooks, grade those that are new or changed, and print each student's points.

    Without SUBMISSIONS it collects nothing. It grades what still waits for a grade, and what was
    graded by tests that have changed since.
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
    jobs: int | None = None
    """Students to grade at the same time (default: the CPUs that this process may use)."""
    contain: bool = False
    """Run the students' code in a sandbox: no network, and nothing of yours to see. Linux only."""

    def __post_init__(self) -> None:
        check_ranges(self, seconds=(1, None), jobs=(1, None))


@dataclass(frozen=True)
class Export:
    """Write all points of all sets to a CSV file, a row for each student."""

    folder: Folder
    """The course's folder."""
    to: str | None = None
    """The file (default: grades.csv in the folder)."""


@dataclass(frozen=True)
class Feedback:
    """Write a page for each student, to hand back. The pages show the hidden tests."""

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

    Grading runs the students' code under your account, with all your rights; `grade --contain`
    takes them away. The page for instructors, README.md beside the sources of the sets, says what
    that holds. Each verb has its own --help.
    """

    verb: Build | Grade | Export | Feedback


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = parse(Course, argv)[0].verb
    try:
        from charlstm.grading.classroom import Classroom
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed; graders need the course extra:"
            f" pip install -c constraints.txt -e {quoted('.[course]')}"
        ) from None

    room = Classroom(given.folder, make=isinstance(given, Build))
    if isinstance(given, Build):
        _build(room, given)
    elif isinstance(given, Grade):
        _grade(room, given)
    elif isinstance(given, Export):
        _export(room, given.to)
    else:
        _feedback(room, given)
    return 0


def _build(room: Classroom, given: Build) -> None:
    from charlstm.grading.classroom import assignments_folder

    for name, done in room.build(sorted(assignments_folder().glob("ps*.py"))):
        print(f"{name}  {done}")
    say(f"to hand out: the zips in {given.folder}")


def _grade(room: Classroom, given: Grade) -> None:
    from charlstm.grading.results import results

    name = given.assignment
    room.require(name)
    if given.submissions is not None:
        _collect(room, name, given.submissions)
    if not room.entries(name):
        raise UserError(f"{name}: nothing was handed in; name a folder or zip of notebooks, too")
    waiting = room.waiting(name, given.regrade)
    took = _grade_each(room, given, waiting)
    print(table(*results(room, name)))
    each = f", {took / len(waiting):.1f} s each" if waiting else ""
    say(f"{name}: {len(waiting)} graded{each}")
    _export(room, None)


def _collect(room: Classroom, name: str, submissions: str) -> None:
    """Take the notebooks in. Say for each file which student sent it, or why it is left out."""
    collected = list(room.collect(name, files_in(Path(submissions))))
    width = max((len(student) for _, student, _ in collected), default=0)
    for file, student, remark in collected:
        line = f"{student or 'left out':{width}}  <- {file}" + (f"  ({remark})" if remark else "")
        # the names in a zip are its maker's; the remark may hold one, too
        say("".join(c if c.isprintable() else "?" for c in line))
    if not any(student for _, student, _ in collected):
        raise UserError(f"{submissions}: no notebook of {name} in it; see the names above")


def _grade_each(room: Classroom, given: Grade, students: Sequence[str]) -> float:
    """Grade the students. A terminal shows a bar, anything else a line for each.

    Returns:
        the seconds that all of them took.
    """
    from tqdm import tqdm

    from charlstm.grading.side_by_side import cpus, grade

    jobs = min(given.jobs or cpus(), len(students))
    start = time.monotonic()
    each = grade(room, given.assignment, students, given.seconds, jobs, given.contain)
    with tqdm(total=len(students), unit=" students", disable=not sys.stderr.isatty()) as bar:
        for count, done in enumerate(each, 1):
            bar.set_postfix_str(done.student)
            bar.update()
            lines = []
            if bar.disable or done.note:
                what = done.note or f"{done.seconds:.1f} s"
                lines = [f"{count}/{len(students)} {done.student}: {what}"]
            if done.changes:
                who = " or ".join(done.at_once)
                lines.append(f"changed by {who}, or by another program: {', '.join(done.changes)}")
            for line in lines:
                with carry_on_unread():
                    bar.write(printable(line), sys.stderr)
    return time.monotonic() - start


def table(max_points: dict[str, float], rows: Sequence[Row]) -> str:
    """Lay the points out in columns.

    Args:
        max_points: the most points that each part can give, in the order of the columns.
        rows: what each student got.

    Example:
        >>> from charlstm.grading.results import Row
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
    from charlstm.grading.results import write_csv

    path = Path(to) if to else room.path / "grades.csv"
    students = write_csv(room, path)
    say(f"points of {students} students: {path}")


def _feedback(room: Classroom, given: Feedback) -> None:
    """Write the pages. Say whose written answers wait for points, and who gets no page."""
    from charlstm.grading.results import results

    name = given.assignment
    room.require(name)
    path = Path(given.to) if given.to else room.path / f"{name}-feedback.zip"
    students = room.feedback(name, path)
    _, rows = results(room, name)
    graded = [row for row in rows if row.total is not None]
    waiting = [row.student for row in graded if None in row.points.values()]
    if waiting:
        say(f"written answers not graded yet, shown as 0: {', '.join(waiting)}")
    none = sorted(room.entries(name).keys() - students)
    without = f"; not graded, so without one: {', '.join(none)}" if none else ""
    say(f"{len(students)} pages, with the hidden tests in them: {path}{without}")


if __name__ == "__main__":
    sys.exit(main())
