"""Samples as lines of JSON."""

import json

from hypothesis import given
from hypothesis import strategies as st

from charlstm.sampling.printed import record
from charlstm.text.vocabulary import Vocabulary

ALL_BYTES = Vocabulary("".join(map(chr, range(256))), bytewise=True)


@given(st.text(), st.text(min_size=1))
def test_a_text_comes_back_from_one_line(prime, text):
    line = record(2, None, prime, text, Vocabulary.of(prime + text), stopped=False)
    assert "\n" not in line
    assert line.isascii()
    assert json.loads(line) == {
        "index": 2, "seed": None, "prime": prime, "text": text, "stopped": False,
    }  # fmt: skip


@given(st.binary())
def test_bytes_come_back_also_if_they_are_no_utf8(content):
    line = record(1, 0, "", content.decode("latin-1"), ALL_BYTES)
    assert json.loads(line)["text"].encode("utf-8", "surrogateescape") == content


def test_bytes_that_are_utf8_are_shown_as_characters():
    assert json.loads(record(1, 0, "Ã©", "x", ALL_BYTES))["prime"] == "é"
