"""SIGHUP stops a training as SIGTERM does, but may come twice, and may be ignored."""

import os
import signal

import pytest

from charlstm.training.distributed import Ranks

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGHUP")


@pytest.fixture
def at_work():
    """A single process that catches signals; SIGHUP would raise an error otherwise."""

    def fail(number, frame):
        raise AssertionError("not caught")

    before = signal.signal(signal.SIGHUP, fail)
    yield Ranks()
    signal.signal(signal.SIGHUP, before)


def test_a_session_that_ends_may_say_so_twice(at_work):
    with at_work.catching():
        signal.raise_signal(signal.SIGHUP)  # the system, to all in the foreground
        signal.raise_signal(signal.SIGHUP)  # the shell, to its jobs
    assert 128 + at_work.stopped_by == 129
    with pytest.raises(AssertionError, match="not caught"):
        signal.raise_signal(signal.SIGHUP)


def test_nohup_holds(at_work):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with at_work.catching():
        signal.raise_signal(signal.SIGHUP)
    assert not at_work.stopped_by
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
