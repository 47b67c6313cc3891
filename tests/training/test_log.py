"""The log of a run: a line for each validation, and what is left of it after a resume."""

import dataclasses
import json
import math
import os
import pathlib
import signal

import pytest
from killed import killed_at_each_line, needs_fork

from charlstm.errors import UserError
from charlstm.machine import atomic_file
from charlstm.training import log
from charlstm.training.log import append, cut, flush
from charlstm.training.progress import Report

REPORT = Report(
    step=25, epoch=0.5, fraction=0.25, loss=2.0, train_loss=2.5, grad_norm=1.5, clipped=0.2,
    learning_rate=0.01, chars_per_second=1000.0, validation=2.2, improved=True,
)  # fmt: skip


def test_a_line_says_what_the_report_says(tmp_path):
    path = tmp_path / "log.jsonl"
    later = dataclasses.replace(REPORT, step=50, validation=math.nan)
    append(path, REPORT)
    append(path, later)
    first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert first == dataclasses.asdict(REPORT)
    assert second["step"] == 50
    assert second["validation"] is None  # JSON has no NaN


def test_a_cut_keeps_the_lines_up_to_a_step_and_drops_half_a_line(tmp_path):
    path = tmp_path / "log.jsonl"
    for step in (25, 50, 75):
        append(path, dataclasses.replace(REPORT, step=step))
    path.write_text(path.read_text(encoding="utf-8") + '{"step": 4', encoding="utf-8")
    cut(path, 50)
    assert [json.loads(line)["step"] for line in path.read_text(encoding="utf-8").splitlines()] == [
        25,
        50,
    ]
    cut(tmp_path / "nothing.jsonl", 50)
    assert not (tmp_path / "nothing.jsonl").exists()


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_cut_that_is_killed_at_any_line_loses_no_line(tmp_path):
    path = tmp_path / "log.jsonl"
    for step in range(3):
        append(path, dataclasses.replace(REPORT, step=step))
    whole = path.read_bytes()
    kept = b"".join(whole.splitlines(keepends=True)[:2])
    seen = set()
    modules = (log, atomic_file, pathlib)  # the last one writes, if `cut` does not do it well
    for _ in killed_at_each_line(lambda: path.write_bytes(whole), lambda: cut(path, 1), *modules):
        seen.add(path.read_bytes())
        for left in set(tmp_path.iterdir()) - {path}:
            left.unlink()
    assert seen == {whole, kept}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limits of files")
def test_a_disk_that_becomes_full_amid_a_line_takes_none_of_it(tmp_path):
    import resource

    path = tmp_path / "log.jsonl"
    append(path, REPORT)
    whole = path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 9, before[1]))
    try:
        with pytest.raises(UserError, match="file too large; free some space"):
            append(path, REPORT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == whole
    append(path, REPORT)
    assert path.read_bytes() == whole * 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no O_NOFOLLOW")
@pytest.mark.parametrize(
    "write", [lambda path: append(path, REPORT), flush, lambda path: cut(path, 9)]
)
def test_a_planted_link_is_not_written_through(write, tmp_path):
    (tmp_path / "victim").write_text("precious", encoding="utf-8")
    (tmp_path / "log.jsonl").symlink_to(tmp_path / "victim")
    with pytest.raises(UserError, match=r"log\.jsonl: not a plain file; remove it"):
        write(tmp_path / "log.jsonl")
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "precious"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no FIFOs")
@pytest.mark.parametrize(
    "use", [lambda path: append(path, REPORT), flush, lambda path: cut(path, 9)]
)
def test_a_planted_fifo_is_not_waited_for(use, tmp_path):
    os.mkfifo(tmp_path / "log.jsonl")
    with pytest.raises(UserError, match=r"log\.jsonl: not a plain file; remove it"):
        use(tmp_path / "log.jsonl")


def test_a_cut_survives_what_a_stranger_wrote_and_reads_no_endless_file(tmp_path, monkeypatch):
    path = tmp_path / "log.jsonl"
    odd = [
        b"[" * 9000,
        b'{"step": [1]}',
        b'{"step": 1, "x": [' + b"[]," * 9000 + b"1]}",
        b"\xff\x00",
    ]
    path.write_bytes(b"\n".join([*odd, b'{"step": 1' + b"0" * 500 + b"}", b'{"step": 3}']))
    cut(path, 5)
    assert path.read_bytes() == b'{"step": 3}\n'
    monkeypatch.setattr(log, "MOST_BYTES", 11)
    with pytest.raises(
        UserError, match=r"log\.jsonl: more than 11 bytes; move it elsewhere, and a"
    ):
        cut(path, 5)
    path.unlink()
    cut(path, 5)
    assert not path.exists()


def test_a_flush_needs_no_log_and_syncs_the_file_and_the_folder(tmp_path, monkeypatch):
    path = tmp_path / "log.jsonl"
    flush(path)
    assert not path.exists()
    append(path, REPORT)
    synced = []
    monkeypatch.setattr(log.os, "fsync", lambda number: synced.append(os.fstat(number).st_ino))
    flush(path)
    assert synced == [path.stat().st_ino, tmp_path.stat().st_ino]


def test_a_log_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(UserError, match="the model so far is kept"):
        append(tmp_path / "missing" / "log.jsonl", REPORT)
