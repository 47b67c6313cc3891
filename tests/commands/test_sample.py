"""The command `sample`: text on standard output, and mistakes in one line."""

import io
import json
import os
import re
import subprocess
import sys

import pytest

from charlstm import sample
from charlstm.model.checkpoint import Checkpoint
from charlstm.text.corpus import read_corpus
from charlstm.text.novelty import novelty

# arguments, and what the one line must say; conftest.py makes the files {x}
MISTAKES = [
    ("nosuch", "nosuch: no such file or run folder"),
    ("{emptyfolder}", "no model.safetensors in this folder"),
    ("{pickle}", "not a whole safetensors file"),
    ("{truncated}", "not a whole safetensors file"),
    ("{altered}", "damaged"),
    ("{model} --temp -1", "--temperature is -1.0; it must be at least 0"),
    ("{model} --temp nan", "--temperature is nan"),
    ("{model} --temp inf", "--temperature is inf"),
    ("{model} --temp hot", "could not convert string to float: 'hot'"),
    ("{model} --top-k 0", "--top-k is 0; it must be at least 1"),
    ("{model} --top-p 0", "--top-p is 0.0; it must be above 0 and at most 1"),
    ("{model} --top-p 1.5", "--top-p is 1.5"),
    ("{model} --min-p 0", "--min-p is 0.0; it must be above 0 and at most 1"),
    ("{model} --temp-in-words -1", "--temperature-in-words is -1.0; it must be at least 0"),
    ("{model} --prime-file=", "--prime-file is empty; name a file, or leave it out"),
    ("{model} --no-repeat 1", "--no-repeat is 1; it must be from 2 to 10000"),
    ("{model} --no-copy 0", "--no-copy is 0; it must be from 1 to 10000"),
    (
        "{model} --no-copy 5",
        "does not name the text it was trained on; give it as CORPUS: python",
    ),
    ("{model} --no-copy 5 --corpus {missing}", "nothing.txt: no such"),
    ("{model} --corpus {text}", "--corpus does nothing without --lines or --no-copy; add it"),
    ("{model} --length -1", "--length is -1; it must be at least 0"),
    ("{model} --number 0", "--number is 0; it must be at least 1"),
    ("{model} --seed -1", "--seed is -1"),
    ("{model} --stop=", "--stop is empty"),
    ("{model} --stop a€", "--stop: character '€' (U+20AC) at position 1 is not among the model's"),
    (r"{model} --stop x\q", r"--stop: \q at position 1 is no escape; write \n \t"),
    (r"{model} --prime ab\u12", r"--prime: \u at position 2 is no escape"),
    (r"{model} --literal --prime \n", r"prime: character '\\' (U+005C) at position 0"),
    ("{model} --prime -the", "write --prime=-the"),
    ("{model} --lines 0", "--lines is 0; it must be at least 1"),
    ("{model} --lines 2 --number 2", "--number does nothing beside --lines; leave one of them"),
    ("{model} --lines 2 --stop x", "--stop does nothing beside --lines"),
    ("{model} --interactive --json", "--json does nothing beside --interactive"),
    ("{model} --interactive", "--interactive needs a terminal for standard input"),
    ("{model} --new-only", "--new-only does nothing without --lines; add it"),
    ("{model} --surprise", "--surprise does nothing without --json; add it"),
    ("{model} --lines 2 --new-only", "give it as CORPUS: python -m charlstm.sample"),
    ("{model} --lines 2 --corpus {missing}", "nothing.txt: no such file"),
    ("{model} --prime a€b", "remove it, or pass --unknown skip"),
    ("{model} --prime a€b", "prime: character '€' (U+20AC) at position 1 is not among the"),
    ("{model} --prime a --prime-file {text}", "--prime and --prime-file both give the prime"),
    ("{model} --prime-file {missing}", "nothing.txt: no such file or directory; give a UTF-8"),
    ("{model} --prime-file {emptyfolder}", "is a directory"),
    ("{model} --prime-file {latin}", "at offset 2 is not UTF-8"),
    ("{model} extra", "Unrecognized"),
]


def sampled(capfdbinary, *arguments):
    assert sample.main([*map(str, arguments)]) == 0
    return capfdbinary.readouterr().out


def test_sampling_never_imports_torch():
    probe = (
        "import sys; from charlstm.sample import main\n"
        "assert main(['--length', '5', '--number', '2', '--top-k', '3', '--prime', 'A']) == 0\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_shipped_model_is_the_default(capfdbinary):
    text = sampled(capfdbinary, "--temp", 0.8, "--length", 200, "--seed", 1)
    assert len(text) == 200
    assert text == sampled(capfdbinary, "tinyshakespeare", "--length", 200, "--seed", 1)


def test_prime_echo_and_stop(capfdbinary, model_file, tmp_path):
    options = [model_file, "--length", 30, "--seed", 4]
    text = sampled(capfdbinary, *options, "--prime", "The qu")
    assert text.startswith(b"The qu")
    assert len(text) == 36
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):  # Notepad writes marks
        (tmp_path / "prime").write_text("The qu", encoding=encoding)
        assert sampled(capfdbinary, *options, "--prime-file", tmp_path / "prime") == text
    silent = sampled(capfdbinary, *options, "--prime", "The qu", "--no-echo")
    assert silent == text[6:]
    stop = silent[3:5].decode()
    ended = sampled(capfdbinary, *options, "--prime", "The qu", "--no-echo", "--stop", stop)
    assert ended == silent[: silent.index(stop.encode())]
    assert sampled(capfdbinary, *options, "--length", 0) == b""


def test_prime_from_standard_input(capfdbinary, model_file, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"fox"), encoding="utf-8"))
    text = sampled(capfdbinary, model_file, "--prime-file", "-", "--length", 3)
    assert text.startswith(b"fox")


def test_number_prints_each_sample_under_its_heading(capfdbinary, model_file):
    text = sampled(capfdbinary, model_file, "--number", 3, "--length", 7, "--prime", "fox").decode()
    pieces = text.split("--- ")[1:]
    assert [p.split(" ---\n")[0] for p in pieces] == ["1 of 3", "2 of 3", "3 of 3"]
    assert all(len(p.split(" ---\n")[1]) == 3 + 7 + 1 for p in pieces)


def test_the_first_of_several_is_the_one_alone(capfdbinary):
    options = ("tales", "--length", 60, "--seed", 5)
    alone = sampled(capfdbinary, *options)
    for number in (2, 3):
        several = sampled(capfdbinary, *options, "--number", number)
        assert several.startswith(b"--- 1 of %d ---\n%s\n--- 2" % (number, alone))


def test_a_sample_copies_neither_what_the_model_has_read_nor_another_text(capfdbinary, tmp_path):
    options = ("tales", "--length", 300, "--seed", 5)
    free = sampled(capfdbinary, *options).decode()
    tales = read_corpus("tales").text
    train = tales[: int(0.9 * len(tales))]
    assert len(novelty(free, train).longest) > 8
    own = sampled(capfdbinary, *options, "--no-copy", 8).decode()
    assert len(novelty(own, train).longest) == 8
    (tmp_path / "free.txt").write_text(free, encoding="utf-8", newline="")
    other = sampled(capfdbinary, *options, "--no-copy", 8, "--corpus", tmp_path / "free.txt")
    assert len(novelty(other.decode(), free).longest) == 8


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("1", "1 of 1 ended early, where --no-repeat 2 left no character; raise it\n"),
        ("3", "3 of 3 ended early, where --no-repeat 2 left no character; raise it\n"),
    ],
)
def test_it_is_told_that_the_bans_left_nothing(capfdbinary, model_file, number, told):
    options = [str(model_file), "--length", "2000", "--seed", "1", "--number", number]
    assert sample.main([*options, "--no-repeat", "2", "--temp", "2"]) == 0
    assert capfdbinary.readouterr().err.decode() == told
    assert sample.main([*options, "--no-repeat", "30", "--temp", "2"]) == 0
    assert capfdbinary.readouterr().err == b""


def test_escapes_are_understood_in_the_prime_and_the_stop_text(capfdbinary, model_file, tmp_path):
    options = [model_file, "--length", 400, "--seed", 4, "--temp", 2]
    text = sampled(capfdbinary, *options, "--prime", r"fo\u0078\n")
    assert text.startswith(b"fox\n")
    ended = sampled(capfdbinary, *options, "--prime", r"fo\u0078\n", "--stop", r"\n")
    assert ended == b"fox\n" + text[4 : text.index(b"\n", 4)]
    (tmp_path / "prime").write_text(r"\n", encoding="utf-8")
    assert sample.main([str(model_file), "--prime-file", str(tmp_path / "prime")]) == 2


def test_a_stop_text_that_is_longer_than_the_sample_is_told(capfdbinary, model_file):
    assert sample.main([str(model_file), "--stop", "fox", "--length", "2"]) == 0
    told = capfdbinary.readouterr()
    assert len(told.out) == 2
    assert told.err.decode() == (
        "--stop has 3 characters, and --length is 2: no sample can end there\n"
    )


def lines_of(capfdbinary, *arguments):
    assert sample.main([*map(str, arguments)]) == 0
    told = capfdbinary.readouterr()
    return told.out.decode().splitlines(), told.err.decode()


def test_lines_are_marked_so_that_cut_can_cut_the_mark(capfdbinary, model_file, tmp_path):
    options = [model_file, "--lines", 5, "--seed", 1, "--temp", 2, "--length", 60]
    written, told = lines_of(capfdbinary, *options)
    assert len(set(written)) == 5
    assert told.startswith("which lines are new is not known: ")
    (tmp_path / "known").write_text("\n".join(written[1:3]), encoding="utf-8")
    marked, told = lines_of(capfdbinary, *options, "--corpus", tmp_path / "known")
    assert [line.split("\t")[0] for line in marked] == written
    assert [line.endswith("\t(in the text)") for line in marked] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert "5 lines; in the text: 2 (40% of the different ones)" in told
    new, told = lines_of(capfdbinary, *options, "--corpus", tmp_path / "known", "--new-only")
    assert new[:3] == [written[0], *written[3:]]
    assert "5 new lines; left out: 2 in the text" in told


def test_json_has_one_line_for_each_sample(capfdbinary, model_file):
    options = [model_file, "--prime", "fo", "--length", 30, "--seed", 1, "--temp", 2, "--stop", "x"]
    for number in 1, 4:
        lines, _ = lines_of(capfdbinary, *options, "--number", number, "--json", "--surprise")
        rows = [json.loads(line) for line in lines]
        assert [row["index"] for row in rows] == [*range(1, number + 1)]
        assert {(row["seed"], row["prime"]) for row in rows} == {(1, "fo")}
        for row in rows:
            assert row["stopped"] == (len(row["text"]) < 30)
            assert len(row["nats"]) == len(row["text"])
    plain = sampled(capfdbinary, *options, "--number", 4).decode()
    printed = re.split(r"--- \d of 4 ---\n", plain)[1:]
    assert [f"fo{row['text']}\n" for row in rows] == printed


def test_json_of_lines_says_which_are_known(capfdbinary, model_file, tmp_path):
    options = [model_file, "--lines", 4, "--seed", 1, "--temp", 2, "--length", 60, "--json"]
    rows = [json.loads(line) for line in lines_of(capfdbinary, *options)[0]]
    assert [row["in_text"] for row in rows] == [None] * 4
    (tmp_path / "known").write_text(rows[2]["text"], encoding="utf-8")
    options += ["--corpus", tmp_path / "known", "--surprise"]
    again = [json.loads(line) for line in lines_of(capfdbinary, *options)[0]]
    assert [row["in_text"] for row in again] == [False, False, True, False]
    assert [len(row["nats"]) for row in again] == [len(row["text"]) for row in rows]


@pytest.mark.parametrize("made", [0, 3])
def test_without_memory_what_was_made_is_printed_whole_and_nothing_else(
    capfdbinary, model_file, monkeypatch, made
):
    def write(*_):
        yield from ([letter] * 4 for letter in "abc"[:made])
        raise MemoryError

    monkeypatch.setattr("charlstm.sampling.sampler.generate_many", write)
    assert sample.main([str(model_file), "--number", "4"]) == 2
    told = capfdbinary.readouterr()
    assert told.err.decode().count("\n") == 1
    assert told.err.startswith(b"error: out of memory")
    expected = "".join(f"--- {n} of 4 ---\nabc\n" for n in range(1, 5))
    assert told.out.decode() == (expected if made else "")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of address space")
def test_more_samples_than_there_is_room_for_at_once_are_all_printed(model_file):
    command = (
        f"ulimit -v 900000; exec {sys.executable} -P -m charlstm.sample {model_file}"
        " --number 20000 --length 50 --seed 1"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=300, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    samples = re.split(r"--- (\d+) of 20000 ---\n", done.stdout)
    assert samples[1::2] == [str(n) for n in range(1, 20_001)]
    assert {len(sample) for sample in samples[2::2]} == {51}
    assert len({*samples[2::2]}) > 10_000  # the batches are not the same


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


@pytest.mark.skipif(os.name == "nt", reason="needs a Unix shell")
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
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "charlstm.sample", "--length", "50", "--number", number],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr == (
        "error: standard output: no space left on device; make room there, or name another place\n"
    )


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda x: str(x)[:50])
def test_a_mistake_gets_one_line_and_exit_code_2(mistake, arguments, message):
    mistake(sample.main, arguments, message)
