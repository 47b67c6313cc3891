"""A packed file is what it holds, an archive is its texts, a document is named."""

import bz2
import gzip
import io
import lzma
import os
import sys

import pytest
from sources import TEXT, read, write, zipped

from charlstm.errors import UserError


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["text.txt", "text.gz"])
def test_a_packed_file_is_what_it_holds_whatever_its_name(tmp_path, pack, name):
    assert read(write(tmp_path / name, pack(TEXT))) == [TEXT]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_broken_packed_file_is_named(tmp_path, pack):
    path = write(tmp_path / "cut.gz", pack(os.urandom(3000))[:-9])
    with pytest.raises(UserError, match=r"cut.gz: a packed file that cannot be unpacked \("):
        read(path)


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


def test_an_empty_archive_is_no_text(tmp_path):
    with pytest.raises(UserError, match="no text file in this archive"):
        read(zipped(tmp_path / "a.zip"))


def test_an_archive_with_an_odd_name_is_no_text(tmp_path):
    content = zipped(tmp_path / "a.zip", **{"é": b"text"}).read_bytes()
    path = write(tmp_path / "a.zip", content.replace("é".encode(), b"\xff\xff"))
    with pytest.raises(UserError, match="a zip archive that cannot be read"):
        read(path)


def test_an_epub_is_known_by_its_mimetype_alone_and_so_is_an_open_document(tmp_path):
    for kind, name in [("epub+zip", "an EPUB book"), ("vnd.oasis.opendocument.text", "an Open")]:
        path = zipped(tmp_path / "book", mimetype=f"application/{kind}", x=b"<p>text</p>")
        with pytest.raises(UserError, match=name):
            read(path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_standard_input_is_unpacked_too(monkeypatch, pack):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pack(TEXT)), encoding="utf-8"))
    assert read("-") == [TEXT]


def test_an_archive_on_standard_input_is_its_texts(tmp_path, monkeypatch):
    content = zipped(tmp_path / "a.zip", b=b"1", a=b"2").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
    assert read("-") == [b"2", b"1"]


def test_a_text_that_begins_like_a_packed_file_is_a_text(tmp_path):
    for text in (b"BZh is how bzip2 begins\n", b"PK, he said\n"):
        assert read(write(tmp_path / "x", text)) == [text]


def test_what_is_packed_twice_is_told(tmp_path):
    path = write(tmp_path / "x.gz", gzip.compress(gzip.compress(TEXT)))
    with pytest.raises(UserError, match="a packed file inside a packed file; unpack it"):
        read(path)
