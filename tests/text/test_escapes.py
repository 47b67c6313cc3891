"""Escapes that a person types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.text.escapes import unescape
from charlstm.text.vocabulary import Vocabulary

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
def test_any_text_written_as_escapes_comes_back(text):
    assert unescape(text.encode("unicode_escape").decode("ascii"), "x") == text
    assert unescape(text.replace("\\", "\\\\"), "x") == text


@given(st.binary())
def test_any_bytes_written_as_escapes_reach_a_model_of_bytes(content):
    typed = "".join(f"\\x{byte:02x}" for byte in content)
    vocabulary = Vocabulary("".join(map(chr, range(256))), bytewise=True)
    assert vocabulary.from_user(unescape(typed, "x", bytewise=True)) == content.decode("latin-1")


def test_a_code_point_is_utf8_for_a_model_of_bytes():
    vocabulary = Vocabulary("".join(map(chr, range(256))), bytewise=True)
    assert vocabulary.from_user(unescape(r"\u00e9", "x", bytewise=True)) == "\xc3\xa9"
    assert vocabulary.from_user(unescape(r"\xe9", "x", bytewise=True)) == "\xe9"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (r"ab\q", r"^stop: \\q at position 2 is no escape; write "),
        ("ab\\", r"^stop: \\ at position 2 is no escape"),
        (r"\u12", r"^stop: \\u at position 0 is no escape"),
        (r"\\\xg0", r"^stop: \\x at position 2 is no escape"),
        (r"\ud800", r"^stop: \\ud800 at position 0 is no character"),
        (r"\U00110000", r"^stop: \\U00110000 at position 0 is no character"),
    ],
)
def test_a_bad_escape_is_refused_with_its_place(text, told):
    with pytest.raises(UserError, match=told) as refused:
        unescape(text, "stop")
    assert r"or \\ for a backslash" in str(refused.value)
