"""The pages that students get back: their names, and one that cannot be made."""

import zipfile

import pytest
from toy import RIGHT, laid, ran

from charlstm.errors import UserError
from charlstm.grading import feedback
from charlstm.grading.classroom import Classroom
from charlstm.grading.nbgrader import CONFIG_TEXT, NbgraderError
from charlstm.grading.record import Entry


@pytest.fixture
def room(tmp_path):
    """A course in which somebody is graded, as far as the pages go."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "nbgrader_config.py").write_text(CONFIG_TEXT, encoding="utf-8")
    return Classroom(folder)


def graded(room, student, file):
    notebook = room.notebook("autograded", "ps1", student)
    notebook.parent.mkdir(parents=True)
    notebook.touch()
    room.entries("ps1")[student] = Entry(file=file)


def nbgrader_that_makes(monkeypatch, *students):
    """Let nbgrader make pages for these students alone."""

    def run(step, course, assignment):
        for student in students:
            page = course / step / student / assignment / f"{assignment}.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(student, encoding="utf-8")
        raise NbgraderError("of the others")

    monkeypatch.setattr(feedback, "run_nbgrader", run)


def test_a_page_has_the_name_of_the_notebook_if_a_folder_can_have_it(room, tmp_path, monkeypatch):
    files = {"ada": "in/ada.ipynb", "bob": "in/ada.ipynb", "cid": "x" * 300 + ".ipynb",
             "dan": "d\udcff.ipynb", "eve": "", "fay": "f.ipynb"}  # fmt: skip
    for student, file in files.items():
        graded(room, student, file)
    nbgrader_that_makes(monkeypatch, *[student for student in files if student != "fay"])
    for to in (tmp_path / "back.zip", tmp_path / "back"):
        made = feedback.write_pages(room, "ps1", to)
        assert made == ["ada", "bob", "cid", "dan", "eve"]
    with zipfile.ZipFile(tmp_path / "back.zip") as archive:
        pages = {name: archive.read(name).decode() for name in archive.namelist()}
    assert pages == {
        "in/ada.html": "ada", "bob/in/ada.html": "bob", "cid.html": "cid", "d?.html": "dan",
        "eve.html": "eve",
    }  # fmt: skip
    assert {p.relative_to(tmp_path / "back").as_posix() for p in
            (tmp_path / "back").rglob("*.html")} == set(pages)  # fmt: skip


def test_an_old_page_is_not_handed_back(room, tmp_path, monkeypatch):
    graded(room, "ada", "ada.ipynb")
    nbgrader_that_makes(monkeypatch, "ada")
    feedback.write_pages(room, "ps1", tmp_path / "back.zip")
    nbgrader_that_makes(monkeypatch)
    with pytest.raises(UserError, match="ps1: nbgrader refused it: of the others"):
        feedback.write_pages(room, "ps1", tmp_path / "back.zip")


@pytest.mark.slow
def test_a_page_that_cannot_be_made_stops_no_other(toy_course, tmp_path, capsys):
    room = Classroom(toy_course)
    for student in ("ada", "bob"):
        laid(room, student, **RIGHT)
    ran(capsys, "grade", toy_course, "ps1")
    notebook = room.notebook("autograded", "ps1", "bob")
    notebook.chmod(0o644)
    notebook.write_text("<html>", encoding="utf-8")
    told = ran(capsys, "feedback", toy_course, "ps1", "--to", tmp_path / "back").err
    assert "no page could be made for: bob; look at their notebooks yourself" in told
    assert "1 pages" in told
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["ada.html"]
