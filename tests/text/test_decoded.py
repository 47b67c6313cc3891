"""Bytes that come in pieces become the characters that they would become at once."""

import codecs
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.options import DataOptions
from charlstm.text.chunks import Piece
from charlstm.text.decoded import Reading, decoded
from charlstm.text.marks import mark_of

texts = st.text(st.sampled_from("a\r\né€\U0001f600"), max_size=12)


def cut(content, places):
    """Return bytes in chunks, which end at these places."""
    ends = sorted({min(place, len(content)) for place in places} | {len(content)})
    return [content[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def piece(chunks, name="x"):
    return Piece(name, lambda: iter(chunks))


MARKED = {  # encodings, with the mark that may stand before a text
    "utf-8": codecs.BOM_UTF8,
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


def joined(files):
    """Return what files become: a line end between two of which the first lacks it."""
    text = ""
    for file in files:
        if file and text and text[-1] not in "\r\n":
            text += "\n"
        text += file
    return text


def with_lf(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def encode(text, encoding, marked):
    plain = text.encode("utf-8" if encoding == "utf-8-sig" else encoding)
    return MARKED[encoding] + plain if marked else plain


@given(
    st.lists(st.tuples(texts, st.booleans()), max_size=3),
    st.sampled_from(list(MARKED)),
    st.sampled_from(["keep", "lf"]),
    st.data(),
)
def test_marks_and_the_borders_of_chunks_do_not_matter_and_files_end_their_lines(
    files, encoding, newlines, data
):
    contents = [encode(text, encoding, marked) for text, marked in files]
    places = st.lists(st.integers(0, 50), max_size=6)
    pieces = [piece(cut(content, data.draw(places))) for content in contents]
    seen = []
    options = DataOptions(encoding=encoding, newlines=newlines)
    text = "".join(decoded(pieces, options, seen.append))
    want = joined([text for text, _ in files])
    assert text == (with_lf(want) if newlines == "lf" else want)
    if encoding.startswith("utf-8"):  # so a text has one digest, with its mark or without
        assert b"".join(seen) == want.encode()
    assert Reading(pieces, options).digest(len) == hashlib.sha256(b"".join(seen)).hexdigest()


@given(
    st.lists(st.tuples(texts, st.sampled_from(list(MARKED))), max_size=4),
    st.sampled_from(["utf-8", "utf-16", "latin-1", "utf-16-be", "shift_jis"]),
)
def test_a_mark_is_obeyed_whatever_was_asked_for(files, asked):
    pieces = [piece([encode(text, encoding, True)]) for text, encoding in files]
    options = DataOptions(encoding=asked)
    assert "".join(decoded(pieces, options, len)) == joined([text for text, _ in files])


@given(st.lists(st.sampled_from(["größe", "a\n", "b\r", ""]), max_size=4))
def test_files_in_one_byte_end_their_lines_too(files):
    for encoding in ("latin-1", "cp037"):  # the second one has other line ends
        pieces = [piece([text.encode(encoding)]) for text in files]
        text = "".join(decoded(pieces, DataOptions(encoding=encoding), len))
        assert text == joined(files)


def test_no_two_texts_have_a_digest():
    utf16 = "ab".encode("utf-16-le")
    marked = [codecs.BOM_UTF8 + b"\xc3\xb6", b"\xc3\xb6"]
    texts = [
        ([b"ab", b"cd"], "utf-8"),
        ([b"abcd"], "utf-8"),
        ([codecs.BOM_UTF16_LE + utf16], "utf-8"),
        ([codecs.BOM_UTF16_BE + utf16], "utf-8"),
        ([marked[0]], "latin-1"),
        ([marked[1]], "latin-1"),
    ]
    digests = {
        Reading([piece([c]) for c in contents], DataOptions(encoding=encoding)).digest(len)
        for contents, encoding in texts
    }
    assert len(digests) == len(texts)


@given(st.binary(max_size=30), st.lists(st.integers(0, 30), max_size=5))
def test_bytes_are_characters_of_the_same_number(content, places):
    pieces = [piece(cut(content, places))]
    pieces.append(piece([codecs.BOM_UTF8]))
    content += codecs.BOM_UTF8
    assert "".join(decoded(pieces, DataOptions(bytes=True), len)) == content.decode("latin-1")


@given(
    st.binary(max_size=20).filter(lambda content: not mark_of(content)),
    st.lists(st.integers(0, 30), max_size=5),
)
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
@pytest.mark.parametrize("order", ["le", "be"])
def test_the_order_of_bytes_must_be_known_and_the_message_knows_it(encoding, order):
    content = "größe".encode(f"{encoding}-{order}")
    known = DataOptions(encoding=f"{encoding}-{order}")
    assert "".join(decoded([piece([content])], known, len)) == "größe"
    with pytest.raises(UserError, match=rf"x: no mark .* encoding='{encoding}-{order}'"):
        list(decoded([piece([content])], DataOptions(encoding=encoding), len))


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ("größe\n".encode("latin-1") * 9, r"with encoding \(cp1252 or latin-1 for Western Europe"),
        (b"a" + bytes(range(1, 256)), "does not look like text in another encoding; give a text"),
        (codecs.BOM_UTF8 + b"ab\xff", "0xff at offset 5 is not utf-8; but its mark says so"),
    ],
)
def test_advice_names_one_byte_encodings_only_where_they_fit(content, advice):
    with pytest.raises(UserError, match=advice):
        list(decoded([piece([content])], DataOptions(), len))


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
    whole = joined(files)
    want = with_lf(whole) if newlines == "lf" else whole
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
