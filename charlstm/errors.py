"""How a command ends: with an exit code, and with one line if the user must change something.

| code | meaning |
| --- | --- |
| 0 | done, or the reader of a pipe went away |
| 2 | the user must change something: one line `error: ...` on standard error |
| 129, 130, 143 | stopped by SIGHUP, Ctrl-C or SIGTERM, after saving; on Windows 149 by Ctrl-Break |

SIGHUP comes when an SSH session ends.
"""

import contextlib
import errno
import functools
import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

from charlstm.quoting import ON_WINDOWS, quoted

CLOSED = "standard output is closed; leave it open, or send it to a file"
LONGEST_LINE = 4000  # characters of an error; a file may name what is as long as itself
# what a terminal obeys instead of showing it, and what turns the direction of writing around
CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
OUT_OF_MEMORY = re.compile("allocate memory|out of memory|_ALLOC_FAILED")  # CPU, GPU, its libraries
NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", None), errno.EFBIG)
NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
LARGEST_SHOWN = 1e6  # a larger figure is shown as 1.234e+09, so that tables keep their columns
_at_command_line: ContextVar[bool] = ContextVar("at_command_line", default=False)


class UserError(ValueError):
    """Something that only the user can put right.

    The message says what was given, where, what is allowed and what to do next, in one line.

    Example:
        >>> raise UserError(f"{option('layers')} is 0; it must be at least 1")
        Traceback (most recent call last):
        charlstm.errors.UserError: layers is 0; it must be at least 1
    """


def at_command_line() -> bool:
    """Return whether a command runs: then messages name flags instead of arguments."""
    return _at_command_line.get()


@contextlib.contextmanager
def in_a_file() -> Iterator[None]:
    """Let messages name options as a file does, by their names, even while a command runs."""
    token = _at_command_line.set(False)
    try:
        yield
    finally:
        _at_command_line.reset(token)


def option(name: str, *value: Any) -> str:
    """Name an option, with a value if one is given, as the reader would write it.

    While a command runs, that is a flag: `--unknown skip`. In a library call it is an argument.

    Example:
        >>> option("hidden_size"), option("unknown", "skip"), option("clip", None)
        ('hidden_size', "unknown='skip'", 'clip=None')
    """
    if not at_command_line():
        return "=".join([name, *(repr(str(v) if isinstance(v, Path) else v) for v in value)])
    return " ".join(["--" + name.replace("_", "-"), *map(_word, value)])


def _word(value: Any) -> str:
    """Write a value as it stands on a command line."""
    if isinstance(value, tuple):
        return " ".join(map(_word, value))
    return "none" if value is None else quoted(value)


def figure(value: float, decimals: int) -> str:
    """Write a figure with so many decimals, or in scientific form if it is huge.

    Example:
        >>> figure(1.23456, 3), figure(1e30, 3), figure(float("nan"), 3)
        ('1.235', '1.000e+30', 'nan')
    """
    return f"{value:.{decimals}{'f' if abs(value) < LARGEST_SHOWN else 'e'}}"


def counted(number: float, noun: str) -> str:
    """Return a number of things as words.

    Example:
        >>> counted(1, "stream"), counted(1200, "stream"), counted(2.5, "epoch")
        ('1 stream', '1,200 streams', '2.5 epochs')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def unreadable(path: object, error: OSError, advice: str) -> UserError:
    """Return the error for a file that could not be opened: which one, why, and what to do."""
    return UserError(f"{path}: {(error.strerror or str(error)).lower()}; {advice}")


def printable(line: str) -> str:
    r"""Return a line that may hold a stranger's names, with control characters as escapes.

    All that goes to standard error comes through here, and each line of a table with such names.
    The text that a model writes does not.

    Example:
        >>> print(printable("name\x1b[2J"))
        name\x1b[2J
    """
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), line)


def command(main: Callable[[Sequence[str] | None], int], prints: bool = True) -> Callable[..., int]:
    """Make a command's `main(argv)` end with the exit codes above instead of a traceback.

    Args:
        main: the command.
        prints: its result goes to standard output. If that is closed, it need not begin.
    """

    @functools.wraps(main)
    def wrapped(argv: Sequence[str] | None = None) -> int:
        _replace_closed_streams()
        if prints and isinstance(sys.stdout, _ClosedOutput):
            _tell(CLOSED)
            return 2
        if isinstance(sys.stdout, io.TextIOWrapper):  # terminals may lack a character
            sys.stdout.reconfigure(errors="backslashreplace")
        token = _at_command_line.set(True)
        try:
            code = main(argv)
            sys.stdout.flush()  # a closed pipe or a full disk must show here, not at exit
            return code
        except Exception as error:
            if isinstance(error, OSError) and _closed_pipe(error):
                _abandon(sys.stdout)
                return 0
            told = translated(error)
            if told is None:
                raise
            _tell(str(told))
            if isinstance(error, OSError):  # a full disk, say, would fail again at exit
                _abandon(sys.stdout)
        except KeyboardInterrupt:
            _abandon(sys.stdout)
            return 130
        finally:
            _at_command_line.reset(token)
            with carry_on_unread():
                sys.stderr.flush()  # what a full disk has not taken would fail again at exit
        return 2

    return wrapped


def translated(error: Exception) -> UserError | None:
    """Return what a foreign error asks of the user; None if it is a mistake of the program.

    Commands, panels and library calls all have it told here.

    Example:
        >>> print(translated(OSError(errno.ENOSPC, "No space left on device", "runs/x")))
        runs/x: no space left on device; make room there, or name another place
    """
    if isinstance(error, UserError):
        return error
    if isinstance(error, OSError):
        advice = "name another place"
        if error.errno in NO_ROOM:
            advice = f"make room there, or {advice}"
        elif error.errno in NO_RIGHT:
            advice = f"give yourself the right to it, or {advice}"
        place = "standard output" if at_command_line() else "a file"
        return unreadable(error.filename or place, error, advice)
    message = str(error)
    if isinstance(error, MemoryError) or OUT_OF_MEMORY.search(message):  # torch: RuntimeError
        sizes = ", ".join(map(option, ("hidden_size", "batch_size", "number")))
        return UserError(f"out of memory; give smaller sizes ({sizes} ...)")
    if isinstance(error, RecursionError):
        return UserError(
            "something lies inside something too often (folders in folders, say); give what is flat"
        )
    if isinstance(error, RuntimeError) and "home directory" in message:  # Jupyter's settings
        return UserError("this user has no home folder; set HOME to a folder that you may write to")
    if isinstance(error, RuntimeError) and message.startswith("Symlink loop"):  # of pathlib
        path = message.partition(" from ")[2].strip("'")
        return UserError(f"{path}: a link that leads to itself; name another place")
    if isinstance(error, ValueError) and "null" in message and "embedded" in message:
        return UserError("a name holds a zero character, which no file can have; name another")
    return None


@contextlib.contextmanager
def translating() -> Iterator[None]:
    """Raise a `UserError` in place of each foreign error that only the user can put right.

    It is for the functions of the library that take a path, and stands as a decorator before them.

    Example:
        >>> with translating():
        ...     raise OSError(errno.ENAMETOOLONG, "File name too long", "x")
        Traceback (most recent call last):
        charlstm.errors.UserError: x: file name too long; name another place
    """
    try:
        yield
    except Exception as error:
        told = translated(error)
        if told is None or told is error or (isinstance(error, OSError) and _closed_pipe(error)):
            raise
        raise told from error


def say(text: str) -> None:
    """Write lines to standard error, for the user. It is no error if nobody reads it any more."""
    with carry_on_unread():
        print("\n".join(map(printable, text.split("\n"))), file=sys.stderr, flush=True)


@contextlib.contextmanager
def carry_on_unread() -> Iterator[None]:
    """Let the work go on when nobody reads standard error any more, or its disk is full.

    The block does nothing but write there.
    """
    try:
        yield
    except OSError:
        _abandon(sys.stderr)


def _closed_pipe(error: OSError) -> bool:
    """Whether the reader of a pipe went away. Windows calls that an invalid argument.

    Python knows no better (its issue 79935). An error that has to do with a file names it.
    """
    invalid = error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or (ON_WINDOWS and invalid)


def _tell(message: str) -> None:
    line = re.sub(r"\s*[\r\n]\s*", " ", message)  # a name may hold several spaces
    if len(line) > LONGEST_LINE:
        line = f"{line[: LONGEST_LINE // 2]} ... {line[-LONGEST_LINE // 2 :]}"
    say(f"error: {line}")


class _ClosedOutput(io.TextIOBase):
    """Stands for a closed standard output, for commands that write there only their help."""

    def write(self, text: str | bytes) -> int:
        raise UserError(CLOSED)

    @property
    def buffer(self) -> "_ClosedOutput":
        return self


def _replace_closed_streams() -> None:
    """Put something in the place of closed standard streams.

    Else the next file that is opened gets the number of one, and whatever a library writes there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    if sys.stdout is None:
        sys.stdout = _ClosedOutput()
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _abandon(stream: TextIO) -> None:
    """Send a stream to nowhere.

    At its exit the interpreter writes what is left in the stream's buffer. That would fail, because
    nobody reads the stream any more.
    """
    with contextlib.suppress(OSError, ValueError):  # there is no real file in a notebook
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
