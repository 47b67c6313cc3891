"""Long work shows that it goes on, short work shows nothing."""

import io
import sys

import pytest

from charlstm.machine import waiting
from charlstm.machine.waiting import Waiting


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves on by hand."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    return clock


def test_a_line_now_and_then_where_there_is_no_terminal(clock, capsys):
    with Waiting("reading", total=200, unit="B") as work:
        for _ in range(4):
            clock.now += 3
            work.seen(b"x" * 20)
    assert capsys.readouterr().err.splitlines() == [
        "reading: 20%, 24 s left",
        "reading: 40%, 18 s left",
    ]


@pytest.mark.parametrize(
    ("total", "unit", "told"),
    [(None, "B", "300 MB"), (None, "", "300,000,000"), (0, "files", "300,000,000 files")],
)
def test_without_a_total_it_tells_what_is_done(clock, capsys, total, unit, told):
    with Waiting("reading", total=total, unit=unit) as work:
        clock.now += 6
        work.advance(300_000_000)
    assert capsys.readouterr().err == f"reading: {told}\n"


def test_nothing_is_done_yet(clock, capsys):
    with Waiting("reading", total=9, unit="files") as work:
        clock.now += 6
        work.advance(0)
    assert capsys.readouterr().err == "reading: 0 files\n"


def test_nothing_is_said_of_short_work(clock, capsys):
    with Waiting("reading", total=2, unit="B") as work:
        clock.now += 4
        work.advance(2)
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Waiting("reading", total=None, unit="B") as work:
        work.advance(1_000)
    assert "%" not in terminal.getvalue()
    with Waiting("reading", total=2_000, unit="B") as work:
        work.advance(1_000)
        assert "reading:   0%" in terminal.getvalue()
        assert "0.00/2.00k" in terminal.getvalue()


class Unread(io.StringIO):
    def write(self, text):
        raise BrokenPipeError

    def fileno(self):
        raise OSError


@pytest.mark.parametrize("stream", [None, Unread()])
def test_nobody_has_to_read_it(clock, monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    with Waiting("reading", total=20, unit="B") as work:
        clock.now += 9
        work.advance(3)
