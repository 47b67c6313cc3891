"""The file of points that Moodle or Canvas imports, column for column, made from its own export.

- **Moodle, grading worksheet**: the same file with `Grade` filled in, for one set. *Upload grading
  worksheet* wants `Identifier`, `Grade` and `Last modified (grade)` as they were, and takes no
  grade above `Maximum grade`.
- **Moodle, gradebook**: the columns of people, and one for each set. *Grades > Import > CSV file*
  asks which column is the address and which is which grade
  (https://docs.moodle.org/en/Grade_import).
- **Canvas**: the columns of people, the row `Points Possible`, and a column for each set, such as
  `ps1 (678)`, where 678 is Canvas's number of the assignment. Without a number, *Grades > Import*
  offers to make a new assignment.

Columns of other grades are left out, so that an import changes none of them. See `roster` for where
these forms come from. No running Moodle or Canvas was tried.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from charlstm.collecting.students import words
from charlstm.errors import UserError
from charlstm.grading.results import Row
from charlstm.grading.roster import CANVAS_PERSON, MOODLE_PERSON, Roster, join
from charlstm.machine.atomic_file import write_atomically

POINTS_POSSIBLE = "    Points Possible"  # as Canvas writes it
NAMED = 10  # people whom a line names


@dataclass(frozen=True)
class Points:
    """What a set is worth, and what each student got for it."""

    assignment: str
    most: float
    rows: Sequence[Row]


def write_for_system(
    roster: Roster, sets: Sequence[Points], path: Path, tell: Callable[[str], None]
) -> int:
    """Write the file for a system. Tell who is missing on either side, and what does not fit.

    Args:
        roster: what the system exported.
        sets: the points; one set for Moodle's grading worksheet.
        path: the file.
        tell: takes each line for the person who exports.

    Returns:
        number of people who get points for a set.

    Raises:
        UserError: a worksheet is for one set, or two columns could be that of a set.
    """
    if roster.is_worksheet and len(sets) != 1:
        names = " or ".join(each.assignment for each in sets)
        raise UserError(f"the grading worksheet is for one assignment; name the set: {names}")
    known = CANVAS_PERSON if roster.system == "canvas" else MOODLE_PERSON
    people = [p for p, name in enumerate(roster.header) if roster.is_worksheet or name in known]
    header = [roster.header[place] for place in people]
    table = [[row[place] for place in people] for row in roster.rows]
    whole = {student for each in sets for student in _totals(each)}
    joined = join(roster, sorted(whole))
    with_points: set[int] = set()
    for each in sets:
        place = _column(roster, each)
        if roster.is_worksheet:
            at = header.index(roster.header[place or 0])
        else:
            at = len(header)
            header.append(roster.header[place] if place is not None else each.assignment)
            for to, row in zip(table, roster.rows, strict=True):
                to.append(row[place] if place is not None else "")
        _check_most(roster, each, place, tell)
        totals = _totals(each)
        for row_place, student in joined.students.items():
            total = totals.get(student)
            if total is not None and table[row_place][at].strip() != "EX":  # excused in Canvas
                table[row_place][at] = f"{total:g}"
                with_points.add(row_place)
    if roster.system == "canvas":
        _put_points_possible(roster, header, table, sets)
    _tell_who(roster, sets, joined.students, tell)
    for student, other in joined.doubles:
        tell(f"{student} and {other} are the same person in the roster; {other}'s points count")
    if joined.strangers:
        tell(f"handed in, but nobody in the roster: {', '.join(joined.strangers)}")
    file = io.StringIO()
    csv.writer(file, delimiter=roster.delimiter).writerows([header, *table])
    write_atomically(path, (("\ufeff" if roster.mark else "") + file.getvalue()).encode())
    return len(with_points)


def _totals(points: Points) -> dict[str, float | None]:
    return {row.student: row.total for row in points.rows}


def _column(roster: Roster, points: Points) -> int | None:
    """Return the place of a set's column; None if the file has none.

    Raises:
        UserError: several columns could be it.
    """
    if roster.is_worksheet:
        return roster.header.index("Grade")
    known = {*CANVAS_PERSON, *MOODLE_PERSON}
    found = [
        place
        for place, name in enumerate(roster.header)
        if name not in known and points.assignment.lower() in words(name)
    ]
    if len(found) > 1:
        names = " and ".join(roster.header[place] for place in found)
        raise UserError(
            f"the columns {names} could be that of {points.assignment}; take one out of the roster"
        )
    return found[0] if found else None


def _check_most(
    roster: Roster, points: Points, place: int | None, tell: Callable[[str], None]
) -> None:
    """Tell if the system thinks that a set is worth another number of points."""
    if roster.is_worksheet:
        stated = {roster.value(row, "Maximum grade", "Maximum Grade") for row in roster.rows}
    elif place is None:
        tell(f"the roster has no column for {points.assignment}; the file has a new one")
        return
    else:
        stated = {row[place] for row in roster.rows if _is_points_possible(roster, row)}
    for most in sorted(filter(None, stated)):
        try:
            same = abs(float(most.replace(",", ".")) - points.most) < 0.005
        except ValueError:
            same = False
        if not same:
            tell(
                f"{points.assignment} is worth {points.most:g} points here and {most} there;"
                " change that there before you import"
            )


def _is_points_possible(roster: Roster, row: Sequence[str]) -> bool:
    return roster.value(row, "Student", "LastName").startswith("Points Possible")


def _put_points_possible(
    roster: Roster, header: Sequence[str], table: list[list[str]], sets: Sequence[Points]
) -> None:
    """Say in Canvas's row of points what new columns are worth; make the row if there is none."""
    places = [p for p, row in enumerate(roster.rows) if _is_points_possible(roster, row)]
    if not places:
        table.insert(0, [POINTS_POSSIBLE, *[""] * (len(header) - 1)])
    row = table[places[0] if places else 0]
    for each, at in zip(reversed(sets), range(len(header) - 1, -1, -1), strict=False):
        row[at] = row[at] or f"{each.most:g}"


def _tell_who(
    roster: Roster, sets: Sequence[Points], joined: dict[int, str], tell: Callable[[str], None]
) -> None:
    """Tell who in the roster has handed nothing in, is not graded, or waits for a person."""
    for each in sets:
        rows = {row.student: row for row in each.rows}
        missing, ungraded, waiting = [], [], []
        for place in roster.people():
            name = roster.name(roster.rows[place])
            row = rows.get(joined.get(place, ""))
            if row is None:
                missing.append(name)
            elif row.total is None:
                ungraded.append(name)
            elif None in row.points.values():
                waiting.append(name)
        for what, names in {
            "in the roster, without a submission": missing,
            "not graded, left as they were": ungraded,
            "written answers not graded yet, counted as 0": waiting,
        }.items():
            if names:
                more = f", and {len(names) - NAMED} more" if len(names) > NAMED else ""
                tell(f"{each.assignment}: {what}: {', '.join(names[:NAMED])}{more}")
