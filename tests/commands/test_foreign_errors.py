"""What the system and the libraries refuse is one line, in every command and for every path."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_main import COMMANDS

from charlstm.errors import UserError, command, translated
from charlstm.model.checkpoint import Checkpoint, find_model
from charlstm.text.corpus import read_corpus

TINY = "--steps 1 --hidden-size 8 --threads 1"
# every place of a command line where a path may stand
LINES = [
    f"train {{path}} {TINY} --out new",
    f"train {{text}} {TINY} --out {{path}}",
    "train --resume {path}",
    f"train {{text}} {TINY} --init-from {{path}} --out new",
    "sample {path} --length 3",
    "sample {model} --length 3 --prime-file {path}",
    "evaluate {path} {text}",
    "evaluate {model} {path} --no-baselines",
    "corpora {path}",
    "page {path} {text} --out new.html",
    "page {model} {path} --out new.html",
    "page {model} {text} --out {path}/new.html",
    "plot {path} --out new.png",
    "search {path} --space layers=1,2 --steps 1 --out new",
    "search {text} --space layers=1,2 --steps 1 --out {path}",
    "compress {path} --model {model}",
    "compress {text} --model {path} --out new.bin",
    "compress {text} --model {model} --out {path}/new.bin",
    "course build {path}/new",
    "course grade {path} ps1",
    "course feedback {path} ps1",
    "course export {path}",
    "lessons {path}/new",
]


def loop(folder):
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    return "a"


def deep(folder):
    """Folders in folders, more than Python's recursion limit."""
    here = os.getcwd()
    for _ in range(1100):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)
    return "d"


PATHS = {
    "a link that leads to itself": loop,
    "a name that is too long": lambda folder: "n" * 300,
    "a zero character": lambda folder: "x\0y",
    "a file for a folder": lambda folder: str((folder / "text.txt") / "x"),
}


def test_the_lines_are_those_of_all_commands_with_paths():
    assert {line.split()[0] for line in LINES} == {*COMMANDS} - {"benchmark"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rules for names")
@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("line", LINES)
def test_an_odd_path_is_one_line(line, kind, files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = PATHS[kind](tmp_path)
    fields = {"path": path, "text": files["text"], "model": files["model"]}
    verb, *words = [word.format(**fields) for word in line.split()]
    assert COMMANDS[verb].main(words) == 2
    told = capsys.readouterr()
    lines = told.err.splitlines()
    assert len([x for x in lines if x.startswith("error: ")]) == 1, told.err
    assert lines[-1].startswith("error: ")
    assert told.out == ""


# run each line in one process, and say how it ended; the streams are a terminal's, not pytest's
EACH = """
import sys
from charlstm.__main__ import main
for line in sys.stdin.read().splitlines():
    print("ended with", main([sys.argv[1] if word == "PATH" else word for word in line.split()]))
"""


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_not_utf8_is_one_line(files, tmp_path):
    lines = [
        line.format(path="PATH", text=files["text"], model=files["model"])
        for line in LINES
        if "{path}/" not in line and "--out {path}" not in line
    ]
    done = subprocess.run(
        [sys.executable, "-c", EACH, b"caf\xe9"],
        input="\n".join(lines).encode(),
        capture_output=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.count(b"ended with 2") == len(lines) == done.stderr.count(b"error: ")


@pytest.mark.skipif(os.name == "nt", reason="Windows bounds the length of a path")
def test_folders_in_folders_beyond_the_recursion_limit(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    try:
        assert COMMANDS["corpora"].main([deep(tmp_path)]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    finally:
        for _ in range(1100):
            os.chdir("d")
        for _ in range(1100):
            os.chdir("..")
            os.rmdir("d")


FOREIGN = [
    (OSError(errno.ENOSPC, "No space left", "x"), "x: no space left; make room there"),
    (OSError(errno.EROFS, "Read-only file system", "x"), "x: .* give yourself the right to it"),
    (OSError(errno.ENAMETOOLONG, "File name too long", "x"), "x: file name too long; name another"),
    (OSError(errno.EIO, "Input/output error"), "a file: input/output error"),
    (MemoryError(), "out of memory; give smaller sizes"),
    (RecursionError("maximum recursion depth exceeded"), "something lies inside something"),
    (RuntimeError("Could not determine home directory."), "no home folder; set HOME"),
    (RuntimeError("Symlink loop from '/a/b'"), "/a/b: a link that leads to itself"),
    (ValueError("embedded null byte"), "a zero character"),
    (UserError("as it is"), "as it is"),
]


@pytest.mark.parametrize(("error", "told"), FOREIGN, ids=lambda value: str(value)[:20])
def test_one_translation_for_commands_and_library(error, told, capsys):
    @command
    def main(argv=None):
        raise error

    with pytest.raises(UserError, match=told):
        raise translated(error)
    assert main() == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rules for names")
@pytest.mark.parametrize("call", [read_corpus, find_model, Checkpoint.load])
@pytest.mark.parametrize("path", ["n" * 300, "x\0y"])
def test_library_calls_raise_a_user_error(call, path, checkpoint):
    with pytest.raises(UserError):
        call(path)
    with pytest.raises(UserError):
        checkpoint.save(Path(path))


@pytest.mark.skipif(os.name == "nt", reason="needs a Unix shell")
@pytest.mark.parametrize(
    "line", ["sample {model} --length 9 --seed 1", "evaluate {model} {text}", "corpora {text}"]
)
def test_a_closed_standard_error_changes_nothing_on_standard_output(line, files):
    words = ["-m", "charlstm", *line.format(**files).split()]
    ends = [
        subprocess.run(["sh", "-c", f'"$@" {s}', "sh", sys.executable, *words], capture_output=True)
        for s in ("", "2>&-")
    ]
    assert [end.returncode for end in ends] == [0, 0]
    lines = [re.sub(rb"[\d,]+ characters a second", b"", end.stdout) for end in ends]
    assert lines[0] == lines[1] != b""


@pytest.mark.parametrize("error", [RuntimeError("a bug"), ValueError("odd"), IndexError("3")])
def test_a_mistake_of_the_program_is_not_translated(error):
    assert translated(error) is None
