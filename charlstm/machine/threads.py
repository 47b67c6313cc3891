"""The threads for work that comes in pieces: a number for each piece, measured or fixed.

`Threads` knows no library. `cpus` makes one for PyTorch or for NumPy.
"""

import time
from collections.abc import Callable
from typing import Protocol

from charlstm.machine.choice import Choice, Fixed
from charlstm.options import MachineOptions


class Library(Protocol):
    """A library whose number of threads can be set."""

    def use(self, number: int) -> None:
        """Set the number of threads, and note what it was."""

    def restore(self) -> None:
        """Set the number to what it was."""


class Threads:
    """The threads for work that comes in pieces: training steps, characters, chunks of a text.

    `with threads:` stands around one piece. Inside, the library has the number of threads that is
    the fastest on this machine at this time. Outside, it has the number that it had before. So the
    block can stand in a generator, and other work can be done between two pieces.

    Args:
        library: whose threads these are.
        most: the largest number of threads.
        fixed: so many threads for every piece; None measures.
        wall, cpu: clocks, in seconds: the time, and the time that the calling thread had a CPU.

    Raises:
        UserError: `fixed` is no number of threads.
    """

    def __init__(
        self,
        library: Library,
        most: int,
        fixed: int | None = None,
        wall: Callable[[], float] = time.perf_counter,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self._library = library
        fixed = MachineOptions(fixed).threads
        self._choice: Choice | Fixed | None = None  # None leaves the library alone
        if fixed:
            self._choice = Fixed(fixed)
        elif most > 1:
            self._choice = Choice(most)
        self._wall = wall
        self._cpu = cpu
        self._began = (0.0, 0.0)

    @property
    def number(self) -> int:
        """The number in use; if it is measured, the fastest one so far."""
        return self._choice.best if self._choice else 1

    @property
    def measured(self) -> bool:
        """Whether the number is measured; else it never changes."""
        return isinstance(self._choice, Choice)

    def __enter__(self) -> None:
        if self._choice:
            self._library.use(self._choice.number)
            self._began = (self._wall(), self._cpu())

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if self._choice is None:
            return
        if not failed:
            wall, cpu = self._began
            self._choice.take(self._wall() - wall, self._cpu() - cpu)
        self._library.restore()

    def new_work(self) -> None:
        """Tell that the next pieces are of another kind, so that their time says nothing yet."""
        if self._choice:
            self._choice.new_work()

    def news(self) -> str:
        """Return a line for the user once there is something to tell, such as a change; else ""."""
        if self._choice is None:
            return ""
        news, self._choice.news = self._choice.news, ""
        return news
