"""A file, a name, a pipe or standard input becomes pieces of bytes, and it is told what it is."""

import io
import os
import sys
import threading

import pytest
from sources import read, write

from charlstm.errors import UserError
from charlstm.options import DataOptions
from charlstm.text import chunks
from charlstm.text.pieces import is_there, pieces_of


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("size", [10, 3 * 2**20])
def test_a_pipe_is_read_once_and_kept(tmp_path, monkeypatch, size):
    monkeypatch.setattr(chunks, "IN_MEMORY", 2**20)
    content = os.urandom(size)
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(content,))
    writer.start()
    assert read(tmp_path / "pipe", DataOptions(bytes=True)) == [content]
    writer.join()


class Full(io.BytesIO):
    def write(self, content):
        raise OSError(28, "No space left on device")


def test_a_full_temporary_folder_is_named(monkeypatch):
    monkeypatch.setattr(chunks.tempfile, "SpooledTemporaryFile", lambda _: Full())
    monkeypatch.setattr(chunks.tempfile, "tempdir", "/scratch")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"typed"), encoding="utf-8"))
    with pytest.raises(UserError, match=r"input: is kept in /scratch meanwhile: no space .*TMPDIR"):
        pieces_of("-", DataOptions())


def test_a_file_is_told_for_what_it_is(tmp_path, capsys):
    path = write(tmp_path / "x.html", b"<html><p>text")
    assert read(path) == [b"<html><p>text"]
    told = capsys.readouterr().err
    assert (
        told
        == f"{path}: an HTML page, learnt as it stands; to learn its words alone, save it"
        + (" as text from a browser\n")
    )
    assert read(path, DataOptions(bytes=True)) == [b"<html><p>text"]
    assert capsys.readouterr().err == ""


def test_standard_input_that_is_no_text_is_refused_as_a_file_is(tmp_path, monkeypatch):
    for content, message in [(b"a\0b", "not text"), (b"%PDF-1.7\n", "a PDF document")]:
        with pytest.raises(UserError, match=f"x: {message}; "):
            read(write(tmp_path / "x", content))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        with pytest.raises(UserError, match=f"standard input: {message}; "):
            read("-")


def test_a_text_in_utf16_says_so(tmp_path, capsys):
    path = write(tmp_path / "x", "größe".encode("utf-16"))
    assert len(read(path)) == 1
    assert capsys.readouterr().err.startswith(f"{path}: read as utf-16-")


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_links_in_a_circle_are_told(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(UserError, match="a: too many levels of symbolic links; give a text"):
        read(tmp_path / "a")


def test_a_place_that_may_not_be_looked_at_is_told(monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    assert [is_there(path) for path in (__file__, "nothing here", "a\0b")] == [True, False, False]
    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(UserError, match="locked/x: permission denied"):
        is_there("locked/x")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/null"])
def test_a_device_is_refused_because_it_may_never_end(device):
    with pytest.raises(UserError, match=rf"^{device}: a device, no text; give a file"):
        pieces_of(device, DataOptions())
