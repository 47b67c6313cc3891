"""Runs in folders: after an interruption or a kill, a resumed run has the same weights."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from charlstm.errors import UserError
from charlstm.model.array_file import read_arrays, write_arrays
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.facts import Provenance
from charlstm.options import ModelOptions, TrainOptions
from charlstm.text.corpus import read_corpus
from charlstm.training.budget import Budget
from charlstm.training.distributed import Ranks
from charlstm.training.finish import finish, is_finished
from charlstm.training.place import Place
from charlstm.training.run import Run

# dropout of all kinds, resets, the averaged weights and random offsets are all on
OPTIONS = """
--steps 400 --layers 2 --hidden-size 24 --embedding-size 8 --dropout 0.2 --input-dropout 0.1
--weight-drop 0.2 --reset 0.2 --batch-size 4 --window 13 --patience none --threads 1
""".split()


@pytest.fixture
def corpus(tmp_path, text):
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())
    return path


@pytest.fixture
def start(tmp_path):
    """Start trainings in processes of their own; what they say goes into `tmp_path/said`."""
    started = []

    def start(*arguments):
        main = (
            "import sys, charlstm.training.run as runs; runs.SAVE_SECONDS = 0.05\n"
            "from charlstm.train import main; sys.exit(main(sys.argv[1:]))"
        )
        command = [sys.executable, "-c", main, *map(str, arguments)]
        with (tmp_path / "said").open("w", encoding="utf-8") as said:
            started.append(subprocess.Popen(command, stderr=said))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def steps_logged(folder):
    log = folder / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return json.loads(lines[-1])["step"] if lines else 0


def stop_after(process, folder, step, how):
    deadline = time.monotonic() + 60
    while steps_logged(folder) < step:
        assert time.monotonic() < deadline
        assert process.poll() is None, "it ended too early"
        time.sleep(0.002)
    process.send_signal(how)
    return process.wait(60)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals between processes")
def test_three_interrupted_pieces_equal_one_whole(start, tmp_path, corpus):
    whole = tmp_path / "whole"
    pieces = tmp_path / "pieces"
    finished = start(corpus, *OPTIONS, "--out", whole)
    assert finished.wait(100) == 0

    first = start(corpus, *OPTIONS, "--out", pieces)
    assert stop_after(first, pieces, 25, signal.SIGTERM) == 143
    assert f"--resume {pieces} goes on" in (tmp_path / "said").read_text(encoding="utf-8")
    stopped_at = saved_step(pieces)
    assert 25 <= stopped_at < 300

    second = start("--resume", pieces, "--threads", 1)
    assert stop_after(second, pieces, stopped_at + 50, signal.SIGKILL) == -signal.SIGKILL
    assert stopped_at < saved_step(pieces) < 400  # the killed run had saved its state before

    third = start("--resume", pieces, "--threads", 1)
    assert third.wait(100) == 0

    for name in ("model.safetensors", "resume.safetensors"):
        want = load_file(whole / name)
        got = load_file(pieces / name)
        assert sorted(want) == sorted(got)
        assert len(want) > 10
        for key in want:
            assert want[key].tobytes() == got[key].tobytes(), key
    logs = [(f / "log.jsonl").read_text(encoding="utf-8").splitlines() for f in (whole, pieces)]
    told = [
        [{k: json.loads(x)[k] for k in ("step", "loss", "validation")} for x in log] for log in logs
    ]
    assert told[0] == told[1]


def saved_step(folder):
    return read_arrays(folder / "resume.safetensors", "resume")[1]["progress"]["now"]["step"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals between processes")
def test_ctrl_c_before_the_first_validation_leaves_a_model_and_exits_130(start, tmp_path, corpus):
    folder = tmp_path / "run"
    process = start(corpus, "--minutes", 5, "--hidden-size", 200, "--out", folder, "--threads", 1)
    while not (folder / "resume.safetensors").exists():
        assert process.poll() is None, "it ended too early"
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert Checkpoint.load(folder / "model.safetensors").options.hidden_size == 200


def run_main(*arguments):
    from charlstm.train import main

    return main([*map(str, arguments), "--threads", "1"])


TINY = ["--hidden-size", "16", "--embedding-size", "6", "--batch-size", "4", "--window", "8"]


def test_a_run_can_be_resumed_from_elsewhere_but_only_with_its_text(tmp_path, corpus, capsys):
    folder = tmp_path / "run"
    assert run_main(corpus, *TINY, "--steps", 30, "--out", folder) == 0
    corpus.rename(tmp_path / "moved.txt")
    assert run_main("--resume", folder) == 2
    assert "text.txt: not there any more" in capsys.readouterr().err
    assert run_main(tmp_path / "moved.txt", "--resume", folder / "resume.safetensors") == 0
    (tmp_path / "moved.txt").write_text("another text " * 20, encoding="utf-8")
    assert run_main(tmp_path / "moved.txt", "--resume", folder) == 2
    assert "not the text that" in capsys.readouterr().err


def test_the_folder_holds_a_measured_model_and_a_log(tmp_path, corpus):
    folder = tmp_path / "run"
    assert run_main(corpus, *TINY, "--steps", 80, "--out", folder) == 0
    checkpoint = Checkpoint.load(folder / "model.safetensors")
    assert checkpoint.provenance == Provenance.of(read_corpus([str(corpus)]))
    assert checkpoint.provenance.characters == len(corpus.read_text(encoding="utf-8"))
    assert checkpoint.training.steps == 80
    assert checkpoint.training.options.window == 8
    assert checkpoint.training.threads == 1
    measured = checkpoint.measured
    assert (measured.part, measured.start, measured.stop) == ("validation", 669, 744)
    assert measured.carried.characters == 75 - 1
    assert measured.cold.nats > 0
    assert measured.validation_nats is None
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [70, 80]


def test_an_old_run_is_never_written_over(tmp_path, corpus, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_main(corpus, *TINY, "--steps", 2) == 0
    before = (tmp_path / "runs/text/model.safetensors").read_bytes()
    assert run_main(corpus, *TINY, "--steps", 2, "--out", "runs/text") == 2
    assert "runs/text: already holds a run; name another" in capsys.readouterr().err
    assert run_main(corpus, *TINY, "--steps", 3) == 0
    assert (tmp_path / "runs/text-2/model.safetensors").exists()
    assert (tmp_path / "runs/text/model.safetensors").read_bytes() == before


@pytest.mark.parametrize("embedding_size", [None, 6])
def test_init_from_keeps_the_old_characters_and_adds_new_ones(
    tmp_path, corpus, capsys, embedding_size
):
    sizes = [*TINY[:2], "--embedding-size", embedding_size, *TINY[4:]]
    assert run_main(corpus, *sizes, "--steps", 40, "--out", tmp_path / "old") == 0
    old = Checkpoint.load(tmp_path / "old/model.safetensors")
    new_text = tmp_path / "new.txt"
    new_text.write_text("a joy, ¿señor! " * 30, encoding="utf-8")
    run = Run.start_from(
        tmp_path / "x", read_corpus([str(new_text)]), old, old.options, TrainOptions(steps=1)
    )
    assert run.vocabulary.characters == old.vocabulary.characters + "¿ñ"
    for name, array in run.trainer.model.to_arrays().items():
        kept = array[tuple(slice(n) for n in old.weights[name].shape)]
        np.testing.assert_array_equal(kept, old.weights[name])

    started = ["--init-from", tmp_path / "old", "--steps", 5, "--batch-size", 4, "--window", 8]
    assert run_main(new_text, *started, "--out", tmp_path / "added") == 0
    assert "2 new characters added to the model's 33: '¿ñ'" in capsys.readouterr().err
    assert run_main(new_text, *started, "--out", tmp_path / "skip", "--unknown", "skip") == 0
    assert (
        "2 characters left out, because the model does not know them: '¿ñ'"
        in capsys.readouterr().err
    )
    skipped = Checkpoint.load(tmp_path / "skip/model.safetensors")
    assert skipped.vocabulary == old.vocabulary
    assert run_main(new_text, *started, "--out", tmp_path / "no", "--unknown", "error") == 2
    told = capsys.readouterr().err
    assert "character '¿' (U+00BF) at position 7" in told
    assert told.endswith("remove it, or pass --unknown skip\n")


@pytest.fixture
def run(tmp_path, corpus):
    """A run that has just begun, of a small model."""
    sizes = ModelOptions(hidden_size=8)
    options = TrainOptions(steps=30, batch_size=4, window=8)
    return Run.start(tmp_path / "run", read_corpus([str(corpus)]), sizes, options)


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("corpus", {}, "lacks corpus.sources"),
        ("training", None, "training: None is not a JSON object"),
        ("progress", [], "progress: [] is not a JSON object"),
        ("progress", {"now": 1}, "progress.now: 1 is not a JSON object"),
        ("model", {"layers": 2}, "lacks the weight average.layers.1"),
    ],
)
def test_a_garbled_run_is_refused_by_file_and_part(run, part, value, message):
    path = run.folder / "resume.safetensors"
    arrays, header = read_arrays(path, "resume")
    write_arrays(path, arrays, header | {"kind": "resume", part: value})
    with pytest.raises(UserError) as error:
        Run.resume(run.folder)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


def test_a_log_that_cannot_be_written_keeps_the_model(run):
    folder = run.folder
    (folder / "log.jsonl").mkdir(parents=True)
    with pytest.raises(UserError, match=r"log\.jsonl: not a plain file"):
        list(run.fit())
    assert Checkpoint.load(folder / "model.safetensors").measured.validation_nats > 0


@pytest.mark.parametrize("length", [20, 21, 25, 36, 60])
def test_a_few_dozen_characters_train(tmp_path, capsys, length):
    (tmp_path / "short.txt").write_text(
        "to be, or not to be: that is the question, whether"[:length] * 2, encoding="utf-8"
    )
    text = (tmp_path / "short.txt").read_text(encoding="utf-8")[:length]
    (tmp_path / "short.txt").write_text(text, encoding="utf-8")
    assert run_main(tmp_path / "short.txt", "--steps", 3, "--out", tmp_path / "run") == 0
    told = capsys.readouterr().err
    assert re.search(r"a short text: (1 stream|[2-9] streams) and windows of \d+ instead of", told)
    assert re.search(r"; (1 stream|[2-9] streams) x \d+ characters, \w+ windows? an ", told)
    assert re.search(r", (1 character|\d+ characters) dropped; (fp32|bf16), 1 thread\n", told)
    assert not re.search(r"(?<![\d,.])1 \w+s\b", told)


def test_a_shorter_text_is_told_the_smallest_size(tmp_path, capsys):
    (tmp_path / "short.txt").write_text("to be, or ", encoding="utf-8")
    assert run_main(tmp_path / "short.txt", "--steps", 3, "--out", tmp_path / "run") == 2
    assert "give at least 11 characters" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_bytes_min_count_and_show(tmp_path, corpus, capsys):
    corpus.write_bytes(b"\xff\x00abcabc\n" * 60 + b"z")
    options = [*TINY, "--steps", 25, "--show", 60]
    assert run_main(corpus, *options, "--bytes", "--out", tmp_path / "a", "--min-count", 2) == 0
    told = capsys.readouterr().err
    assert "vocabulary: 6 characters, 1 rare one left out" in told
    (shown,) = re.findall(r"chars/s\n(.*)done:", told, re.DOTALL)
    titles, *lines = shown.splitlines()
    assert titles.split() == ["temperature", "0.5", "temperature", "0.8", "temperature", "1.0"]
    assert set("".join(lines)) <= {*"abc \ufffd", *r"\x00"}  # in columns, controls are escapes
    vocabulary = Checkpoint.load(tmp_path / "a/model.safetensors").vocabulary
    assert vocabulary.bytewise
    assert vocabulary.characters == "\x00\nabc\xff"
    assert os.path.exists(tmp_path / "a/resume.safetensors")


def test_a_garbled_count_of_a_saved_training_is_told(tmp_path, corpus):
    run = Run.start(
        tmp_path / "run",
        read_corpus([str(corpus)]),
        ModelOptions(hidden_size=8),
        TrainOptions(steps=9),
    )
    path = run.folder / "resume.safetensors"
    arrays, header = read_arrays(path, kind="resume")
    header["progress"]["now"]["step"] = "5"
    write_arrays(path, arrays, {"kind": "resume", **header})
    with pytest.raises(UserError, match=r"garbles progress.now.step: '5' is not a whole number"):
        Run.resume(run.folder)


def test_a_finished_run_says_so_and_is_trained_on(tmp_path, corpus, capsys):
    folder = tmp_path / "run"
    assert run_main(corpus, *TINY, "--steps", 80, "--out", folder) == 0
    before = (folder / "model.safetensors").read_bytes()
    capsys.readouterr()
    assert run_main("--resume", folder) == 0
    assert capsys.readouterr().err == (
        f"reading {corpus}, which {folder} names\n"
        f"{folder}: has finished, after 80 steps; train it on with --more-minutes 5 (or"
        " --more-epochs, --more-steps)\n"
    )
    assert (folder / "model.safetensors").read_bytes() == before
    assert run_main("--resume", folder, "--more-steps", 60) == 0
    told = capsys.readouterr().err
    assert "budget: 60 steps, from step 80;" in told
    assert "done: 140 steps in" in told
    checkpoint = Checkpoint.load(folder / "model.safetensors")
    assert (checkpoint.training.steps, checkpoint.training.options.steps) == (140, 60)
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [70, 80, 140]
    assert run_main("--resume", folder) == 0
    assert "has finished, after 140 steps" in capsys.readouterr().err


def test_a_run_that_was_stopped_needs_no_further_budget(run, corpus):
    next(run.fit())
    run.save()
    with pytest.raises(UserError, match="has not finished, so it needs no further budget yet"):
        Run.resume(run.folder, more=Budget(5, "steps"))


def test_a_further_budget_is_saved_at_once(run):
    list(run.fit())
    finish(run)
    Run.resume(run.folder, more=Budget(7, "steps"))  # and killed before its first step
    again = Run.resume(run.folder)
    assert not is_finished(again)
    assert [report.step for report in again.fit()] == list(range(31, 38))


def test_the_further_budget_decides_whether_threads_are_measured(tmp_path, corpus, monkeypatch):
    monkeypatch.setattr("charlstm.machine.cpus.usable_cpus", lambda: 2)
    text, sizes = read_corpus([str(corpus)]), ModelOptions(hidden_size=8)
    torch.set_num_threads(2)
    try:
        run = Run.start(tmp_path / "run", text, sizes, TrainOptions(minutes=1e-6, batch_size=4))
        assert run.trainer.threads.measured
        list(run.fit())
        used = run.trainer.threads.number
        for _ in range(2):  # the second time after a kill
            unfinished = not run.trainer.finished()
            run = Run.resume(run.folder, more=None if unfinished else Budget(3, "steps"))
            assert (run.trainer.threads.measured, run.trainer.threads.number) == (False, used)
        list(run.fit())
        assert Run.resume(run.folder, more=Budget(1, "minutes")).trainer.threads.measured
    finally:
        torch.set_num_threads(1)


def test_several_processes_refuse_a_text_on_disk_and_leave_no_folder(tmp_path, corpus, on_disk):
    class Two(Ranks):
        size = 2

    text, place = read_corpus([str(corpus)]), Place(ranks=Two())
    with pytest.raises(UserError, match=r"text\.txt: its 744 characters stay on disk, .* limit"):
        Run.start(tmp_path / "run", text, ModelOptions(hidden_size=8), TrainOptions(steps=1), place)
    assert not (tmp_path / "run").exists()


def test_a_run_that_was_killed_while_it_was_measured_is_measured(run, capsys):
    list(run.fit())
    assert not is_finished(run)
    assert run_main("--resume", run.folder) == 0
    assert "done: 30 steps" in capsys.readouterr().err
    assert is_finished(Run.resume(run.folder))


def test_a_text_on_disk_is_trained_on_and_resumed(tmp_path, corpus, on_disk, monkeypatch):
    on = [*TINY, "--steps", 40, "--min-count", 13]
    assert run_main(corpus, *on, "--out", tmp_path / "disk") == 0
    assert len(list(on_disk.glob("*.ids"))) == 3  # the text, and two parts without rare characters
    assert run_main("--resume", tmp_path / "disk", "--more-steps", 9) == 0
    monkeypatch.setattr("charlstm.text.corpus.IN_MEMORY", 10**6)
    assert run_main(corpus, *on, "--out", tmp_path / "memory") == 0
    assert run_main("--resume", tmp_path / "memory", "--more-steps", 9) == 0
    want, got = (load_file(tmp_path / k / "model.safetensors") for k in ("memory", "disk"))
    assert all(np.array_equal(want[key], got[key]) for key in want)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs /dev/zero")
def test_a_run_does_not_choose_a_device_as_its_text(run):
    path = run.folder / "resume.safetensors"
    arrays, header = read_arrays(path, "resume")
    header["corpus"]["sources"] = ["/dev/zero"]
    write_arrays(path, arrays, {"kind": "resume", **header})
    with pytest.raises(UserError, match="/dev/zero: neither a file nor a folder"):
        Run.resume(run.folder)


@pytest.mark.parametrize("leave", [1, 2, 3])
def test_a_run_that_is_left_with_broken_weights_saves_finite_ones(leave, tmp_path, corpus):
    options = TrainOptions(steps=40, learning_rate=1e30, batch_size=4, window=8)
    sizes = ModelOptions(hidden_size=8, embedding_size=4)
    run = Run.start(tmp_path / "run", read_corpus([str(corpus)]), sizes, options)
    with contextlib.suppress(UserError), contextlib.closing(run.fit()) as reports:
        for report in reports:
            if report.step == leave:
                break
    for name in ("model.safetensors", "resume.safetensors"):
        assert all(np.isfinite(w).all() for w in load_file(tmp_path / "run" / name).values()), name
