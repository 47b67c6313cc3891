"""Long lines are broken at words; all else stays as it is."""

from hypothesis import given
from hypothesis import strategies as st

from charlstm.notebook.lines import COLUMNS, wrapped


@given(st.text("ab -\n", max_size=300), st.integers(1, 40))
def test_lines_are_short_and_letters_stay(text, columns):
    shown = wrapped(text, columns)
    assert all(len(line) <= columns for line in shown.split("\n"))
    assert "".join(shown.split()) == "".join(text.split())


@given(st.text("ab \n", max_size=80))
def test_what_fits_stays_as_it_is(text):
    assert wrapped(text) == text


def test_a_sample_of_prose_breaks_between_words():
    words = ["letter"] * 40
    lines = wrapped("\n" + " ".join(words) + "\n").split("\n")
    assert lines[0] == lines[-1] == ""
    assert max(map(len, lines)) <= COLUMNS
    assert " ".join(lines).split() == words
