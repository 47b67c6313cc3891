"""Lists of a class as Moodle and Canvas export them, and whose submission is whose."""

import pytest

from charlstm.errors import UserError
from charlstm.grading.roster import Roster, join, read_roster

WORKSHEET = """\
Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 12345,Ada Lovelace,4711,ada@example.org,Submitted for grading - ,,9.00,Yes,\
"Monday, 2 November 2026, 11:59 PM",-,
Participant 12346,Bob Ross,4712,bob@example.org,No submission - ,3.00,9.00,Yes,-,-,
"""
GRADEBOOK = """\
First name,Last name,ID number,Institution,Department,Email address,Assignment: ps1 (Real),\
Assignment: other (Real),Last downloaded from this course
Ada,Lovelace,4711,,,ada@example.org,-,5.00,1764000000
Bob,Ross,4712,,,bob@example.org,-,6.00,1764000000
"""
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,ps1 (678),other (679),Assignments Current Score,\
Current Score
,,,,,Manual Posting,,,
    Points Possible,,,,,9.00,10.00,(read only),(read only)
"Lovelace, Ada",345,s4711,ada,Monday,,5.00,50.00,50.00
"Ross, Bob",346,s4712,bob@example.org,"Monday and Tuesday",EX,6.00,60.00,60.00
"Student, Test",399,,7f3b,Monday,,,,
"""


def written(folder, text, name="roster.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "system", "names"),
    [
        (WORKSHEET, "moodle", ["Ada Lovelace", "Bob Ross"]),
        (GRADEBOOK, "moodle", ["Ada Lovelace", "Bob Ross"]),
        (GRADEBOOK.replace("Last name", "Surname"), "moodle", ["Ada Lovelace", "Bob Ross"]),
        (CANVAS, "canvas", ["Ada Lovelace", "Bob Ross"]),
        (CANVAS.replace("Student,", "LastName,FirstName,", 1).replace('"Lovelace, Ada"',
         "Lovelace,Ada").replace('"Ross, Bob"', "Ross,Bob").replace('"Student, Test"',
         "Student,Test").replace("    Points Possible,", "    Points Possible,,").replace(
         ",,,,,Manual", ",,,,,,Manual"), "canvas", ["Ada Lovelace", "Bob Ross"]),
    ],
)  # fmt: skip
def test_the_columns_say_which_system_exported_it_and_who_is_in_it(text, system, names, tmp_path):
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        roster = read_roster(written(tmp_path, text, encoding=encoding))
        assert roster.system == system
        assert [roster.name(roster.rows[place]) for place in roster.people()] == names
        assert roster.mark is (encoding == "utf-8-sig")
    assert roster.is_worksheet is (text == WORKSHEET)
    assert (
        read_roster(written(tmp_path, text.replace(", ", " ").replace(",", ";"))).system == system
    )


JOINS = {  # roster: ids of Ada's submission, by what they are found
    WORKSHEET: ["Ada-Lovelace_12345", "Participant_12345", "4711", "ada@example.org", "ADA", "ada",
                "Ada-Lovelace_99", "Ada Lovelace", "ada-lovelace"],
    GRADEBOOK: ["Ada-Lovelace_12345", "4711", "ada@example.org", "ada", "Ada Lovelace"],
    CANVAS: ["lovelaceada_345", "s4711", "ada", "Ada Lovelace", "345"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "student"), [(text, student) for text, found in JOINS.items() for student in found]
)
def test_a_submission_finds_its_row(text, student, tmp_path):
    roster = read_roster(written(tmp_path, text))
    found = join(roster, [student, "zoe"])
    assert {roster.name(roster.rows[p]): s for p, s in found.students.items()} == {
        "Ada Lovelace": student
    }
    assert (found.strangers, found.doubles) == (["zoe"], [])


def test_the_number_counts_more_than_a_name_and_two_submissions_of_one_person_are_told(tmp_path):
    roster = read_roster(written(tmp_path, WORKSHEET))
    found = join(roster, ["Bob-Ross_12345", "bob", "ada lovelace"])
    ada, bob = roster.people()
    assert found.students == {ada: "Bob-Ross_12345", bob: "bob"}
    assert found.doubles == [("ada lovelace", "Bob-Ross_12345")]


def test_what_fits_two_people_says_nothing():
    rows = [["Participant 7", "Ada Ross", "1"], ["Participant 8", "Ada Ross", "2"]]
    roster = Roster("moodle", ["Identifier", "Full name", "ID number"], rows)
    assert join(roster, ["ada ross"]).strangers == ["ada ross"]
    assert join(roster, ["ada ross", "2"]).students == {1: "2"}
    assert join(roster, ["Ada-Ross_8"]).students == {1: "Ada-Ross_8"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no row for a student"),
        (b"Student,ID,Section\n", "no row for a student"),
        (b"name,mail\nada,a@b\n", "Moodle or Canvas exports no such columns: name, mail"),
        (b"\xff\xfea", "neither UTF-8 nor UTF-16"),
        (b"a\xff,b\nc,d\n", "neither UTF-8 nor UTF-16"),
        (b'Student,ID,Section\n"ada,1,A\n', "no CSV file"),
        (b"Student,ID,ID,Section\nada,1,1,A\n", "two columns have the same name"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_in_one_line(content, told, tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=told) as caught:
        read_roster(path)
    assert "\n" not in str(caught.value)


def test_a_roster_of_another_system_than_named_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"Canvas exports no such columns: Identifier"):
        read_roster(written(tmp_path, WORKSHEET), "canvas")
    with pytest.raises(UserError, match="no such file"):
        read_roster(tmp_path / "none.csv")
