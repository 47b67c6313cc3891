"""Reading files, folders, names and standard input as one text, and cutting it into parts."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.options import DataOptions
from charlstm.text.corpus import Corpus, read_corpus


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def test_several_files_are_one_text_in_their_order(tmp_path):
    sources = [write(tmp_path, "b", b"first\r\n"), write(tmp_path, "a", b"second\r")]
    corpus = read_corpus(sources)
    assert corpus.text == "first\r\nsecond\r"
    assert read_corpus(sources, DataOptions(newlines="lf")).text == "first\nsecond\n"
    assert corpus.sha256 == read_corpus([write(tmp_path, "c", b"first\r\nsecond\r")]).sha256


def test_a_folder_is_its_text_files_sorted(tmp_path, capsys):
    for name in ("b.txt", "a/z.md", ".hidden", "a/.git/x"):
        write(tmp_path, name, name.encode())
    write(tmp_path, "c.bin", b"a\0b")
    assert read_corpus([str(tmp_path)]).text == "a/z.md\nb.txt"
    assert capsys.readouterr().err == (
        f"{tmp_path}: 2 files read: 1 .md, 1 .txt; 1 left out, not text: c.bin; 2 left out, hidden:"
        " .hidden, a/.git\n"
    )


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"typed"), encoding="utf-8"))
    assert read_corpus(["-"]).text == "typed"


def test_a_name_is_looked_up_in_the_corpus_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CHARLSTM_DATA", str(tmp_path))
    write(tmp_path, "poems.txt", b"roses")
    assert read_corpus(["poems"]).text == "roses"
    with pytest.raises(
        UserError,
        match=r"prose: no such .*there are: tales, plays, verse, python.*poems.*CHARLSTM_DATA",
    ):
        read_corpus(["prose"])


@pytest.mark.parametrize(
    ("content", "options", "text"),
    [
        ("größe".encode("latin-1"), DataOptions(encoding="latin-1"), "größe"),
        ("größe".encode("utf-16"), DataOptions(encoding="utf-16"), "größe"),
        (b"\xff\x00", DataOptions(bytes=True), "\xff\x00"),
    ],
)
def test_encodings(tmp_path, content, options, text):
    assert read_corpus([write(tmp_path, "x", content)], options).text == text


def test_a_decoding_error_names_file_byte_and_offset(tmp_path):
    with pytest.raises(UserError, match=r"x: byte 0xff at offset 3 is not utf-8; .* with encoding"):
        read_corpus([write(tmp_path, "x", b"abc\xffdef")])


@given(st.integers(4, 1000), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_parts_follow_each_other_and_leave_nothing_out(length, train, validation):
    if train + validation > 1:
        with pytest.raises(UserError, match="split is"):
            DataOptions(split=(train, validation))
        return
    parts = Corpus((), "x" * length, "", DataOptions(split=(train, validation))).parts()
    assert parts["train"].start == 0
    assert parts["train"].stop == parts["validation"].start == int(length * train)
    assert parts["validation"].stop == parts["test"].start
    assert parts["test"].stop == length == parts["all"].stop


def test_tiny_shakespeare_is_split_as_nanogpt_does():
    parts = Corpus((), "x" * 1_115_394, "", DataOptions()).parts()
    assert parts["validation"] == slice(1_003_854, 1_115_394)


def test_a_limit_keeps_the_beginning_and_has_a_digest_of_its_own(tmp_path):
    write(tmp_path, "long.txt", b"abcdefgh")
    path = str(tmp_path / "long.txt")
    cut = read_corpus([path], DataOptions(limit=5))
    assert cut.text == "abcde"
    write(tmp_path, "long.txt", b"abcdeXYZ")  # what is cut off does not count
    assert read_corpus([path], DataOptions(limit=5)).sha256 == cut.sha256
    assert read_corpus([path], DataOptions(limit=8)).sha256 == read_corpus([path]).sha256


def test_drawn_lines_are_remembered_by_the_corpus(tmp_path):
    content = "".join(f"name {k:03}\n" for k in range(200)).encode()
    path = str(write(tmp_path, "names.txt", content))
    drawn = read_corpus(path, DataOptions(split_by="line"))
    in_order = read_corpus(path)
    assert drawn.sha256 == in_order.sha256
    assert sorted(drawn.text) == sorted(in_order.text)
    assert drawn.parts()["validation"] == slice(1620, 1800)
    assert not {*drawn.text[:1620].split("\n")} & {*drawn.text[1620:].split("\n")} - {""}
    assert in_order.drawn(drawn.options) == drawn
    assert in_order.drawn(DataOptions(split=(0.8, 0.1))).parts()["test"] == slice(1620, 1800)


def test_lines_of_a_text_on_disk_cannot_be_drawn(tmp_path, on_disk):
    path = str(write(tmp_path, "names.txt", b"name\n" * 100))
    with pytest.raises(UserError, match=r"where split_by='line' cannot draw; .* shuf"):
        read_corpus(path, DataOptions(split_by="line"))
    assert not on_disk.exists()
    assert read_corpus(path, DataOptions(limit=90)).ends is None
