"""Who trains in a folder. Nobody else may, for as long as that process lives.

The file `lock` in a run's folder is locked, and says by whom. The lock is not the file, which stays
when the training is over. It is the operating system's, and ends with the process, by SIGKILL, too.
So nothing is left to clear away, and the folder can be resumed at once.

| where the folder is | who else is kept out |
| --- | --- |
| on a disk of this machine | all processes |
| on NFS | those of all machines; with `nolock` or `local_lock`, only those of this one |
| on SMB, Lustre, FUSE | as for NFS, by how it is mounted (`nobrl`, `flock`) |
| on a file system without locks | nobody; a line says so, and the training goes on |

If a machine dies, an NFS server lets its locks go some time later (NFSv4: after the lease, usually
90 seconds). We have tried only a disk of one machine; the other rows are what Linux documents.
"""

import datetime
import os
import socket
import stat
import time
import weakref
from pathlib import Path

from filelock import lock_descriptor

from charlstm.errors import UserError, option, say, unreadable
from charlstm.machine.atomic_file import NO_LINK, make_folder
from charlstm.machine.cache import NO_LOCKS

FILE = "lock"
SIGNING = 0.3  # seconds; who has just got the lock has signed by then
MOST_BYTES = 300  # of what is read of the file: a line


class TakenError(UserError):
    """The folder is another run's."""


class Claim:
    """The right to write in a folder. It ends with its last reference."""

    def __init__(self, descriptor: int) -> None:
        self.let_go = weakref.finalize(self, os.close, descriptor)


# by the lock file's device and number, not its name: a folder may be removed and made again
_claims: weakref.WeakValueDictionary[tuple[int, int], Claim] = weakref.WeakValueDictionary()


def claim(
    folder: Path,
    if_taken: str = "wait until it has ended",
    if_unwritable: str = "make it writable, or copy the run to a folder that is",
) -> Claim:
    """Take a folder for this process; make it if it is not there.

    Within a process all claims to a folder are one. So a notebook can resume a run that it has
    broken off, although it still holds the old one.

    Args:
        folder: where to train.
        if_taken: what the user can do instead of stopping another process.
        if_unwritable: what the user can do if the folder cannot be written.

    Raises:
        TakenError: another process has it.
        UserError: the folder cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mine = claim(Path(folder))
        ...     also_mine = claim(Path(folder))
        >>> mine is also_mine
        True
    """
    path = folder / FILE
    try:
        make_folder(folder)
        descriptor = open_plain(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise unreadable(path, error, if_unwritable) from None
    mine = Claim(descriptor)
    status = os.fstat(descriptor)
    key = (status.st_dev, status.st_ino)
    if key in _claims:
        return _claims[key]
    try:
        if not lock_descriptor(descriptor, blocking=False):
            raise TakenError(f"{folder}: {_holder(descriptor)}; stop it, or {if_taken}")
        _sign(descriptor)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise unreadable(path, error, if_unwritable) from None
        say(f"{folder}: this file system has no locks; let no other training write there")
    _claims[key] = mine
    return mine


def claim_new(folder: Path) -> Claim:
    """Take a folder for a new run; see `claim`.

    Raises:
        TakenError: it holds a run already, or as for `claim`.
        UserError: as for `claim`.
    """
    elsewhere = f"name another folder with {option('out')}"
    mine = claim(folder, elsewhere, elsewhere)
    check_free(folder)
    return mine


def check_free(folder: Path) -> None:
    """Refuse a folder that holds a run already, without making it.

    Raises:
        TakenError: it does.
        UserError: it is no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: a file; name a folder for the run with {option('out')}")
    if any((folder / name).exists() for name in ("model.safetensors", "resume.safetensors")):
        elsewhere = f"name another folder with {option('out')}"
        claim(folder, elsewhere, elsewhere)  # if it is at work, that is what the user should know
        raise TakenError(
            f"{folder}: already holds a run; {elsewhere}, or go on with it by"
            f" {option('resume', folder)}"
        )


def open_plain(path: str | Path, flags: int) -> int:
    """Open a file of a run as `os.open` does, but no link, pipe or device.

    Raises:
        UserError: it is no plain file.
        OSError: it cannot be opened.
    """
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        raise UserError(f"{path}: not a plain file; remove it")
    return os.open(path, flags | NO_LINK, 0o666)


def _sign(descriptor: int) -> None:
    """Write down who this is, after a byte that Windows lets nobody read while it is locked."""
    since = datetime.datetime.now().astimezone().isoformat(" ", "minutes")
    who = f"\nprocess {os.getpid()} on {socket.gethostname()} has been at work here since {since}\n"
    os.ftruncate(descriptor, 0)
    os.write(descriptor, who.encode())


def _holder(descriptor: int) -> str:
    """Return who holds the lock. Others can write this file, so it is only shown, on one line."""
    time.sleep(SIGNING)
    os.lseek(descriptor, 1, os.SEEK_SET)
    who = os.read(descriptor, MOST_BYTES).decode("utf-8", "replace").strip()
    shown = "".join(c if c.isprintable() else "?" for c in who)
    return shown or "another process has been at work here"


def _in_a_forked_child() -> None:
    """Leave the locks to the parent alone: else they would outlive it with the child."""
    for each in list(_claims.values()):
        each.let_go()
    _claims.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_forked_child)
