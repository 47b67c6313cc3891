"""The command `benchmark`: what it prints, and mistakes in one line."""

import json

import pytest

from charlstm import benchmark
from charlstm.speed import bare, busy

# arguments, and what the one line must say; conftest.py makes the files {x}
MISTAKES = [
    ("--threads 0", "--threads is 0"),
    ("--busy --device cpu", "--device beside --busy, which measures the CPUs alone"),
    ("--slow", "Unrecognized options: --slow"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda x: str(x)[:50])
def test_a_mistake_gets_one_line_and_exit_code_2(mistake, arguments, message):
    mistake(benchmark.main, arguments, message)


def test_busy_prints_shares_a_row_for_each_number_of_processes(monkeypatch, capsys):
    asked = []
    rows = [
        {"what": "train", "busy": 0, "default": 1.0, "1 thread": 0.62, "2 threads": 1.01},
        {"what": "train", "busy": 2, "default": 0.58, "1 thread": 0.6, "2 threads": 0.2},
    ]
    eight = {"what": "sample large", "at once": 8, "default": 0.91, "1 thread": 0.9}
    monkeypatch.setattr(busy, "busy_rows", lambda *given: asked.append(given) or rows)
    monkeypatch.setattr(busy, "at_once_rows", lambda *given: asked.append(given) or [eight])
    assert benchmark.main(["--busy", "--threads", "1"]) == 0
    assert capsys.readouterr().out == (
        "train, alone                        default 1.00, 1 thread 0.62, 2 threads 1.01\n"
        "train, 2 busy beside                default 0.58, 1 thread 0.60, 2 threads 0.20\n"
        "sample large, 8 at once, together   default 0.91, 1 thread 0.90\n"
    )
    assert benchmark.main(["--busy", "--quick", "--json", "--threads", "1"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "threads": 1,
        "device": "cpu",
        "rows": [*rows, eight],
    }
    assert asked == [(2.0, 6, 1), (8.0, 2), (2.0, 1, 1), (8.0, 1)]


def test_without_busy_it_compares_with_torch(monkeypatch, capsys):
    row = {"what": "sample", "unit": "chars/s", "ours": 2.0, "bare": 1.0, "ratio": 2.0}
    monkeypatch.setattr(bare, "rows", lambda rounds, threads, device: [row | {"of reading": 0.5}])
    assert benchmark.main(["--quick", "--threads", "1"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told == "sample 2.0 chars/s 2.00 times as fast as bare (1.0), 50% of reading"
