"""Pieces of bytes become characters, a few million at a time.

The mark of an encoding, at the beginning of a piece, is left out. A piece that does not end its
last line gets a line end if another piece follows: else the last word of a file and the first of
the next one would become one. With the option `bytes`, all bytes stay as they are.
"""

import codecs
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from charlstm.errors import UserError, option
from charlstm.options import DataOptions
from charlstm.text.chunks import LOOKED_AT, Piece, begun
from charlstm.text.marks import LONGEST_MARK, encoding_of, looks_one_byte, mark_of


def decoded(
    pieces: Iterable[Piece], options: DataOptions, seen: Callable[[bytes], object]
) -> Iterator[str]:
    r"""Yield the characters of pieces of bytes, one after the other, in stretches of some length.

    Args:
        pieces: files and such.
        options: encoding and line ends; with `bytes` each byte becomes the character of its number.
        seen: is called with all bytes as they are read: without the mark of UTF-8, with the line
            ends that were put in.

    Raises:
        UserError: a piece cannot be read, or is not text in this encoding.

    Example:
        >>> first = Piece("a", lambda: iter([b"one\r", b"\ntwo"]))
        >>> second = Piece("b", lambda: iter([b"!"]))
        >>> list(decoded([first, second], DataOptions(newlines="lf"), len))
        ['one\ntwo', '\n', '!']
    """
    ends = io.IncrementalNewlineDecoder(None, translate=True)  # a CR LF may lie on a border
    for part in _parts(pieces, options):
        seen(part.told)
        for text in _characters(part, seen):
            yield ends.decode(text) if options.newlines == "lf" else text
    if last := ends.decode("", final=True):  # a CR at the very end
        yield last


class Reading:
    """A text that is read as often as it is asked: its characters up to a limit, and its digest.

    Args:
        pieces: files and such.
        options: encoding, line ends and limit.

    Attributes:
        sha256: digest of all bytes, as `decoded` tells them; if the limit cut the text, of what is
            left, in UTF-8. It is that of the last reading that came to its end.
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
        for part in _parts(self._pieces, self.options):
            for chunk in chain([part.told], part.chunks()):
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


@dataclass
class _Part:
    """A piece, or a line end between two pieces.

    Attributes:
        name: of the piece.
        encoding: of its bytes.
        skipped: the mark that they began with.
        told: that mark, if the digest needs it.
        first: the first bytes after it.
        rest: the others.
        last: the last bytes that were read.
    """

    name: str
    encoding: str
    skipped: bytes
    told: bytes
    first: bytes
    rest: Iterator[bytes]
    last: bytes = b""

    def chunks(self) -> Iterator[bytes]:
        for chunk in chain([self.first], self.rest):
            if chunk:
                self.last = (self.last + chunk)[-LONGEST_MARK:]
                yield chunk

    def line_end(self) -> bytes:
        """Return what ends its last line; nothing if that has ended, or there is none."""
        end, old_end = (each.encode(self.encoding) for each in "\n\r")
        return b"" if not self.last or self.last.endswith((end, old_end)) else end


def _parts(pieces: Iterable[Piece], options: DataOptions) -> Iterator[_Part]:
    """Yield the pieces, and between them the line ends that are missing.

    Each must be read to its end before the next one is asked for.
    """
    _check(options)
    is_utf_8 = codecs.lookup(options.encoding).name in ("utf-8", "utf-8-sig")
    before, missing = "utf-8", b""
    for piece in pieces:
        chunks = piece.chunks()
        if options.bytes:
            yield _Part(piece.name, "latin-1", b"", b"", b"", chunks)
            continue
        start = begun(chunks, LOOKED_AT)
        encoding = encoding_of(start, options.encoding, piece.name)
        mark = mark_of(start)
        # without the mark of UTF-8, these bytes say the same; without another one, they do not
        told = b"" if encoding == "utf-8" and is_utf_8 else mark
        if len(start) > len(mark):
            yield _Part(piece.name, before, b"", b"", missing, iter(()))
        part = _Part(piece.name, encoding, mark, told, start[len(mark) :], chunks)
        yield part
        if part.last:
            missing, before = part.line_end(), encoding


def _characters(part: _Part, seen: Callable[[bytes], object]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(part.encoding)()
    read = len(part.skipped)
    held = b""  # the first bytes of a character, which the decoder still holds
    for chunk in chain(part.chunks(), [b""]):
        seen(chunk)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            at = read - len(held) + error.start
            raise _wrong(part, held + chunk, error.start, at) from None
        except UnicodeError as error:  # some codecs tell no place
            raise UserError(
                f"{part.name}: {error}; name another encoding with {option('encoding')}"
            ) from None
        read += len(chunk)
        held = decoder.getstate()[0]
        if text:
            yield text


def _wrong(part: _Part, some: bytes, place: int, at: int) -> UserError:
    """Return the error for bytes that are not in their encoding.

    Args:
        part: whose bytes they are.
        some: a stretch of them.
        place: where in it the wrong one is.
        at: where that is in the file.
    """
    around = some[max(0, place - LOOKED_AT // 2) : place + LOOKED_AT // 2]
    as_bytes = f"model bytes with {option('bytes')}"
    if part.skipped:
        advice = f"but its mark says so, so it is damaged; save it again, or {as_bytes}"
    elif looks_one_byte(around):
        advice = (
            f"name the encoding with {option('encoding')} (cp1252 or latin-1 for Western Europe,"
            f" cp1251, koi8-r, gb18030, shift_jis ...), or {as_bytes}"
        )
    else:
        advice = f"it does not look like text in another encoding; give a text, or {as_bytes}"
    return UserError(
        f"{part.name}: byte 0x{some[place]:02x} at offset {at} is not {part.encoding}; {advice}"
    )


def _check(options: DataOptions) -> None:
    """Refuse a codec for something other than text, such as hex.

    Raises:
        UserError: it is one.
    """
    try:
        b"a".decode(options.encoding)
    except UnicodeDecodeError:
        pass  # two bytes a character, say
    except (LookupError, UnicodeError) as error:
        given = option("encoding", options.encoding)
        raise UserError(f"{given}: {error}; name a text encoding") from None
