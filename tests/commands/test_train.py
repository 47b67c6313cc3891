"""The command `train`: what it says, what it keeps, and mistakes in one line."""

import errno
import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from charlstm import evaluate, sample, train
from charlstm.machine.cpus import prepare_cpu
from charlstm.model import named_cells
from charlstm.model.checkpoint import Checkpoint
from charlstm.training.presets import PRESETS
from charlstm.training.run import Run

# arguments, and what the one line must say; conftest.py makes the files {x}
MISTAKES = [
    ("", "no CORPUS; give a text to learn, or go on with a run by --resume RUN"),
    ("{missing}", "nothing.txt: no such file or folder"),
    ("{empty}", "empty.txt: empty; give a text"),
    ("{one}", "one.txt: 1 character, 0 of them"),
    ("{emptyfolder}", "no text file in this folder"),
    ("{binary}", "binary.bin: not text; it has a zero byte at offset"),
    ("{latin}", "at offset 2 is not utf-8"),
    ("{text} --encoding klingon", "--encoding klingon: unknown encoding"),
    ("{text} --encoding base64", "--encoding base64"),
    ("{unreadable}", "permission denied"),
    ("{text} --split 0.9 0.2", "--split is 0.9 0.2"),
    ("{text} --split 0.9", "--split"),
    ("{text} --split-by word", "Expected one of ('position', 'line', 'block')"),
    ("{one} --split-by line", "--split-by line finds no line for each part"),
    ("{text} --min-count 0", "--min-count is 0; it must be at least 1"),
    ("{text} --min-count 100000", "--min-count is 100000, but no character"),
    ("{text} --layers 0", "--layers is 0; it must be from 1 to 100"),
    ("{text} --hidden-size x", "invalid literal for int() with base 10: 'x'"),
    ("{text} --hiden-size 5", "Perhaps you meant: --hidden-size"),
    (
        "{text} --cell elman",
        "--cell is 'elman'; it must be one of lstm, rnn, gru, peephole, coupled",
    ),
    ("{text} --cell elman", "give --cell MODULE:elman"),
    ("{text} --cell nosuch:mine", "--cell nosuch:mine: no module nosuch in"),
    ("--resume {run} --cell gru", "resume.safetensors: no such file"),
    ("{text} --dropout 1", "--dropout is 1.0; it must be from 0 to 0.99"),
    ("{text} --weight-drop -0.1", "--weight-drop is -0.1"),
    ("{text} --learning-rate 0", "--learning-rate is 0.0; it must be above 0"),
    ("{text} --learning-rate nan", "--learning-rate is nan"),
    ("{text} --window 0", "--window is 0"),
    ("{text} --batch-size 0", "--batch-size is 0"),
    ("{text} --reset 2", "--reset is 2.0; it must be from 0 to 1"),
    ("{text} --ema 1", "--ema is 1.0"),
    ("{text} --clip nan", "--clip is nan"),
    ("{text} --minutes 0", "--minutes is 0.0; it must be above 0"),
    ("{text} --steps 5 --minutes 2", "--minutes and --steps are both budgets"),
    ("{text} --seed -1", "--seed is -1"),
    ("{text} --threads 0", "--threads is 0"),
    ("{text} --show -1", "--show is -1"),
    ("{text} --preset huge", "Expected one of ('auto', 'small', 'medium'"),
    ("{text} --steps 1 --out {file}/x", "not a directory"),
    pytest.param(
        "{text} --steps 1 --out /proc/nowhere",
        "/proc/nowhere/lock: no such file",
        marks=pytest.mark.skipif(sys.platform != "linux", reason="needs /proc"),
    ),
    ("{text} --threads 99999999999", "--threads is 99999999999; it must be from 1 to 1024"),
    ("{text} --hidden-size 1000000000", "--hidden-size is 1000000000"),
    ("{text} --minutes inf", "--minutes is inf; it must be above 0 and finite"),
    ("{text} --split 0.0000001 0.5", "give at least 20000000 characters"),
    ("{text} --unknown skip", "--unknown without --init-from"),
    ("{text} --out=", "--out is empty"),
    ("{strange} --init-from {model} --unknown skip", "of the 27 characters for train only 0"),
    ("--resume {missing}", "resume.safetensors: no such file"),
    ("--resume {run} --layers 3", "--layers beside --resume: a run goes on with the options"),
    ("--resume {run} --out x", "--out beside --resume"),
    ("{text} --more-steps 3", "--more-steps without --resume: a new training has --steps"),
    ("--resume {run} --more-steps 0", "--more-steps is 0; it must be above 0"),
    ("--resume {run} --more-steps 3 --more-minutes 2", "are both budgets; give one of them"),
    ("--resume {broken}", "resume.safetensors: not a whole safetensors file"),
    ("{text} --init-from {model} --layers 3", "--layers is 3, but"),
    ("{text} --init-from {model} --layers 1", "--layers is 1, but"),
    ("{text} --init-from {model} --bytes", "--bytes is True, but"),
    ("--resume {run} --layers 1", "--layers beside --resume"),
    ("{text} --init-from nosuch", "nosuch: no such file or run folder"),
    ("{text} --clip 0", "--clip is 0.0; it must be above 0 and finite; --clip none turns it off"),
    (
        "{text} --ema 0",
        "--ema is 0.0; it must be above 0 and at most 0.999999; --ema none turns it off",
    ),
    ("{text} --patience 0", "--patience is 0; it must be at least 1; --patience none turns it off"),
    ("{text} --embedding-size 0", "--embedding-size none turns it off"),
    ("{text} --show 0", "--show is 0; it must be at least 1; --show none turns it off"),
    ("{text} --layers none", "invalid literal for int() with base 10: 'none'"),
]


def test_a_full_disk_stops_a_training_with_one_line_and_the_old_files_whole(
    corpus, tmp_path, capsys, monkeypatch
):
    out = tmp_path / "run"
    count = iter(range(100))
    real = os.fsync

    def fills_up(descriptor):
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and next(count) >= 2:  # two files have room
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr("charlstm.machine.atomic_file.os.fsync", fills_up)
    options = ["--steps", "60", "--hidden-size", "8", "--out", str(out), "--threads", "1"]
    assert train.main([corpus, *options]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert "no space left on device" in error
    monkeypatch.undo()
    assert Checkpoint.load(out / "model.safetensors")
    assert train.main(["--resume", str(out), "--threads", "1"]) == 0
    assert sorted(p.name for p in out.iterdir()) == [
        "README.md",
        "lock",
        "log.jsonl",
        "model.safetensors",
        "resume.safetensors",
    ]


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs a signal to stand for Ctrl-Break")
def test_ctrl_break_stops_and_saves_where_there_is_such_a_signal(
    corpus, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    real = Run.fit

    def fit(run):
        for report in real(run):
            signal.raise_signal(signal.SIGUSR1)
            yield report

    monkeypatch.setattr(Run, "fit", fit)
    out = tmp_path / "run"
    options = ["--steps", "60", "--hidden-size", "8", "--out", str(out), "--threads", "1"]
    assert train.main([corpus, *options]) == 128 + signal.SIGUSR1
    assert f"stopped and saved; python -m charlstm.train --resume {out}" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL


def test_a_text_with_a_name_that_is_no_text_trains(tmp_path, text):
    path = os.fsencode(tmp_path) + b"/bad\xff.txt"
    try:
        with open(path, "wb") as file:
            file.write(text.encode())
    except OSError:
        pytest.skip("this file system wants UTF-8 names")
    command = [sys.executable, "-m", "charlstm.train", path, "--steps", "2", "--hidden-size", "8"]
    done = subprocess.run(
        [*command, "--threads", "1", "--out", str(tmp_path / "run")], capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert Checkpoint.load(tmp_path / "run/model.safetensors")


@pytest.mark.skipif(os.name == "nt", reason="needs a Unix shell")
def test_training_goes_on_when_nobody_reads_what_it_says(corpus, tmp_path):
    out = tmp_path / "run"
    command = f"{sys.executable} -m charlstm.train {corpus} --steps 120 --hidden-size 8 --out {out}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} --threads 1 2>&1 | head -n 1"],
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert Checkpoint.load(out / "model.safetensors").measured.carried
    lines = (out / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["step"] == 120


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_progress_bar(corpus, tmp_path):
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [
        sys.executable,
        "-m",
        "charlstm.train",
        corpus,
        "--steps",
        "60",
        "--hidden-size",
        "8",
    ]
    process = subprocess.Popen(
        [*command, "--threads", "1", "--out", str(tmp_path / "run")], stderr=theirs
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:  # Linux reports the end of a closed terminal in this way
        pass
    os.close(ours)
    assert process.wait(60) == 0
    assert b"%|" in seen
    assert b"chars/s" in seen
    assert b"validation" in seen


def test_precision_bf16_falls_back_with_a_line_saying_so(corpus, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("charlstm.model.kernels.bf16_trouble_on", lambda _: "no such thing here")
    options = ["--precision", "bf16", "--steps", "1", "--hidden-size", "8", "--threads", "1"]
    assert train.main([corpus, *options, "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().err
    assert "--precision bf16: no such thing here; going on in fp32" in told


def test_a_large_vocabulary_says_so(tmp_path, capsys):
    path = tmp_path / "signs.txt"
    path.write_text("".join(map(chr, range(0x4E00, 0x4E00 + 1200))), encoding="utf-8")
    options = ["--steps", "1", "--hidden-size", "4", "--threads", "1", "--out", str(tmp_path / "r")]
    assert train.main([str(path), *options]) == 0
    assert "a vocabulary of 1,200 is large" in capsys.readouterr().err


def test_weights_that_run_away_stop_with_one_line_and_a_loadable_model(corpus, tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--steps", "120", "--hidden-size", "16", "--learning-rate", "1e30", "--threads", "1"]
    code = train.main([corpus, *options, "--out", str(out)])
    told = capsys.readouterr().err.splitlines()
    assert code == 2
    assert told[-1].startswith("error: ")
    assert Checkpoint.load(out / "model.safetensors")


def test_flags_win_over_the_preset(corpus, tmp_path, capsys):
    options = ["--preset", "large", "--hidden-size", "8", "--steps", "2", "--threads", "1"]
    assert train.main([corpus, *options, "--out", str(tmp_path / "run")]) == 0
    model = Checkpoint.load(tmp_path / "run/model.safetensors")
    assert (model.options.layers, model.options.hidden_size) == (2, 8)
    assert model.training.options.learning_rate == PRESETS["large"].training.learning_rate


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda x: str(x)[:50])
def test_a_mistake_gets_one_line_and_exit_code_2(mistake, arguments, message):
    mistake(train.main, arguments, message)


# --- a reader's own cell -------------------------------------------------------------------------

MY_CELLS = """
from charlstm import Cell, register_cell
from charlstm.model.cells import relu, rnn


def relu_rnn(p, x, state):
    return rnn(p, x, state, activation=relu)


register_cell("mine", Cell(relu_rnn, gates=("h",), states=("h",)))
register_cell("other", Cell(relu_rnn, gates=("h",), states=("h",)))
"""


@pytest.fixture
def my_cells(tmp_path, monkeypatch):
    """Write a module into the current folder; what is returned forgets it, as a new process."""
    (tmp_path / "my_cells.py").write_text(MY_CELLS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def forget():
        monkeypatch.setattr(named_cells, "_registered", {})
        monkeypatch.delitem(sys.modules, "my_cells", raising=False)

    forget()
    yield forget
    sys.modules.pop("my_cells", None)


def test_a_cell_of_ones_own_trains_resumes_samples_and_is_measured(
    my_cells, corpus, tmp_path, capsys
):
    size = ["--hidden-size", "8", "--threads", "1"]
    own = ["--cell", "my_cells:mine"]
    assert train.main([corpus, *own, "--steps", "4", *size, "--out", "run"]) == 0
    for main, arguments in [
        (sample.main, ["run", "--length", "5"]),
        (evaluate.main, ["run", "--threads", "1"]),
        (train.main, ["--resume", "run", "--threads", "1"]),
        (train.main, [corpus, "--init-from", "run", "--steps", "2", "--out", "new"]),
    ]:
        my_cells()
        capsys.readouterr()
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert "cell is 'mine'" in error
        assert "--cell MODULE:mine" in error
        assert main([*arguments, *own]) == 0
    assert Checkpoint.load(tmp_path / "new/model.safetensors").options.cell == "mine"


def test_another_cell_than_that_of_the_model_is_refused(my_cells, corpus, capsys):
    size = ["--hidden-size", "8", "--threads", "1"]
    assert train.main([corpus, "--cell", "my_cells:mine", "--steps", "1", *size, "--out", "r"]) == 0
    capsys.readouterr()
    for arguments in (["--resume", "r"], [corpus, "--init-from", "r", "--steps", "1"]):
        assert train.main([*arguments, "--cell", "my_cells:other"]) == 2
        told = capsys.readouterr().err.splitlines()[-1]
        assert told == "error: --cell is other, but r has mine; leave it out"


def test_a_resumed_run_takes_the_threads_that_are_asked_for(corpus, tmp_path, capsys):
    out = str(tmp_path / "run")
    few = ["--steps", "30", "--hidden-size", "8", "--out", out, "--threads", "1"]
    few += ["--precision", "fp32"]  # auto is another one on a CPU made for it
    assert train.main([corpus, *few]) == 0
    assert train.main(["--resume", out, "--threads", "2", "--more-steps", "1"]) == 0
    assert "fp32, 2 threads" in capsys.readouterr().err
    prepare_cpu(1)
    assert Checkpoint.load(tmp_path / "run" / "model.safetensors").training.threads == 2


@pytest.mark.parametrize(
    ("budget", "given", "at_first", "resumed"),
    [
        ("minutes", [], "threads: measured while it trains", "threads: measured while it trains"),
        ("minutes", ["--threads", "2"], "2 threads", "2 threads"),
        ("steps", [], "2 threads", "2 threads"),
        ("steps", ["--threads", "1"], "1 thread", "1 thread"),
    ],
)
def test_threads_are_measured_for_minutes_unless_a_number_is_given(
    corpus, tmp_path, monkeypatch, capsys, budget, given, at_first, resumed
):
    monkeypatch.setattr("charlstm.machine.cpus.usable_cpus", lambda: 2)
    monkeypatch.setattr("os.cpu_count", lambda: 3)  # a file gets no more threads than that
    out = str(tmp_path / "run")
    amount = {"minutes": "0.002", "steps": "3"}[budget]
    few = [corpus, f"--{budget}", amount, "--hidden-size", "8", "--out", out, "--device", "cpu"]
    few += ["--precision", "fp32"]  # auto is another one on a CPU made for it
    assert train.main([*few, *given]) == 0
    assert f"fp32, {at_first}\n" in capsys.readouterr().err
    monkeypatch.setattr("charlstm.machine.cpus.usable_cpus", lambda: 3)
    again = ["--resume", out, f"--more-{budget}", amount, "--device", "cpu"]
    assert train.main(again) == 0
    assert f"fp32, {resumed}\n" in capsys.readouterr().err
    prepare_cpu(1)


def test_an_empty_name_is_no_model(corpus, capsys):
    assert train.main([corpus, "--init-from="]) == 2
    assert "the model's name is empty" in capsys.readouterr().err


OWN = """
from charlstm import Cell, register_cell
from charlstm.model.cells import rnn
print("hello from the module")
register_cell("own", Cell(rnn, gates=("h",), states=("h",)))
"""


def test_hints_after_a_training_with_an_own_cell_name_its_module(
    corpus, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(named_cells, "_registered", {})
    (tmp_path / "hinting.py").write_text(OWN, encoding="utf-8")
    few = ["--steps", "3", "--hidden-size", "8", "--out", "run", "--threads", "1"]
    assert train.main([corpus, *few, "--cell", "hinting:own"]) == 0
    told = capsys.readouterr()
    assert "python -m charlstm.sample run --cell hinting:own" in told.err
    assert told.out == ""  # what the module prints is not the command's output
    assert train.main(["--resume", "run", "--cell", "nothing"]) == 2
    assert "--cell MODULE:nothing" in capsys.readouterr().err


def test_a_training_that_is_done_leaves_a_card_and_writes_a_little(corpus, tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--steps", "3", "--hidden-size", "8", "--out", str(out), "--threads", "1"]
    assert train.main([corpus, *options, "--show", "20"]) == 0
    told = capsys.readouterr().err
    assert "temperature 0.5" in told
    assert "it writes, at temperature 0.8:\n" in told
    (out / "README.md").write_text("mine", encoding="utf-8")
    assert train.main(["--resume", str(out), "--more-steps", "2", "--threads", "1"]) == 0
    assert "README.md: kept as it is" in capsys.readouterr().err
    assert (out / "README.md").read_text(encoding="utf-8") == "mine"


def test_a_sorted_list_is_told_before_the_training_and_after(tmp_path, capsys):
    names = "".join(f"{a}{b}n{c}r\n" for a in "bcdfghkmpt" for b in "aeiou" for c in "aeiou")
    (tmp_path / "names.txt").write_text(names, encoding="utf-8")
    options = ["--steps", "60", "--hidden-size", "16", "--out", str(tmp_path / "run")]
    assert train.main([str(tmp_path / "names.txt"), *options, "--threads", "1"]) == 0
    told = capsys.readouterr().err
    assert "the last tenth is unlike the rest of the text" in told.split("model: 1 x")[0]
    assert "for a sorted list --split-by line draws" in told
    assert "they part, and the last tenth" in told
    assert "learnt by heart" not in told


def test_two_mistakes_are_both_told(capsys):
    line = "x.txt --layers 0 --batch-size 0 --dropout 3 --more-steps 0 --show 0"
    assert train.main(line.split()) == 2
    (told,) = capsys.readouterr().err.splitlines()
    for refused in ("layers is 0", "batch-size is 0", "dropout is 3.0", "more-steps is 0"):
        assert told.count(f"--{refused}; it must be") == 1, told


def test_a_wrong_cell_is_refused_before_a_further_budget_is_saved(corpus, tmp_path, capsys):
    folder = tmp_path / "cells"
    tiny = "--hidden-size 8 --threads 1 --steps 2 --out".split()
    assert train.main([corpus, *tiny, str(folder)]) == 0
    before = (folder / "resume.safetensors").read_bytes()
    asked = ["--resume", str(folder), "--more-steps", "3", "--cell", "gru"]
    assert train.main(asked) == 2
    assert f"--cell is gru, but {folder} has lstm; leave it out" in capsys.readouterr().err
    assert (folder / "resume.safetensors").read_bytes() == before
