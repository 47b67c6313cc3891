"""What a user names becomes pieces of bytes: files, folders, archives, names or "-".

A packed file (.gz, .bz2, .xz, .zip) is read as what it holds. Its first bytes say what it is, not
its name.
"""

import bz2
import codecs
import gzip
import lzma
import os
import sys
import tempfile
import weakref
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from charlstm.errors import UserError, counted, say, unreadable
from charlstm.options import DataOptions
from charlstm.text.registry import named

CHUNK = 2**20  # bytes
LOOKED_AT = 8192  # first bytes of a file; a zero byte among them marks a binary file
IN_MEMORY = 2**25  # bytes of a stream that are kept in memory; more goes to a temporary file
SHOWN = 3  # names of left out files that are told

_PACKED: dict[bytes, Callable[[str], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_ZIP = b"PK\x03\x04"
_BROKEN = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile)
_DOCUMENTS = {"META-INF/container.xml": "an EPUB book", "[Content_Types].xml": "an Office document"}


@dataclass(frozen=True)
class Piece:
    """Bytes that can be read more than once.

    Attributes:
        name: what they are called in messages.
        opened: begins to read them: yields them chunk after chunk.
        size: how many there are; of packed ones how many they are as they lie on disk.
    """

    name: str
    opened: Callable[[], Iterator[bytes]]
    size: int = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes in chunks of about a megabyte.

        Raises:
            UserError: they cannot be read, or a packed file is broken.
        """
        try:
            yield from self.opened()
        except _BROKEN as error:
            raise UserError(
                f"{self.name}: a packed file that cannot be unpacked ({error}); unpack it with the"
                " program that made it, or fetch it again"
            ) from None
        except OSError as error:
            raise unreadable(self.name, error, "give a text that can be read") from None

    def is_binary(self) -> bool:
        """Whether a zero byte is among the first bytes."""
        return b"\0" in next(self.chunks(), b"")[:LOOKED_AT]


def pieces_of(source: str, options: DataOptions) -> list[Piece]:
    """Return what a file, a folder, a name or "-" stands for.

    A folder stands for the text files in it and below it, in sorted order. A line on standard error
    says which were read and which were not.

    Raises:
        UserError: there is no such thing, it cannot be read, or it has no text.
    """
    if source == "-":
        return [_spooled("standard input", standard_input())]
    path = Path(source)
    if not path.exists():
        return [piece for path in named(source) for piece in file_pieces(path)]
    if path.is_dir():
        return folder_pieces(path, options)
    return file_pieces(path)


def standard_input() -> BinaryIO:
    """Return standard input, as bytes.

    Raises:
        UserError: it is closed.
    """
    if sys.stdin is None:
        raise UserError("standard input is closed; name a file instead of -")
    return sys.stdin.buffer


def file_pieces(path: Path) -> list[Piece]:
    """Return a file, or the files in a zip archive.

    Raises:
        UserError: it cannot be read, or is a document of another kind.
    """
    try:
        if not path.is_file():  # a pipe, say, which can be read only once
            with path.open("rb") as stream:
                return [_spooled(str(path), stream)]
        with path.open("rb") as file:
            start = file.read(6)
        size = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error, "give a text that can be read") from None
    if start.startswith(_ZIP):
        return _archive(path)
    for mark, unpack in _PACKED.items():
        if start.startswith(mark):
            return [Piece(str(path), lambda unpack=unpack: _read(unpack(str(path))), size)]  # type: ignore[misc]
    return [Piece(str(path), lambda: _read(path.open("rb")), size)]


def _archive(path: Path) -> list[Piece]:
    """Return the files in a zip archive, sorted by name."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = sorted(archive.infolist(), key=lambda member: member.filename)
    except _BROKEN as error:
        raise UserError(f"{path}: a zip archive that cannot be read ({error})") from None
    for member in members:
        if member.filename in _DOCUMENTS:
            raise UserError(
                f"{path}: {_DOCUMENTS[member.filename]}, not plain text; save it as plain text"
                " (.txt, UTF-8), and give that file"
            )

    def read(member: zipfile.ZipInfo) -> Iterator[bytes]:
        with zipfile.ZipFile(path) as archive:
            yield from _read(archive.open(member))

    found = [
        Piece(f"{path}/{member.filename}", lambda member=member: read(member), member.file_size)  # type: ignore[misc]
        for member in members
        if not member.is_dir()
    ]
    if any(member.flag_bits & 1 for member in members):
        raise UserError(f"{path}: a zip archive with a password; unpack it, and give its files")
    return _texts(str(path), found, [], wide=False)


def folder_pieces(folder: Path, options: DataOptions, most: int | None = None) -> list[Piece]:
    """Return the text files in a folder and below it, sorted; say what they are.

    Args:
        folder: where to look.
        options: encoding, and whether bytes are wanted.
        most: so many files and folders are looked at.

    Raises:
        UserError: there is no text file, one cannot be read, or there are more than `most`.
    """
    hidden = []
    paths: list[Path] = []
    seen = 0

    def refuse(error: OSError) -> None:
        raise unreadable(error.filename, error, "give yourself the right to read it, or move it")

    for place, folders, files in os.walk(folder, onerror=refuse):
        seen += len(folders) + len(files)
        if most is not None and seen > most:
            raise UserError(
                f"{folder}: holds more than {most:,} files and folders; name the text as CORPUS"
            )
        for name in [*folders, *files]:
            if name.startswith("."):
                hidden.append(str(Path(place, name)))
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [Path(place, name) for name in files if not name.startswith(".")]
    # some of the kernel's files have no size, and wait for news when they are read
    full = (path for path in sorted(paths) if path.is_file() and path.stat().st_size)
    pieces = [piece for path in full for piece in file_pieces(path)]
    wide = codecs.lookup(options.encoding).name.startswith(("utf-16", "utf-32"))
    return _texts(str(folder), pieces, hidden, wide or options.bytes)


def _texts(name: str, pieces: list[Piece], hidden: list[str], wide: bool) -> list[Piece]:
    """Leave out what is not text, and say what was taken and what was not.

    Args:
        name: of the folder or archive.
        pieces: what is in it.
        hidden: names of what was not even looked at.
        wide: whether a text may have zero bytes, too.

    Raises:
        UserError: nothing is left.
    """
    texts = []
    binary = []
    for piece in pieces:
        if wide or not piece.is_binary():
            texts.append(piece)
        else:
            binary.append(piece.name)
    if not texts:
        raise UserError(f"{name}: no text file in this folder; name a file, or another folder")
    endings = Counter(PurePosixPath(piece.name).suffix or "without ending" for piece in texts)
    kinds = ", ".join(f"{count:,} {ending}" for ending, count in endings.most_common())
    told = f"{name}: {counted(len(texts), 'file')} read: {kinds}"
    for names, why in ((binary, "not text"), (hidden, "hidden")):
        if names:
            shown = ", ".join(
                left.removeprefix(f"{name}{os.sep}") for left in sorted(names)[:SHOWN]
            )
            more = " ..." if len(names) > SHOWN else ""
            told += f"; {len(names):,} left out, {why}: {shown}{more}"
    say(told)
    return texts


def _spooled(name: str, stream: IO[bytes]) -> Piece:
    """Keep what can be read only once, in memory or in a temporary file."""
    kept = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (closed below)
    size = 0
    while chunk := stream.read(CHUNK):
        kept.write(chunk)
        size += len(chunk)

    def again() -> Iterator[bytes]:
        kept.seek(0)
        return iter(lambda: kept.read(CHUNK), b"")

    piece = Piece(name, again, size)
    weakref.finalize(piece, kept.close)
    return piece


def _read(stream: IO[bytes]) -> Iterator[bytes]:
    with stream:
        yield from iter(lambda: stream.read(CHUNK), b"")
