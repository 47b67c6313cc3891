"""The log of a run: a line for each validation, and what is left of it after a resume."""

import dataclasses
import json
import math
import pathlib

import pytest
from killed import killed_at_each_line, needs_fork

from charlstm.errors import UserError
from charlstm.machine import atomic_file
from charlstm.training import log
from charlstm.training.log import append, cut
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


def test_a_log_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(UserError, match="the model so far is kept"):
        append(tmp_path, REPORT)
