"""What a model writes, side by side: columns that fit a terminal, in any script."""

import dataclasses
import os

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charlstm.machine.columns import columns_of as columns
from charlstm.options import SampleOptions
from charlstm.training.shown import at_temperatures, folded, side_by_side, written

TEXT = st.text("ab \t\n\x1b漢字あ\u0301שの€", max_size=80)


@given(TEXT, st.integers(2, 40))
def test_no_line_is_wider_than_asked_and_nothing_is_lost(text, width):
    lines = [*folded(text, width)]
    assert all(columns(line) <= max(width, 2) for line in lines)
    assert "".join(lines).replace(" ", "") == (
        text.replace("\n", "").expandtabs(0).replace(" ", "").replace("\x1b", "\\x1b")
    )


@given(st.lists(TEXT, min_size=3, max_size=3), st.integers(20, 120))
def test_columns_fit_the_terminal(texts, width):
    laid = side_by_side(dict(zip(("one", "two", "three"), texts, strict=True)), width)
    assert all(columns(line) <= width for line in laid.split("\n"))


def test_wide_characters_leave_the_next_column_where_it_is():
    first, second, third = side_by_side({"a": "漢字\nab", "b": "x\ny"}, 40).split("\n")
    assert columns(second[: second.index("x")]) == third.index("y") == first.index("b")


def test_a_model_writes_at_each_temperature(checkpoint, monkeypatch):
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((200, 50)))
    laid = at_temperatures(checkpoint, 30, seed=1, threads=1)
    assert laid.startswith(f"{'temperature 0.5':27}{'temperature 0.8':27}temperature 1.0\n")
    # at 0 to 4 letters of random weights the coldest sample is already another one
    samples = [[row[k : k + 25].rstrip() for row in laid.split("\n")[1:]] for k in (0, 27, 54)]
    alone = [
        [*folded(written(checkpoint, SampleOptions(temperature=t, length=30, seed=1), 1), 25)]
        for t in (0.5, 0.8, 1.0)
    ]
    for sample, expected in zip(samples, alone, strict=True):
        assert [row for row in sample if row] == [row.rstrip() for row in expected if row.strip()]
    assert len({tuple(sample) for sample in alone}) > 1


def test_weights_that_give_no_logits_do_not_end_a_training(checkpoint):
    name = "head.bias"
    weights = checkpoint.weights | {name: np.full_like(checkpoint.weights[name], np.nan)}
    broken = dataclasses.replace(checkpoint, weights=weights)
    assert written(broken, SampleOptions(length=3), 1).startswith("(the logits are not finite")
