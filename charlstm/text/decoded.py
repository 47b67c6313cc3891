"""Pieces of bytes become characters, a few million at a time."""

import codecs
import io
from collections.abc import Callable, Iterable, Iterator

from charlstm.errors import UserError, option
from charlstm.options import DataOptions
from charlstm.text.pieces import Piece


def decoded(
    pieces: Iterable[Piece], options: DataOptions, seen: Callable[[bytes], object]
) -> Iterator[str]:
    r"""Yield the characters of pieces of bytes, one after the other, in stretches of some length.

    Args:
        pieces: files and such.
        options: encoding and line ends; with `bytes` each byte becomes the character of its number.
        seen: is called with all bytes as they are read.

    Raises:
        UserError: a piece cannot be read, or is not text in this encoding.

    Example:
        >>> pieces = [Piece("a", lambda: iter([b"one\r", b"\ntwo"]))]
        >>> list(decoded(pieces, DataOptions(newlines="lf"), len))
        ['one', '\ntwo']
    """
    ends = io.IncrementalNewlineDecoder(None, translate=True)  # a CR LF may lie on a border
    for piece in pieces:
        for text in _characters(piece, options, seen):
            yield ends.decode(text) if options.newlines == "lf" else text
    if options.newlines == "lf":
        yield ends.decode("", final=True)


def _characters(
    piece: Piece, options: DataOptions, seen: Callable[[bytes], object]
) -> Iterator[str]:
    decoder = _decoder("latin-1" if options.bytes else options.encoding)
    read = 0
    held = b""  # the first bytes of a character, which the decoder still holds
    for chunk in _with_end(piece.chunks()):
        seen(chunk)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            at = read - len(held) + error.start
            wrong = (held + chunk)[error.start]
            raise UserError(
                f"{piece.name}: byte 0x{wrong:02x} at offset {at} is not {options.encoding}; name"
                f" the encoding with {option('encoding')} (latin-1, cp1252, utf-16 ...), or model"
                f" bytes with {option('bytes')}"
            ) from None
        except UnicodeError as error:  # of utf-16 and utf-32: which of two bytes comes first?
            raise UserError(
                f"{piece.name}: {error}; name the order of its bytes, such as"
                f" {option('encoding', 'utf-16-le')}"
            ) from None
        read += len(chunk)
        held = decoder.getstate()[0]
        if text:
            yield text


def _with_end(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from (chunk for chunk in chunks if chunk)
    yield b""


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    """Make a decoder for a part of a text at a time.

    Raises:
        UserError: the codec is for something other than text.
    """
    try:
        b"a".decode(encoding)  # refuses what is no encoding of text, such as hex
    except UnicodeDecodeError:
        pass  # two bytes a character, say
    except (LookupError, UnicodeError) as error:
        given = option("encoding", encoding)
        raise UserError(f"{given}: {error}; name a text encoding") from None
    return codecs.getincrementaldecoder(encoding)()
