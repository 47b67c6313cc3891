"""The folder for what can be made again, and the right to write there.

What a killed writer leaves there may be gigabytes. So only one process at a time writes in a
folder, and the next one removes all temporary files before it begins. The operating system's lock
says who that is; it ends with the process, by SIGKILL, too. Where the file system has no locks, all
write at once, and `atomic_file` removes what is a day old. If machines share a folder and do not
see each other's locks (NFS with `nolock`), one may remove what another writes: the other's command
then ends with an error, and no file is wrong.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from charlstm.errors import UserError, say, unreadable
from charlstm.machine.atomic_file import NO_LINK, make_folder, remove

LOCK = "lock"
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # what systems without locks answer


def cache_folder(wanted: str, advice: str) -> Path:
    """Return the folder for what can be made again: `~/.cache/charlstm` on Linux.

    Args:
        wanted: what it is for, such as "long texts".
        advice: what the user can do if there is none.

    Raises:
        UserError: the user has no home folder.
    """
    import platformdirs  # not at the top: `charlstm.sample` reads this file, and needs no cache

    with contextlib.suppress(RuntimeError):  # without a home; some versions return "~/..." instead
        folder = platformdirs.user_cache_path("charlstm", appauthor=False)
        if folder.is_absolute():
            return folder
    raise UserError(
        f"the folder for {wanted} is not known, because this user has no home folder; {advice}"
    )


@contextlib.contextmanager
def writing_alone(folder: Path, advice: str) -> Iterator[None]:
    """Let no other process write in a folder meanwhile; first remove what killed ones left there.

    It waits for another one, and says so.

    Args:
        folder: where to write; it is made if it is not there.
        advice: what the user can do if it cannot be written.

    Raises:
        UserError: it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     left = Path(folder, "half.tmp")
        ...     left.touch()
        ...     with writing_alone(Path(folder), "name another folder"):
        ...         left.exists()
        False
    """
    path = folder / LOCK
    try:
        make_folder(folder)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | NO_LINK, 0o666)
    except OSError as error:
        raise unreadable(path, error, advice) from None
    try:
        if _lock(descriptor, path, advice):
            for left in folder.glob("*.tmp"):
                remove(left)
        yield
    finally:
        os.close(descriptor)  # this gives the lock back


def _lock(descriptor: int, path: Path, advice: str) -> bool:
    """Wait for the lock; return False if this file system has none."""
    from filelock import lock_descriptor  # not at the top: few commands write here

    try:
        if not lock_descriptor(descriptor, blocking=False):
            say(f"{path.parent}: another process prepares a text there; waiting for it")
            lock_descriptor(descriptor)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise unreadable(path, error, advice) from None
        return False
    return True
