"""Courses: names of files, what is refused, and everything from the sources to the grades.

The slow tests grade with nbgrader, kernels and all: once a small set made up here, in which every
odd thing happens that students do, and then the answers of the gallery to each problem set.
"""

import csv
import os
import re
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_assignments import SOURCES, answers, graded
from test_package import commands

from charlstm import course
from charlstm.grading import classroom, submissions
from charlstm.grading import nbgrader as grading
from charlstm.grading.submissions import File, handed_in, sort_out
from charlstm.options import parse

# --- whose file it is ----------------------------------------------------------------------------

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
    "Ada Lovelace_123_assignsubmission_file_/ps1.ipynb": "Ada-Lovelace_123",
    "Ada Lovelace_123_assignsubmission_file_/work/ps1.ipynb": "Ada-Lovelace_123",
    "Ada Lovelace_123_assignsubmission_file/anything.ipynb": "Ada-Lovelace_123",
    "Ada Lovelace_123_assignsubmission_file_ps1.ipynb": "Ada-Lovelace_123",
    "Participant_123_assignsubmission_file_/ps1.ipynb": "Participant_123",
    "Émilie du Châtelet_9_assignsubmission_file_/ps1.ipynb": "Émilie-du-Châtelet_9",
    "lovelaceada_12345_67890_ps1.ipynb": "lovelaceada_12345",
    "lovelaceada_LATE_12345_67890_ps1-1.ipynb": "lovelaceada_12345",
    "lovelaceada_12345_67890_my_work_2.ipynb": "lovelaceada_12345",
    "o'neil, j.ipynb": "o-neil-j",
    "=cmd.ipynb": "cmd",
    "ps1.ipynb": None,
    "ps1 (2).ipynb": None,
    "***.ipynb": None,
}


def files(*names, **times):
    return [File(name, times.get(name, 0), lambda: b"") for name in names]


def whose(*names, others=("ps2",)):
    return {s.file.name: s.student for s in sort_out(files(*names), "ps1", others)[0]}


@pytest.mark.parametrize(("name", "student"), WHOSE.items())
def test_the_student_is_read_from_the_name(name, student):
    beside = "zoe.ipynb"  # else a folder that holds everything says nothing
    assert whose(name, beside).get(name) == student


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
        "ps1.ipynb": "whose it is cannot be told from its name",
    }


def test_late_is_what_the_system_says():
    taken, _ = sort_out(files("a_LATE_1_2_ps1.ipynb", "late.ipynb", "b_1_2_LATE.ipynb"), "ps1")
    assert {s.student: s.late for s in taken} == {"a_1": True, "late": False, "b_1": False}


PARTS = st.text(st.sampled_from("ab1_-. ()é\u0301/\\*ps"), min_size=1, max_size=12) | st.text()


@given(st.lists(st.builds("{}.ipynb".format, PARTS), unique=True, max_size=8))
def test_every_file_is_taken_or_told_and_every_id_is_a_folders_name(names):
    taken, left = sort_out(files(*names), "ps1", ["ps2"])
    assert sorted([s.file.name for s in taken] + [name for name, _ in left]) == sorted(names)
    students = [s.student for s in taken]
    assert len(students) == len(set(students))
    for student in students:
        assert re.fullmatch(r"\w[\w.@-]*", student)
        assert len(student.encode()) <= 240
        assert PurePosixPath(student).name == student


@given(st.text(min_size=1), st.integers(0), st.integers(0), st.booleans(), st.integers(0, 30))
def test_the_systems_number_stays_in_the_id(name, user, upload, late, version):
    folder = name.replace("/", "-") + f"_{user}_assignsubmission_file_/ps1.ipynb"
    word = re.sub(r"\W|_", "", name) or "x"
    suffix = f"-{version}" if version else ""
    canvas = f"{word}_{'LATE_' * late}{user}_{upload}_ps1{suffix}.ipynb"
    for file in (folder, canvas):
        if not file.startswith((".", "\n")) and "\n" not in file:
            ((found,), _) = sort_out(files(file), "ps1")
            assert re.search(rf"(^|_){user}$", found.student)
            assert found.late is (late and file == canvas)


@given(st.text(st.sampled_from("éüñçÅ日本a "), min_size=1))
def test_a_name_is_the_same_however_its_accents_are_stored(name):
    composed, apart = (unicodedata.normalize(form, name) + "_ps1.ipynb" for form in ("NFC", "NFD"))
    assert [*whose(composed).values()] == [*whose(apart).values()]


# --- reading what was handed in ------------------------------------------------------------------


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_is_read_without_being_unpacked(tmp_path):
    names = {"ada.ipynb": "A", "../out.ipynb": "B", "w\\bob.ipynb": "C", "__MACOSX/x.ipynb": "",
             "a/.ipynb_checkpoints/ps1.ipynb": "", "a/._ps1.ipynb": ""}  # fmt: skip
    (tmp_path / "in").mkdir()
    found = handed_in(zipped(tmp_path / "in" / "all.zip", **names))
    assert {file.name: file.read() for file in found} == {
        "ada.ipynb": b"A",
        "../out.ipynb": b"B",
        "w/bob.ipynb": b"C",
    }
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["all.zip"]


def test_a_folder_and_one_notebook_are_read_alike(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "ps1.ipynb").write_text("A")
    (tmp_path / "ada" / ".hidden.ipynb").write_text("B")
    os.symlink("/etc/hostname", tmp_path / "link.ipynb")
    link, ada = sorted(handed_in(tmp_path), key=lambda file: "ada" in file.name)
    assert (ada.name, ada.read()) == ("ada/ps1.ipynb", b"A")
    with pytest.raises(ValueError, match="a link"):
        link.read()
    (one,) = handed_in(tmp_path / "ada" / "ps1.ipynb")
    assert (one.name, one.read()) == ("ps1.ipynb", b"A")


def test_of_two_members_of_a_zip_the_later_is_taken(tmp_path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("ada/ps1.ipynb", (2026, 11, 21, 23, 0, 0)), "new")
        archive.writestr(zipfile.ZipInfo("ada_ps1.ipynb", (2026, 2, 28, 0, 0, 0)), "old")
    ((ada,), _) = sort_out(handed_in(path), "ps1")
    assert ada.file.read() == b"new"


def test_a_file_that_is_too_long_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "MAX_BYTES", 1_000_000)
    content = b"0" * 1_000_001
    (tmp_path / "ada.ipynb").write_bytes(content)
    for path in (tmp_path, zipped(tmp_path / "all.zip", **{"ada.ipynb": content})):
        with pytest.raises(ValueError, match="larger than 1 MB"):
            handed_in(path)[0].read()
    (tmp_path / "ada.ipynb").write_bytes(content[1:])
    assert len(handed_in(tmp_path)[0].read()) == 1_000_000


def test_damage_in_one_file_of_a_zip_is_told_for_that_one(tmp_path):
    members = {"ada.ipynb": b"good " * 99, "bob.ipynb": b"b" * 99, "cy.ipynb": os.urandom(99)}
    path = zipped(tmp_path / "all.zip", **members)
    content = bytearray(path.read_bytes())
    content[content.index(b"ada.ipynb") + 9] = 0x07  # a kind of block that there is not
    content[content.index(b"cy.ipynb") + 50] ^= 0xFF
    path.write_bytes(content)
    ada, bob, cy = handed_in(path)
    for damaged in (ada, cy):
        with pytest.raises(ValueError, match="damaged or locked"):
            damaged.read()
    assert bob.read() == b"b" * 99


# --- one line for each mistake -------------------------------------------------------------------


@pytest.fixture
def empty_course(tmp_path):
    """A course of one set, as far as the command looks before it grades."""
    folder = tmp_path / "course"
    (folder / "release" / "ps1").mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(grading.CONFIG_TEXT)
    nbformat.write(nbformat.v4.new_notebook(), folder / "release" / "ps1" / "ps1.ipynb")
    return folder


MISTAKES = {
    "grade {tmp}/none ps1": "no course, nbgrader_config.py is missing",
    "build {tmp}": "neither empty nor a course",
    "build {tmp}/file": "neither empty nor a course",
    "build {tmp}/a[1]": "takes * ? [ ] for patterns",
    "grade {course} ps9": "ps9: no set of this course; it has ps1",
    "feedback {course} ps9": "ps9: no set of this course; it has ps1",
    "feedback {course} ps1": "ps1: nothing is graded",
    "grade {course} ps1": "ps1: nothing was handed in",
    "grade {course} ps1 {tmp}/none": "none: no such file or directory; give a folder or a zip",
    "grade {course} ps1 {tmp}/file": "file: neither a folder nor a zip",
    "grade {course} ps1 {tmp}/others": "others: no notebook of ps1 in it",
    "grade {course} ps1 --seconds 0": "--seconds is 0; it must be at least 1",
    "grade {course} ps1 --second 1": "Perhaps you meant: --seconds",
    "grad {course}": "build, grade, export, feedback",
    "": "build, grade, export, feedback",
}


@pytest.mark.parametrize(("words", "told"), MISTAKES.items())
def test_a_mistake_is_told_in_one_line(words, told, tmp_path, empty_course, capsys):
    (tmp_path / "file").write_text("x")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "notes.txt").write_text("x")
    assert course.main(words.format(tmp=tmp_path, course=empty_course).split()) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ")
    assert told in line


def test_without_the_extra_it_is_told_what_to_install(monkeypatch, capsys):
    for name in [n for n in sys.modules if n.split(".")[0] == "nbgrader"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("nbgrader", "classroom"):
        monkeypatch.delitem(sys.modules, f"charlstm.grading.{name}")
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    assert course.main(["export", "anything"]) == 2
    assert "pip install -c constraints.txt -e '.[course]'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["build"], ["grade"], ["export"], ["feedback"]])
def test_help_of_each_verb(words, capsys):
    with pytest.raises(SystemExit) as end:
        course.main([*words, "--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert ("default" in told) is (words not in ([], ["build"]))
    assert "FOLDER" in told or not words


def test_help_and_mistakes_never_wait_for_nbgrader():
    probe = (
        "import sys; from charlstm.course import main\n"
        "try: main(['grade', '--help'])\nexcept SystemExit: pass\n"
        "main(['grade', '--no-such-flag'])\n"
        "assert not {'nbgrader', 'torch', 'numpy', 'nbformat'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_for_instructors_names_commands_notes_and_flags_that_exist():
    page = (SOURCES[0].parent / "README.md").read_text()
    found = list(commands(page))
    verbs = [type(parse(course.Course, words).verb) for name, words in found if name == "course"]
    assert {course.Build, course.Grade, course.Export, course.Feedback} == set(verbs)
    known = {f"--{field}" for verb in set(verbs) for field in verb.__dataclass_fields__}
    for flag in re.findall(r"`[^`\n]*?(--[a-z]+)", page):
        assert flag in known, flag
    notes = re.findall(r"^\| `([^`]+)`", page, re.M)
    sources = [Path(module.__file__).read_text() for module in (classroom, grading)]
    for note in notes:
        word = re.sub(r"in-words: |: rnn_step.*|not graded: | ?\(?\.\.\.\)?", "", note)
        assert any(word in source for source in sources), note


# --- notebooks that are mended -------------------------------------------------------------------

TOY = '''# %% [markdown]
# # A small set

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, SET}
from charlstm.notebook.exercises import expect

two = 2

# %% nbgrader={"grade": false, "grade_id": "double", "locked": false, "solution": true, KIND}
def double(x):
    """Return twice x."""
    ### BEGIN SOLUTION
    return two * x
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "double-visible", "locked": true, "points": 1, SET}
expect("double(2)", double(2), 4)

# %% nbgrader={"grade": true, "grade_id": "double-hidden", "locked": true, "points": 2, SET}
# Others are tried when this is graded.
### BEGIN HIDDEN TESTS
expect("double(-3)", double(-3), -6)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "half", "locked": false, "solution": true, KIND}
def half(x):
    """Return half of x."""
    ### BEGIN SOLUTION
    return x / two
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "half-visible", "locked": true, "points": 1, SET}
expect("half(2)", half(2), 1)

# %% nbgrader={"grade": true, "grade_id": "half-hidden", "locked": true, "points": 2, SET}
# Others are tried when this is graded.
### BEGIN HIDDEN TESTS
expect("half(3)", half(3), 1.5)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": true, "grade_id": "why", "locked": false, "points": 3, ANSWER}
# Why?
'''
for short, long in {
    "ANSWER": '"solution": true, KIND',
    "SET": '"solution": false, KIND',
    "KIND": '"schema_version": 3, "task": false',
}.items():
    TOY = TOY.replace(short, long)
RIGHT = {
    "double": "def double(x):\n    return x + x",
    "half": "def half(x):\n    return 0.5 * x",
    "why": "Because it is so.",
}


@pytest.fixture
def toy(tmp_path):
    source = tmp_path / "sources" / "ps1.py"
    source.parent.mkdir()
    source.write_text(TOY)
    return source


@pytest.fixture
def toy_release(toy, tmp_path):
    """What nbgrader would make of the set, as far as the marks of the cells go."""
    path = tmp_path / "release.ipynb"
    path.write_text(grading.to_notebook(toy))
    return path


def by_id(notebook):
    return {grading.grade_id(cell): cell for cell in notebook.cells}


def test_the_same_source_gives_the_same_notebook(toy):
    text = grading.to_notebook(toy)
    assert text == grading.to_notebook(toy)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
    }
    assert by_id(notebook)["setup"].source.startswith("from charlstm.notebook.exercises")


def test_a_whole_notebook_keeps_its_answers(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    by_id(notebook)["half"].source = "mine"
    notebook.cells.insert(3, nbformat.v4.new_code_cell("print(1)", metadata={"tags": ["a"]}))
    by_id(notebook)["double"].outputs = [nbformat.v4.new_output("stream", text="x" * 10**6)]
    text, remark = grading.mended(nbformat.writes(notebook).encode(), toy_release)
    assert remark == ""
    assert len(text) < 20_000
    after = nbformat.reads(text, as_version=4)
    assert [c.source for c in after.cells] == [c.source for c in notebook.cells]
    assert after.cells[3].metadata == {}


def test_what_was_deleted_is_put_back_where_it_can_run(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    order = [grading.grade_id(cell) for cell in notebook.cells]
    lost = ("setup", "double", "double-hidden", "why")
    notebook.cells = [c for c in notebook.cells if grading.grade_id(c) not in lost]
    text, remark = grading.mended(nbformat.writes(notebook).encode(), toy_release)
    assert remark == "put back: setup, double-hidden, why"
    after = [grading.grade_id(cell) for cell in nbformat.reads(text, as_version=4).cells]
    assert after == ["setup", None, "double-visible", *order[5:8], "double-hidden", "why"]


def test_what_was_edited_is_told(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    for name in ("setup", "double", "half-visible", "why"):
        by_id(notebook)[name].source += "\nprint(1)"
    by_id(notebook)["half-hidden"].source += "\n"  # which an editor may do
    _, remark = grading.mended(nbformat.writes(notebook).encode(), toy_release)
    assert remark == "edited, and put back: setup, half-visible"


def test_marks_that_would_spare_a_test_are_undone(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    test = by_id(notebook)["half-hidden"]
    test.metadata.tags = ["skip-execution"]  # nbgrader gives full points to a test without output
    test.metadata.nbgrader.update(grade=False, points=100, schema_version=1)
    text, _ = grading.mended(nbformat.writes(notebook).encode(), toy_release)
    marks = by_id(nbformat.reads(text, as_version=4))["half-hidden"].metadata
    assert "tags" not in marks
    assert (marks.nbgrader.grade, marks.nbgrader.points) == (True, 2)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"{}", b"[]", b"\xff\xfe", b'{"nbformat": 4, "nbformat_minor": 5, "cells": 3}',
     b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]}', b"[" * 100_000],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_notebook_is_told(content, toy_release):
    with pytest.raises(ValueError, match=r"^not a notebook"):
        grading.mended(content, toy_release)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_set_becomes_a_notebook_whose_cells_have_ids_of_their_own(source):
    cells = nbformat.reads(grading.to_notebook(source), as_version=4).cells
    ids = [name for cell in cells if (name := grading.grade_id(cell))]
    assert len(ids) == len(set(ids))


# --- from the sources to the grades --------------------------------------------------------------


def handed_in_by(folder, name, release, **changes):
    """Write a copy of a released notebook in which cells are other sources, or gone (None)."""
    notebook = nbformat.read(release, as_version=4)
    for cell in [*notebook.cells]:
        change = changes.get(grading.grade_id(cell) or "", cell.source)
        if change is None:
            notebook.cells.remove(cell)
        elif isinstance(change, dict):
            cell.metadata.update(change)
        else:
            cell.source = change
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def scores(folder, assignment="ps1"):
    """Read each student's points of each cell from nbgrader's gradebook."""
    with grading.gradebook(folder) as book:
        return {
            s.student.id: {g.name: g.score for g in s.notebooks[0].grades}
            for s in book.assignment_submissions(assignment)
        }


def points(folder, assignment="ps1"):
    return {student: sum(found.values()) for student, found in scores(folder, assignment).items()}


def exported(folder):
    with (folder / "grades.csv").open(encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def ran(capsys, *words):
    assert course.main([*map(str, words)]) == 0
    return capsys.readouterr()


@pytest.fixture
def toy_course(toy, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(classroom, "assignments_folder", lambda: toy.parent)
    folder = tmp_path / "a course"
    assert ran(capsys, "build", folder).out == "ps1  made: ps1.zip\n"
    return folder


ODD = {  # file: points of double and of half, note, what is changed in the released notebook
    "Ada Lovelace_1_assignsubmission_file_/ps1.ipynb": (3, 3, "why: waits for a person", RIGHT),
    "bob_LATE_12_34_ps1-1.ipynb": (3, 0, "late", {"double": RIGHT["double"]}),
    "empty.ipynb": (0, 0, "", {}),
    "cheat/ps1.ipynb": (1, 0, "put back: half-hidden; edited, and put back: double-visible,"
                        " half-visible", {
        "double": "def double(x):\n    return 4",
        "double-visible": "pass",
        "double-hidden": {"tags": ["skip-execution"]},
        "half": "def half(x):\n    return 2",
        "half-visible": "pass",
        "half-hidden": None,
    }),
    "gone.ipynb": (3, 3, "put back: setup, double-visible, why", {
        **RIGHT, "setup": None, "double-visible": None, "why": None,
    }),
    "loop.ipynb": (0, 3, "over the time limit: double", {
        "double": "def double(x):\n    while True:\n        print('round')", "half": RIGHT["half"],
    }),
    "dead.ipynb": (None, None, "not graded: the kernel died", {
        "double": "import os\n\ndef double(x):\n    os._exit(1)", "half": RIGHT["half"],
    }),
    "noisy.ipynb": (3, 0, "", {
        "double": "import sys\n\ndef double(x):\n    print('?' * 20_000_000, file=sys.stderr)\n"
        "    return 2 * x",
        "half": "def half(x):\n    sys.exit(0)",
    }),
}  # fmt: skip


@pytest.mark.slow
def test_a_course_from_the_sources_to_the_feedback(toy_course, tmp_path, capsys):
    folder, release = toy_course, tmp_path / "release.ipynb"
    with zipfile.ZipFile(folder / "ps1.zip") as archive:
        assert archive.namelist() == ["ps1/ps1.ipynb"]
        release.write_bytes(archive.read("ps1/ps1.ipynb"))
    for secret in ("two * x", "SOLUTION", "HIDDEN", "double(-3)"):
        assert secret in (folder / "source" / "ps1" / "ps1.ipynb").read_text()
        assert secret not in release.read_text()
    stub = by_id(nbformat.read(release, as_version=4))["double"].source
    assert stub.endswith("    # YOUR CODE HERE\n    raise NotImplementedError")

    incoming = tmp_path / "incoming"
    for name, (*_, changes) in ODD.items():
        handed_in_by(incoming, name, release, **changes)
    (incoming / "page.ipynb").write_text("<html>")
    (incoming / "notes.txt").write_text("x")
    told = ran(capsys, "grade", folder, "ps1", incoming, "--seconds", 4)
    for line in ("Ada-Lovelace_1  <- Ada", "left out        <- notes.txt  (no notebook)",
                 "page            <- page.ipynb  (not a notebook (NotJSONError))",
                 "ps1: 8 graded, "):  # fmt: skip
        assert line in told.err
    table = {line.split()[0]: line for line in told.out.splitlines()}
    assert "Traceback" not in told.err
    rows, got = exported(folder), scores(folder)
    for name, (double, half, note, _) in ODD.items():
        student = {"Ada": "Ada-Lovelace_1", "bob": "bob_12"}.get(
            name[:3], re.split("[/.]", name)[0]
        )
        found = got[student]
        for part, most in (("double", double), ("half", half)):
            assert found[f"{part}-visible"] + found[f"{part}-hidden"] == (most or 0), (name, part)
            assert rows[student][f"ps1 {part} of 3"] == ("" if most is None else f"{most:.1f}")
        assert rows[student]["ps1 note"] == note
        assert table[student].endswith(note or f" {rows[student]['ps1 of 9'][:-2]}")
        total = "" if double is None else f"{double + half:.1f}"
        assert rows[student]["ps1 of 9"] == total
    assert rows["page"]["ps1 note"] == "not a notebook (NotJSONError)"
    assert set(rows) == {*got, "page"}
    for path in folder.glob("autograded/*/ps1/ps1.ipynb"):
        assert path.stat().st_size < 500_000

    pages = ran(capsys, "feedback", folder, "ps1", "--to", tmp_path / "back")
    assert "7 pages, with the hidden tests in them" in pages.err
    assert "not graded yet, shown as 0: Ada-Lovelace_1\n" in pages.err
    assert "not graded, so without one: dead, page" in pages.err
    back = {
        p.relative_to(tmp_path / "back").as_posix() for p in (tmp_path / "back").rglob("*.html")
    }
    assert back == {name.replace(".ipynb", ".html") for name in ODD if name != "dead.ipynb"}
    assert "double(-3)" in (tmp_path / "back" / "empty.html").read_text()


@pytest.mark.slow
def test_only_what_changed_is_graded_again(toy_course, toy, tmp_path, capsys):
    folder, incoming = toy_course, tmp_path / "incoming"
    release = folder / "release" / "ps1" / "ps1.ipynb"
    handed_in_by(incoming, "ada.ipynb", release, **RIGHT)
    handed_in_by(incoming, "bob.ipynb", release, **{**RIGHT, "half": "def half(x):\n    return x"})
    assert "ps1: 2 graded" in ran(capsys, "grade", folder, "ps1", incoming).err
    assert points(folder) == {"ada": 6, "bob": 3}
    with grading.gradebook(folder) as book:
        book.find_grade("why", "ps1", "ps1", "ada").manual_score = 2
        book.find_grade("why", "ps1", "ps1", "ada").needs_manual_grade = False
        book.db.commit()
    assert "ps1: 0 graded" in ran(capsys, "grade", folder, "ps1", incoming).err
    assert exported(folder)["ada"]["ps1 of 9"] == "8.0"
    assert exported(folder)["ada"]["ps1 note"] == ""

    broken = {**RIGHT, "double": "import os\nos._exit(1)"}  # an earlier file's points do not stand
    handed_in_by(incoming, "bob (1).ipynb", release, **broken)
    told = ran(capsys, "grade", folder, "ps1", incoming)
    assert "1/1 bob: not graded: the kernel died" in told.err
    assert points(folder) == {"ada": 8, "bob": 0}
    handed_in_by(incoming, "bob (2).ipynb", release, **RIGHT)
    assert "ps1: 1 graded" in ran(capsys, "grade", folder, "ps1", incoming / "bob (2).ipynb").err
    assert points(folder) == {"ada": 8, "bob": 6}

    assert ran(capsys, "build", folder).out == "ps1  unchanged\n"
    toy.write_text(TOY.replace("half(3), 1.5", "half(3), 1.25"))
    assert ran(capsys, "build", folder).out == "ps1  made anew: ps1.zip\n"
    assert "ps1: 2 graded" in ran(capsys, "grade", folder, "ps1").err
    assert points(folder) == {"ada": 6, "bob": 4}
    assert exported(folder)["ada"]["ps1 note"] == ""  # the answer is the one that was graded
    handed_in_by(incoming, "ada (1).ipynb", release, **{**RIGHT, "why": "Because I say so."})
    ran(capsys, "grade", folder, "ps1", incoming / "ada (1).ipynb")
    assert points(folder) == {"ada": 6, "bob": 4}
    assert exported(folder)["ada"]["ps1 note"] == "why: look again"

    source = folder / "source" / "ps1" / "ps1.ipynb"
    source.write_text(source.read_text().replace("half(3), 1.25", "half(3), 1.5"))
    told = ran(capsys, "build", folder).out
    assert told == "ps1  made anew: ps1.zip; source/ps1 was changed by hand and is kept\n"
    assert "ps1: 2 graded" in ran(capsys, "grade", folder, "ps1", "--regrade").err
    assert points(folder) == {"ada": 8, "bob": 6}

    before = source.read_text(), release.read_text()
    source.write_text(before[0].replace('"half-visible"', '"another-visible"'))
    assert course.main(["build", str(folder)]) == 2
    told = capsys.readouterr().err
    assert "Cannot add or remove cells" in told
    assert "the set is handed out and graded as it was" in told
    assert release.read_text() == before[1]
    assert "ps1: 0 graded" in ran(capsys, "grade", folder, "ps1").err
    ran(capsys, "export", folder, "--to", tmp_path / "other.csv")
    assert (tmp_path / "other.csv").read_text() == (folder / "grades.csv").read_text()


# test_assignments.py tries all answers, without kernels
MOST_ANSWERS = 3  # to each function here
MOST_EXPERIMENTS = 2  # they take seconds each


def some(part, found, others):
    """Choose two right answers, and wrong ones.

    The first is right, and may use what else is asked for, as all of the first submission is right.
    The others begin at another one for each function, so that right ones stand beside wrong ones.
    """
    right, wrong = ([a for a in found if a[0] == kind] for kind in ("right", "wrong"))
    right.sort(key=lambda a: not any(re.search(rf"\b{other}\(", a[2]) for other in others))
    most = MOST_EXPERIMENTS if part == "experiment" else MOST_ANSWERS
    rest = [right[-1], *wrong][: most - 1]
    shift = len(found) % len(rest)
    return [right[0], *rest[shift:], *rest[:shift]]


@pytest.fixture(scope="module")
def real_course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / "course"
    assert course.main(["build", str(folder)]) == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_gallery_gets_the_points_that_are_due(source, real_course, tmp_path, capsys):
    """Submission k has the k-th answer to each function: a test depends on one function alone."""
    name, release = source.stem, real_course / "release" / source.stem / f"{source.stem}.ipynb"
    assert "BEGIN" not in release.read_text()
    parts = graded(source)
    given = {p: some(p, answers(source, p), [q for q in parts if q != p]) for p in parts}
    expected = {"empty": dict.fromkeys(given, False)}
    handed_in_by(tmp_path / "in", "empty.ipynb", release)
    for k in range(MOST_ANSWERS):
        taken = {part: found[k] for part, found in given.items() if k < len(found)}
        handed_in_by(tmp_path / "in", f"s{k}.ipynb", release, **{p: a[2] for p, a in taken.items()})
        expected[f"s{k}"] = {part: answer[0] == "right" for part, answer in taken.items()}
    told = ran(capsys, "grade", real_course, name, tmp_path / "in", "--seconds", 600)
    got = scores(real_course, name)
    most, rows = classroom.Classroom(real_course).results(name)
    assert set(got) == set(expected)
    for row in rows:
        assert not row.note, (row, told.err)
        for part, right in expected[row.student].items():
            points = got[row.student][f"{part}-visible"] + got[row.student][f"{part}-hidden"]
            assert points == row.points[part]
            assert (points == most[part]) is right, (row.student, part, told.out)
    assert sum(got["empty"].values()) == 0
