"""Notebooks that lie in `submitted/`, where nbgrader's own collect puts them."""

import json
import os
import shutil

import nbformat
import pytest
from test_roster import written
from toy import RIGHT, by_id, exported, laid, points, ran

from charlstm import course
from charlstm.grading.classroom import Classroom
from charlstm.grading.nbgrader import CONFIG_TEXT
from charlstm.grading.record import Entry
from charlstm.grading.submitted import take_submitted


@pytest.fixture
def room(toy_release, tmp_path):
    """A course, as far as it is needed before anything is graded."""
    folder = tmp_path / "course"
    (folder / "release" / "ps1").mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(CONFIG_TEXT, encoding="utf-8")
    shutil.copy(toy_release, folder / "release" / "ps1" / "ps1.ipynb")
    return Classroom(folder)


def test_what_nbgrader_has_collected_is_repaired_in_its_place(room):
    whole = laid(room, "ada", **RIGHT)
    lost = laid(room, "bob", **{"half-hidden": None})
    assert list(take_submitted(room, "ps1")) == [("bob", "put back: half-hidden")]
    assert "half-hidden" in by_id(nbformat.read(lost, as_version=4))
    assert by_id(nbformat.read(whole, as_version=4))["half"].source == RIGHT["half"]
    assert room.waiting("ps1") == ["ada", "bob"]
    assert room.entries("ps1")["bob"].repaired == "put back: half-hidden"
    before = [path.read_bytes() for path in (whole, lost)]
    assert list(take_submitted(room, "ps1")) == []  # it is told once, and noted
    assert [path.read_bytes() for path in (whole, lost)] == before
    assert room.entries("ps1")["bob"].repaired == "put back: half-hidden"
    assert Classroom(room.path).entries("ps1").keys() == {"ada", "bob"}


@pytest.mark.skipif(os.name == "nt", reason="links need a permission there")
def test_what_cannot_be_read_is_told_and_not_graded(room):
    laid(room, "ada")
    laid(room, "bad").write_text(json.dumps({"nbformat": 4, "cells": {}}), encoding="utf-8")
    laid(room, "link").unlink()
    room.notebook("submitted", "ps1", "link").symlink_to(room.notebook("release", "ps1"))
    (room.path / "submitted" / "none" / "ps1").mkdir(parents=True)
    laid(room, "x[1]")
    assert dict(take_submitted(room, "ps1")) == {
        "bad": "not a notebook (its cells are no list)",
        "link": "a link",
        "none": f"no ps1.ipynb in {os.path.join('submitted', 'none', 'ps1')}",
        "x[1]": "nbgrader takes * ? [ ] for patterns; rename the folder",
    }
    assert room.waiting("ps1") == ["ada"]
    assert room.waiting("ps1", again=True) == ["ada"]
    laid(room, "bad")
    assert "bad" not in dict(take_submitted(room, "ps1"))
    assert room.waiting("ps1") == ["ada", "bad"]


def test_a_notebook_edited_by_hand_keeps_the_note_of_its_repair(room):
    laid(room, "ada", **RIGHT)
    room.entries("ps1")["ada"] = Entry(file="ada.ipynb", repaired="put back: why")
    list(take_submitted(room, "ps1"))
    assert room.entries("ps1")["ada"].repaired == "put back: why"


def test_why_the_last_file_could_not_be_read_stays_until_there_is_another(room):
    laid(room, "ada", **RIGHT)
    list(take_submitted(room, "ps1"))
    entry = room.entries("ps1")["ada"]
    entry.file, entry.problem = "ada.ipynb", "not a notebook (no JSON)"
    entry.graded = (room.to_grade("ps1", "ada")[0], "other tests")
    list(take_submitted(room, "ps1"))
    assert entry.problem == "not a notebook (no JSON)"
    laid(room, "ada")
    list(take_submitted(room, "ps1"))
    assert entry.problem == ""


LOUD = {  # each shows or raises some 80 MB
    "double": "from IPython.display import display, HTML\n"
    "display(HTML('<b>' + 'x' * 80_000_000))\n"
    "def double(x):\n"
    "    return 2 * x",
    "half": "def half(x):\n    raise ValueError('y' * 80_000_000)",
}


@pytest.mark.slow
def test_grade_takes_what_lies_there_and_what_has_changed_since(toy_course, tmp_path, capsys):
    room = Classroom(toy_course)
    laid(room, "ada b", **RIGHT)
    laid(room, "ada-b", **{**RIGHT, "half": "def half(x):\n    return x"})
    laid(room, "loud", **LOUD)
    laid(room, "bad").write_text("<html>", encoding="utf-8")
    told = ran(capsys, "grade", toy_course, "ps1").err
    assert "bad: not a notebook (no JSON)" in told
    assert "ps1: 3 graded" in told
    assert points(toy_course) == {"ada b": 6, "ada-b": 3, "loud": 3}
    assert exported(toy_course)["bad"]["ps1 note"] == "not a notebook (no JSON)"
    loud = room.notebook("autograded", "ps1", "loud")
    assert loud.stat().st_size < 1_000_000
    assert "too large: more than" in loud.read_text(encoding="utf-8")
    laid(room, "ada-b", **RIGHT)
    assert "ps1: 1 graded" in ran(capsys, "grade", toy_course, "ps1").err
    assert points(toy_course) == {"ada b": 6, "ada-b": 6, "loud": 3}

    told = ran(capsys, "feedback", toy_course, "ps1", "--to", tmp_path / "back").err
    assert "3 pages" in told
    assert {path.name for path in (tmp_path / "back").iterdir()} == {
        "ada b.html", "ada-b.html", "loud.html",
    }  # fmt: skip
    page = (tmp_path / "back" / "loud.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page
    assert "<script" not in page

    header = "Student,ID,SIS User ID,SIS Login ID,Section,ps1 (7)\n"
    rows = 'B,1,,ada b,M,\n"B, Bea",2,,ada-b,M,\nEve,3,,eve,M,\n'
    roster = written(tmp_path, header + rows)
    told = ran(capsys, "export", toy_course, "ps1", "--roster", roster, "--system", "canvas").err
    assert "in the roster, without a submission: Eve" in told
    assert "handed in, but nobody in the roster: bad, loud" in told
    assert (toy_course / "canvas.csv").read_text(encoding="utf-8").splitlines() == [
        "Student,ID,SIS User ID,SIS Login ID,Section,ps1 (7)",
        "    Points Possible,,,,,9",
        "B,1,,ada b,M,6",
        '"B, Bea",2,,ada-b,M,6',
        "Eve,3,,eve,M,",
    ]
    assert course.main(["export", str(toy_course), "--roster", str(toy_course / "canvas.csv")]) == 2
    assert "that is the roster itself" in capsys.readouterr().err
