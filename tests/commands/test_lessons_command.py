"""`charlstm lessons` copies what a student needs, and never writes over a student's work."""

import re

import pytest

from charlstm import lessons
from charlstm.lessons import handed_out, lessons_folder, main


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of lessons with one of each kind of file."""
    folder = tmp_path / "shipped"
    names = "01-a.ipynb 01-a.py 01-a.png data.json drawings/cell.svg drawings/draw.py"
    hidden = ".ipynb_checkpoints/01-a.ipynb drawings/__pycache__/draw.pyc"
    for name in f"{names} {hidden}".split():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"as shipped\n")
    monkeypatch.setattr(lessons, "lessons_folder", lambda: folder)
    return folder


def files(folder):
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_notebooks_pictures_and_data_are_copied_but_no_sources(shipped, tmp_path, capsys):
    target = tmp_path / "new" / "mine"
    assert main([str(target)]) == 0
    names = ["01-a.ipynb", "01-a.png", "data.json", "drawings/cell.svg"]
    assert files(target) == dict.fromkeys(names, b"as shipped\n")
    out, err = capsys.readouterr()
    assert not out
    assert re.search(r"4 files copied to .*jupyter lab .*01-a\.ipynb", err)


def test_a_changed_file_stays_and_a_missing_one_comes_back(shipped, tmp_path, capsys):
    target = tmp_path / "mine"
    assert main([str(target)]) == 0
    (target / "01-a.ipynb").write_bytes(b"a student's work\n")
    (target / "drawings" / "cell.svg").unlink()
    (target / "notes.txt").write_bytes(b"own\n")
    capsys.readouterr()
    assert main([str(target)]) == 0
    now = files(target)
    assert now["01-a.ipynb"] == b"a student's work\n"
    assert now["drawings/cell.svg"] == b"as shipped\n"
    assert now["notes.txt"] == b"own\n"
    said = capsys.readouterr().err
    assert f"{target / '01-a.ipynb'}: kept as it is" in said
    assert "rename yours, or name a new folder" in said
    assert "data.json" not in said
    assert "1 file copied" in said


@pytest.mark.parametrize("where", ["", "drawings"])
def test_the_lessons_are_not_copied_into_themselves(shipped, where, capsys):
    before = files(shipped)
    assert main([str(shipped / where)]) == 2
    assert "the lessons themselves are there; name a folder" in capsys.readouterr().err
    assert files(shipped) == before


def test_a_folder_that_cannot_be_written_is_named(shipped, tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main([str(tmp_path / "file")]) == 2
    assert re.search(r"error: .*file.*; name a", capsys.readouterr().err)


def test_the_real_lessons_are_there():
    names = [path.as_posix() for path in handed_out(lessons_folder())]
    assert {"01-start-here.ipynb", "01-start-here.png", "data/recall.csv"} <= set(names)
    assert not [name for name in names if name.endswith(".py")]
