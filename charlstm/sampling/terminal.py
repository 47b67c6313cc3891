"""Keys and a screen for `interactive.py`, in any terminal that can move its cursor.

The screen goes to standard error, so that the text can be sent to a file. It takes the terminal's
second screen, and gives the first one back as it was. Windows' part has not run yet.
"""

import codecs
import contextlib
import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType

from charlstm.errors import UserError, option
from charlstm.quoting import ON_WINDOWS
from charlstm.sampling.interactive import Together

OPEN, CLOSE = "\x1b[?1049h", "\x1b[?1049l"  # the second screen
WAIT = 0.2  # seconds until the size of the terminal is looked at again
# keys that are no letters, such as an arrow, come as several characters at once
SEQUENCE = re.compile("\x1b(\\[[0-?]*[ -/]*[@-~]?|O.|.)?", re.DOTALL)
BEGUN = re.compile(r"\x1b(\[[0-?]*[ -/]*|O)?$")  # the rest may still be on its way
SPLIT = 0.05  # seconds to wait for it
INTERRUPT = "\x03"
Wait = Callable[[], list[str]]


def check_terminal() -> None:
    """Refuse to begin where no keys come from, or nothing can be drawn.

    Raises:
        UserError: standard input or standard error is no terminal, or it cannot move its cursor.
    """
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
        raise UserError(
            f"{option('interactive')} needs a terminal for standard input and standard error; run"
            " it without a pipe (standard output may go to a file)"
        )
    if os.environ.get("TERM") in ("dumb", ""):
        raise UserError(
            f"{option('interactive')} needs a terminal that can move its cursor, and TERM says that"
            " this one cannot; use another, or set TERM to what it is"
        )


def write_together(together: Together) -> None:
    """Let a person and a model write, until Ctrl-D.

    Whatever ends it, `together.text` is what they wrote.

    Args:
        together: their text, which may have begun.

    Raises:
        KeyboardInterrupt: Ctrl-C, or the terminal has gone.
        SystemExit: SIGTERM or SIGHUP.
    """
    with _keys() as wait:
        goes_on = True
        size = None
        keys: list[str] = []
        while goes_on:
            if keys or size != _size():
                size = _size()
                _draw(together, *size)
            keys = wait()
            if INTERRUPT in keys:
                raise KeyboardInterrupt
            goes_on = all(map(together.press, keys))


def _is_terminal(stream: object) -> bool:
    return stream is not None and stream.isatty()  # type: ignore[attr-defined]


def _size() -> tuple[int, int]:
    """Return the columns and rows of the terminal; one that does not know them has 80 and 24."""
    columns, rows = os.get_terminal_size(sys.stderr.fileno())
    return columns or 80, rows or 24


def _draw(together: Together, columns: int, rows: int) -> None:
    lines, (row, column) = together.screen(columns, rows)
    screen = "\r\n".join(lines)
    _show(f"\x1b[H\x1b[J{screen}\x1b[{row + 1};{column + 1}H")


def _show(text: str) -> None:
    """Write to the terminal in UTF-8, whatever standard error's own encoding is."""
    sys.stderr.flush()
    sys.stderr.buffer.write(text.encode("utf-8", "replace"))
    sys.stderr.buffer.flush()


@contextlib.contextmanager
def _keys() -> Iterator[Wait]:
    """Take keys one by one instead of lines, and give the terminal back as it was."""
    with _keys_of_windows() if ON_WINDOWS else _keys_of_unix() as wait, _ended_by_signals():
        _show(OPEN)
        try:
            yield wait
        finally:
            _show(CLOSE)


@contextlib.contextmanager
def _keys_of_unix() -> Iterator[Wait]:
    import termios

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    raw = termios.tcgetattr(descriptor)
    raw[0] &= ~(termios.ICRNL | termios.IXON)
    raw[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)  # Ctrl-C is a key
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")

    def wait() -> list[str]:
        read = ""
        patience = WAIT
        while select.select([descriptor], [], [], patience)[0]:
            content = os.read(descriptor, 4096)
            if not content:
                raise KeyboardInterrupt  # the terminal has gone
            read += decoder.decode(content)
            if not BEGUN.search(read):
                break
            patience = SPLIT
        return list(SEQUENCE.sub("", read))

    termios.tcsetattr(descriptor, termios.TCSADRAIN, raw)
    try:
        yield wait
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _keys_of_windows() -> Iterator[Wait]:
    import msvcrt

    os.system("")  # lets the console obey escape sequences

    def wait() -> list[str]:
        end = time.monotonic() + WAIT
        while not msvcrt.kbhit():  # type: ignore[attr-defined]
            if time.monotonic() > end:
                return []
            time.sleep(0.01)
        key = msvcrt.getwch()  # type: ignore[attr-defined]
        if key in "\x00\xe0" and msvcrt.kbhit():  # type: ignore[attr-defined]
            msvcrt.getwch()  # type: ignore[attr-defined]  # the rest of an arrow
            return []
        return [key]

    yield wait


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let signals that end the process give the terminal back first."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM] + ([] if ON_WINDOWS else [signal.SIGHUP])
    before = [(number, signal.signal(number, end)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
