"""What a file holds: itself, or what was packed into it. Its first bytes say so, not its name."""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from charlstm.errors import unreadable
from charlstm.text.chunks import BROKEN, NoTextError, Opens, Piece, read_all, spooled
from charlstm.text.kinds import EPUB, OFFICE, OPEN_DOCUMENT, Kind

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second one is empty
_BZ2 = (b"1AY&SY", b"\x17rE8P\x90")  # after "BZh" and a digit; the second one is empty
_DOCUMENTS = {"META-INF/container.xml": EPUB, "[Content_Types].xml": OFFICE}
_MIMETYPES = {b"application/epub+zip": EPUB, b"application/vnd.oasis.opendocument": OPEN_DOCUMENT}


@dataclass(frozen=True)
class Held:
    """What a file holds.

    Attributes:
        pieces: the file itself, unpacked if it was packed; or the files in an archive, sorted.
        archive: whether it is an archive.
    """

    pieces: list[Piece]
    archive: bool = False


def held(path: Path, advice: str = "give a text that can be read") -> Held:
    """Return what a file holds.

    Args:
        path: the file.
        advice: what to do if it cannot be read.

    Raises:
        NoTextError: it is a document in an archive, or an archive that cannot be read.
        UserError: it cannot be read.
    """
    try:
        if not path.is_file():  # a pipe, say, which can be read only once
            with path.open("rb") as stream:
                return held_in_stream(str(path), stream)
        return _held(str(path), lambda: path.open("rb"), path.stat().st_size)
    except OSError as error:
        raise unreadable(path, error, advice) from None


def held_in_stream(name: str, stream: IO[bytes]) -> Held:
    """Return what a stream holds, which can be read only once.

    Args:
        name: what it is called in messages.
        stream: standard input, or a pipe.

    Raises:
        UserError: as for `held`, or there is no room to keep it.
    """
    return _held(name, *spooled(name, stream))


def _held(name: str, opens: Opens, size: int) -> Held:
    with opens() as file:
        start = file.read(10)
    if start.startswith(_ZIP):
        return Held(_archive(name, opens), archive=True)
    unpack = _packed(start)
    return Held([Piece(name, partial(_read, opens, unpack), size, unpack is not None)])


def _packed(start: bytes) -> Callable[[IO[bytes]], Any] | None:
    """Return what unpacks a file; None if it is not packed."""
    if start.startswith(b"\x1f\x8b"):
        return gzip.open
    if start.startswith(b"BZh") and start[4:] in _BZ2:
        return bz2.open
    return lzma.open if start.startswith(b"\xfd7zXZ\x00") else None


def _read(opens: Opens, unpack: Callable[[IO[bytes]], Any] | None) -> Iterator[bytes]:
    with opens() as file:
        if unpack is None:
            yield from read_all(file)
        else:
            with unpack(file) as inside:
                yield from read_all(inside)


def _archive(name: str, opens: Opens) -> list[Piece]:
    """Return the files in a zip archive, sorted by name."""
    try:
        with opens() as file, zipfile.ZipFile(file) as archive:
            members = sorted(archive.infolist(), key=lambda member: member.filename)
            if kind := _document(archive, members):
                raise NoTextError(name, kind.name, f", not plain text; {kind.advice}")
    except BROKEN as error:
        advice = f" ({error}); fetch it again"
        raise NoTextError(name, "a zip archive that cannot be read", advice) from None
    if any(member.flag_bits & 1 for member in members):
        advice = "; unpack it, and give its files"
        raise NoTextError(name, "a zip archive with a password", advice)

    def read(member: zipfile.ZipInfo) -> Iterator[bytes]:
        with opens() as file, zipfile.ZipFile(file) as archive, archive.open(member) as inside:
            yield from read_all(inside)

    return [
        Piece(f"{name}/{member.filename}", partial(read, member), member.file_size)
        for member in members
        if not member.is_dir()
    ]


def _document(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Kind | None:
    """Return what an archive is, if it is a document."""
    for member in members:
        if member.filename in _DOCUMENTS:
            return _DOCUMENTS[member.filename]
        if member.filename == "mimetype" and not member.flag_bits & 1:
            with archive.open(member) as inside:
                told = inside.read(100)
            for start, kind in _MIMETYPES.items():
                if told.startswith(start):
                    return kind
    return None
