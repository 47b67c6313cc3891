"""The files in a download from a learning-management system: a folder, a zip or one notebook.

A student may have handed in a zip. It counts as a folder: `ada.zip` with `ps4.ipynb` in it is
`ada/ps4.ipynb`. A zip inside that one stays closed.

Nothing is ever unpacked to disk. The files of a zip are read into memory, one at a time.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from charlstm.errors import UserError, unreadable

MAX_BYTES = 50_000_000  # largest file; a notebook with all its figures has about one million
MAX_FILES = 1000  # most files in a student's zip
# what zipfile raises: NotImplementedError is a RuntimeError, UnicodeDecodeError a ValueError
_NO_ZIP = (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, struct.error)
_ENTRY = b"PK\x01\x02"  # begins each file's entry in the directory of a zip


@dataclass(frozen=True)
class File:
    """A file that was handed in.

    Attributes:
        name: its path in the folder or zip, with `/`.
        time: when it was changed; a larger number is later.
        read: returns its bytes, or raises `OSError` or `ValueError` with the reason.
        closed: for a student's zip that was not opened, why; "" for any other file.
        student: the id of the student who sent it, if something beside the file says so; else "".
        attempt: when that system took it in, as a number such as 20261102235959; 0 if unknown.
    """

    name: str
    time: float
    read: Callable[[], bytes]
    closed: str = ""
    student: str = ""
    attempt: int = 0


def files_in(path: Path) -> list[File]:
    """List the files in a folder, in a zip, or the one notebook itself; open students' zips.

    Raises:
        UserError: nothing is there, it cannot be read, or it is no zip.
    """
    try:
        if path.is_dir():
            found = list(_in_folder(path))
        elif path.suffix.lower() == ".ipynb" and path.is_file():
            found = [File(path.name, path.stat().st_mtime, partial(read_limited, path))]
        else:
            found = list(_in_zip(partial(zipfile.ZipFile, path)))
    except zipfile.BadZipFile as error:
        raise UserError(
            f"{path}: neither a folder nor a zip ({error}); give what was downloaded"
        ) from None
    except _NO_ZIP as error:  # a name or a version that Python cannot read
        raise UserError(f"{path}: {_why(error)}; unpack it yourself, and give the folder") from None
    except OSError as error:
        raise unreadable(path, error, "give a folder or a zip of notebooks") from None
    opened = (inside for file in found for inside in _opened(file))
    return sorted(opened, key=lambda file: file.name)


def _opened(file: File) -> list[File]:
    """Return the files in a student's zip; any other file itself, and a zip that is refused."""
    if not file.name.lower().endswith(".zip"):
        return [file]

    def archive() -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(file.read()))

    try:
        if file.read().count(_ENTRY) > MAX_FILES:  # before a list of them fills the memory
            raise ValueError(f"more than {MAX_FILES:,} files in it")
        members = list(_in_zip(archive))
    except (*_NO_ZIP, OSError) as error:
        return [replace(file, closed=f"a zip that was not opened: {_why(error)}")]
    folder = file.name[: -len(".zip")]
    return [
        replace(
            member,
            name=f"{folder}/{member.name}",
            time=file.time,
            closed="in another zip" if member.name.lower().endswith(".zip") else "",
        )
        for member in members
    ]


def _why(error: Exception) -> str:
    """Say in a line why a zip cannot be read."""
    if isinstance(error, UnicodeDecodeError):
        return "a name in the zip is not the UTF-8 that it claims to be"
    return " ".join(str(error).split()) or "damaged"


def _hidden(name: str) -> bool:
    """Whether the name says that an operating system or an editor made the file, not a student."""
    parts = PurePosixPath(name).parts
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts)


def _in_folder(folder: Path) -> Iterator[File]:
    for root, _, names in os.walk(folder):
        for path in (Path(root, name) for name in names):
            name = path.relative_to(folder).as_posix()
            if not _hidden(name):
                time = path.lstat().st_mtime
                yield File(name, time, partial(read_limited, path))


def read_limited(path: Path) -> bytes:
    """Read a file, at most to the limit.

    Raises:
        ValueError: it is a link, or larger.
        OSError: it cannot be read.
    """
    if path.is_symlink():
        raise ValueError("a link")
    if not path.is_file():
        raise ValueError("no regular file")  # a pipe would be waited for
    with path.open("rb") as file:
        return _not_too_long(file.read(MAX_BYTES + 1))


class _TooLargeError(ValueError):
    """A file beyond the limit."""


def _not_too_long(read: bytes) -> bytes:
    if len(read) > MAX_BYTES:
        raise _TooLargeError(f"larger than {MAX_BYTES // 1_000_000} MB")
    return read


def _in_zip(archived: Callable[[], zipfile.ZipFile]) -> Iterator[File]:
    """Yield the files of a zip, which `archived` opens."""
    with archived() as archive:
        for info in archive.infolist():
            name = info.filename.replace("\\", "/")
            if not info.is_dir() and not _hidden(name):
                stamp = "".join(f"{number:02}" for number in info.date_time)
                time = float(stamp)  # such as 20261121230000: good only for comparing
                yield File(name, time, partial(_member, archived, info))


def _member(archived: Callable[[], zipfile.ZipFile], info: zipfile.ZipInfo) -> bytes:
    """Read one file of a zip, at most to the limit, as its header may lie about its length."""
    try:
        with archived() as archive, archive.open(info) as file:
            return _not_too_long(file.read(MAX_BYTES + 1))
    except _TooLargeError:
        raise
    except _NO_ZIP as error:
        raise ValueError(f"damaged or locked in the zip: {_why(error)}") from None
