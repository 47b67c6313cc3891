"""The files that Moodle and Canvas import, column for column."""

import csv

import pytest
from test_roster import CANVAS, GRADEBOOK, WORKSHEET, written

from charlstm.errors import UserError
from charlstm.grading.results import Row
from charlstm.grading.roster import read_roster
from charlstm.grading.system_file import Points, write_for_system

ROWS = [
    Row("Ada-Lovelace_12345", {"step": 6.0, "why": 1.5}, 7.5, ""),
    Row("zoe", {"step": 1.0, "why": 0.0}, 1.0, ""),
]
PS1 = Points("ps1", 9, ROWS)


def exported(tmp_path, text, *sets):
    """Return the rows of the file for a system, and what was told."""
    told = []
    path = tmp_path / "out.csv"
    roster = read_roster(written(tmp_path, text))
    count = write_for_system(roster, sets, path, told.append)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file)), told, count


def rows_of(text):
    return list(csv.reader(text.splitlines()))


def test_moodles_worksheet_comes_back_with_the_grade_filled_in(tmp_path):
    rows, told, count = exported(tmp_path, WORKSHEET, PS1)
    before = rows_of(WORKSHEET)
    before[1][5] = "7.5"  # Grade; Bob's stays
    assert (rows, count) == (before, 1)
    assert told == [
        "ps1: in the roster, without a submission: Bob Ross",
        "handed in, but nobody in the roster: zoe",
    ]


def test_of_a_large_class_the_first_are_named(tmp_path):
    head = WORKSHEET.splitlines()[0]
    row = WORKSHEET.splitlines()[2]
    many = [row.replace("Bob Ross", f"Bob {n}").replace("346", f"9{n}") for n in range(15)]
    _, told, _ = exported(tmp_path, "\n".join([head, *many]), PS1)
    (line,) = (line for line in told if "without a submission" in line)
    assert line.startswith("ps1: in the roster, without a submission: Bob 0, Bob 1, ")
    assert line.endswith(", Bob 9, and 5 more")


def test_moodles_gradebook_has_the_columns_of_people_and_of_the_set(tmp_path):
    rows, told, _ = exported(tmp_path, GRADEBOOK, PS1)
    person = ["First name", "Last name", "ID number", "Institution", "Department", "Email address"]
    assert rows == [
        [*person, "Assignment: ps1 (Real)"],
        ["Ada", "Lovelace", "4711", "", "", "ada@example.org", "7.5"],
        ["Bob", "Ross", "4712", "", "", "bob@example.org", "-"],
    ]
    assert len(told) == 2


def test_canvas_gets_its_columns_its_row_of_points_and_a_new_column_for_a_new_set(tmp_path):
    ada = [Row("lovelaceada_345", {"step": 6.0, "why": None}, 6.0, "")]
    bob = [Row("rossbob_346", {"step": 2.0}, 2.0, ""), *ada]
    sets = Points("ps1", 9, bob), Points("ps2", 12.5, ada)
    rows, told, count = exported(tmp_path, CANVAS, *sets)
    person = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert rows == [
        [*person, "ps1 (678)", "ps2"],
        ["", "", "", "", "", "Manual Posting", ""],
        ["    Points Possible", "", "", "", "", "9.00", "12.5"],
        ["Lovelace, Ada", "345", "s4711", "ada", "Monday", "6", "6"],
        ["Ross, Bob", "346", "s4712", "bob@example.org", "Monday and Tuesday", "EX", ""],
        ["Student, Test", "399", "", "7f3b", "Monday", "", ""],
    ]
    assert count == 1
    assert told == [
        "the roster has no column for ps2; the file has a new one",
        "ps1: written answers not graded yet, counted as 0: Ada Lovelace",
        "ps2: in the roster, without a submission: Bob Ross",
        "ps2: written answers not graded yet, counted as 0: Ada Lovelace",
    ]


def test_canvas_without_a_row_of_points_gets_one(tmp_path):
    text = "Student,ID,SIS Login ID,Section\n" + '"Lovelace, Ada",345,ada,Monday\n'
    rows, _, _ = exported(tmp_path, text, Points("ps1", 9, [Row("ada", {}, 8.0, "")]))
    assert rows[1:] == [
        ["    Points Possible", "", "", "", "9"],
        ["Lovelace, Ada", "345", "ada", "Monday", "8"],
    ]


@pytest.mark.parametrize(
    "text", [WORKSHEET.replace("9.00", "100.00"), CANVAS.replace("9.00", "100.00")]
)
def test_another_number_of_points_there_is_told(text, tmp_path):
    _, told, _ = exported(tmp_path, text, PS1)
    assert told[0] == (
        "ps1 is worth 9 points here and 100.00 there; change that there before you import"
    )


def test_who_is_not_graded_keeps_what_the_system_has(tmp_path):
    rows, told, count = exported(tmp_path, WORKSHEET, Points("ps1", 9, [Row("4712", {}, None, "")]))
    assert (rows[2][5], count) == ("3.00", 0)
    assert told[1] == "ps1: not graded, left as they were: Bob Ross"


def test_two_submissions_of_one_person_are_told(tmp_path):
    _, told, _ = exported(tmp_path, WORKSHEET, Points("ps1", 9, [*ROWS, Row("ada", {}, 1.0, "")]))
    assert (
        "ada and Ada-Lovelace_12345 are the same person in the roster; Ada-Lovelace_12345's"
        " points count"
    ) in told


def test_what_cannot_be_decided_is_refused(tmp_path):
    with pytest.raises(UserError, match="for one assignment; name the set: ps1 or ps2"):
        exported(tmp_path, WORKSHEET, PS1, Points("ps2", 9, ROWS))
    twice = CANVAS.replace("other (679)", "ps1 again (679)")
    with pytest.raises(UserError, match=r"ps1 \(678\) and ps1 again \(679\) could be that of ps1"):
        exported(tmp_path, twice, PS1)


def test_a_mark_and_semicolons_stay(tmp_path):
    text = CANVAS.replace(", ", " ").replace(",", ";")
    roster = read_roster(written(tmp_path, text, encoding="utf-8-sig"))
    write_for_system(roster, [PS1], tmp_path / "out.csv", lambda line: None)
    content = (tmp_path / "out.csv").read_bytes()
    assert content.startswith("\ufeffStudent;ID;SIS User ID;".encode())
