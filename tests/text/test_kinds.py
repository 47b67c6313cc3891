"""A file is told for what it is; plain texts are told for nothing."""

import gzip
import io
import json
import lzma
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.options import DataOptions
from charlstm.text.kinds import kind_of, why_no_text
from charlstm.text.registry import shipped


def tar():
    stream = io.BytesIO()
    with tarfile.TarFile(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return stream.getvalue()


NO_TEXTS = [
    (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture"),
    (b"GIF89a\1\0", "a picture"),
    (b"RIFF\0\0\0\0WEBPVP8", "a picture"),
    (b"RIFF\0\0\0\0WAVEfmt", "a recording"),
    (b"ID3\4\0", "a recording"),
    (b"\0\0\0 ftypisom", "a recording"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (gzip.compress(b"a"), "a packed file inside a packed file"),
    (lzma.compress(b"a"), "a packed file inside a packed file"),
    (b"(\xb5/\xfd\4", "a packed file"),
    (tar(), "a tar archive"),
    (b'\x90\1\0\0\0\0\0\0{"__metadata__"', "a file of weights"),
    (b"SQLite format 3\0", "a database (SQLite)"),
]
MARKUP = [
    ("<!DOCTYPE html>\n<title>", "an HTML page"),
    ("\n<HTML lang=de>", "an HTML page"),
    ("<?xml version='1.0'?>\n<html xmlns=''>", "an HTML page"),
    ("<?xml version='1.0'?><TEI>", "XML"),
    (r"{\rtf1\ansi Text}", "an RTF document"),
    (json.dumps({"a b": 1}), "JSON"),
    (json.dumps([{"a": [1]}], indent=1), "JSON"),
    (json.dumps(["a", "b"]), "JSON"),
    ("[[1, 2]]", "JSON"),
    ('{"text": "a"}\n{"text": "b"}\n', "JSON"),
    (json.dumps({"cells": [{"cell_type": "code"}], "nbformat": 4}), "a notebook"),
    ("".join(f"{n}\tb\n" for n in range(5)), "a table (CSV or TSV)"),
    ("".join(f"{n},b,c\r\n" for n in range(5)), "a table (CSV or TSV)"),
]
PLAIN = [
    "ID3 tags are kept in front\n", "GIF87a, an old form\n", "RIFF\n", "BZh\n", "PK\n",
    "[Verse 1]\nla la\n", "[[Category:Songs]]\n", "[1] This is a note\n", "{ int a; }\n",
    "Smith, Anna\n" * 9, "one, two, three\nand\n" * 9, "<3 you\n", "\\documentclass{a}\n", "",
    "X:1\nT:Tune\nK:G\n|:GABc dedB|\n", ">seq\nACGT\n" * 9, "la, la, la, she sang,\n" * 9,
    "%PDF is a form\n",
]  # fmt: skip


@pytest.mark.parametrize(("content", "name"), NO_TEXTS)
def test_what_is_no_text_is_named_and_comes_with_advice(content, name):
    kind = kind_of(content, "x")
    assert (kind.name, kind.text) == (name, False)
    assert kind.advice


@pytest.mark.parametrize(("content", "name"), MARKUP)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_marked_up_texts_are_named_and_may_be_learnt(content, name, encoding):
    kind = kind_of(content.encode(encoding), "x")
    assert (kind.name, kind.text) == (name, True)


def test_a_table_is_known_by_its_ending():
    assert kind_of(b"a\n", "x.CSV").name == "a table (CSV or TSV)"


@pytest.mark.parametrize("text", PLAIN)
def test_plain_texts_are_told_for_nothing(text):
    assert kind_of(text.encode(), "x.txt") is None
    assert why_no_text(text.encode(), True, DataOptions()) is None


def test_the_texts_that_come_with_charlstm_are_plain():
    for path in shipped().values():
        assert kind_of(path.read_bytes()[:8192], str(path)) is None


@given(
    st.text(st.characters(min_codepoint=9, exclude_categories=["Cc", "Cs"])),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    st.integers(0, 3),
)
def test_every_text_is_text_in_its_encoding_wherever_its_beginning_is_cut(text, encoding, cut):
    content = text.encode(encoding)
    start = content[: len(content) - cut]
    assert why_no_text(start, not cut, DataOptions(encoding=encoding)) is None
    assert why_no_text(start, not cut, DataOptions()) is None  # each but the first has its mark


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "koi8-r", "utf-8"])
def test_compressed_bytes_are_no_text_in_any_encoding(encoding):
    content = lzma.compress(bytes(range(256)) * 9, lzma.FORMAT_ALONE)[13:].replace(b"\0", b"\1")
    assert why_no_text(content, True, DataOptions(encoding=encoding)).name == "not text"
    assert why_no_text(content, True, DataOptions(encoding="hex")) is None  # refused elsewhere
