"""The commands as a person meets them: help, output, mistakes, exit codes."""

import errno
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from charlstm import benchmark, corpora, evaluate, sample, train
from charlstm.model.checkpoint import Checkpoint
from charlstm.options import parse
from charlstm.training.display import advice
from charlstm.training.presets import PRESETS, REACHES, choose_preset
from charlstm.training.trainer import Progress

COMMANDS = {
    "train": train,
    "evaluate": evaluate,
    "sample": sample,
    "benchmark": benchmark,
    "corpora": corpora,
}


@pytest.fixture
def corpus(tmp_path, text):
    path = tmp_path / "text.txt"
    path.write_text(text)
    return str(path)


def run(*command, **options):
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)], capture_output=True, **options
    )


# --- help and start-up ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_examples_and_every_default(name, capsys):
    with pytest.raises(SystemExit) as end:
        COMMANDS[name].main(["--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert f"python -m charlstm.{name}" in told
    assert "default" in told


@pytest.mark.parametrize("name", COMMANDS)
def test_help_and_mistakes_never_wait_for_torch(name):
    probe = (
        f"import sys; from charlstm.{name} import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "main(['--no-such-flag'])\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    done = run_code(probe)
    assert done.returncode == 0, done.stderr


def run_code(code, **options):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **options)


def test_sampling_never_imports_torch():
    probe = (
        "import sys; from charlstm.sample import main\n"
        "assert main(['--length', '5', '--number', '2', '--top-k', '3', '--prime', 'A']) == 0\n"
        "assert 'torch' not in sys.modules"
    )
    done = run_code(probe)
    assert done.returncode == 0, done.stderr


# --- sample --------------------------------------------------------------------------------------


def sampled(capfdbinary, *arguments):
    assert sample.main([*map(str, arguments)]) == 0
    return capfdbinary.readouterr().out


def test_the_shipped_model_is_the_default(capfdbinary):
    text = sampled(capfdbinary, "--temp", 0.8, "--length", 200, "--seed", 1)
    assert len(text) == 200
    assert text == sampled(capfdbinary, "tinyshakespeare", "--length", 200, "--seed", 1)


def test_prime_echo_and_stop(capfdbinary, model_file, tmp_path):
    (tmp_path / "prime").write_text("The qu")
    options = [model_file, "--length", 30, "--seed", 4]
    text = sampled(capfdbinary, *options, "--prime", "The qu")
    assert text.startswith(b"The qu")
    assert len(text) == 36
    assert sampled(capfdbinary, *options, "--prime-file", tmp_path / "prime") == text
    silent = sampled(capfdbinary, *options, "--prime", "The qu", "--no-echo")
    assert silent == text[6:]
    stop = silent[3:5].decode()
    ended = sampled(capfdbinary, *options, "--prime", "The qu", "--no-echo", "--stop", stop)
    assert ended == silent[: silent.index(stop.encode())]
    assert sampled(capfdbinary, *options, "--length", 0) == b""


def test_prime_from_standard_input(capfdbinary, model_file, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"fox")))
    text = sampled(capfdbinary, model_file, "--prime-file", "-", "--length", 3)
    assert text.startswith(b"fox")


def test_number_prints_each_sample_under_its_heading(capfdbinary, model_file):
    text = sampled(capfdbinary, model_file, "--number", 3, "--length", 7, "--prime", "fox").decode()
    pieces = text.split("--- ")[1:]
    assert [p.split(" ---\n")[0] for p in pieces] == ["1 of 3", "2 of 3", "3 of 3"]
    assert all(len(p.split(" ---\n")[1]) == 3 + 7 + 1 for p in pieces)


def test_unknown_characters_of_the_prime_can_be_skipped(capfdbinary, model_file):
    assert (
        sample.main([str(model_file), "--prime", "fo€x", "--unknown", "skip", "--length", "2"]) == 0
    )
    told = capfdbinary.readouterr()
    assert told.out.startswith(b"fox")
    assert "left out of the prime: '€'" in told.err.decode()


def test_a_model_of_bytes_writes_bytes(capfdbinary, checkpoint, tmp_path):
    from charlstm.text.vocabulary import Vocabulary

    letters = "Ã©" + "".join(map(chr, range(200, 198 + len(checkpoint.vocabulary))))
    path = tmp_path / "bytes.safetensors"
    Checkpoint(checkpoint.options, Vocabulary(letters, True), checkpoint.weights).save(path)
    options = [path, "--length", 9000, "--no-echo", "--seed", 1, "--temp", 9]
    text = sampled(capfdbinary, *options)
    assert len(text) == 9000
    assert set(text) == set(letters.encode("latin-1"))
    stopped = sampled(capfdbinary, *options, "--stop", "é")  # two bytes in UTF-8
    assert stopped == text[: text.index("é".encode())]
    (tmp_path / "prime").write_bytes(text[:9])
    primed = sampled(capfdbinary, path, "--prime-file", tmp_path / "prime", "--length", 1)
    assert primed[:9] == text[:9]


def test_a_closed_pipe_ends_it_quietly():
    command = f"{sys.executable} -m charlstm.sample --length 100000 | head -c 20"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, timeout=60
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert len(done.stdout) == 20


def test_text_comes_out_as_it_is_made():
    process = subprocess.Popen(
        [sys.executable, "-m", "charlstm.sample", "--length", "100000000"], stdout=subprocess.PIPE
    )
    try:
        assert len(process.stdout.read(200)) == 200  # long before the last character
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("number", ["1", "2"])
def test_full_standard_output_is_one_line(number):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "charlstm.sample", "--length", "50", "--number", number],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert (
        done.stderr
        == "error: standard output: no space left on device; free the place or name another\n"
    )


# --- evaluate ------------------------------------------------------------------------------------


def test_evaluate_prints_one_json_object(capsys, model_file, corpus, text):
    assert evaluate.main([str(model_file), corpus, "--json", "--threads", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    for protocol in ("carried", "cold"):
        score = figures[protocol]
        assert score["characters"] == len(text) - 1
        assert score["bits_per_char"] == pytest.approx(score["nats"] / np.log(2))
    assert figures["part"] == "all"
    again = [
        evaluate.main([str(model_file), corpus, "--json", "--threads", "1"]),
        capsys.readouterr(),
    ]
    same = json.loads(again[1].out)
    assert same["carried"] == figures["carried"]
    assert same["cold"] == figures["cold"]


def test_evaluate_dynamic_and_novelty_stand_beside_the_static_figures(
    capsys, model_file, corpus, text
):
    asked = ["--part", "validation", "--dynamic", "--novelty", "--length", "300", "--temp", "0.5"]
    assert evaluate.main([str(model_file), corpus, *asked, "--json", "--threads", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["dynamic"]["characters"] == figures["carried"]["characters"]
    assert figures["dynamic"]["nats"] != figures["carried"]["nats"]
    written = figures["novelty"]
    assert (written["characters"], written["temperature"], written["seed"]) == (300, 0.5, 0)
    assert written["longest"] in text
    assert written["surprise_nats"] > 0
    assert evaluate.main([str(model_file), corpus, *asked, "--threads", "1"]) == 0
    shown = capsys.readouterr().out
    assert "a copy that learns from" in shown
    assert "dynamic (one pass)" in shown
    assert f"longest, written: {len(written['longest'])} characters" in shown


def test_evaluate_reads_its_own_text_again_and_takes_the_validation_part(
    capsys, corpus, tmp_path, text
):
    out = str(tmp_path / "run")
    assert (
        train.main([corpus, "--steps", "5", "--hidden-size", "8", "--out", out, "--threads", "1"])
        == 0
    )
    measured = Checkpoint.load(tmp_path / "run/model.safetensors").about["measured"]
    capsys.readouterr()
    assert evaluate.main([out, "--json", "--threads", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["part"], figures["from"], figures["to"]) == ("validation", 669, len(text))
    assert figures["carried"]["nats"] == pytest.approx(measured["carried"]["nats"], abs=1e-9)
    assert evaluate.main([out, "--threads", "1"]) == 0
    told = capsys.readouterr().out
    assert "validation, characters 669 to 744 of 744 (10.1%)" in told
    assert "5-gram" in told
    assert "having read the 669 characters before" in told
    for part, size in {"train": 669, "all": 744}.items():
        assert evaluate.main([out, "--part", part, "--json", "--threads", "1"]) == 0
        assert json.loads(capsys.readouterr().out)["cold"]["characters"] == size - 1


# --- mistakes ------------------------------------------------------------------------------------

# command, arguments, what the one line must say; {x} are files made below
MISTAKES = [
    ("train", "", "no CORPUS; give a text to learn, or go on with a run by --resume RUN"),
    ("train", "{missing}", "nothing.txt: no such file or folder"),
    ("train", "{empty}", "empty.txt: empty; give a text"),
    ("train", "{one}", "one.txt: 1 characters"),
    ("train", "{emptyfolder}", "no text file in this folder"),
    ("train", "{binary}", "binary.bin: byte 0x"),
    ("train", "{latin}", "at offset 2 is not utf-8"),
    ("train", "{text} --encoding klingon", "--encoding klingon: unknown encoding"),
    ("train", "{text} --encoding base64", "--encoding base64"),
    ("train", "{unreadable}", "permission denied"),
    ("train", "{text} --split 0.9 0.2", "--split is 0.9 0.2"),
    ("train", "{text} --split 0.9", "--split"),
    ("train", "{text} --min-count 0", "--min-count is 0; it must be at least 1"),
    ("train", "{text} --min-count 100000", "--min-count is 100000, but no character"),
    ("train", "{text} --layers 0", "--layers is 0; it must be from 1 to 100"),
    ("train", "{text} --hidden-size x", "invalid literal for int() with base 10: 'x'"),
    ("train", "{text} --hiden-size 5", "Perhaps you meant: --hidden-size"),
    (
        "train",
        "{text} --cell elman",
        "--cell is 'elman'; it must be one of lstm, rnn, gru, peephole",
    ),
    ("train", "{text} --dropout 1", "--dropout is 1.0; it must be from 0 to 0.99"),
    ("train", "{text} --weight-drop -0.1", "--weight-drop is -0.1"),
    ("train", "{text} --learning-rate 0", "--learning-rate is 0.0; it must be above 0"),
    ("train", "{text} --learning-rate nan", "--learning-rate is nan"),
    ("train", "{text} --window 0", "--window is 0"),
    ("train", "{text} --batch-size 0", "--batch-size is 0"),
    ("train", "{text} --reset 2", "--reset is 2.0; it must be from 0 to 1"),
    ("train", "{text} --ema 1", "--ema is 1.0"),
    ("train", "{text} --clip nan", "--clip is nan"),
    ("train", "{text} --minutes 0", "--minutes is 0.0; it must be above 0"),
    ("train", "{text} --steps 5 --minutes 2", "--minutes and --steps are both budgets"),
    ("train", "{text} --seed -1", "--seed is -1"),
    ("train", "{text} --threads 0", "--threads is 0"),
    ("train", "{text} --show -1", "--show is -1"),
    ("train", "{text} --preset huge", "Expected one of ('auto', 'small', 'medium'"),
    ("train", "{text} --steps 1 --out {file}/x", "not a directory"),
    (
        "train",
        "{text} --steps 1 --out /proc/nowhere",
        "/proc/nowhere/resume.safetensors: no such file",
    ),
    (
        "train",
        "{text} --threads 99999999999",
        "--threads is 99999999999; it must be from 1 to 1024",
    ),
    ("train", "{text} --hidden-size 1000000000", "--hidden-size is 1000000000"),
    ("train", "{text} --minutes inf", "--minutes is inf; it must be above 0 and finite"),
    ("train", "{text} --split 0.0000001 0.5", "give at least 20000000 characters"),
    ("train", "{text} --unknown skip", "--unknown without --init-from"),
    ("train", "{text} --out=", "--out is empty"),
    (
        "train",
        "{strange} --init-from {model} --unknown skip",
        "of the 27 characters for train only 0",
    ),
    ("train", "--resume {missing}", "resume.safetensors: no such file"),
    (
        "train",
        "--resume {run} --layers 3",
        "--layers beside --resume: a run goes on with the options",
    ),
    ("train", "--resume {run} --out x", "--out beside --resume"),
    ("train", "--resume {broken}", "resume.safetensors: not a whole safetensors file"),
    ("train", "{text} --init-from {model} --layers 3", "--layers is 3, but"),
    ("train", "{text} --init-from {model} --layers 1", "--layers is 1, but"),  # the default
    ("train", "{text} --init-from {model} --bytes", "--bytes is True, but"),
    ("train", "--resume {run} --layers 1", "--layers beside --resume"),
    ("train", "{text} --init-from nosuch", "nosuch: no such file or run folder"),
    ("evaluate", "", "MODEL"),
    ("evaluate", "nosuch {text}", "nosuch: no such file or run folder, and no shipped model"),
    ("evaluate", "{model} {missing}", "nothing.txt: no such file or folder"),
    ("evaluate", "{model}", "the text it was trained on has no name; give a CORPUS"),
    ("evaluate", "{model} {other}", "other.txt, part all: character '€' (U+20AC) at position 4"),
    ("evaluate", "{model} {text} --part half", "--part"),
    ("evaluate", "{model} {text} --part test", "the part test has 0 characters; at least 2"),
    ("evaluate", "{model} {one}", "the part all has 1 characters"),
    (
        "evaluate",
        "{model} {other} --unknown skip --part train --split 0.1 0.1",
        "the part train has 0",
    ),
    ("evaluate", "{model} {strange} --unknown skip", "the model knows 0; at least 2 are needed"),
    ("evaluate", "{text} {text}", "text.txt: not a whole safetensors file"),
    ("evaluate", "{pickle} {text}", "not a whole safetensors file"),
    ("evaluate", "{truncated} {text}", "not a whole safetensors file"),
    ("evaluate", "{altered} {text}", "damaged, its content does not match its digest"),
    ("evaluate", "{model} {text} --threads 0", "--threads is 0"),
    ("evaluate", "{model} {text} --dynamic", "the part all has none before it; name --part"),
    ("evaluate", "{model} {text} --temp 0.5", "--temp without --novelty"),
    ("evaluate", "{model} {text} --novelty --top-p 2", "--top-p is 2"),
    ("sample", "nosuch", "nosuch: no such file or run folder"),
    ("sample", "{emptyfolder}", "no model.safetensors in this folder"),
    ("sample", "{pickle}", "not a whole safetensors file"),
    ("sample", "{truncated}", "not a whole safetensors file"),
    ("sample", "{altered}", "damaged"),
    ("sample", "{model} --temp -1", "--temperature is -1.0; it must be at least 0"),
    ("sample", "{model} --temp nan", "--temperature is nan"),
    ("sample", "{model} --temp inf", "--temperature is inf"),
    ("sample", "{model} --temp hot", "could not convert string to float: 'hot'"),
    ("sample", "{model} --top-k 0", "--top-k is 0; it must be at least 1"),
    ("sample", "{model} --top-p 0", "--top-p is 0; it must be above 0 and at most 1"),
    ("sample", "{model} --top-p 1.5", "--top-p is 1.5"),
    ("sample", "{model} --length -1", "--length is -1; it must be at least 0"),
    ("sample", "{model} --number 0", "--number is 0; it must be at least 1"),
    ("sample", "{model} --seed -1", "--seed is -1"),
    ("sample", "{model} --stop=", "--stop is empty"),
    (
        "sample",
        "{model} --prime a€b",
        "prime: character '€' (U+20AC) at position 1 is not among the",
    ),
    (
        "sample",
        "{model} --prime a --prime-file {text}",
        "--prime and --prime-file both give the prime",
    ),
    (
        "sample",
        "{model} --prime-file {missing}",
        "nothing.txt: no such file or directory; give a UTF-8",
    ),
    ("sample", "{model} --prime-file {emptyfolder}", "is a directory"),
    ("sample", "{model} --prime-file {latin}", "at offset 2 is not UTF-8"),
    ("sample", "{model} extra", "Unrecognized"),
    ("corpora", "nosuch", "nosuch: no such file or folder, and no corpus of that name"),
    ("corpora", "{text} --limit 0", "--limit is 0; it must be at least 1"),
    ("benchmark", "--threads 0", "--threads is 0"),
    ("benchmark", "--slow", "Unrecognized options: --slow"),
]


@pytest.fixture
def files(tmp_path, corpus, model_file, text):
    made = {"text": corpus, "model": str(model_file), "file": corpus}

    def make(key, name, content):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
        made[key] = str(tmp_path / name)

    model = model_file.read_bytes()
    make("empty", "empty.txt", b"")
    make("one", "one.txt", b"T")
    make("binary", "binary.bin", np.random.default_rng(0).bytes(500))
    make("latin", "latin.txt", "größe".encode("latin-1"))
    make("other", "other.txt", "fox €".encode())
    make("strange", "strange.txt", ("€" * 30).encode())
    make("pickle", "pickle.safetensors", b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}")
    make("truncated", "truncated.safetensors", model[:-9])
    make("altered", "altered.safetensors", model[:-9] + b"?" + model[-8:])
    make("unreadable", "unreadable.txt", text.encode())
    make("brokenfile", "broken/resume.safetensors", model[: len(model) // 2])
    made["broken"] = str(tmp_path / "broken")
    made["missing"] = str(tmp_path / "nothing.txt")
    (tmp_path / "emptyfolder").mkdir()
    made["emptyfolder"] = str(tmp_path / "emptyfolder")
    made["run"] = str(tmp_path / "norun")
    return made


@pytest.mark.parametrize(("name", "arguments", "message"), MISTAKES, ids=lambda x: str(x)[:50])
def test_a_mistake_gets_one_line_and_exit_code_2(
    name, arguments, message, files, capsys, monkeypatch
):
    if "{unreadable}" in arguments:  # root may read everything: let the system refuse instead
        monkeypatch.setattr("charlstm.text.corpus.Path.read_bytes", refuse)
    before = model_bytes(files)
    argv = [a.format(**files) for a in arguments.split()]
    assert COMMANDS[name].main(argv) == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert len(lines) == 1, told.err
    assert lines[0].startswith("error: ")
    assert message in lines[0]
    assert model_bytes(files) == before


def model_bytes(files):
    with open(files["model"], "rb") as file:
        return file.read()


def refuse(path):
    raise PermissionError(errno.EACCES, "Permission denied", str(path))


def test_a_full_disk_stops_a_training_with_one_line_and_the_old_files_whole(
    corpus, tmp_path, capsys, monkeypatch
):
    out = tmp_path / "run"
    count = iter(range(100))
    real = os.fsync

    def fills_up(descriptor):
        if next(count) >= 2:  # the first two files are written
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr("charlstm.model.checkpoint.os.fsync", fills_up)
    options = ["--steps", "60", "--hidden-size", "8", "--out", str(out), "--threads", "1"]
    assert train.main([corpus, *options]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert "no space left on device" in error
    monkeypatch.undo()
    assert Checkpoint.load(out / "model.safetensors")
    assert train.main(["--resume", str(out), "--threads", "1"]) == 0
    assert sorted(p.name for p in out.iterdir()) == [
        "log.jsonl",
        "model.safetensors",
        "resume.safetensors",
    ]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_closed_standard_output_is_one_line(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    assert COMMANDS[name].main([]) == 2
    assert capsys.readouterr().err.startswith("error: standard output is closed; leave it open")


def test_a_closed_standard_input_is_one_line(model_file, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    assert train.main(["-"]) == 2
    assert sample.main([str(model_file), "--prime-file", "-"]) == 2
    assert capsys.readouterr().err.count("error: standard input is closed; name a file") == 2


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")],
)
def test_too_little_memory_is_one_line(error, model_file, monkeypatch, capsys):
    def run_out(*_):
        raise error

    monkeypatch.setattr("charlstm.sampling.sampler.Sampler.read", run_out)
    assert sample.main([str(model_file)]) == 2
    assert capsys.readouterr().err.startswith("error: out of memory; give smaller sizes")


def test_a_bug_keeps_its_traceback(model_file, monkeypatch):
    def fail(*_):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr("charlstm.sampling.sampler.Sampler.read", fail)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        sample.main([str(model_file)])


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


def test_training_goes_on_when_nobody_reads_what_it_says(corpus, tmp_path):
    out = tmp_path / "run"
    command = f"{sys.executable} -m charlstm.train {corpus} --steps 120 --hidden-size 8 --out {out}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} --threads 1 2>&1 | head -n 1"],
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    about = Checkpoint.load(out / "model.safetensors").about
    assert "carried" in about["measured"]
    lines = (out / "log.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["step"] == 120


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
    except OSError:  # the other end is closed: how Linux tells the end
        pass
    os.close(ours)
    assert process.wait(60) == 0
    assert b"%|" in seen
    assert b"chars/s" in seen
    assert b"validation" in seen


def test_precision_bf16_falls_back_with_a_line_saying_so(corpus, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("charlstm.train.bf16_trouble", lambda cell: "no such thing here")
    options = ["--precision", "bf16", "--steps", "1", "--hidden-size", "8", "--threads", "1"]
    assert train.main([corpus, *options, "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().err
    assert "--precision bf16: no such thing here; going on in fp32" in told


def test_a_large_vocabulary_says_so(tmp_path, capsys):
    path = tmp_path / "signs.txt"
    path.write_text("".join(map(chr, range(0x4E00, 0x4E00 + 1200))))
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
    assert model.about["training"]["options"]["learning_rate"] == PRESETS["large"]["learning_rate"]


# --- presets and advice --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("characters", "flags", "expected"),
    [
        (1_000_000, [], "medium"),
        (200_000, [], "small"),
        (1_000_000, ["--minutes", "150"], "large"),
        (200_000, ["--minutes", "150"], "small"),
        (1_000_000, ["--minutes", "15"], "medium"),
        (1_000_000, ["--epochs", "2"], "medium"),
        (1_000_000, ["--epochs", "20"], "large"),
        (200_000, ["--epochs", "20"], "small"),
        (10_000, ["--steps", "10"], "medium"),
        (10_000, ["--steps", "1000"], "small"),
    ],
)
def test_the_preset_follows_the_text_and_the_budget(characters, flags, expected):
    budget = parse(train.Train, ["text", *flags]).training
    assert choose_preset(characters, budget) == expected


def test_training_tells_the_preset_and_takes_its_options(corpus, tmp_path, capsys):
    out = tmp_path / "run"
    flags = ["--steps", "3", "--threads", "1"]
    assert train.main([corpus, "--preset", "small", "--out", f"{out}-1", *flags]) == 0
    expected = f"preset small; on tiny-shakespeare such a model reaches {REACHES['small']}"
    assert expected in capsys.readouterr().err
    flags += ["--hidden-size", "7"]
    assert train.main([corpus, "--preset", "small", "--out", str(out), *flags]) == 0
    assert "such a model reaches" not in capsys.readouterr().err  # it is another model
    options = Checkpoint.load(out / "model.safetensors").options
    assert options.hidden_size == 7  # a flag goes before a preset
    assert options.weight_drop == PRESETS["small"]["weight_drop"] > 0


@pytest.mark.parametrize(
    ("training", "best_step", "validation", "expected"),
    [
        (1.0, 400, 1.6, "best at step 400 of 650, then the text was learnt by heart"),
        (1.0, 400, 0.9, "best at step 400 of 650, and got no better"),
        (1.0, 600, 1.6, "they part"),
        (1.5, 650, 1.6, "they are close"),
    ],
)
def test_advice_tells_which_knob_to_turn(training, best_step, validation, expected):
    progress = Progress(step=650, best=validation, best_step=best_step)
    assert expected in advice(progress, training, validation)
