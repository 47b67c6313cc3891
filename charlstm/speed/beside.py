"""Other processes at the same time. They end with the block that began them, whatever happens."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

from charlstm.errors import UserError

# it ends when its standard input does: even if somebody kills the process that began it
BUSY = """
import sys, threading
def work():
    while True: pass
threading.Thread(target=work, daemon=True).start()
sys.stdin.read()
"""


@contextlib.contextmanager
def busy(number: int) -> Iterator[None]:
    """Let `number` processes each keep a CPU busy during the block."""
    with _children([BUSY] * number):
        yield


def together(number: int, program: str) -> list[float]:
    """Run a Python program in several processes that start their work at the same moment.

    Args:
        number: how many processes.
        program: prints a line when it is ready, reads a line, does its work, and prints a figure.

    Returns:
        the figure of each process.

    Raises:
        UserError: a process ended before it had a figure.
    """
    with _children([program] * number) as children:
        for child in children:
            _line(child)
        for child in children:
            _ask(child)
        return [float(_line(child)) for child in children]


@contextlib.contextmanager
def waiting(program: str) -> Iterator[Callable[[], float]]:
    """Run a Python program beside the block, and give the block a measure that asks it for figures.

    Args:
        program: prints a figure for each line that it reads.

    Raises:
        UserError: by the measure: the process has ended.
    """
    with _children([program]) as [child]:

        def measure() -> float:
            _ask(child)
            return float(_line(child))

        yield measure


def _ask(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write("go\n")
        child.stdin.flush()
    except BrokenPipeError:
        raise _ended(child) from None


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise _ended(child)
    return line


def _ended(child: subprocess.Popen[str]) -> UserError:
    return UserError(
        f"a process that was to be measured ended with exit code {child.wait()}; what it wrote to"
        " standard error stands above"
    )


@contextlib.contextmanager
def _children(programs: Sequence[str]) -> Iterator[list[subprocess.Popen[str]]]:
    children: list[subprocess.Popen[str]] = []
    pipe = subprocess.PIPE
    try:
        for program in programs:
            words = [sys.executable, "-c", program]
            children.append(subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True))
        yield children
    finally:  # also after Ctrl-C
        for child in children:
            child.kill()
        for child in children:
            with contextlib.suppress(BrokenPipeError):  # of what a dead process did not read
                child.communicate()
