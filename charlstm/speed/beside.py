"""Other processes at the same time. They end with the block that began them, whatever happens."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

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
    """
    with _children([program] * number) as children:
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        return [float(child.communicate()[0]) for child in children]


@contextlib.contextmanager
def apart(program: str) -> Iterator[Callable[[], float]]:
    """Run a Python program beside the block, and give the block a measure that asks it for figures.

    Args:
        program: prints a figure for each line that it reads. Between two figures it only waits.
    """
    with _children([program]) as [child]:
        assert child.stdin is not None
        assert child.stdout is not None
        lines_in = child.stdin
        lines_out = child.stdout

        def measure() -> float:
            lines_in.write("go\n")
            lines_in.flush()
            return float(lines_out.readline())

        yield measure


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
            child.communicate()
