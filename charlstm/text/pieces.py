"""What a user names becomes pieces of bytes: files, folders, archives, names or "-".

A packed file (.gz, .bz2, .xz, .zip) is read as what it holds. Its first bytes say what it is, not
its name.
"""

import bz2
import codecs
import contextlib
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
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second one is empty
_BROKEN = (  # the last two: packed in a way that this Python does not know, and an odd name
    EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, UnicodeError,
)  # fmt: skip
_DOCUMENTS = {"META-INF/container.xml": "an EPUB book", "[Content_Types].xml": "an Office document"}


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
        except (*_BROKEN, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise unreadable(self.name, error, "give a text that can be read") from None
            advice = f" ({error}); unpack it with the program that made it, or fetch it again"
            raise NoTextError(self.name, "a packed file that cannot be unpacked", advice) from None

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


def file_pieces(path: Path, in_folder: bool = False) -> list[Piece]:
    """Return a file, or the text files in a zip archive, and say what these are.

    Args:
        path: the file.
        in_folder: it was not named itself, but a folder. So nothing is said, and all files in an
            archive are returned: the folder's own line tells of them.

    Raises:
        NoTextError: it is a document of another kind, or an archive that cannot be read.
        UserError: it cannot be read.
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
        members = _archive(path)
        return members if in_folder else _texts(str(path), "archive", members, {})
    for mark, unpack in _PACKED.items():
        if start.startswith(mark):
            return [Piece(str(path), lambda unpack=unpack: _read(unpack(str(path))), size, True)]  # type: ignore[misc]
    return [Piece(str(path), lambda: _read(path.open("rb")), size)]


def _archive(path: Path) -> list[Piece]:
    """Return the files in a zip archive, sorted by name."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = sorted(archive.infolist(), key=lambda member: member.filename)
    except _BROKEN as error:
        advice = f" ({error}); fetch it again"
        raise NoTextError(path, "a zip archive that cannot be read", advice) from None
    for member in members:
        if member.filename in _DOCUMENTS:
            advice = ", not plain text; save it as plain text (.txt, UTF-8), and give that file"
            raise NoTextError(path, _DOCUMENTS[member.filename], advice)
    if any(member.flag_bits & 1 for member in members):
        advice = "; unpack it, and give its files"
        raise NoTextError(path, "a zip archive with a password", advice)

    def read(member: zipfile.ZipInfo) -> Iterator[bytes]:
        with zipfile.ZipFile(path) as archive:
            yield from _read(archive.open(member))

    return [
        Piece(f"{path}/{member.filename}", lambda member=member: read(member), member.file_size)  # type: ignore[misc]
        for member in members
        if not member.is_dir()
    ]


def folder_pieces(folder: Path, options: DataOptions, most: int | None = None) -> list[Piece]:
    """Return the text files in a folder and below it, sorted; say what they are.

    Args:
        folder: where to look.
        options: encoding, and whether bytes are wanted.
        most: so many files and folders are looked at.

    Raises:
        UserError: there is no text file, one cannot be read, or there are more than `most`.
    """
    left: dict[str, list[str]] = {}
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
            if reason := _unread(Path(place, name)):
                left.setdefault(reason, []).append(str(Path(place, name)))
            elif name in files:
                paths.append(Path(place, name))
        folders[:] = [name for name in folders if not name.startswith(".")]
    pieces = []
    for path in sorted(paths):
        with _leaving_out(left, str(path)):
            pieces += file_pieces(path, in_folder=True)
    wide = codecs.lookup(options.encoding).name.startswith(("utf-16", "utf-32"))
    return _texts(str(folder), "folder", pieces, left, wide or options.bytes)


def _unread(path: Path) -> str:
    """Return why a file or a folder in a folder is not read; empty if it is."""
    if path.name.startswith("."):
        return "hidden"
    if path.is_dir():
        return "a link to a folder" if path.is_symlink() else ""
    if not path.is_file():
        return "not a file"
    # some of the kernel's files have no size, and wait for news when they are read
    return "" if path.stat().st_size else "empty"


@contextlib.contextmanager
def _leaving_out(left: dict[str, list[str]], name: str) -> Iterator[None]:
    """Add a file to those that are left out, by the reason, if it is no text."""
    try:
        yield
    except NoTextError as error:
        left.setdefault(error.reason, []).append(name)


def _texts(
    name: str, kind: str, pieces: list[Piece], left: dict[str, list[str]], wide: bool = False
) -> list[Piece]:
    """Leave out what is not text, and say what was taken and what was not.

    Args:
        name: of the folder or archive.
        kind: "folder" or "archive".
        pieces: what is in it.
        left: names of what was left out already, by the reason.
        wide: whether a text may have zero bytes, too.

    Raises:
        UserError: nothing is left.
    """
    texts = []
    for piece in pieces:
        with _leaving_out(left, piece.name):
            if piece.is_binary() and not wide:
                raise NoTextError(piece.name, "not text")
            texts.append(piece)
    if not texts:
        raise UserError(f"{name}: no text file in this {kind}; name a file, or another folder")
    endings = Counter(PurePosixPath(piece.name).suffix or "without ending" for piece in texts)
    kinds = ", ".join(f"{count:,} {ending}" for ending, count in endings.most_common())
    told = f"{name}: {counted(len(texts), 'file')} read: {kinds}"
    for why, names in sorted(left.items(), reverse=True):
        shown = ", ".join(each[len(name) + 1 :] for each in sorted(names)[:SHOWN])
        more = " ..." if len(names) > SHOWN else ""
        told += f"; {len(names):,} left out, {why}: {shown}{more}"
    say(told)
    return texts


def _spooled(name: str, stream: IO[bytes]) -> Piece:
    """Keep what can be read only once, in memory or in a temporary file.

    Raises:
        UserError: it cannot be read, or there is no room for it.
    """
    kept = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (closed below)
    size = 0
    for chunk in Piece(name, lambda: iter(lambda: stream.read(CHUNK), b"")).chunks():
        try:
            kept.write(chunk)
        except OSError as error:
            place = f"{name}: is kept in {tempfile.tempdir or 'a temporary folder'} meanwhile"
            advice = "free some space there, or name another folder with TMPDIR"
            raise unreadable(place, error, advice) from None
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
