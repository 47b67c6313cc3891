"""The list of a class, as Moodle or Canvas exports it, and whose submission is whose.

- Moodle, *Download grading worksheet*: `Identifier` (`Participant 12345`), `Full name`, and, as the
  site is set, `ID number` and `Email address`.
- Moodle, *Grades > Export*, and the list of participants: `First name`, `Last name` (before version
  4 `Surname`), `ID number`, `Email address`, `Username`.
- Canvas, *Grades > Export*: `Student` (`Lovelace, Ada`), or `LastName` and `FirstName`; `ID`, `SIS
  User ID`, `SIS Login ID`, `Section`.

The names are those in the systems' sources: `mod/assign/gradingtable.php` and
`mod/assign/feedback/offline/importgradeslib.php` of https://github.com/moodle/moodle, and
`lib/gradebook_exporter.rb` and `lib/gradebook_importer.rb` of
https://github.com/instructure/canvas-lms. Moodle writes them in the language of the person who
exports, so that must be English. The number in `Identifier` stands in the names of the folders that
Moodle packs, and Canvas's `ID` in the names of its files. No running Moodle or Canvas was tried.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from charlstm.collecting.students import student_id
from charlstm.errors import UserError, unreadable

MOODLE_PERSON = (
    "Identifier", "Full name", "First name", "Last name", "Surname", "ID number", "Username",
    "Institution", "Department", "Email address",
)  # fmt: skip
CANVAS_PERSON = (
    "Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Integration ID",
    "Root Account", "Section",
)  # fmt: skip
NUMBERS = ("ID number", "Username", "SIS User ID", "SIS Login ID", "Integration ID", "ID",
           "Email address")  # fmt: skip
EXPORT_AGAIN = "export it from Moodle (in English) or Canvas again"
MAX_BYTES = 50_000_000


@dataclass(frozen=True)
class Roster:
    """A file with a row for each person.

    Attributes:
        system: `moodle` or `canvas`.
        header: the names of the columns.
        rows: the rows behind the header, each as long as it.
        delimiter: what stands between two columns.
        mark: whether the file begins with a byte-order mark.
    """

    system: str
    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    mark: bool = False

    @property
    def is_worksheet(self) -> bool:
        """Whether it is Moodle's grading worksheet, which has one column for one assignment."""
        return {"Identifier", "Grade"} <= {*self.header}

    def value(self, row: Sequence[str], *columns: str) -> str:
        """Return what a row says in the first of the columns that the file has; "" if in none."""
        found = (row[self.header.index(column)] for column in columns if column in self.header)
        return next(found, "").strip()

    def name(self, row: Sequence[str]) -> str:
        """Return a person's name, the first name first; "" in a row of no person."""
        if "Student" in self.header:
            last, _, first = self.value(row, "Student").partition(",")
        else:
            last = self.value(row, "Last name", "Surname", "LastName", "Full name")
            first = self.value(row, "First name", "FirstName")
        return f"{first.strip()} {last.strip()}".strip()

    def people(self) -> list[int]:
        """Return the places of the rows that stand for people.

        Canvas has a row for the points possible, one for what is hidden, and one for a student who
        only tests.
        """
        return [
            place
            for place, row in enumerate(self.rows)
            if (name := self.name(row))
            and "Points Possible" not in name
            and not (self.system == "canvas" and name == "Test Student")
        ]


def read_roster(path: Path, system: str | None = None) -> Roster:
    """Read a roster; its columns say which system it is of.

    Raises:
        UserError: it cannot be read, or lacks the columns that say who is who.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error, "give the file that Moodle or Canvas exported") from None
    mark = content.startswith(b"\xef\xbb\xbf")
    try:
        text = content.decode(
            "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        )
    except UnicodeDecodeError:
        raise UserError(f"{path}: neither UTF-8 nor UTF-16; {EXPORT_AGAIN}") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UserError(f"{path}: no CSV file ({error}); {EXPORT_AGAIN}") from None
    if len(content) > MAX_BYTES or len(read) < 2:
        raise UserError(f"{path}: no row for a student in it; {EXPORT_AGAIN}")
    header = [name.strip() for name in read[0]]
    rows = [row[: len(header)] + [""] * (len(header) - len(row)) for row in read[1:]]
    if len(set(filter(None, header))) < len(list(filter(None, header))):
        raise UserError(f"{path}: two columns have the same name; {EXPORT_AGAIN}")
    found = _system_of(header)
    if found is None or found != (system or found):
        columns = ", ".join(header)[:200]
        known = system.title() if system else "Moodle or Canvas"
        raise UserError(f"{path}: {known} exports no such columns: {columns}; {EXPORT_AGAIN}")
    return Roster(found, header, rows, delimiter, mark)


def _system_of(header: Sequence[str]) -> str | None:
    """Return the system that exports such columns, by what its own import asks for."""
    names = {*header}
    if {"ID", "Section"} <= names and ("Student" in names or {"LastName", "FirstName"} <= names):
        return "canvas"
    named = "Full name" in names or ("First name" in names and names & {"Last name", "Surname"})
    return "moodle" if named or "Identifier" in names else None


@dataclass(frozen=True)
class Joined:
    """Whose submission is whose.

    Attributes:
        students: by the place of a row, the id of the student whose submission it is.
        strangers: the students whom no row fits, or more than one.
        doubles: students whose row another student has, with that one.
    """

    students: dict[int, str]
    strangers: list[str]
    doubles: list[tuple[str, str]]


def join(roster: Roster, students: Sequence[str]) -> Joined:
    """Find the row of each student.

    What says it best counts first: the number that the system puts into the names of files, then
    numbers, user names and addresses, then the first half of an address, then the name. What fits
    two rows, such as the name of two people, says nothing.

    Example:
        >>> rows = [["Participant 7", "Ada Lovelace"], ["Participant 8", "Bob Ross"]]
        >>> roster = Roster("moodle", ["Identifier", "Full name"], rows)
        >>> join(roster, ["Ada-Lovelace_7", "bob ross", "zoe"])
        Joined(students={0: 'Ada-Lovelace_7', 1: 'bob ross'}, strangers=['zoe'], doubles=[])
    """
    joined: dict[int, str] = {}
    doubles: list[tuple[str, str]] = []
    left = [*students]
    for keys_of_a_row, key_of in _STEPS:
        rows: dict[str, set[int]] = {}
        for place in roster.people():
            for key in filter(None, keys_of_a_row(roster, roster.rows[place])):
                rows.setdefault(key, set()).add(place)
        for student in [*left]:
            fitting = rows.get(key_of(student), set())
            if len(fitting) == 1:
                left.remove(student)
                (place,) = fitting
                if place in joined:
                    doubles.append((student, joined[place]))
                else:
                    joined[place] = student
    return Joined(joined, left, doubles)


def _system_numbers(roster: Roster, row: Sequence[str]) -> list[str]:
    number = roster.value(row, "ID" if roster.system == "canvas" else "Identifier")
    return re.findall(r"\d+$", number)


def _number_in(student: str) -> str:
    return student.rpartition("_")[2] if re.fullmatch(r".+_\d+", student) else ""


def _ids(roster: Roster, row: Sequence[str]) -> list[str]:
    return [student_id(roster.value(row, column)).casefold() for column in NUMBERS]


def _first_halves(roster: Roster, row: Sequence[str]) -> list[str]:
    addresses = (roster.value(row, column) for column in ("Email address", "SIS Login ID"))
    return [student_id(each.partition("@")[0]).casefold() for each in addresses if "@" in each]


def _names(roster: Roster, row: Sequence[str]) -> list[str]:
    return [_letters(roster.name(row))]


def _letters(name: str) -> str:
    """Return the letters of a name alone, so that spaces and dashes do not matter."""
    folded = unicodedata.normalize("NFKC", re.sub(r"_\d+$", "", name)).casefold()
    return "".join(c for c in folded if c.isalnum() or unicodedata.category(c)[0] == "M")


_STEPS: list[tuple[Callable[[Roster, Sequence[str]], list[str]], Callable[[str], str]]] = [
    (_system_numbers, _number_in),
    (_ids, str.casefold),
    (_first_halves, str.casefold),
    (_names, _letters),
]
