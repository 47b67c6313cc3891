"""The command that hands out and grades problem sets: `python -m charlstm.course build FOLDER`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from charlstm.collecting.downloads import files_in
from charlstm.errors import UserError, carry_on_unread, command, option, printable, say
from charlstm.fields import check_ranges
from charlstm.flags import Positional, parse
from charlstm.quoting import quoted
from charlstm.training.lock import claim

if TYPE_CHECKING:
    from charlstm.grading.classroom import Classroom

Folder = Annotated[str, Positional("FOLDER")]
Set = Annotated[str, Positional("SET")]


@dataclass(frozen=True)
class Build:
    """Make the course, or bring it up to date; hand out FOLDER/ps1.zip and the other zips."""

    folder: Folder
    """The course's folder; it is made if there is none."""


@dataclass(frozen=True)
class Vary:
    """Make the course with other seeds and sizes in its tests: a term's own edition.

    Last term's answers that know the numbers of the tests by heart are of no use then. What is to
    be learnt stays the same.
    """

    folder: Folder
    """The course's folder; it is made if there is none."""
    seed: int = 1
    """Number of the edition; 0 is the sets as they stand in the sources."""

    def __post_init__(self) -> None:
        check_ranges(self, seed=(0, None))


@dataclass(frozen=True)
class Grade:
    """Collect notebooks, grade those that are new or changed, and print each student's points.

    Without SUBMISSIONS it grades what lies in FOLDER/submitted, where nbgrader's own collect puts
    it: what still waits for a grade, what has changed, and what was graded by tests that have
    changed since.
    """

    folder: Folder
    """The course's folder."""
    assignment: Set
    """Name of the problem set, such as ps1."""
    submissions: Annotated[str | None, Positional("[SUBMISSIONS]")] = None
    """Folder or zip of notebooks, or one notebook, as Moodle, Canvas, Blackboard, Gradescope or a
    person names them."""
    seconds: int | None = None
    """Limit for each cell (default: 60, as nbgrader_config.py in the folder says)."""
    regrade: bool = False
    """Grade all again, changed or not."""
    jobs: int | None = None
    """Students to grade at the same time (default: the CPUs that this process may use)."""
    contain: bool | None = None
    """Run the students' code in a sandbox: no network, and nothing of yours to see (default: where
    bubblewrap works)."""

    def __post_init__(self) -> None:
        check_ranges(self, seconds=(1, None), jobs=(1, None))


@dataclass(frozen=True)
class Export:
    """Write all points to a CSV file, a row for each student, or to the file that a system imports.

    With --roster, it is the file that Moodle or Canvas imports, made from its own export: a
    grading worksheet of Moodle, or the gradebook of either.
    """

    folder: Folder
    """The course's folder."""
    assignment: Annotated[str | None, Positional("[SET]")] = None
    """Name of one problem set, such as ps1 (default: all)."""
    roster: str | None = None
    """A CSV file that Moodle or Canvas exported; its columns say which."""
    system: Literal["moodle", "canvas"] | None = None
    """The system, to be sure that the roster is from there."""
    to: str | None = None
    """The file (default: grades.csv in the folder, or moodle.csv or canvas.csv with --roster)."""


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

    python -m charlstm.course vary my-course --seed 7

    python -m charlstm.course grade my-course ps1 downloads.zip --seconds 60

    python -m charlstm.course export my-course

    python -m charlstm.course export my-course ps1 --roster worksheet.csv

    python -m charlstm.course feedback my-course ps1

    Grading runs the students' code in a sandbox where bubblewrap works (on Linux), else with all
    your rights. The page for instructors, README.md beside the sources of the sets, says what that
    holds. Each verb has its own --help.
    """

    verb: Build | Vary | Grade | Export | Feedback


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = parse(Course, argv)[0].verb
    try:
        from charlstm.grading.classroom import Classroom, assignments_folder
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed; graders need the course extra:"
            f" pip install -c constraints.txt -e {quoted('.[course]')}"
        ) from None

    own = any(Path(given.folder).glob("source/*/*.ipynb"))
    makes = isinstance(given, Build | Vary)
    if makes and not own and not assignments_folder().is_dir():
        raise UserError(
            "the problem sets are not in this installation, because they hold solutions and hidden"
            " tests; get a clone of charlstm, and there run"
            f" pip install -c constraints.txt -e {quoted('.[course]')}"
        )
    room = Classroom(given.folder, make=makes)
    # two that grade at once would remove each other's notebooks; `export` reads
    _mine = None if isinstance(given, Export) else claim(room.path)
    if isinstance(given, Build | Vary):
        if isinstance(given, Vary):
            room.vary(given.seed)
        _build(room, given.folder)
    elif isinstance(given, Grade):
        _grade(room, given)
    elif isinstance(given, Export):
        _export(room, given)
    else:
        _feedback(room, given)
    return 0


def _build(room: Classroom, folder: str) -> None:
    from charlstm.grading.classroom import assignments_folder

    for name, done in room.build(sorted(assignments_folder().glob("ps*.py"))):
        print(f"{name}  {done}")
    edition = f", edition {room.record.edition}" if room.record.edition else ""
    say(f"to hand out: the zips in {folder}{edition}")


def _grade(room: Classroom, given: Grade) -> None:
    from charlstm.grading.results import results, table
    from charlstm.grading.submitted import take_submitted

    name = given.assignment
    room.require(name)
    if given.submissions is not None:
        _collect(room, name, given.submissions)
    for student, remark in take_submitted(room, name):
        _tell(f"{student}: {remark}")
    if not room.entries(name):
        raise UserError(f"{name}: nothing was handed in; name a folder or zip of notebooks, too")
    waiting = room.waiting(name, given.regrade)
    took = _grade_each(room, given, waiting)
    print(table(*results(room, name)))
    each = f", {took / len(waiting):.1f} s each" if waiting else ""
    say(f"{name}: {len(waiting)} graded{each}")
    _export(room, Export(given.folder))


def _collect(room: Classroom, name: str, submissions: str) -> None:
    """Take the notebooks in. Say for each file which student sent it, or why it is left out."""
    collected = list(room.collect(name, files_in(Path(submissions))))
    width = max((len(student) for _, student, _ in collected), default=0)
    for file, student, remark in collected:
        _tell(f"{student or 'left out':{width}}  <- {file}" + (f"  ({remark})" if remark else ""))
    if not any(student for _, student, _ in collected):
        raise UserError(f"{submissions}: no notebook of {name} in it; see the names above")


def _tell(line: str) -> None:
    """Write a line that may hold names from a zip, which are its maker's: never as two lines."""
    say(printable(line))


def _grade_each(room: Classroom, given: Grade, students: Sequence[str]) -> float:
    """Grade the students. A terminal shows a bar, anything else a line for each.

    Returns:
        the seconds that all of them took.
    """
    from tqdm import tqdm

    from charlstm.grading.side_by_side import grade
    from charlstm.judging.sandbox import is_used
    from charlstm.machine.cpus import available_cpus

    jobs = min(given.jobs or available_cpus(), len(students))
    contain = bool(students) and is_used(given.contain)
    start = time.monotonic()
    each = grade(room, given.assignment, students, given.seconds, jobs, contain)
    with tqdm(total=len(students), unit=" students", disable=not sys.stderr.isatty()) as bar:
        for count, done in enumerate(each, 1):
            bar.set_postfix_str(printable(done.student))
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


def _export(room: Classroom, given: Export) -> None:
    """Write the points of one set or all of them."""
    from charlstm.grading.results import write_csv

    if given.assignment:
        room.require(given.assignment)
    sets = [given.assignment] if given.assignment else room.assignments()
    if given.roster is None:
        if given.system:
            raise UserError(f"{option('system')} says of which system a roster is; name one, too")
        path = Path(given.to) if given.to else room.path / "grades.csv"
        students = write_csv(room, path, sets)
        say(f"points of {students} students: {path}")
    else:
        _export_for_system(room, given, Path(given.roster), sets)


def _export_for_system(room: Classroom, given: Export, roster: Path, sets: Sequence[str]) -> None:
    """Write the file that a system imports."""
    from charlstm.grading.results import results
    from charlstm.grading.roster import read_roster
    from charlstm.grading.system_file import Points, write_for_system

    listed = read_roster(roster, given.system)
    path = Path(given.to) if given.to else room.path / f"{listed.system}.csv"
    if path.resolve() == roster.resolve():
        raise UserError(f"{path}: that is the roster itself; name another file")
    found = ((name, *results(room, name)) for name in sets)
    points = [Points(name, sum(most.values()), rows) for name, most, rows in found if rows]
    if not points:
        raise UserError(f"{', '.join(sets)}: nothing was handed in; run the verb grade first")
    people = write_for_system(listed, points, path, _tell)
    say(f"points of {people} students, for {listed.system.title()}: {path}")


def _feedback(room: Classroom, given: Feedback) -> None:
    """Write the pages. Say whose written answers wait for points, and who gets no page."""
    from charlstm.grading.feedback import write_pages
    from charlstm.grading.results import results

    name = given.assignment
    room.require(name)
    path = Path(given.to) if given.to else room.path / f"{name}-feedback.zip"
    students = write_pages(room, name, path)
    if failed := sorted(set(room.students_at("autograded", name)) - set(students)):
        _tell(f"no page could be made for: {', '.join(failed)}; look at their notebooks yourself")
    _, rows = results(room, name)
    graded = [row for row in rows if row.total is not None]
    waiting = [row.student for row in graded if None in row.points.values()]
    if waiting:
        _tell(f"written answers not graded yet, shown as 0: {', '.join(waiting)}")
    none = sorted(room.entries(name).keys() - students - set(failed))
    without = f"; not graded, so without one: {', '.join(none)}" if none else ""
    _tell(f"{len(students)} pages, with the hidden tests in them: {path}{without}")


if __name__ == "__main__":
    sys.exit(main())
