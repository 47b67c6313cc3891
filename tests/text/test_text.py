"""Sources to text, text to ids, ids to streams."""

import io
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.options import DataOptions
from charlstm.text.corpus import read_corpus
from charlstm.text.report import text_report
from charlstm.text.streams import Streams, fit_streams
from charlstm.text.vocabulary import Vocabulary

any_text = st.text(st.characters(), min_size=1)  # surrogates, too


@given(any_text)
def test_decode_inverts_encode(text):
    vocabulary = Vocabulary.of(text)
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int32
    assert vocabulary.decode(ids) == text
    assert list(vocabulary.characters) == sorted(set(text))


@given(st.binary(min_size=1))
def test_bytes_survive_the_round_trip(content):
    vocabulary = Vocabulary.of(content.decode("latin-1"), bytewise=True)
    text = vocabulary.decode(vocabulary.encode(content.decode("latin-1")))
    assert vocabulary.to_user(text) == content


@given(any_text, any_text)
def test_unknown_characters_are_named_or_skipped(text, other):
    vocabulary = Vocabulary.of(text)
    unknown = [(k, c) for k, c in enumerate(other) if c not in text]
    kept = vocabulary.encode(other, unknown="skip")
    assert vocabulary.decode(kept) == "".join(c for c in other if c in text)
    assert vocabulary.unknown(other) == "".join(sorted({c for _, c in unknown}))
    if unknown:
        position, character = unknown[0]
        with pytest.raises(UserError, match=f"U\\+{ord(character):04X}.* at position {position} "):
            vocabulary.encode(other)


@given(any_text, st.integers(1, 5))
def test_min_count_keeps_what_occurs_that_often(text, least):
    kept = "".join(sorted(c for c in set(text) if text.count(c) >= least))
    if kept:
        assert Vocabulary.of(text, min_count=least).characters == kept
    else:
        with pytest.raises(UserError, match=f"--min-count is {least}"):
            Vocabulary.of(text, min_count=least)


def test_typed_text_becomes_bytes_where_the_vocabulary_is_bytes():
    assert Vocabulary("\xc3\xa9", bytewise=True).from_user("é") == "Ã©"
    assert Vocabulary("é").from_user("é") == "é"


@pytest.mark.parametrize("characters", ["", "aba"])
def test_a_vocabulary_is_a_set_of_characters(characters):
    with pytest.raises(UserError, match="all different"):
        Vocabulary(characters)


@given(
    length=st.integers(2, 400),
    batch_size=st.integers(1, 9),
    window=st.integers(1, 30),
    data=st.data(),
)
def test_each_row_goes_on_where_it_stopped(length, batch_size, window, data):
    ids = np.arange(length, dtype=np.int32)
    streams = fit_streams(ids, batch_size, window)
    offset = data.draw(st.integers(0, streams.dropped))
    seen = []
    for index in range(streams.windows):
        inputs, targets = streams.read(index, offset)
        assert inputs.shape == targets.shape == (streams.batch_size, streams.window)
        np.testing.assert_array_equal(targets, inputs + 1)
        if seen:
            np.testing.assert_array_equal(inputs[:, 0], seen[-1][:, -1] + 1)
        seen.append(inputs)
    read = np.sort(np.concatenate(seen, 1).ravel())
    np.testing.assert_array_equal(read, np.arange(offset, offset + len(read)))
    assert len(read) + streams.dropped + 1 == length


def test_streams_refuse_a_text_that_fills_no_window():
    with pytest.raises(UserError, match=r"12 characters .* 3 streams; 13 do"):
        Streams(np.zeros(12, np.int32), batch_size=3, window=4)


@pytest.mark.parametrize("length", [0, 1])
def test_nothing_can_be_learnt_from_one_character(length):
    with pytest.raises(UserError, match=f"{length} characters; at least 2"):
        fit_streams(np.zeros(length, np.int32), 16, 64)


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
    assert read_corpus([str(tmp_path)]).text == "a/z.mdb.txt"
    assert "c.bin: left out, it is not text" in capsys.readouterr().err


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"typed")))
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
    with pytest.raises(UserError, match=r"x: byte 0xff at offset 3 is not utf-8; .*--encoding"):
        read_corpus([write(tmp_path, "x", b"abc\xffdef")])


@given(st.integers(4, 1000), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_parts_follow_each_other_and_leave_nothing_out(length, train, validation):
    if train + validation > 1:
        with pytest.raises(UserError, match="split is"):
            DataOptions(split=(train, validation))
        return
    from charlstm.text.corpus import Corpus

    parts = Corpus((), "x" * length, "", DataOptions(split=(train, validation))).parts()
    assert parts["train"].start == 0
    assert parts["train"].stop == parts["validation"].start == int(length * train)
    assert parts["validation"].stop == parts["test"].start
    assert parts["test"].stop == length == parts["all"].stop


def test_tiny_shakespeare_is_split_as_nanogpt_does():
    from charlstm.text.corpus import Corpus

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


def test_a_report_counts_bytes_as_bytes():
    noise = np.random.default_rng(0).integers(256, size=5000, dtype=np.uint8).tobytes()
    report = text_report(noise.decode("latin-1"), bytewise=True)
    assert 8.0 < report.xz < 8.2
    assert report.lines == len([line for line in noise.split(b"\n") if line.strip()])
    with pytest.raises(UserError, match="empty text"):
        text_report("")
    assert str(text_report("x").ngram) == "0.0"
