"""Grading a course a second time, and grading the gallery's answers to each problem set."""

import re
import shutil

import pytest
from answers import ASK_FOR_FILES, SOURCES, answers, graded
from toy import RIGHT, TOY, exported, handed_in_by, points, ran, scores

from charlstm import course
from charlstm.collecting.downloads import files_in
from charlstm.grading.classroom import Classroom
from charlstm.grading.nbgrader import gradebook, part_of
from charlstm.grading.results import results
from charlstm.grading.side_by_side import grade


@pytest.mark.slow
def test_only_what_changed_is_graded_again(toy_course, toy, tmp_path, capsys):
    folder = toy_course
    incoming = tmp_path / "incoming"
    release = folder / "release" / "ps1" / "ps1.ipynb"
    handed_in_by(incoming, "ada.ipynb", release, **RIGHT)
    handed_in_by(incoming, "bob.ipynb", release, **{**RIGHT, "half": "def half(x):\n    return x"})
    assert "ps1: 2 graded" in ran(capsys, "grade", folder, "ps1", incoming).err
    assert points(folder) == {"ada": 6, "bob": 3}
    with gradebook(folder) as book:
        book.find_grade("why", "ps1", "ps1", "ada").manual_score = 2
        book.find_grade("why", "ps1", "ps1", "ada").needs_manual_grade = False
        book.db.commit()
    assert "ps1: 0 graded" in ran(capsys, "grade", folder, "ps1", incoming).err
    assert exported(folder)["ada"]["ps1 of 9"] == "8.0"
    assert exported(folder)["ada"]["ps1 note"] == ""

    broken = {
        **RIGHT,
        "double": "import os\nos._exit(1)",
    }  # the points of the earlier file are gone
    handed_in_by(incoming, "bob (1).ipynb", release, **broken)
    told = ran(capsys, "grade", folder, "ps1", incoming)
    assert "1/1 bob: not graded: the kernel died" in told.err
    assert points(folder) == {"ada": 8, "bob": 0}
    handed_in_by(incoming, "bob (2).ipynb", release, **RIGHT)
    assert "ps1: 1 graded" in ran(capsys, "grade", folder, "ps1", incoming / "bob (2).ipynb").err
    assert points(folder) == {"ada": 8, "bob": 6}

    assert ran(capsys, "build", folder).out == "ps1  unchanged\n"
    toy.write_text(TOY.replace("half(3), 1.5", "half(3), 1.25"), encoding="utf-8")
    assert ran(capsys, "build", folder).out == "ps1  made anew: ps1.zip\n"
    assert "ps1: 2 graded" in ran(capsys, "grade", folder, "ps1").err
    assert points(folder) == {"ada": 6, "bob": 4}
    assert (
        exported(folder)["ada"]["ps1 note"] == ""
    )  # the answer has not changed since it was graded
    handed_in_by(incoming, "ada (1).ipynb", release, **{**RIGHT, "why": "Because I say so."})
    ran(capsys, "grade", folder, "ps1", incoming / "ada (1).ipynb")
    assert points(folder) == {"ada": 6, "bob": 4}
    assert exported(folder)["ada"]["ps1 note"] == "why: look again"

    source = folder / "source" / "ps1" / "ps1.ipynb"
    source.write_text(
        source.read_text(encoding="utf-8").replace("half(3), 1.25", "half(3), 1.5"),
        encoding="utf-8",
    )
    told = ran(capsys, "build", folder).out
    assert told == "ps1  made anew: ps1.zip; source/ps1 was changed by hand and is kept\n"
    assert "ps1: 2 graded" in ran(capsys, "grade", folder, "ps1", "--regrade").err
    assert points(folder) == {"ada": 8, "bob": 6}

    before = source.read_text(encoding="utf-8"), release.read_text(encoding="utf-8")
    source.write_text(before[0].replace('"half-visible"', '"another-visible"'), encoding="utf-8")
    assert course.main(["build", str(folder)]) == 2
    told = capsys.readouterr().err
    assert "Cannot add or remove cells" in told
    assert "the set is handed out and graded as it was" in told
    assert release.read_text(encoding="utf-8") == before[1]
    assert "ps1: 0 graded" in ran(capsys, "grade", folder, "ps1").err
    ran(capsys, "export", folder, "--to", tmp_path / "other.csv")
    assert (tmp_path / "other.csv").read_text(encoding="utf-8") == (
        folder / "grades.csv"
    ).read_text(encoding="utf-8")


@pytest.mark.slow
def test_files_beside_a_notebook_are_collected_and_graded_again_if_they_change(
    toy_course, toy, tmp_path
):
    marked = TOY.replace(
        '# %% nbgrader={"grade": false', '# %% files=["t.txt"] nbgrader={"grade": false', 1
    )
    toy.write_text(marked, encoding="utf-8")
    room = Classroom(toy_course)
    assert dict(room.build([toy])) == {"ps1": "made anew: ps1.zip"}
    incoming = tmp_path / "in"
    handed_in_by(incoming, "ada/ps1.ipynb", room.notebook("release", "ps1"), **RIGHT)
    handed_in_by(incoming, "bob/ps1.ipynb", room.notebook("release", "ps1"), **RIGHT)
    (incoming / "ada" / "t.txt").write_text("one", encoding="utf-8")
    (incoming / "ada" / "u.txt").write_text("two", encoding="utf-8")
    collected = list(room.collect("ps1", files_in(incoming)))
    assert ("ada/t.txt", "ada", "") in collected
    assert ("ada/u.txt", "", "neither a notebook nor named t.txt") in collected
    assert room.notebook("submitted", "ps1", "ada").with_name("t.txt").read_bytes() == b"one"
    notes = {
        student: entry.beside for student, entry in Classroom(toy_course).entries("ps1").items()
    }
    assert notes == {"ada": "", "bob": "missing: t.txt"}
    assert [each.note for each in grade(room, "ps1", ["ada"])] == [""]
    assert room.waiting("ps1") == ["bob"]
    assert room.notebook("autograded", "ps1", "ada").with_name("t.txt").read_bytes() == b"one"
    (incoming / "ada" / "t.txt").write_text("three", encoding="utf-8")
    list(room.collect("ps1", files_in(incoming)))
    assert room.waiting("ps1") == ["ada", "bob"]


# these are a few; test_assignments.py tries all answers, without kernels
MOST_ANSWERS = 3  # to each function here
MOST_EXPERIMENTS = 2  # they take seconds each


def some(part, found, others):
    """Choose two right answers, and wrong ones.

    The first is right, and may use what else is asked for, as all of the first submission is right.
    The others begin at another one for each function, so that right ones stand beside wrong ones.
    """
    right, wrong = ([a for a in found if a[0] == kind] for kind in ("right", "wrong"))
    right.sort(key=lambda a: not any(re.search(rf"\b{other}\(", a[2]) for other in others))
    count = MOST_EXPERIMENTS if part == "experiment" else MOST_ANSWERS
    rest = [right[-1], *wrong][: count - 1]
    shift = len(found) % len(rest)
    return [right[0], *rest[shift:], *rest[:shift]]


@pytest.fixture(scope="module")
def real_course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / "course"
    assert course.main(["build", str(folder)]) == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_gallery_gets_the_points_that_are_due(source, real_course, tmp_path, capsys, request):
    """Submission k has the k-th answer to each part: a test depends on one part alone."""
    asks_for_files = source in ASK_FOR_FILES
    name = source.stem
    release = real_course / "release" / name / f"{name}.ipynb"
    assert "BEGIN" not in release.read_text(encoding="utf-8")
    parts = graded(source)
    given = {p: some(p, answers(source, p), [q for q in parts if q != p]) for p in parts}
    expected = {"empty": dict.fromkeys(given, False)}
    handed_in_by(tmp_path / "in", "empty.ipynb", release)
    for k in range(MOST_ANSWERS):
        taken = {part: found[k] for part, found in given.items() if k < len(found)}
        changes = {p: a[2] for p, a in taken.items()}
        handed_in_by(tmp_path / "in" / f"s{k}", f"{name}.ipynb", release, **changes)
        if asks_for_files:
            good = request.getfixturevalue("good_files")
            shutil.copytree(good, tmp_path / "in" / f"s{k}", dirs_exist_ok=True)
        expected[f"s{k}"] = {part: answer[0] == "right" for part, answer in taken.items()}
    told = ran(capsys, "grade", real_course, name, tmp_path / "in", "--seconds", 600)
    got = scores(real_course, name)
    max_points, rows = results(Classroom(real_course), name)
    assert set(got) == set(expected)
    for row in rows:
        about_files = "missing: text" if row.student == "empty" else "same text.txt as s"
        assert (about_files in row.note) if asks_for_files else not row.note, (row, told.err)
        for part, right in expected[row.student].items():
            points = sum(n for cell, n in got[row.student].items() if part_of(cell) == part)
            assert points == row.points[part]
            assert (points == max_points[part]) is right, (row.student, part, told.out)
    assert sum(got["empty"].values()) == 0
