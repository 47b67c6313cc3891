"""Different lines, held against a text."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.model.checkpoint import Checkpoint
from charlstm.options import SampleOptions
from charlstm.sampling import items as module
from charlstm.sampling.items import IN_VAIN, TOGETHER, Lines, TextLines
from charlstm.sampling.sampler import Sampler
from charlstm.text import encoded
from charlstm.text.vocabulary import Vocabulary

OPTIONS = SampleOptions(seed=3, length=80, temperature=1.5)


@pytest.fixture
def scripted(checkpoint, monkeypatch):
    """Return Lines whose model writes what the test says."""

    def make(texts, **more):
        waiting = iter(texts)

        def write(sampler, number, prime, options, threads):
            assert (number, options.stop) == (TOGETHER, "\n")
            batch = [next(waiting, "x") for _ in range(number)]
            for k in range(options.length):
                yield [text[k : k + 1] for text in batch]

        monkeypatch.setattr(module, "generate_many", write)
        return Lines(Sampler(checkpoint), **more)

    return make


@given(st.text("ab\n\r", max_size=60), st.integers(1, 9))
def test_the_lines_of_a_text_are_found_and_no_others(text, at_once):
    before = encoded.AT_ONCE
    encoded.AT_ONCE = at_once
    try:
        lines = TextLines(text)
    finally:
        encoded.AT_ONCE = before
    whole = {line.removesuffix("\r") for line in text.split("\n")}
    for line in {"", "a", "b", "ab", "aa", "a\r", *whole}:
        assert (line in lines) == (line in whole)


def test_characters_that_the_model_does_not_know_are_left_out_of_the_text():
    assert "caf" in TextLines("café\n", "é€")
    assert "café" not in TextLines("café\n", "é€")


def test_lines_are_different_and_marked(scripted):
    lines = scripted(["anna", "bea", "anna", "", " ", "z" * 10, "cid\r", "dora"],
                     known=TextLines("bea\r\ncid\r\n"))  # fmt: skip
    written = list(lines.write(4, "", dataclasses.replace(OPTIONS, length=10)))
    assert [(line.text, line.in_text) for line in written] == [
        ("anna", False), ("bea", True), ("cid", True), ("dora", False),
    ]  # fmt: skip
    assert lines.told(4, 10) == (
        "4 lines; in the text: 2 (50% of the different ones); left out: 1 repeated, 2 empty,"
        " 1 unfinished after length=10"
    )


def test_only_new_lines_if_asked(scripted):
    lines = scripted(["anna", "bea", "cid", "dora"], known=TextLines("bea"), new_only=True)
    assert [line.text for line in lines.write(3, "", OPTIONS)] == ["anna", "cid", "dora"]
    assert lines.told(3, 80) == ("3 new lines; left out: 1 in the text (25% of the different ones)")


def test_without_a_text_nothing_is_said_of_it(scripted):
    lines = scripted(["anna"])
    assert [line.in_text for line in lines.write(1, "", OPTIONS)] == [None]
    assert lines.told(1, 80) == "1 line"


def test_it_ends_when_no_new_line_comes(scripted):
    lines = scripted(["anna", "bea"] + ["anna"] * 10_000)
    assert len(list(lines.write(5, "", OPTIONS))) == 2
    assert lines.told(5, 80) == (
        f"2 lines of 5 (the model has no more: {IN_VAIN} in a row brought no new one);"
        f" left out: {IN_VAIN} repeated"
    )


def test_the_last_line_of_a_prime_begins_each_line(scripted):
    lines = scripted(["nna", "l"], known=TextLines("anna"))
    written = list(lines.write(2, "X: 1\na", OPTIONS))
    assert [(x.prime, x.text, x.in_text) for x in written] == [
        ("a", "nna", True),
        ("a", "l", False),
    ]


def test_a_line_starts_as_after_a_line_end(checkpoint, monkeypatch):
    asked = set()

    def write(sampler, number, prime, options, threads):
        asked.add(prime)
        yield [str(k) for k in range(number)]

    monkeypatch.setattr(module, "generate_many", write)
    written = list(Lines(Sampler(checkpoint)).write(2, "X: 1\nfo", OPTIONS))
    assert asked == {"\nX: 1\nfo"}
    assert [line.text for line in written] == ["0", "1"]


def test_the_same_seed_gives_the_same_lines_however_many(checkpoint):
    sampler = Sampler(checkpoint)
    many = [line.text for line in Lines(sampler).write(150, "", OPTIONS)]
    assert len(set(many)) == 150  # more than two batches
    assert [line.text for line in Lines(sampler).write(70, "", OPTIONS)] == many[:70]
    other = dataclasses.replace(OPTIONS, seed=4)
    assert [line.text for line in Lines(sampler).write(70, "", other)] != many[:70]


def test_no_line_is_unfinished_that_ended(checkpoint):
    lines = Lines(Sampler(checkpoint))
    written = list(lines.write(60, "", dataclasses.replace(OPTIONS, length=6)))
    assert lines.unfinished > 0
    assert max(len(line.text) for line in written) == 5


def test_a_model_without_line_ends_writes_no_lines(checkpoint):
    vocabulary = Vocabulary(checkpoint.vocabulary.characters.replace("\n", "é"))
    sampler = Sampler(Checkpoint(checkpoint.options, vocabulary, checkpoint.weights))
    with pytest.raises(UserError, match=r"lines: the model knows no line end.* or use number$"):
        Lines(sampler).write(3)


def test_hashes_are_eight_bytes_a_line():
    lines = TextLines("\n".join(map(str, range(1000))))
    assert lines._hashes.dtype == np.int64
    assert len(lines._hashes) == 1000
