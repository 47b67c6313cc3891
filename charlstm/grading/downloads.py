"""The files in a download from a learning-management system: a folder, a zip or one notebook.

Nothing is ever unpacked to disk. The files of a zip are read into memory, one at a time.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from charlstm.errors import UserError, unreadable

MAX_BYTES = 50_000_000  # largest file; a notebook with all its figures has about one million


@dataclass(frozen=True)
class File:
    """A file that was handed in.

    Attributes:
        name: its path in the folder or zip, with `/`.
        time: when it was changed; a larger number is later.
        read: returns its bytes, or raises `OSError` or `ValueError` with the reason.
    """

    name: str
    time: float
    read: Callable[[], bytes]


def files_in(path: Path) -> list[File]:
    """List the files in a folder, in a zip, or the one notebook itself.

    Raises:
        UserError: nothing is there, it cannot be read, or it is no zip.
    """
    try:
        if path.is_dir():
            return sorted(_in_folder(path), key=lambda file: file.name)
        if path.suffix.lower() == ".ipynb" and path.is_file():
            return [File(path.name, path.stat().st_mtime, partial(_limited, path))]
        return sorted(_in_zip(path), key=lambda file: file.name)
    except zipfile.BadZipFile as error:
        raise UserError(
            f"{path}: neither a folder nor a zip ({error}); give what was downloaded"
        ) from None
    except OSError as error:
        raise unreadable(path, error, "give a folder or a zip of notebooks") from None


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
                yield File(name, time, partial(_limited, path))


def _limited(path: Path) -> bytes:
    if path.is_symlink():
        raise ValueError("a link")
    with path.open("rb") as file:
        return _not_too_long(file.read(MAX_BYTES + 1))


def _not_too_long(read: bytes) -> bytes:
    if len(read) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES // 1_000_000} MB")
    return read


def _in_zip(path: Path) -> Iterator[File]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.replace("\\", "/")
            if not info.is_dir() and not _hidden(name):
                stamp = "".join(f"{number:02}" for number in info.date_time)
                time = float(stamp)  # such as 20261121230000: good only for comparing
                yield File(name, time, partial(_member, path, info))


def _member(path: Path, info: zipfile.ZipInfo) -> bytes:
    """Read one file of a zip, at most to the limit, as its header may lie about its length."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(info) as file:
            return _not_too_long(file.read(MAX_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise ValueError(f"damaged or locked in the zip: {error}") from None
