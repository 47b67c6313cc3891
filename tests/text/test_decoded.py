"""Bytes that come in pieces become the characters that they would become at once."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.options import DataOptions
from charlstm.text.chunks import Piece
from charlstm.text.decoded import Reading, decoded

texts = st.text(st.sampled_from("a\r\né€\U0001f600"), max_size=12)


def cut(content, places):
    """Return bytes in chunks, which end at these places."""
    ends = sorted({min(place, len(content)) for place in places} | {len(content)})
    return [content[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def piece(chunks, name="x"):
    return Piece(name, lambda: iter(chunks))


@given(
    st.lists(texts, max_size=3),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"]),
    st.sampled_from(["keep", "lf"]),
    st.data(),
)
def test_the_borders_of_chunks_and_files_do_not_matter(files, encoding, newlines, data):
    contents = [text.encode(encoding) for text in files]
    places = st.lists(st.integers(0, 50), max_size=6)
    pieces = [piece(cut(content, data.draw(places))) for content in contents]
    seen = []
    options = DataOptions(encoding=encoding, newlines=newlines)
    text = "".join(decoded(pieces, options, seen.append))
    want = "".join(files)
    if newlines == "lf":
        want = want.replace("\r\n", "\n").replace("\r", "\n")
    assert text == want
    assert b"".join(seen) == b"".join(contents)


@given(st.binary(max_size=30), st.lists(st.integers(0, 30), max_size=5))
def test_bytes_are_characters_of_the_same_number(content, places):
    pieces = [piece(cut(content, places))]
    assert "".join(decoded(pieces, DataOptions(bytes=True), len)) == content.decode("latin-1")


@given(st.binary(max_size=20), st.lists(st.integers(0, 30), max_size=5))
def test_an_error_is_where_the_whole_text_has_it(content, places):
    pieces = [piece([b"good\n"], "first"), piece(cut(content, places), "second")]
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = f"second: byte 0x{content[error.start]:02x} at offset {error.start} is not utf-8;"
        with pytest.raises(UserError, match=wrong):
            list(decoded(pieces, DataOptions(), len))
    else:
        list(decoded(pieces, DataOptions(), len))


@pytest.mark.parametrize("codec", ["hex", "rot13", "base64"])
def test_a_codec_for_something_else_is_refused(codec):
    with pytest.raises(UserError, match=rf"encoding='{codec}': .*; name a text encoding"):
        list(decoded([piece([b"abc"])], DataOptions(encoding=codec), len))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_the_order_of_bytes_must_be_known(encoding):
    content = "größe".encode(encoding + "-le")
    assert "".join(decoded([piece([content])], DataOptions(encoding=encoding + "-le"), len))
    with pytest.raises(UserError, match=rf"x: {encoding.upper()} stream does not start with BOM;"):
        list(decoded([piece([content])], DataOptions(encoding=encoding), len))


@given(
    st.lists(texts, max_size=3),
    st.none() | st.integers(1, 20),
    st.sampled_from(["keep", "lf"]),
    st.integers(1, 9),
)
def test_each_reading_has_the_digest_of_its_bytes_or_of_what_the_limit_leaves(
    files, limit, newlines, step
):
    pieces = [piece(cut(text.encode(), range(0, 50, step))) for text in files]
    reading = Reading(pieces, DataOptions(limit=limit, newlines=newlines))
    whole = "".join(files)
    want = whole.replace("\r\n", "\n").replace("\r", "\n") if newlines == "lf" else whole
    content = whole.encode()
    is_cut = limit is not None and len(want) > limit
    if is_cut:
        want = want[:limit]
        content = want.encode()
    digest = hashlib.sha256(content).hexdigest()
    assert reading.digest(len) == digest
    for _ in range(2):
        assert "".join(reading.characters()) == want
        assert (reading.sha256, reading.cut) == (digest, is_cut)
