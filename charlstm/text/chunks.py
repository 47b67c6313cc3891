"""Bytes that can be read more than once, a chunk at a time, and the errors of reading them."""

import contextlib
import lzma
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any

from charlstm.errors import UserError, unreadable

CHUNK = 2**20  # bytes
LOOKED_AT = 8192  # first bytes of a file, which say what it is
IN_MEMORY = 2**25  # bytes of a stream that are kept in memory; more goes to a temporary file

BROKEN = (  # the last two: packed in a way that this Python does not know, and an odd name
    EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, UnicodeError,
)  # fmt: skip

Opens = Callable[[], AbstractContextManager[IO[bytes]]]


class NoTextError(UserError):
    """A file that is no text. In a folder it is left out, and the reason is told."""

    def __init__(self, name: object, reason: str, advice: str = "") -> None:
        super().__init__(f"{name}: {reason}{advice}")
        self.reason = reason


@dataclass(frozen=True)
class Piece:
    """Bytes that can be read more than once.

    Attributes:
        name: what they are called in messages.
        opened: begins to read them: yields them chunk after chunk.
        size: how many there are; of packed ones how many they are as they lie on disk.
        packed: whether there are more than that, and nobody knows how many.
    """

    name: str
    opened: Callable[[], Iterator[bytes]]
    size: int = 0
    packed: bool = False

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes in chunks of about a megabyte.

        Raises:
            NoTextError: a packed file is broken.
            UserError: they cannot be read.
        """
        try:
            yield from self.opened()
        except (*BROKEN, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise unreadable(self.name, error, "give a text that can be read") from None
            advice = f" ({error}); unpack it with the program that made it, or fetch it again"
            raise NoTextError(self.name, "a packed file that cannot be unpacked", advice) from None

    def start(self, length: int = LOOKED_AT) -> bytes:
        """Return the first bytes, so many if there are as many.

        Raises:
            UserError: as for `chunks`.

        Example:
            >>> Piece("x", lambda: iter([b"ab", b"", b"cd", b"e"])).start(3)
            b'abc'
        """
        return begun(self.chunks(), length)[:length]


def begun(chunks: Iterator[bytes], length: int) -> bytes:
    """Take chunks until they have so many bytes, or more, or there are no others."""
    start = b""
    while len(start) < length:
        chunk = next(chunks, None)
        if chunk is None:
            break
        start += chunk
    return start


def read_all(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what a stream holds, in chunks."""
    yield from iter(lambda: stream.read(CHUNK), b"")


def spooled(name: str, stream: IO[bytes]) -> tuple[Opens, int]:
    """Keep what can be read only once, in memory or in a temporary file.

    Returns:
        what opens it, as often as it is called, one reader at a time; and how many bytes it has.

    Raises:
        UserError: it cannot be read, or there is no room for it.
    """
    kept: Any = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (closed below)
    size = 0
    for chunk in Piece(name, lambda: read_all(stream)).chunks():
        try:
            kept.write(chunk)
        except OSError as error:
            place = f"{name}: is kept in {tempfile.tempdir or 'a temporary folder'} meanwhile"
            advice = "free some space there, or name another folder with TMPDIR"
            raise unreadable(place, error, advice) from None
        size += len(chunk)

    def again() -> AbstractContextManager[IO[bytes]]:
        kept.seek(0)
        return contextlib.nullcontext(kept)

    weakref.finalize(again, kept.close)
    return again, size
