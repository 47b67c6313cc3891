"""Ctrl-C in the middle of a step, whose half would not be worth saving."""

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def ctrl_c_waits() -> Iterator[None]:
    """Let Ctrl-C wait until the block is done; what it does otherwise, it does then.

    Python handles signals in its main thread, so in other threads there is nothing to wait for.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        for number in caught:
            signal.raise_signal(number)
