"""The mark of an encoding is seen, and bytes without one are told for what they look like."""

import codecs
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.text.marks import MARKS, encoding_of, looks_one_byte, looks_wide, mark_of

WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
prose = st.text(st.sampled_from("etaoin shrdlu.\nДяжßö文字"), min_size=4).map(
    lambda t: t + " end.\n"
)


@pytest.mark.parametrize(("mark", "encoding"), list(MARKS.items()))
def test_a_mark_names_its_encoding(mark, encoding):
    content = mark + "größe".encode(encoding)
    assert mark_of(content) == mark
    for asked in ("utf-8", "latin-1", "utf-16"):
        assert encoding_of(content, asked, "x") == encoding
    assert content.removeprefix(mark).decode(encoding) == "größe"
    assert codecs.decode(content, encoding)[1:] == "größe"  # Python's own codec keeps it


@given(prose, st.sampled_from(WIDE), st.integers(0, 3))
def test_wide_texts_without_a_mark_are_known(text, encoding, cut):
    content = text.encode(encoding)
    assert looks_wide(content, whole=True) == encoding
    assert looks_wide(content[: len(content) - cut], whole=False) == encoding


@given(prose)
def test_a_text_in_utf8_is_not_wide(text):
    assert looks_wide(text.encode(), whole=True) is None or b"\0" not in text.encode()


@pytest.mark.parametrize("content", [b"", b"a\0b", b"\0\0", bytes(range(256)), b"\1\0\2\0"])
def test_binary_bytes_are_not_wide(content):
    assert looks_wide(content, whole=True) is None


def test_compressed_bytes_do_not_look_like_a_text_of_one_byte_a_character():
    assert not any(looks_one_byte(os.urandom(400)) for _ in range(50))
    for encoding in ("latin-1", "cp1252", "cp1251", "koi8-r"):
        text = "größe “Maß”\n" if encoding == "cp1252" else "größe\n"
        text = "слово и дело\n" if encoding in ("cp1251", "koi8-r") else text
        assert looks_one_byte(text.encode(encoding))
