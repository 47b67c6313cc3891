"""Pieces of bytes become characters, a few million at a time."""

import codecs
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

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
    if last := ends.decode("", final=True):  # a CR at the very end
        yield last


class Reading:
    """A text that is read as often as it is asked: its characters up to a limit, and its digest.

    Args:
        pieces: files and such.
        options: encoding, line ends and limit.

    Attributes:
        sha256: digest of all bytes; if the limit cut the text, of what is left, in UTF-8. It is
            that of the last reading that came to its end.
        cut: whether the limit cut the text then.
        size: how many bytes there are; None if some are packed.

    Example:
        >>> reading = Reading([Piece("a", lambda: iter([b"banana"]))], DataOptions(limit=3))
        >>> list(reading.characters()), reading.cut, reading.sha256[:8]
        (['ban'], True, 'b2a96c3d')
    """

    def __init__(self, pieces: Sequence[Piece], options: DataOptions) -> None:
        self._pieces = pieces
        self.options = options
        self.sha256 = ""
        self.cut = False
        packed = any(piece.packed for piece in pieces)
        self.size = None if packed else sum(piece.size for piece in pieces)

    def shortest(self) -> int:
        """Return how many characters the text has at least, as far as its size tells."""
        least = (self.size or 0) // widest(self.options)
        return least if self.options.limit is None else min(least, self.options.limit)

    def characters(self, seen: Callable[[bytes], object] = lambda _: None) -> Iterator[str]:
        """Yield the characters.

        Args:
            seen: is called with all bytes as they are read.

        Raises:
            UserError: as for `decoded`.
        """
        bytes_read = hashlib.sha256()
        kept = hashlib.sha256()
        left = self.options.limit

        def both(chunk: bytes) -> None:
            bytes_read.update(chunk)
            seen(chunk)

        for text in decoded(self._pieces, self.options, both):
            yield text[:left]
            if left is None:
                continue
            kept.update(text[:left].encode("utf-8", "surrogatepass"))
            if len(text) > left:
                self.sha256, self.cut = kept.hexdigest(), True
                return
            left -= len(text)
        self.sha256, self.cut = bytes_read.hexdigest(), False

    def digest(self, seen: Callable[[bytes], object]) -> str:
        """Return the text's `sha256`.

        Args:
            seen: as for `characters`.

        Raises:
            UserError: the text cannot be read.
        """
        if self.options.limit is not None:
            for _ in self.characters(seen):
                pass
            return self.sha256
        digest = hashlib.sha256()  # of bytes; there is no need to decode them
        for piece in self._pieces:
            for chunk in piece.chunks():
                digest.update(chunk)
                seen(chunk)
        return digest.hexdigest()


def widest(options: DataOptions) -> int:
    """Return how many bytes a character takes at most.

    Example:
        >>> widest(DataOptions()), widest(DataOptions(newlines="lf", encoding="utf-7"))
        (4, 24)
    """
    wide = codecs.lookup(options.encoding).name.startswith(("utf-8", "utf-16", "utf-32"))
    width = 1 if options.bytes else 4 if wide else 12  # iso2022_jp, unicode_escape, utf-7
    return 2 * width if options.newlines == "lf" else width  # CR LF becomes one character


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
