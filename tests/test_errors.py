"""How options are named in messages: flags in a command, arguments in a library call."""

import contextlib
import threading

import pytest

from charlstm.errors import UserError, at_command_line, command, option


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
