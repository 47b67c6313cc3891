"""A folder is its texts: what is left out is told, and what cannot be read stops the reading."""

import bz2
import gzip
import os
import subprocess
import sys

import pytest
from sources import TEXT, read, write, zipped

from charlstm.errors import UserError
from charlstm.options import DataOptions
from charlstm.text.folders import is_run


def test_a_folder_tells_what_was_read_and_what_was_not(tmp_path, capsys):
    kept = {"b.txt": b"2", "a/z.md": b"1", "prepare.py": b"4", "no ending": b"3"}
    for name, content in kept.items():
        write(tmp_path / name, content)
    write(tmp_path / "packed.gz", gzip.compress(b"5"))
    write(tmp_path / "image.png", b"\x89PNG\0")
    write(tmp_path / "packed image.gz", gzip.compress(b"\0\0"))
    for number in range(5):
        write(tmp_path / f".hidden{number}", b"?")
    write(tmp_path / ".git/config", b"?")
    assert read(tmp_path) == [b"1", b"2", b"3", b"5", b"4"]
    assert capsys.readouterr().err == (
        f"{tmp_path}: 5 files read: 1 .md, 1 .txt, 1 without ending, 1 .gz, 1 .py; 2 left out, not"
        " text: image.png, packed image.gz; 6 left out, hidden: .git, .hidden0, .hidden1 ...\n"
    )


def test_wide_encodings_and_bytes_may_have_zeros(tmp_path):
    plain = "größe".encode("utf-16-le")
    write(tmp_path / "wide.txt", plain)
    for options in (DataOptions(encoding="utf-16-le"), DataOptions(bytes=True)):
        assert read(tmp_path, options) == [plain]
    with pytest.raises(UserError, match=r"no text file .*UTF-16 without its mark: wide\.txt"):
        read(tmp_path)
    with pytest.raises(UserError, match=r"wide\.txt: UTF-16 without its mark; .*'utf-16-le'"):
        read(tmp_path / "wide.txt")


def locked(monkeypatch, call, name):
    """Let the system refuse a call for a path, also to root."""
    real = getattr(os, call)

    def refuse(path, *rest, **more):
        if str(path).endswith(name):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, call, refuse)


@pytest.mark.parametrize(
    ("call", "name", "told"),
    [
        ("scandir", "locked", "locked"),  # may be entered, not listed
        ("stat", "b.txt", "locked/b.txt"),  # may be listed, not entered
    ],
)
def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path, monkeypatch, call, name, told):
    write(tmp_path / "a.txt", b"1")
    write(tmp_path / "locked/b.txt", b"2")
    locked(monkeypatch, call, name)
    with pytest.raises(UserError, match=f"{told}: permission denied; make it readable, or leave"):
        read(tmp_path)


def test_a_file_that_cannot_be_read_stops_the_folder(tmp_path, monkeypatch):
    write(tmp_path / "a.txt", b"1")
    write(tmp_path / "b.txt", b"2")
    real = type(tmp_path).open

    def refuse(path, *rest, **more):
        if path.name == "b.txt":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(type(tmp_path), "open", refuse)
    with pytest.raises(
        UserError, match=r"b\.txt: permission denied; make it readable, or leave it"
    ):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid(), reason="needs root")
@pytest.mark.parametrize("mode", [0o000, 0o600, 0o444, 0o300])
def test_another_user_is_told_of_a_folder_that_is_not_his(tmp_path, mode):
    """In earnest: as a user who may not list it, or not enter it."""
    for folder in [tmp_path, *tmp_path.parents[:-2]]:
        folder.chmod(0o755)
    write(tmp_path / "t/a.txt", b"1")
    write(tmp_path / "t/locked/b.txt", b"2")
    (tmp_path / "t/locked").chmod(mode)
    work = "import os, sys; from charlstm.text.corpus import read_corpus; os.setgid(12345);"
    work += "os.setgroups([]); os.setuid(12345); read_corpus(sys.argv[1])"
    command = [sys.executable, "-c", work, str(tmp_path / "t")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "locked" in done.stderr.splitlines()[-1]
    assert "permission denied; make it readable, or leave it out" in done.stderr


RUNS = [
    ["resume.safetensors"],
    ["model.safetensors", "log.jsonl"],
    ["model.safetensors", "lock"],
]


@pytest.mark.parametrize("files", RUNS)
def test_what_a_training_wrote_is_left_out_and_told(tmp_path, capsys, files):
    write(tmp_path / "a.txt", b"1")
    write(tmp_path / "model.safetensors/b.txt", b"2")  # a folder of that name is no run
    for name in [*files, "README.md"]:
        write(tmp_path / "runs/a" / name, b"3")
    assert read(tmp_path) == [b"1", b"2"]
    assert "1 left out, a run of charlstm: runs/a\n" in capsys.readouterr().err.replace("\\", "/")
    assert [is_run(tmp_path / name) for name in ("runs/a", "runs", ".")] == [True, False, False]


def test_the_texts_beside_a_run_in_the_same_folder_are_read(tmp_path, capsys):
    for name in ("model.safetensors", "resume.safetensors", "log.jsonl", "lock"):
        write(tmp_path / name, b"3")
    write(tmp_path / "a.txt", b"1")
    assert read(tmp_path) == [b"1"]
    assert "4 left out, of the run in this folder: lock, log.jsonl" in capsys.readouterr().err


def test_names_in_this_folder_are_whole(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.txt", b"1")
    write(tmp_path / "image.png", b"\0")
    assert read(".") == [b"1"]
    assert capsys.readouterr().err.endswith("1 left out, not text: image.png\n")


def test_markup_in_a_folder_is_told(tmp_path, capsys):
    write(tmp_path / "a.html", b"<!DOCTYPE html><p>text")
    write(tmp_path / "b.json", b'{"a": 1}')
    assert len(read(tmp_path)) == 2
    assert "; as they stand: an HTML page (1), JSON (1)\n" in capsys.readouterr().err


def test_a_folder_leaves_out_what_is_no_text_with_its_reason(tmp_path, capsys):
    write(tmp_path / "a.txt", b"1")
    zipped(tmp_path / "b.epub", mimetype=b"", **{"META-INF/container.xml": b"<a/>"})
    zipped(tmp_path / "c.docx", **{"[Content_Types].xml": b"<a/>"})
    write(tmp_path / "d.zip", zipped(tmp_path / "d.zip", a=b"text").read_bytes()[:-9])
    write(tmp_path / "e.gz", gzip.compress(os.urandom(3000))[:-9])
    write(tmp_path / "f.bz2", bz2.compress(TEXT)[:12] + bytes(99))
    zipped(tmp_path / "pictures.zip", p=b"\x89PNG\0\0")
    zipped(tmp_path / "texts.zip", t=b"2")
    assert read(tmp_path) == [b"1", b"2"]
    assert capsys.readouterr().err == (
        f"{tmp_path}: 2 files read: 1 .txt, 1 without ending"
        "; 1 left out, not text: pictures.zip/p"
        "; 1 left out, an Office document: c.docx; 1 left out, an EPUB book: b.epub"
        "; 1 left out, a zip archive that cannot be read: d.zip"
        "; 2 left out, a packed file that cannot be unpacked: e.gz, f.bz2\n"
    )
    with pytest.raises(UserError, match="no text file in this archive"):
        read(tmp_path / "pictures.zip")


def test_what_is_neither_text_nor_file_is_told(tmp_path, capsys):
    write(tmp_path / "a/b.txt", b"text")
    write(tmp_path / "nothing.txt", b"")
    (tmp_path / "again").symlink_to(tmp_path / "a")
    (tmp_path / "lost.txt").symlink_to(tmp_path / "gone")
    assert read(tmp_path) == [b"text"]
    told = capsys.readouterr().err
    for left in ("a link to a folder: again", "not a file: lost.txt", "empty: nothing.txt"):
        assert f"1 left out, {left}" in told
