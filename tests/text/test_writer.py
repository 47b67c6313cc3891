"""A choice among strings, character by character, and the entropy of what is still open."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.text.writer import Writer, check_sizes, entropy


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=6), st.floats(0.1, 10))
def test_entropy_is_that_of_the_chances_whatever_their_sum(chances, factor):
    shares = np.array(chances) / sum(chances)
    expected = -(shares * np.log(shares)).sum()
    assert entropy([factor * chance for chance in chances]) == pytest.approx(expected, abs=1e-9)
    assert entropy([*chances, 0.0]) == pytest.approx(expected, abs=1e-9)


def test_each_character_has_the_entropy_of_what_may_still_come():
    writer = Writer(seed=0)
    writer.choose({"no": 0.5, "nap": 0.25, "yes": 0.25}, forced="nap", mark="n")
    writer.choose({"pin": 0.5, "pan": 0.5}, forced="pin", mark="i")
    known = writer.finish(chance=0.5)
    assert known.text == "nappin"
    three = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    third = -(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3))
    np.testing.assert_allclose(known.entropy, [three, third, 0, 0, math.log(2), 0], atol=1e-12)
    assert known.marked.tolist() == [True, False, False, False, False, False]  # the first or none
    assert known.chance == 0.5


def test_strings_are_drawn_by_their_chances():
    writer = Writer(seed=1)
    drawn = [writer.choose({"a": 0.2, "b": 0.0, "c": 0.8}) for _ in range(4000)]
    assert drawn.count("a") / 4000 == pytest.approx(0.2, abs=0.025)
    assert "b" not in drawn
    drawn = [writer.choose_evenly(["x", "y", "z"]) for _ in range(3000)]
    assert drawn.count("y") / 3000 == pytest.approx(1 / 3, abs=0.035)


def test_a_writer_goes_on_with_a_generator():
    rng = np.random.default_rng(2)
    first, second = ([Writer(rng).choose_evenly("abcdefgh") for _ in range(9)] for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((0, 1), "size is 0; it must be at least 1"),
        ((0, 1, 9), "size is 0; it must be from 1 to 9"),
        ((10, 1, 9), "size is 10; it must be from 1 to 9"),
        ((2.0, 1), "size is 2.0; it must be a whole number of at least 1"),
        (("2", 1, 9), "size is '2'; it must be a whole number from 1 to 9"),
        ((True, 1), "size is True; it must be a whole number of at least 1"),
        ((None, 1), "size is None; it must be a whole number of at least 1"),
        ((float("nan"), 1), "size is nan; it must be a whole number of at least 1"),
    ],
)
def test_sizes_that_are_not_whole_or_out_of_range_are_refused(given, told):
    with pytest.raises(UserError) as refused:
        check_sizes(fine=(1, 1, 1), also=(np.int32(9), 1), size=given)
    assert str(refused.value) == told
