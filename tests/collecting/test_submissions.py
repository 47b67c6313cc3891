"""Which of a student's files counts, and which files lie beside it."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.collecting.downloads import File
from charlstm.collecting.submissions import sort_out


def files(*names, **times):
    return [File(name, times.get(name, 0), lambda: b"") for name in names]


def whose(*names, others=("ps2",)):
    return {s.file.name: s.student for s in sort_out(files(*names), "ps1", others)[0]}


def test_a_folder_around_all_of_them_is_nobody():
    assert whose("down/ada.ipynb", "down/bob.ipynb") == {
        "down/ada.ipynb": "ada",
        "down/bob.ipynb": "bob",
    }
    assert whose("down/ada/ps1.ipynb", "down/bob/x.ipynb") == {
        "down/ada/ps1.ipynb": "ada",
        "down/bob/x.ipynb": "bob",
    }
    assert whose("ada/ps1.ipynb") == {"ada/ps1.ipynb": "ada"}


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ("a_1_5_ps1.ipynb", "a_1_7_ps1-1.ipynb"),
        ("a_1_8_ps1-2.ipynb", "a_LATE_1_9_ps1-10.ipynb"),
        ("ada.ipynb", "ada (1).ipynb"),
        ("ada/ps1-Copy2.ipynb", "ada/ps1 (3).ipynb"),
        ("ada/scratch (4).ipynb", "ada/ps1.ipynb"),
    ],
)
def test_of_two_files_the_last_numbered_is_taken_and_the_other_told(worse, better):
    for names in ((worse, better, "z.ipynb"), ("z.ipynb", better, worse)):
        taken, left = sort_out(files(*names), "ps1")
        assert better in [s.file.name for s in taken]
        assert left == [(worse, f"{better} is later")]


def test_of_two_files_without_numbers_the_newest_is_taken():
    for newest in ("ada/ps1.ipynb", "ada_ps1.ipynb"):
        given = files("ada/ps1.ipynb", "ada_ps1.ipynb", **{newest: 5})
        assert [s.file.name for s in sort_out(given, "ps1")[0]] == [newest]


def test_what_is_left_out_is_told():
    names = ["bob_ps2.ipynb", "PS2/cy.ipynb", "a.pdf", "../b.ipynb", "/c.ipynb", "ps1.ipynb"]
    taken, left = sort_out(files(*names), "ps1", ["ps2"])
    assert not taken
    assert dict(left) == {
        "bob_ps2.ipynb": "looks like ps2",
        "PS2/cy.ipynb": "looks like ps2",
        "a.pdf": "no notebook",
        "../b.ipynb": "its path leads out of the folder",
        "/c.ipynb": "its path leads out of the folder",
        "ps1.ipynb": "its name does not say whose it is",
    }


def test_a_zip_that_was_not_opened_is_told():
    for name in ("ada/ps1.zip", "ada/PS1.ZIP"):
        why = "a zip that was not opened: damaged"
        closed = File(name, 0, bytes, closed=why)
        assert sort_out([closed], "ps1") == ([], [(name, why)])


def test_the_newest_attempt_counts_whatever_its_name():
    old, new, bob = (
        "ps1_ada_attempt_2026-11-01-10-00-00_ps1.ipynb",
        "ps1_ada_attempt_2026-11-02-23-59-59_homework.ipynb",
        "ps1_bob_attempt_2026-11-01-10-00-00_ps1.ipynb",
    )
    for order in ((old, new, bob), (bob, new, old)):
        taken, left = sort_out(files(*order), "ps1")
        assert {s.student: s.file.name for s in taken} == {"ada": new, "bob": bob}
        assert left == [(old, f"{new} is later")]


def _inner(name):
    return name.split("/")[1]


def test_sections_of_a_class_are_no_students():
    sections = ["Section A/ada/ps1.ipynb", "Section A/cid/ps1.ipynb", "Section B/bob/ps1.ipynb"]
    assert set(whose(*sections).values()) == {"ada", "bob", "cid"}
    around = [f"down/{name}" for name in sections]
    assert set(whose(*around).values()) == {"ada", "bob", "cid"}
    mixed = ["dan.ipynb", *(f"all/{name}" for name in sections)]
    assert set(whose(*mixed).values()) == {"ada", "bob", "cid", "dan"}
    texts = [name.replace("ps1.ipynb", "text.txt") for name in sections]
    taken, left = sort_out(files(*sections, *texts), "ps1", (), ["text.txt"])
    assert ([s.beside["text.txt"].name for s in taken], left) == (sorted(texts, key=_inner), [])
    own = ["ada/old/ps1.ipynb", "ada/new/ps1.ipynb", "bob/ps1.ipynb"]
    assert set(whose(*own).values()) == {"ada", "bob"}
    own = ["ada/old/ps1.ipynb", "ada/new/ps1.ipynb", "bob/old/ps1.ipynb"]
    assert set(whose(*own).values()) == {"ada", "bob"}
    own = ["ada/ps1.ipynb", "ada/old/ps1.ipynb", "bob/ps1.ipynb"]
    assert set(whose(*own).values()) == {"ada", "bob"}
    canvas = ["A/lovelaceada_1_2_ps1.ipynb", "A/bob_3_4_ps1.ipynb", "B/cid_5_6_ps1.ipynb"]
    assert set(whose(*canvas).values()) == {"lovelaceada_1", "bob_3", "cid_5"}


def test_a_name_of_another_student_in_a_students_folder_is_the_students_own():
    found = whose("eve/bob_3_4_ps1.ipynb", "ada/ps1.ipynb", "bob/ps1.ipynb")
    assert found["eve/bob_3_4_ps1.ipynb"] == "eve"
    moodle = "Eve_2_assignsubmission_file_/Bob_1_assignsubmission_file_ps1.ipynb"
    assert whose(moodle) == {moodle: "Eve_2"}
    zipped = "eve_1_2_ps1/bob_3_4_ps1.ipynb"
    assert whose(zipped, "bob_3_4_ps1.ipynb")[zipped] == "eve_1"


def test_a_folder_of_a_download_that_looks_like_canvas_is_nobody():
    names = [f"submissions_2026_11_27/{name}_ps1.ipynb" for name in ("ada_1_2", "bob_3_4")]
    assert set(whose(*names).values()) == {"ada_1", "bob_3"}


def test_late_is_what_the_system_says():
    taken, _ = sort_out(files("a_LATE_1_2_ps1.ipynb", "late.ipynb", "b_1_2_LATE.ipynb"), "ps1")
    assert {s.student: s.late for s in taken} == {"a_1": True, "late": False, "b_1": False}


BESIDE = {  # a notebook, and a text of the same student, as the systems name them
    "Ada Lovelace_12_assignsubmission_file_/ps4.ipynb":
        "Ada Lovelace_12_assignsubmission_file_/text.txt",
    "Bo_13_assignsubmission_file_ps4.ipynb": "Bo_13_assignsubmission_file_Text.TXT",
    "cy_LATE_14_70_ps4.ipynb": "cy_LATE_14_71_text-1.txt",
    "dan/ps4.ipynb": "dan/text.txt",
    "eve/ps4/ps4.ipynb": "eve/ps4/text (2).txt",
    "ps4/fay/ps4.ipynb": "ps4/fay/text.txt",
    "gus.ipynb": "gus_text.txt",
    # out of a student's zip
    "Hal_15_assignsubmission_file_/hand in/ps4.ipynb":
        "Hal_15_assignsubmission_file_/hand in/text.txt",
    "Ida_16_assignsubmission_file_ps4/ps4/ps4.ipynb":
        "Ida_16_assignsubmission_file_ps4/ps4/text.txt",
    "jo_LATE_17_72_ps4-1/work.ipynb": "jo_LATE_17_72_ps4-1/text.txt",
    "kim_ps4/ps4/ps4.ipynb": "kim_ps4/ps4/text.txt",
}  # fmt: skip


def test_files_that_a_set_asks_for_lie_beside_their_students_notebook():
    for names in ([*BESIDE, *BESIDE.values()], [*BESIDE.values(), *BESIDE]):
        taken, left = sort_out(files(*names), "ps4", ["ps1"], ["text.txt", "model.safetensors"])
        assert not left
        assert {s.file.name: s.beside["text.txt"].name for s in taken} == BESIDE
    for notebook, text in BESIDE.items():
        ((found,), left) = sort_out(files(notebook, text), "ps4", (), ["text.txt"])
        assert (found.beside["text.txt"].name, left) == (text, [])


def test_of_two_files_beside_a_notebook_the_later_is_taken_and_the_rest_is_told():
    names = ["a/text.txt", "a/ps4.ipynb", "a/text (1).txt", "b/text.txt", "a/notes.txt",
             "../a/text.txt"]  # fmt: skip
    for order in (names, names[::-1]):
        ((found,), left) = sort_out(files(*order), "ps4", (), ["text.txt"])
        assert found.beside["text.txt"].name == "a/text (1).txt"
        assert dict(left) == {
            "a/text.txt": "a/text (1).txt is later",
            "b/text.txt": "its student handed in no notebook",
            "a/notes.txt": "neither a notebook nor named text.txt",
            "../a/text.txt": "its path leads out of the folder",
        }
    ((found,), left) = sort_out(files(*names), "ps4")
    assert not found.beside
    assert len(left) == 5


@pytest.mark.parametrize(
    ("worse", "better", "why"),
    [
        ("ada/train_text.txt", "ada/text.txt", "has the name asked for"),
        ("ada/train-text (3).txt", "ada/text.txt", "has the name asked for"),
        ("ada/my-run/text.txt", "ada/text.txt", "lies in the notebook's folder"),
        ("ada/my-run/text.txt", "ada/own text.txt", "lies in the notebook's folder"),
        ("ada/a/my text.txt", "ada/b/text.txt", "has the name asked for"),
        ("ada/text.txt", "ada/text (1).txt", "is later"),
    ],
)
def test_the_file_beside_the_notebook_with_the_very_name_is_taken(worse, better, why):
    for names in ((worse, better), (better, worse)):
        given = files("ada/ps4.ipynb", *names, "bob/ps4.ipynb", **{worse: 5})
        taken, left = sort_out(given, "ps4", (), ["text.txt"])
        assert taken[0].beside["text.txt"].name == better
        assert left == [(worse, f"{better} {why}")]
    canvas = "ada_1_5_ps4.ipynb", "ada_1_6_train_text.txt", "ada_1_7_text-1.txt"
    ((found,), _) = sort_out(files(*canvas), "ps4", (), ["text.txt"])
    assert found.beside["text.txt"].name == "ada_1_7_text-1.txt"


def test_a_file_that_is_none_of_those_asked_for_is_told_their_names():
    asked_for = ["text.txt", "model.safetensors"]
    taken, left = sort_out(files("a/ps4.ipynb", "a/text.txt.txt"), "ps4", (), asked_for)
    assert not taken[0].beside
    told = "neither a notebook nor named text.txt or model.safetensors"
    assert left == [("a/text.txt.txt", told)]


PARTS = st.text(st.sampled_from("ab1_-. ()é\u0301/\\*ps"), min_size=1, max_size=12) | st.text()


@given(st.lists(st.builds("{}.ipynb".format, PARTS), unique=True, max_size=8))
def test_every_file_is_taken_or_told_and_every_id_is_a_folders_name(names):
    taken, left = sort_out(files(*names), "ps1", ["ps2"])
    assert sorted([s.file.name for s in taken] + [name for name, _ in left]) == sorted(names)
    students = [s.student for s in taken]
    assert len(students) == len(set(students))
    for student in students:
        assert re.fullmatch(r"\w[^/\\\\:*?\"<>|\[\]+\x00-\x1f]*", student)
        assert student == student.strip(" .")
        assert len(student.encode()) <= 240
        assert PurePosixPath(student).name == student
