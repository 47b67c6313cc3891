"""How wide a text is in a terminal."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from charlstm.machine.columns import broken, columns_of


@given(st.text("ab \u6f22\u3042\u0301\u05e9", max_size=80), st.integers(2, 30))
def test_broken_lines_fit_and_lose_nothing(line, columns):
    rows = broken(line, columns)
    assert "".join(rows) == line
    assert all(columns_of(row) <= columns for row in rows)
    for row, after in pairwise(rows):  # no row ends early
        assert columns_of(row + after[0]) > columns
