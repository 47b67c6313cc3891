"""A file that is replaced whole: whatever happens, its name stands for the old or the new content.

The new content goes to a temporary file beside the old one, is flushed to disk, and then takes the
old one's name. Each writer has a temporary file of its own, `NAME.<16 hex digits>.tmp`. So of two
who write at once, the later one wins with the whole of its content.

A writer that was killed leaves its temporary file behind. The next one who writes the same file
removes it once it is a day old. Nobody can tell sooner whether its writer still lives, because that
may run on another machine which shares the folder. So a temporary file that stays the same for a
day is lost, even if somebody still wants it.

On Windows the last step fails while another program has the old file open: a virus scanner, an
indexer, a program that synchronises the folder. These let go after a moment, so it is tried again.
"""

import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from charlstm.errors import UserError, option, unreadable

HELD = (5, 32, 33)  # Windows' errors: access denied, sharing violation, lock violation
WAITS = [0.05 * 2**n for n in range(9)]  # seconds between the tries; all together 25.55
ABANDONED = 24 * 60 * 60  # seconds; a temporary file of this age has no writer any more
AGAIN = "free some space, then run the command again"
# errors that no free space heals: a file where a folder should be, a name that is too long
NO_PLACE = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)
# what systems answer that cannot open or flush a folder: Windows, some shared folders
NO_FLUSH = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # open no link under a name that others can guess


def write_atomically(path: Path, content: bytes, remedy: str = AGAIN) -> None:
    """Replace a file, or make a new one; its folder is made, too.

    Args:
        path: the file.
        content: all of it.
        remedy: what the user can do if the file cannot be written.

    Raises:
        UserError: the folder cannot be made or written, the disk is full, or another program keeps
            the file. The old file stays as it was. In the last case the new content stays, too: in
            the temporary file, which the message names.
    """
    with replacing(path, remedy) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path, remedy: str) -> Iterator[BinaryIO]:
    """Yield a file to write into; when the block ends, it takes the place of `path`.

    An error in the block leaves the old file as it was, and nothing else.

    Args:
        path: as for `write_atomically`.
        remedy: as for `write_atomically`.

    Raises:
        UserError: as for `write_atomically`.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    replaced = False
    try:
        make_folder(path.parent)
        _sweep(path)
        with temporary.open("xb") as file:  # exclusively: never a file or link that is there
            yield file
            file.flush()
            os.fsync(file.fileno())
        replaced = _replaced(temporary, path)
        if not replaced:
            raise _HeldError(
                f"{path}: another program has it open (a virus scanner, a folder that is"
                " synchronised, another command), or it is write-protected; the new content is safe"
                f" in {temporary} for a day: close that program, then rename this file to"
                f" {path.name}"
            )
        flush_folder(path.parent)
    except _HeldError:
        raise
    except OSError as error:
        remove(temporary)
        stays = "the old file is as it was; " if os.path.exists(path) and not replaced else ""
        no_place = remedy == AGAIN and error.errno in NO_PLACE
        advice = "name another place" if no_place else remedy
        raise unreadable(path, error, f"{stays}{advice}") from None
    except BaseException:
        remove(temporary)
        raise


class _HeldError(UserError):
    """Another program does not let go of the file; the new content is safe beside it."""


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing; their names outlast a power failure.

    Raises:
        OSError: it cannot be made.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        flush_folder(each.parent)


def _sweep(path: Path) -> None:
    """Remove what killed writers of a file have left behind, as far as that is allowed."""
    temporary = re.compile(re.escape(path.name) + r"\.[0-9a-f]{16}\.tmp")
    oldest = time.time() - ABANDONED
    with contextlib.suppress(OSError):  # some folders can be written but not listed
        for other in path.parent.iterdir():
            if temporary.fullmatch(other.name) and other.lstat().st_mtime < oldest:
                remove(other)


def remove(path: Path) -> None:
    """Remove a file, if that is allowed and it is there."""
    with contextlib.suppress(OSError):
        path.unlink()


def _replaced(temporary: Path, path: Path) -> bool:
    """Let one file take the other's name; return False if another program did not let go of it."""
    for wait in (0.0, *WAITS):
        time.sleep(wait)
        try:
            os.replace(temporary, path)
            return True
        except PermissionError as error:
            if getattr(error, "winerror", None) not in HELD:  # elsewhere no program can hold a file
                raise
    return False


def check_target(path: Path, force: bool) -> None:
    """Refuse a place for a command's result before minutes of work, not after them.

    Args:
        path: where `--out` wants the file.
        force: a file that is there already may be replaced.

    Raises:
        UserError: a file is there already, or none can be.
    """
    advice = f"name another file with {option('out')}"
    if path.is_dir():
        raise UserError(f"{path}: this is a folder; {advice}")
    if path.exists() and not force:
        raise UserError(f"{path}: exists already; replace it with {option('force')}, or {advice}")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UserError(f"{path}: {folder} takes no new file; {advice}")


def flush_folder(folder: Path) -> None:
    """Let new names outlast a power failure, where the system can open and flush a folder.

    Raises:
        OSError: the disk fails, or is full.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in NO_FLUSH:  # else the file is whole without it
            raise OSError(error.errno, error.strerror, str(folder)) from None
