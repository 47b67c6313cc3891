"""How options are named in messages: flags in a command, arguments in a library call."""

import contextlib
import errno
import io
import sys
import threading

import pytest

from charlstm import errors
from charlstm.errors import UserError, at_command_line, command, option, say


def test_a_command_names_flags_and_a_library_call_names_arguments(capsys):
    @command
    def main(argv=None):
        raise UserError(names())

    def names():
        return ", ".join([option("hidden_size"), option("clip", None), option("split", (1, 2))])

    assert names() == "hidden_size, clip=None, split=(1, 2)"
    assert main() == 2
    assert capsys.readouterr().err == "error: --hidden-size, --clip none, --split 1 2\n"
    assert option("hidden_size") == "hidden_size"  # and so it is again after the command


@pytest.mark.parametrize("end", [SystemExit(0), KeyboardInterrupt(), RuntimeError("a bug")])
def test_whatever_ends_a_command_messages_name_arguments_again(end):
    @command
    def main(argv=None):
        assert at_command_line()
        raise end

    with contextlib.suppress(SystemExit, RuntimeError):
        assert main() == 130
    assert not at_command_line()


def test_a_command_within_a_command_names_flags_in_both():
    @command
    def inner(argv=None):
        return 0

    @command
    def outer(argv=None):
        assert inner() == 0
        assert option("window") == "--window"
        return 0

    assert outer() == 0


def test_threads_of_a_notebook_name_arguments_while_a_command_runs():
    """A widget works in a thread of its own; no command line stands behind it."""
    told = []

    @command
    def main(argv=None):
        thread = threading.Thread(target=lambda: told.append(option("temperature")))
        thread.start()
        thread.join()
        return 0

    assert main() == 0
    assert told == ["temperature"]


class Pipe(io.StringIO):
    """A pipe whose reader went away; Linux and Windows have different errors for it."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error

    def flush(self):
        raise self.error


CLOSED = {
    "Linux": BrokenPipeError(errno.EPIPE, "Broken pipe"),
    "Windows": OSError(errno.EINVAL, "Invalid argument"),
}


@pytest.mark.parametrize("system", CLOSED)
def test_a_reader_that_went_away_is_no_mistake(system, monkeypatch, capsys):
    @command
    def main(argv=None):
        say("this is not read either")
        print("a text")
        return 0

    monkeypatch.setattr(errors, "ON_WINDOWS", system == "Windows")
    monkeypatch.setattr(sys, "stdout", Pipe(CLOSED[system]))
    assert main() == 0
    assert capsys.readouterr().err == "this is not read either\n"
    monkeypatch.undo()
    monkeypatch.setattr(errors, "ON_WINDOWS", system == "Windows")
    monkeypatch.setattr(sys, "stderr", Pipe(CLOSED[system]))
    assert main() == 0
    assert capsys.readouterr().out == "a text\n"


def test_an_invalid_argument_is_a_mistake_where_pipes_have_an_error_of_their_own(
    monkeypatch, capsys
):
    @command
    def main(argv=None):
        raise OSError(errno.EINVAL, "Invalid argument", *named)

    named = ()
    monkeypatch.setattr(errors, "ON_WINDOWS", False)
    assert main() == 2
    assert "error: standard output: invalid argument" in capsys.readouterr().err
    named = ("a:b",)  # a name that Windows does not allow
    monkeypatch.setattr(errors, "ON_WINDOWS", True)
    assert main() == 2
    assert "error: a:b: invalid argument" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "\x1b[2J",
        "\x9b31m",
        "\x07",
        "\x7f",
        "a\rb",
        "\u202etxt.exe",
        "\u2067a\u2069",
        "\u200f",
        "\0",
    ],
)
def test_control_characters_of_a_foreign_name_are_shown_and_not_obeyed(name, capsys):
    @command
    def main(argv=None):
        raise UserError(f"{name}: no such file")

    assert main() == 2
    say(f"reading {name}")
    told = capsys.readouterr().err
    shown = name.encode("unicode_escape").decode().replace(r"\r", " ")
    assert told.splitlines()[0] == f"error: {shown}: no such file"
    assert not errors.CONTROLS.search(told.replace("\n", ""))


def test_lines_tabs_and_letters_of_all_scripts_are_printed_as_they_are(capsys):
    text = "é שלום\t中文\nsecond €"
    say(text)
    assert capsys.readouterr().err == text + "\n"


def test_a_name_as_long_as_its_file_is_cut(capsys):
    @command
    def main(argv=None):
        raise UserError(f"{'x' * 10**6}: too long")

    assert main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert len(line) < 5000
    assert line.endswith("xxx: too long")
