"""Files, folders, archives and pipes become pieces of bytes; what is left out is told."""

import bz2
import gzip
import io
import lzma
import os
import sys
import threading
import zipfile

import pytest

from charlstm.errors import UserError
from charlstm.options import DataOptions
from charlstm.text import pieces
from charlstm.text.pieces import pieces_of

TEXT = b"some words, again and again; " * 40


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def read(source, options=None):
    found = pieces_of(str(source), options or DataOptions())
    first = [b"".join(piece.chunks()) for piece in found]
    assert first == [b"".join(piece.chunks()) for piece in found]  # more than once
    return first


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["text.txt", "text.gz"])
def test_a_packed_file_is_what_it_holds_whatever_its_name(tmp_path, pack, name):
    assert read(write(tmp_path / name, pack(TEXT))) == [TEXT]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_broken_packed_file_is_named(tmp_path, pack):
    path = write(tmp_path / "cut.gz", pack(os.urandom(3000))[:-9])
    with pytest.raises(UserError, match=r"cut.gz: a packed file that cannot be unpacked \("):
        read(path)


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def test_a_zip_archive_is_its_texts_in_order(tmp_path, capsys):
    path = zipped(tmp_path / "a.zip", z=b"last", a__b=b"first", image=b"\x89PNG\0\0")
    assert read(path) == [b"first", b"last"]
    assert capsys.readouterr().err == (
        f"{path}: 2 files read: 2 without ending; 1 left out, not text: image\n"
    )


def test_documents_and_secrets_are_named_for_what_they_are(tmp_path):
    book = zipped(tmp_path / "b.epub", mimetype=b"", **{"META-INF/container.xml": b"<a/>"})
    with pytest.raises(UserError, match=r"b\.epub: an EPUB book, not plain text; save it as"):
        read(book)
    word = zipped(tmp_path / "c.docx", **{"[Content_Types].xml": b"<a/>"})
    with pytest.raises(UserError, match=r"c\.docx: an Office document"):
        read(word)
    content = zipped(tmp_path / "d.zip", a=b"secret").read_bytes()
    locked = content.replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0")
    assert locked != content
    with pytest.raises(UserError, match=r"d\.zip: a zip archive with a password"):
        read(write(tmp_path / "d.zip", locked))
    with pytest.raises(UserError, match=r"e\.zip: a zip archive that cannot be read"):
        read(write(tmp_path / "e.zip", content[:-9]))


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


def test_wide_encodings_and_bytes_may_have_zeros(tmp_path, capsys):
    path = write(tmp_path / "wide.txt", "größe".encode("utf-16"))
    for options in (DataOptions(encoding="utf-16"), DataOptions(bytes=True)):
        assert len(read(tmp_path, options)) == 1
    with pytest.raises(UserError, match="no text file in this folder"):
        read(tmp_path)
    assert len(read(path)) == 1  # a file that was named is read in any case


def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path, monkeypatch):
    write(tmp_path / "a.txt", b"1")
    write(tmp_path / "locked/b.txt", b"2")
    real = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(pieces.os, "scandir", refuse)
    with pytest.raises(UserError, match="locked: permission denied; give yourself the right"):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("size", [10, 3 * 2**20])
def test_a_pipe_is_read_once_and_kept(tmp_path, monkeypatch, size):
    monkeypatch.setattr(pieces, "IN_MEMORY", 2**20)
    content = os.urandom(size)
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(content,))
    writer.start()
    assert read(tmp_path / "pipe") == [content]
    writer.join()


def test_a_folder_leaves_out_what_is_no_text_with_its_reason(tmp_path, capsys):
    write(tmp_path / "a.txt", b"1")
    zipped(tmp_path / "b.epub", mimetype=b"", **{"META-INF/container.xml": b"<a/>"})
    zipped(tmp_path / "c.docx", **{"[Content_Types].xml": b"<a/>"})
    write(tmp_path / "d.zip", zipped(tmp_path / "d.zip", a=b"text").read_bytes()[:-9])
    write(tmp_path / "e.gz", gzip.compress(os.urandom(3000))[:-9])
    write(tmp_path / "f.bz2", bz2.compress(TEXT)[:9] + bytes(99))
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


class Full(io.BytesIO):
    def write(self, content):
        raise OSError(28, "No space left on device")


def test_a_full_temporary_folder_is_named(monkeypatch):
    monkeypatch.setattr(pieces.tempfile, "SpooledTemporaryFile", lambda _: Full())
    monkeypatch.setattr(pieces.tempfile, "tempdir", "/scratch")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"typed"), encoding="utf-8"))
    with pytest.raises(UserError, match=r"input: is kept in /scratch meanwhile: no space .*TMPDIR"):
        pieces_of("-", DataOptions())


def test_what_is_neither_text_nor_file_is_told(tmp_path, capsys):
    write(tmp_path / "a/b.txt", b"text")
    write(tmp_path / "nothing.txt", b"")
    (tmp_path / "again").symlink_to(tmp_path / "a")
    (tmp_path / "lost.txt").symlink_to(tmp_path / "gone")
    assert read(tmp_path) == [b"text"]
    told = capsys.readouterr().err
    for left in ("a link to a folder: again", "not a file: lost.txt", "empty: nothing.txt"):
        assert f"1 left out, {left}" in told


def test_an_empty_archive_is_no_text(tmp_path):
    with pytest.raises(UserError, match="no text file in this archive"):
        read(zipped(tmp_path / "a.zip"))


def test_an_archive_with_an_odd_name_is_no_text(tmp_path):
    content = zipped(tmp_path / "a.zip", **{"é": b"text"}).read_bytes()
    path = write(tmp_path / "a.zip", content.replace("é".encode(), b"\xff\xff"))
    with pytest.raises(UserError, match="a zip archive that cannot be read"):
        read(path)
