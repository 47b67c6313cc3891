"""The command `page`: one file, and mistakes in one line."""

import json
import re

import pytest

from charlstm import page
from charlstm.web import telling

# arguments, and what the one line must say; conftest.py makes the files {x}
MISTAKES = [
    ("nosuch", "nosuch: no such file or run folder"),
    ("{pickle}", "not a whole safetensors file"),
    ("{model} {missing}", "nothing.txt: no such file or folder, and no corpus of that name"),
    ("{model} {latin}", "latin.txt: byte 0xf6 at offset 2 is not utf-8"),
    ("{model} --out {one}", "one.txt: exists already; replace it with --force, or name another"),
    ("{model} --out {emptyfolder} --force", "emptyfolder: this is a folder; name another file"),
    ("{model} --out {text}/page.html", "text.txt takes no new file; name another file"),
    ("{model} --temp 1", "--temp"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_gets_one_line(arguments, message, mistake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mistake(page.main, arguments, message)
    assert not list(tmp_path.glob("*.html"))


@pytest.fixture
def made(tmp_path, monkeypatch, capsys):
    def made(*arguments):
        monkeypatch.chdir(tmp_path)
        assert page.main([*map(str, arguments)]) == 0
        told = capsys.readouterr()
        assert told.out == ""
        (line,) = told.err.splitlines()
        (file,) = tmp_path.glob("*.html")
        html = file.read_text(encoding="utf-8")
        (model,) = re.findall(r'<script type="application/json" id="model">(.*?)</script>', html)
        return json.loads(model), line, file

    return made


def test_a_page_is_one_file_of_the_name_that_is_told(made, model_file, corpus, text):
    model, line, file = made(model_file, corpus)
    assert file.name == "page.html"
    size = file.stat().st_size
    assert line.startswith(f"page.html: {size:,} bytes, {size / model_file.stat().st_size:.2f} ")
    assert model["name"] == "small"  # the folder of a run
    assert model["excerpt"] == text[: page.EXCERPT]
    assert model["telling"] == []  # the text is too short
    made(model_file, corpus, "--force")


def test_the_units_that_tell_are_searched_in_the_text(made, model_file, corpus, monkeypatch):
    unit = telling.Telling("position in the line", 1, "c", 4, "r 0.9")
    seen = []
    monkeypatch.setattr(
        telling, "telling_units", lambda checkpoint, text: seen.append(text) or [unit]
    )
    model, _, _ = made(model_file, corpus, "--out", "mine.html")
    assert [found["follows"] for found in model["telling"]] == ["position in the line"]
    assert seen[0].startswith("The quick")


def test_it_says_that_only_the_beginning_of_a_long_text_is_looked_at(
    model_file, files, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(page, "MOST", 300)
    monkeypatch.chdir(tmp_path)
    assert page.main([str(model_file), str(files["text"])]) == 0
    told = capsys.readouterr().err.splitlines()[0]
    assert told.startswith(f"{files['text']}: ")
    assert told.endswith(" characters; the first 300 are looked at")


def test_a_text_that_the_model_cannot_read_gives_no_units_and_is_not_shown(made, files):
    model, _, _ = made(files["model"], files["strange"])
    assert model["telling"] == []
    assert model["excerpt"] == ""
