"""The command `corpora`: all names, a report on one text, and mistakes in one line."""

import codecs
import json
from pathlib import Path

import pytest

from charlstm import corpora
from charlstm.text import registry

# arguments, and what the one line must say; conftest.py makes the files {x}
MISTAKES = [
    ("nosuch", "nosuch: no such file or folder, and no corpus of that name"),
    ("{text} --limit 0", "--limit is 0; it must be at least 1"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda x: str(x)[:50])
def test_a_mistake_gets_one_line_and_exit_code_2(mistake, arguments, message):
    mistake(corpora.main, arguments, message)


def test_the_command_lists_all_names(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CHARLSTM_DATA", str(tmp_path))
    (tmp_path / "mine.txt").write_text("abc", encoding="utf-8")
    assert corpora.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines}
    assert set(rows) == {"name", "mine", "python", *registry.SHIPPED, *registry.registry()}
    assert "to download" in rows["anna"]
    assert "2,025,486" in rows["anna"]
    assert "comes with it" in rows["tales"]
    assert rows["mine"].split()[1:3] == ["3", "3"]
    assert int(rows["python"].split()[1].replace(",", "")) > 1_000_000
    assert corpora.main(["--json"]) == 0
    listed = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (listed["anna"]["characters"], listed["anna"]["vocabulary"]) == (2_025_486, 84)


def test_a_text_that_cannot_be_read_does_not_end_the_list(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CHARLSTM_DATA", str(tmp_path))
    contents = {"a.txt": b"abc", "b.pdf": b"%PDF-1.7", "c.txt": b"\xff" * 9, "d.txt": b"x"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "e.txt").write_bytes(codecs.BOM_UTF8 + b"abc")
    real = Path.open

    def refuse(path, *rest, **more):
        if path.name == "d.txt":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(Path, "open", refuse)
    assert corpora.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines}
    for name, told in [
        ("b", "a PDF document;"),
        ("c", "0xff at offset 0"),
        ("d", "permission den"),
    ]:
        assert "unreadable" in rows[name]
        assert told in rows[name]
    assert corpora.main(["--json"]) == 0
    listed = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert [listed[name]["characters"] for name in "abcde"] == [3, None, None, None, 3]
    assert [listed[name]["here"] for name in "ad"] == ["yes", "unreadable"]


def test_the_command_looks_a_text_over(capsys, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("one line\nanother line\none line\n" * 12 + "Q", encoding="utf-8")
    assert corpora.main([str(path)]) == 0
    shown = capsys.readouterr().out
    assert "373 characters, 12 different; 1 of them rare: 'Q'" in shown
    assert "lines with text: 37, 91.9% occurred before" in shown
    assert "longest repeated piece: 341 characters" in shown
    assert "preset small" in shown
    assert corpora.main([str(path), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["characters"], figures["preset"]) == (373, "small")
    assert 0 < figures["xz"] < 4
