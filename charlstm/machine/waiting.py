"""Shows that long work goes on: a bar on a terminal, elsewhere a line now and then."""

import sys
import time
from types import TracebackType

from charlstm.errors import carry_on_unread, say

PATIENCE = 2.0  # seconds of silence; shorter work shows nothing
LINE_SECONDS = 5.0  # time between two lines where there is no terminal


def unheard(done: int) -> None:
    """Is told how much more is done, and does nothing: where nobody waits."""


class Waiting:
    """A piece of work whose end is in sight.

    Args:
        what: what is done, such as "reading".
        total: how much there is to do; None if nobody knows.
        unit: of what, such as "B" for bytes.

    Example:
        >>> with Waiting("counting", total=3, unit="characters") as waiting:
        ...     for _ in "abc":
        ...         waiting.advance(1)
    """

    def __init__(self, what: str, total: int | None, unit: str) -> None:
        self.what = what
        self.total = total
        self.unit = unit
        self._done = 0
        self._begun = self._told = time.monotonic()
        self._bar = None
        if sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                desc=what, total=total, unit=unit, unit_scale=True, leave=False, delay=PATIENCE
            )

    def __enter__(self) -> "Waiting":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def seen(self, content: bytes) -> None:
        """Tell that these bytes were read."""
        self.advance(len(content))

    def advance(self, done: int) -> None:
        """Tell that so much more is done."""
        self._done += done
        if self._bar is not None:
            with carry_on_unread():
                self._bar.update(done)
            return
        now = time.monotonic()
        if now - self._told > LINE_SECONDS:
            self._told = now
            say(f"{self.what}: {self._so_far(now)}")

    def _so_far(self, now: float) -> str:
        if self.total and self._done:
            left = (now - self._begun) * max(0, self.total - self._done) / self._done
            return f"{self._done / self.total:.0%}, {left:,.0f} s left"
        if self.unit == "B":
            return f"{self._done / 1e6:,.0f} MB"
        return f"{self._done:,} {self.unit}".rstrip()
