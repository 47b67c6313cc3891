"""Commands that messages print can be pasted."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from charlstm import lessons, quoting, train
from charlstm.quoting import invocation, quoted

NAMES = ["with  space", "it's", "$HOME", "é", "-x", "a;b", "*", "new\nline", 'say "a"', "`ls`"]


@pytest.mark.skipif(os.name == "nt", reason="needs bash")
@pytest.mark.parametrize("name", [*NAMES, os.fsdecode(b"caf\xe9")], ids=ascii)
def test_a_shell_takes_a_quoted_word_for_what_it_was(name):
    code = "import sys; sys.stdout.buffer.write(sys.argv[1].encode('utf-8', 'surrogateescape'))"
    shell = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {quoted(name)}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, check=True)
    assert done.stdout == os.fsencode(name)


def test_a_path_that_begins_with_a_dash_is_no_flag():
    assert invocation("sample", Path("-x")) == "python -m charlstm.sample " + os.path.join(
        ".", "-x"
    )
    assert quoted("-x") == "-x"


def test_windows_has_double_quotes(monkeypatch):
    monkeypatch.setattr(quoting, "ON_WINDOWS", True)
    assert quoted(r"C:\runs\bard") == r"C:\runs\bard"
    assert quoted(r"C:\my runs\it's") == r'"C:\my runs\it' + "'s\""


@pytest.mark.skipif(os.name == "nt", reason="needs bash")
@pytest.mark.parametrize("name", ["it's  a $HOME é", "-x"])
def test_each_printed_command_runs_in_a_shell(name, tmp_path, text, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(text, encoding="utf-8")
    options = ["--hidden-size", "8", "--threads", "1", "--steps", "2"]
    assert train.main(["text.txt", *options, f"--out={name}"]) == 0
    (told,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith("saved: ")]
    python = shlex.quote(sys.executable)
    shell = told.partition("; try  ")[2].replace("python", python, 1) + " --length 5"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert train.main(["text.txt", *options, f"--out={name}"]) == 2
    hint = capsys.readouterr().err.rstrip("\n").partition("go on with it by ")[2]
    shell = f"{python} -m charlstm.train {hint}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "has finished, after 2 steps" in done.stderr


def test_the_lesson_to_begin_with_is_quoted(tmp_path, capsys):
    assert lessons.main([str(tmp_path / "my lessons")]) == 0
    assert "jupyter lab '" in capsys.readouterr().err or os.name == "nt"
