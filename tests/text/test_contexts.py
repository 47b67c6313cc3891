"""The contexts of a place come from the text before it, and from nothing else."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charlstm.text.contexts import LONGEST, number, read_places

TEXTS = st.text(alphabet="aB'0 \n.é", max_size=60)


@given(TEXTS, TEXTS, TEXTS)
def test_a_place_knows_only_what_stands_before_it(before, after, other):
    one, two = (list(read_places(before + end + "x")) for end in (after, other))
    assert one[: len(before) + 1] == two[: len(before) + 1]
    assert len(one) == len(before + after) + 1


def test_words_and_first_lines():
    text = "KING:\nTo be, or\nnot\n\n\nQUEEN:\nAy"
    places = list(read_places(text + "."))
    assert places[0] == ("", "", "", "")
    assert places[text.index("or")] == ("be, ", "", "be", "KING:")
    assert places[text.index("not") + 2] == ("r\nno", "no", "or", "KING:")
    assert places[text.index("EN:")].opener == "KING:"  # this line is not complete
    assert places[-1] == (":\nAy", "ay", "queen", "QUEEN:")


def test_long_words_and_lines_are_cut():
    *_, last = read_places("q" * 50 + "\n" + "r" * 60 + ".")
    assert (last.word, last.opener) == ("r" * LONGEST, "q" * LONGEST)
    assert last.before == "q" * LONGEST


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=1))))
def test_equal_contexts_have_equal_numbers(contexts):
    numbers = number(iter(contexts))
    assert numbers.tolist() == [list(dict.fromkeys(contexts)).index(c) for c in contexts]
    assert numbers.dtype == np.int64
