"""Which number of threads is the fastest: found out while they work.

More threads are faster only while each of them has a CPU to itself. Threads that share a product
wait for each other. If another program keeps a CPU busy, two of them can be many times slower than
one. No setting suits every machine, so `Choice` measures.
"""

import sys
from dataclasses import dataclass

from charlstm.errors import counted, option

WINDOW = 5e-3  # seconds; numbers of threads are compared by what so many seconds of work brought
TRIAL = 0.1  # seconds; a trial ends after so long, or after three pieces and three windows
CLEARLY = 1.2  # times as long as with the number in use: a trial ends at once
GAIN = 0.05  # share of the time that another number must save to be taken
SLOWER = 1.5  # times as long as before: something has happened
LASTING = 0.05  # seconds of that, in two windows at least; less may be chance
WHOLE = 0.8  # share of a CPU; a thread that gets less shares it with another program
REST = 0.5  # seconds at least from one trial to the next
RARER = 4  # times as long a rest before fewer threads are tried: who comes shows by the pace
WATCHED = 2.0  # seconds of work with a fixed number, from which it is told that others disturb it
SHARE = 0.02  # of the time, which the trials may lose
TICK = 1 / 64 if sys.platform == "win32" else 0.0  # seconds; Windows counts CPU time in such steps


@dataclass(frozen=True)
class Pace:
    """How long pieces of work took.

    Attributes:
        pieces: how many they were.
        wall: seconds that passed.
        cpu: seconds in which the thread that did them, or waited for others to do them, had a CPU.
    """

    pieces: float = 0.0
    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: "Pace") -> "Pace":
        return Pace(self.pieces + other.pieces, self.wall + other.wall, self.cpu + other.cpu)

    def __mul__(self, factor: float) -> "Pace":
        return Pace(self.pieces * factor, self.wall * factor, self.cpu * factor)

    @property
    def each(self) -> float:
        """Seconds for a piece."""
        return self.wall / self.pieces

    @property
    def crowded(self) -> bool:
        """Whether the thread had to share its CPU with another program."""
        return self.cpu + TICK < WHOLE * self.wall


class Choice:
    """Finds the fastest number of threads from the time that each piece of work takes.

    It begins with one thread, and tries 2, 4 ... threads as long as that is faster. Then it tries a
    neighbour of its number now and then, but so rarely that all trials together lose at most 2 % of
    the time. It tries fewer threads at once if the pieces suddenly take much longer. It does not
    try more while its own thread gets less than a whole CPU: then no CPU is free.

    Args:
        most: the largest number of threads.

    Attributes:
        number: threads for the next piece.
        best: the fastest number so far: `number` while no trial is on.
        news: a line for the user about the last change; empty if there was none.

    Example:
        >>> choice = Choice(most=2)
        >>> while not choice.news:  # a piece takes 8 ms with one thread, 5 ms with two
        ...     seconds = {1: 0.008, 2: 0.005}[choice.number]
        ...     choice.take(seconds, seconds)
        >>> choice.news
        '2 threads: 1.6 times as fast as 1'
    """

    def __init__(self, most: int) -> None:
        self._ladder = [1]
        while self._ladder[-1] < most:
            self._ladder.append(min(2 * self._ladder[-1], most))
        self.number = 1
        self.best = 1
        self.news = ""
        self._told = 0  # the number that the last news was about
        self._why = ""  # why the best number is better than the one before
        self._pace = Pace()  # how the best number did lately
        self._slow = Pace()  # the last windows, if they were much slower than that
        self._trial = Pace()  # how the number that is tried does
        self._warm: set[int] = set()  # numbers that have done a piece
        self._up = True  # which neighbour to try next, if there are two
        self._elapsed = 0.0  # seconds of work
        self._lost = 0.0  # seconds that the trial has lost against the best number
        self._paid = 0.0  # when all trials so far will be less than their share of the time
        self._next = 2 * WINDOW  # when to try a neighbour
        self._start_window()

    def take(self, wall: float, cpu: float) -> None:
        """Take the seconds of a piece that was done with `number` threads: by the clock, on a CPU.

        Args:
            wall: seconds that passed.
            cpu: seconds in which the calling thread had a CPU.
        """
        self._elapsed += wall
        trying = self.number != self.best
        if trying:
            self._lost += wall - self._pace.each
        if self.number not in self._warm:  # the first piece also starts threads and lays out memory
            self._warm.add(self.number)
            return
        self._pieces += 1
        self._wall += wall
        self._cpu += cpu
        if self._wall >= WINDOW:
            window = Pace(self._pieces, self._wall, self._cpu)
            self._start_window()
            (self._judge if trying else self._watch)(window)

    def _start_window(self) -> None:
        self._pieces = 0  # plain numbers, as there may be ten thousand pieces a second
        self._wall = 0.0
        self._cpu = 0.0

    def new_work(self) -> None:
        """Forget how long pieces took, because the next ones are of another kind."""
        self.number = self.best
        self._pace = self._slow = self._trial = Pace()
        self._start_window()
        if self._told:
            self._rest()

    def _watch(self, window: Pace) -> None:
        """Take a window of the best number. Try another number if it is time to."""
        slower = bool(self._pace.pieces) and window.each > SLOWER * self._pace.each
        slow = self._slow + window
        if slower and (not self._slow.pieces or slow.wall < LASTING):
            self._slow = slow
            return
        self._pace = slow if slower else self._pace * 0.9 + slow
        self._slow = Pace()
        fewer, more = self._neighbours()
        if slower and fewer and self._elapsed >= self._paid:
            self._try(fewer)
        elif self._elapsed >= self._next:
            if more and not self._pace.crowded and (self._up or not fewer):
                self._try(more)
            elif fewer:
                self._try(fewer)
            else:
                self._settle("1 thread: other programs keep the CPUs busy")
            self._up = not self._up

    def _judge(self, window: Pace) -> None:
        """Take a window of the number that is tried. Keep it or go back as soon as it is clear."""
        self._trial += window
        before, now = self._pace.each, self._trial.each
        done = self._trial.wall >= (3 * WINDOW if self._trial.pieces >= 3 else TRIAL)
        if window.each > CLEARLY * before or (done and now > (1 - GAIN) * before):
            tried, self.number = self.number, self.best
            times = now / before
            self._settle(
                f"{counted(self.best, 'thread')}: with {tried} it takes {times:.1f} times as long"
            )
        elif done:
            old, self.best = self.best, self.number
            self._pace = self._trial
            self._why = f"{counted(self.best, 'thread')}: {before / now:.1f} times as fast as {old}"
            fewer, more = self._neighbours()
            further = fewer if self.best < old else 0 if self._pace.crowded else more
            if further:
                self._try(further)
            else:
                self._settle(self._why)

    def _neighbours(self) -> tuple[int, int]:
        """Return the next smaller and the next larger number of threads; 0 if there is none."""
        place = self._ladder.index(self.best)
        ladder = [0, *self._ladder, 0]
        return ladder[place], ladder[place + 2]

    def _try(self, number: int) -> None:
        self.number = number
        self._trial = Pace()

    def _settle(self, why: str) -> None:
        """Stay with the best number until it is time for the next trial."""
        if self.best != self._told:
            self._told = self.best
            self.news = self._why or why
        self._why = ""
        self._rest()

    def _rest(self) -> None:
        self._paid = max(self._paid, self._elapsed) + max(0.0, self._lost) / SHARE
        self._lost = 0.0
        wait = REST if self._neighbours()[1] or self._pace.crowded else RARER * REST
        self._next = max(self._paid, self._elapsed + wait)


class Fixed:
    """A number of threads that never changes. It only tells if other programs disturb them.

    Args:
        number: how many threads.

    Attributes:
        number, best, news: as in `Choice`.
    """

    def __init__(self, number: int) -> None:
        self.number = self.best = number
        self.news = ""
        self._pace = Pace()

    def take(self, wall: float, cpu: float) -> None:
        """Take the seconds of a piece, as `Choice` does; judge the first seconds of all pieces."""
        if self.number == 1 or self._pace.wall >= WATCHED:
            return
        self._pace += Pace(1, wall, cpu)
        if self._pace.wall >= WATCHED and self._pace.crowded:
            self.news = (
                f"{counted(self.number, 'thread')}, but other programs keep the CPUs busy:"
                f" {option('threads', 1)} may be many times faster"
            )

    def new_work(self) -> None:
        """Do nothing: the number stays."""
