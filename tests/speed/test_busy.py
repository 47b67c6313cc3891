"""What remains of the speed beside busy programs: the rows, from speeds that are given."""

import itertools

import pytest

from charlstm.options import ModelOptions
from charlstm.speed import busy
from charlstm.training.presets import PRESETS


def test_shares_are_of_the_quiet_speed_with_the_default(monkeypatch):
    speeds = {(None, 0): 10, (1, 0): 6, (2, 0): 11, (None, 1): 5, (1, 1): 6, (2, 1): 2}
    speeds |= {(None, 2): 4, (1, 2): 5, (2, 2): 1}
    turns = []

    def beside(processes, work, seconds):
        name, threads = work
        turns.append((name, processes, threads))
        return speeds[threads, processes] + (-1) ** turns.count(turns[-1])  # off by 1, both ways

    monkeypatch.setattr(busy, "_begun", lambda name, threads: (name, threads))
    monkeypatch.setattr(busy, "_beside", beside)
    rows = list(busy.busy_rows(seconds=1.0, rounds=6, most=2))
    names = ["train", "evaluate", "sample medium", "sample large"]
    assert [row["what"] for row in rows[::3]] == names
    assert [turns.count((name, 0, 1)) for name in names] == [6, 2, 6, 6]
    assert turns[:4] == [("train", 0, None), ("train", 0, 1), ("train", 0, 2), ("train", 1, None)]
    assert rows[0] == {
        "what": "train", "busy": 0, "default": 1.0, "1 thread": 0.6, "2 threads": 1.1,
    }  # fmt: skip
    assert rows[1] == {
        "what": "train", "busy": 1, "default": 0.5, "1 thread": 0.6, "2 threads": 0.2,
    }  # fmt: skip
    assert rows[8]["default"] == 0.4


def test_what_eight_do_together_is_compared_with_one_alone(monkeypatch):
    asked = []

    def together(number, program):
        asked.append(program)
        each = 0.5 if "None" in program else 0.75
        return [8.0] if number == 1 else [each] * number

    monkeypatch.setattr(busy, "together", together)
    rows = list(busy.at_once_rows(seconds=1.5, rounds=1))
    shares = {"at once": 8, "default": 0.5, "1 thread": 0.75}
    assert rows == [{"what": w} | shares for w in ("train", "sample medium", "sample large")]
    program = "from charlstm.speed.busy import child; child('train', None, 1.5)"
    assert asked[:2] == [program, program]
    assert asked[2] == program.replace("None", "1")


def test_speed_is_what_was_done_in_the_time(monkeypatch):
    monkeypatch.setattr("time.perf_counter", itertools.count(0.0, 0.25).__next__)
    assert busy._speed(itertools.repeat(3), seconds=2.0) == 12.0


@pytest.mark.parametrize("name", ["train", "evaluate", "sample large"])
def test_each_kind_of_work_goes_on_and_on(monkeypatch, name):
    class Preset:
        model = ModelOptions(hidden_size=8)
        training = PRESETS["small"].training

    monkeypatch.setattr(busy, "PRESETS", dict.fromkeys(PRESETS, Preset))
    monkeypatch.setattr(busy, "SCORED", 300)
    work = busy.WORKS[name](1)
    assert next(work) == 0
    done = [next(work) for _ in range(5)]
    assert done == [done[0]] * 5
    assert done[0] > 0


def test_a_child_says_that_it_is_ready_waits_and_prints_its_speed(monkeypatch, capsys):
    monkeypatch.setattr(busy, "WORKS", {"count": lambda threads: itertools.repeat(1)})
    monkeypatch.setattr(busy, "prepare_cpu", lambda: None)
    monkeypatch.setattr("sys.stdin.readline", lambda: "go\n", raising=False)
    busy.child("count", None, seconds=0.01)
    ready, speed = capsys.readouterr().out.split()
    assert ready == "ready"
    assert float(speed) > 0
