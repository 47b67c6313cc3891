"""Bytes in chunks: the first of them, and all of them as often as they are asked for."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.text import chunks
from charlstm.text.chunks import Piece, begun, spooled


@given(st.lists(st.binary(max_size=5), max_size=6), st.integers(0, 20))
def test_the_first_bytes_do_not_depend_on_the_chunks(parts, length):
    whole = b"".join(parts)
    assert Piece("x", lambda: iter(parts)).start(length) == whole[:length]
    rest = iter(parts)
    assert begun(rest, length) + b"".join(rest) == whole


@pytest.mark.parametrize("most", [4, 4000])
def test_what_can_be_read_once_can_be_read_again(monkeypatch, most):
    monkeypatch.setattr(chunks, "IN_MEMORY", most)
    opens, size = spooled("x", io.BytesIO(b"abc" * 100))
    assert size == 300
    for _ in range(2):
        with opens() as file:
            assert file.read() == b"abc" * 100


def test_an_error_while_reading_names_the_piece():
    def broken():
        yield b"abc"
        raise OSError(5, "Input/output error")

    with pytest.raises(UserError, match="x: input/output error; give a text"):
        list(Piece("x", broken).chunks())
