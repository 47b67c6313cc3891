"""The command `sample --interactive` in a pseudo-terminal."""

import os
import re
import signal
import struct
import subprocess
import sys
import time

import pytest

from charlstm.sampling.terminal import BEGUN, SEQUENCE

pty = pytest.importorskip("pty", reason="needs a Unix terminal")
import fcntl  # noqa: E402
import select  # noqa: E402
import termios  # noqa: E402

SECONDS = 60


class Screen:
    """A process in a terminal of its own: what it has drawn, and keys for it."""

    def __init__(self, arguments, out, rows=24, columns=80, **environment):
        self.main, side = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(side)
        self.drawn = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "charlstm.sample", *map(str, arguments)],
            stdin=side, stderr=side, stdout=out, start_new_session=True,
            env={**os.environ, "TERM": "xterm", **environment},
        )  # fmt: skip
        self.side = side

    def resize(self, rows, columns):
        fcntl.ioctl(self.main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for(self, pattern):
        """Read until the last screen shows a pattern; return that screen."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            screen = self.drawn.rpartition("\x1b[H\x1b[J")[2].replace(
                "\r\r\n", "\r\n"
            )  # by the terminal
            if re.search(pattern, screen):
                return screen
            if select.select([self.main], [], [], 0.1)[0]:
                self.drawn += os.read(self.main, 65536).decode()
        raise AssertionError(self.drawn)

    def press(self, keys):
        os.write(self.main, keys.encode())

    def end(self):
        code = self.process.wait(SECONDS)
        while select.select([self.main], [], [], 0)[0]:
            self.drawn += os.read(self.main, 65536).decode()
        assert termios.tcgetattr(self.side) == self.before
        assert self.drawn.endswith("\x1b[?1049l")
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.main)
        os.close(self.side)


@pytest.fixture
def terminal(model_file, tmp_path):
    made = []

    def start(*arguments, **more):
        out = (tmp_path / "out").open("wb")
        made.append((Screen([model_file, "--interactive", *arguments], out, **more), out))
        return made[-1][0]

    yield start
    for screen, out in made:
        screen.close()
        out.close()


def test_a_person_writes_with_the_model(terminal, tmp_path):
    screen = terminal("--prime", "fo", "--seed", "1")
    first = screen.wait_for(r"fo\r\n\r\n1 . +\d")
    picked = re.search(r"2 (\S+) ", first)[1].replace("space", " ")
    screen.press("2")
    screen.wait_for(rf"\Afo{re.escape(picked)}\r\n" if picked.strip() else r"1 ")
    screen.press("\x1b[Ax\x1bOPyz\x1b[3~")  # arrows and the like are no letters
    screen.wait_for("xyz")
    screen.press("\x7f")
    screen.wait_for("xy\r")
    screen.press("\r")
    screen.wait_for(r"xy[^\r]")
    screen.press("\x7f€")
    screen.wait_for(r"does not know '€'")
    screen.press("\x04")
    assert screen.end() == 0
    text = (tmp_path / "out").read_text(encoding="utf-8")
    assert text.startswith("fo")
    assert text.endswith("xy")


def test_a_new_size_is_seen_without_a_key(terminal):
    screen = terminal("--prime", "The quick brown fox jumps", rows=20, columns=60)
    screen.wait_for("The quick brown fox jumps")
    screen.resize(9, 12)
    shown = screen.wait_for("The quick br\r\nown fox jump\r\ns")
    assert shown.count("\r\n") < 9
    screen.press("\x04")
    assert screen.end() == 0


def test_ctrl_c_keeps_the_text(terminal, tmp_path):
    screen = terminal("--no-echo")
    screen.wait_for("1 ")
    screen.press("fox")
    screen.wait_for("fox")
    screen.press("\x03")
    assert screen.end() == 130
    assert (tmp_path / "out").read_bytes() == b"fox"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(terminal, tmp_path, number):
    screen = terminal("--no-echo")
    screen.wait_for("1 ")
    screen.press("fox")
    screen.wait_for("fox")
    screen.process.send_signal(number)
    assert screen.end() == 128 + number
    assert (tmp_path / "out").read_bytes() == b"fox"


def test_letters_in_utf8_whatever_the_locale(terminal):
    screen = terminal(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    screen.wait_for("1 ")
    screen.press("€")
    screen.wait_for("does not know '€'")
    screen.press("\x04")
    assert screen.end() == 0


def test_a_terminal_that_cannot_move_its_cursor_is_refused(terminal):
    screen = terminal(TERM="dumb")
    assert screen.process.wait(SECONDS) == 2
    told = os.read(screen.main, 65536).decode()
    assert told.startswith("error: --interactive needs a terminal that can move its cursor")


@pytest.mark.parametrize(
    ("read", "letters"),
    [("a\x1b[Ab", "ab"), ("\x1bOPx", "x"), ("\x1b[1;5Cx", "x"), ("\x1b", ""), ("\x1bxy", "y"),
     ("[A", "[A"), ("\x1b[200~é\x1b[201~", "é")],
)  # fmt: skip
def test_keys_that_are_no_letters_are_left_out(read, letters):
    assert SEQUENCE.sub("", read) == letters


@pytest.mark.parametrize(("read", "begun"), [("a\x1b", 1), ("\x1b[", 1), ("\x1b[1;", 1),
                                             ("\x1bO", 1), ("\x1b[A", 0), ("a", 0)])  # fmt: skip
def test_a_key_of_which_a_part_has_come(read, begun):
    assert bool(BEGUN.search(read)) == bool(begun)
