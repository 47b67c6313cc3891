"""What a model writes, side by side: columns that fit a terminal, in any script."""

import os

from hypothesis import given
from hypothesis import strategies as st

from charlstm.training import shown
from charlstm.training.shown import at_temperatures, folded, side_by_side

TEXT = st.text("ab \t\n\x1b漢字あ\u0301שの€", max_size=80)


def columns(text):
    return sum(map(shown._columns, text))


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
