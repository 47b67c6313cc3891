"""What the name of a file says: whose it is, which version, and whether it is late."""

import re
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.collecting.students import own_name, read_name, student_id

WHOSE = {
    "ada.ipynb": "ada",
    "ada (3).ipynb": "ada",
    "ada_ps1.ipynb": "ada",
    "PS1-ada.ipynb": "ada",
    "class-7.ipynb": "class-7",
    "ada/ps1.ipynb": "ada",
    "ada/ps1 (1).ipynb": "ada",
    "ada/ps1-Copy1.ipynb": "ada",
    "ada/homework.ipynb": "ada",
    "ada/work/deep/ps1.ipynb": "ada",
    "ada/ps1/ps1.ipynb": "ada",
    "ada/PS1/x.ipynb": "ada",
    "7/ps1.ipynb": "7",
    "ada_ps1/ps1.ipynb": "ada",
    "PS1 ada/work/x.ipynb": "ada",
    "Ada Lovelace_123_assignsubmission_file_/ps1.ipynb": "Ada-Lovelace_123",
    "Ada Lovelace_123_assignsubmission_file_/work/ps1.ipynb": "Ada-Lovelace_123",
    "Ada Lovelace_123_assignsubmission_file/anything.ipynb": "Ada-Lovelace_123",
    "Ada Lovelace_123_assignsubmission_file_ps1.ipynb": "Ada-Lovelace_123",
    "Participant_123_assignsubmission_file_/ps1.ipynb": "Participant_123",
    "Émilie du Châtelet_9_assignsubmission_file_/ps1.ipynb": "Émilie-du-Châtelet_9",
    "lovelaceada_12345_67890_ps1.ipynb": "lovelaceada_12345",
    "lovelaceada_LATE_12345_67890_ps1-1.ipynb": "lovelaceada_12345",
    "lovelaceada_12345_67890_my_work_2.ipynb": "lovelaceada_12345",
    "lovelaceada_LATE_12345_67890_ps1-1/my/work.ipynb": "lovelaceada_12345",
    "Ada Lovelace_123_assignsubmission_file_ps1/ps1.ipynb": "Ada-Lovelace_123",
    "o'neil, j.ipynb": "o-neil-j-1cce80",
    "=cmd.ipynb": "cmd-26b1f9",
    "ada b.ipynb": "ada b",
    "ada-b.ipynb": "ada-b",
    "राम.ipynb": "राम",
    "रोम.ipynb": "रोम",
    # nbgrader's zip-collect and Blackboard
    "ps1_ada_attempt_2026-11-02-23-59-59_ps1.ipynb": "ada",
    "ps1_ada_b_attempt_2026-11-02-23-59-59_problem1.ipynb": "ada_b",
    "Problem Set 1_ada_attempt_2026-11-02-23-59-59_ps1.ipynb": "ada",
    "ps1_ada_attempt_2026-11-02-23-59-59/work/ps1.ipynb": "ada",
    # a file of Eve's that is named as Bob's
    "Eve_2_assignsubmission_file_/Bob_1_assignsubmission_file_ps1.ipynb": "Eve_2",
    "Eve_2_assignsubmission_file_/Bob_1_assignsubmission_file_/ps1.ipynb": "Eve_2",
    "Eve_2_assignsubmission_file_Bob_1_assignsubmission_file_ps1.ipynb": "Eve_2",
    "Eve_2_assignsubmission_file_/bob_3_4_ps1.ipynb": "Eve_2",
    "eve_1_2_ps1/bob_3_4_ps1.ipynb": "eve_1",
    "ps1_eve_attempt_2026-11-02-23-59-59_ps1_bob_attempt_2027-01-01-00-00-00_ps1.ipynb": "eve",
    "ps1.ipynb": "",
    "ps1 (2).ipynb": "",
    "***.ipynb": "",
}


def read(name, wanted="ps1"):
    return read_name(PurePosixPath(name), wanted, "ps1")


@pytest.mark.parametrize(("name", "student"), WHOSE.items())
def test_the_student_is_read_from_the_name(name, student):
    assert read(name).student == student


def test_a_folder_around_all_files_names_a_student_only_if_nothing_else_does():
    for name, student in {"down/ps1.ipynb": "down", "down/ada.ipynb": "ada"}.items():
        assert read_name(PurePosixPath(name), "ps1", "ps1", around=1).student == student


@pytest.mark.parametrize(
    ("name", "own", "version", "late"),
    [
        ("a_LATE_1_2_ps1-3.ipynb", "ps1", 3, True),
        ("a_LATE_1_2_ps1-3/work (4).ipynb", "work", 4, True),
        ("ada/work-3.ipynb", "work-3", 0, False),
        ("ada/PS1-3.ipynb", "PS1", 3, False),
        ("ada/work-Copy2.ipynb", "work", 2, False),
    ],
)
def test_the_students_own_name_and_its_version_are_read(name, own, version, late):
    assert read(name)[1:4] == (own, version, late)


def test_the_time_of_an_attempt_is_read():
    found = read("ps1_ada_attempt_2026-11-02-23-59-59_homework.ipynb")
    assert (found.own, found.attempt) == ("homework", 20261102235959)
    assert read("ps1_ada_attempt_2026-11-02_ps1.ipynb").attempt == 0


@given(st.text(max_size=90), st.text(max_size=90))
def test_two_names_never_become_one_student(one, other):
    """Names that differ in more than how their accents are stored."""
    composed = [unicodedata.normalize("NFC", name) for name in (one, other)]
    ids = [student_id(name) for name in (one, other)]
    assert ids[0] != ids[1] or not all(ids) or composed[0] == composed[1]
    assert student_id(ids[0]) == ids[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [("ada b", "ada-b"), ("ada/b", "ada-b"), ("ada", "ada."), ("ada", "ada\n"), ("ada,b", "ada;b"),
     ("ada  b", "ada b"), ("x" * 61, "x" * 60), ("x" + "y" * 60, "z" + "y" * 60)],
)  # fmt: skip
def test_names_that_look_alike_stay_apart(one, other):
    assert student_id(one) != student_id(other)


def test_a_file_beside_the_notebook_is_of_the_same_student():
    for folder in ("ada_ps1", "a_1_2_ps1", "Ada_12_assignsubmission_file_ps1"):
        assert read(f"{folder}/text.txt", "text").student == read(f"{folder}/ps1.ipynb").student
    assert own_name(PurePosixPath("ada/my text-2.txt"), "text") == "my text"


@given(st.text(min_size=1), st.integers(0), st.integers(0), st.booleans(), st.integers(0, 30))
def test_the_systems_number_stays_in_the_id(name, user, upload, late, version):
    folder = name.replace("/", "-") + f"_{user}_assignsubmission_file_/ps1.ipynb"
    word = re.sub(r"\W|_", "", name) or "x"
    suffix = f"-{version}" if version else ""
    canvas = f"{word}_{'LATE_' * late}{user}_{upload}_ps1{suffix}.ipynb"
    for file in (folder, canvas):
        found = read(file)
        assert re.search(rf"(^|_){user}$", found.student) or file.startswith(".")
        assert found.late is (late and file == canvas) or file.startswith(".")


@given(st.text(st.sampled_from("éüñçÅ日本a "), min_size=1))
def test_a_name_is_the_same_however_its_accents_are_stored(name):
    composed, apart = (unicodedata.normalize(form, name) + "_ps1.ipynb" for form in ("NFC", "NFD"))
    assert read(composed).student == read(apart).student
