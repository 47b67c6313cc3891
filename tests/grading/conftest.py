"""Fixtures: a small set, a course with that set, and files such as a student hands in."""

import own_files
import pytest
from toy import TOY, ran

from charlstm.grading import classroom
from charlstm.grading.nbgrader import to_notebook


@pytest.fixture
def toy(tmp_path):
    source = tmp_path / "sources" / "ps1.py"
    source.parent.mkdir()
    source.write_text(TOY, encoding="utf-8")
    return source


@pytest.fixture
def toy_release(toy, tmp_path):
    """What nbgrader would make of the set, as far as the marks of the cells go."""
    path = tmp_path / "release.ipynb"
    path.write_text(to_notebook(toy), encoding="utf-8")
    return path


@pytest.fixture
def toy_course(toy, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(classroom, "assignments_folder", lambda: toy.parent)
    folder = tmp_path / "a course"
    assert ran(capsys, "build", folder).out == "ps1  made: ps1.zip\n"
    return folder


@pytest.fixture(scope="session")
def good_files(tmp_path_factory):
    """A folder with a text and a model that was trained on it, in some ten seconds."""
    folder = tmp_path_factory.mktemp("good")
    own_files.train(folder)
    return folder
