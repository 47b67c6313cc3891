"""Planted errors are where they are said to be; alarms are counted as they are said to be."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.text.typos import APART, KINDS, NEAR, Error, best_threshold, judge, mistype

WORDS = "An old man walked to the river, where Ålesund's boats were waiting for Him.\n" * 30


@settings(deadline=None)  # else a busy machine fails it
@given(st.text(alphabet="abcXYéß .\n", max_size=300), st.integers(0, 99))
def test_each_error_is_what_it_says_and_all_else_is_as_before(text, seed):
    try:
        mistyped = mistype(text, 0.02, seed)
    except UserError:
        assert len(text) > 24
        return
    assert len(mistyped.errors) == round(0.02 * len(text))
    mended, done = "", 0
    for error in mistyped.errors:
        wrong = mistyped.text[error.start : error.end]
        if error.kind == "changed":
            assert wrong != error.right
            assert wrong in text
            assert len(wrong) == 1
        elif error.kind == "swapped":
            assert wrong == error.right[::-1] != error.right
        elif error.kind == "doubled":
            assert wrong == 2 * error.right
        mended += mistyped.text[done : error.start] + error.right
        done = error.start if error.kind == "left out" else error.end
        assert error.right.isalpha()
        assert mistyped.text[error.end - 1].isalpha()  # errors stay within words
    assert mended + mistyped.text[done:] == text


def test_kinds_are_even_and_errors_apart():
    mistyped = mistype(WORDS, 0.015, seed=3)
    assert len(mistyped.errors) == round(0.015 * len(WORDS))
    counts = Counter(error.kind for error in mistyped.errors)
    assert max(counts.values()) - min(counts[kind] for kind in KINDS) <= 1
    starts = np.array([error.start for error in mistyped.errors])
    assert np.diff(starts).min() >= APART - 1
    # drawn over the whole text, not in the order of the kinds
    assert starts[0] < 300 < len(mistyped.text) - 300 < starts[-1]
    kinds = [error.kind for error in mistyped.errors]
    assert kinds != sorted(kinds)


def test_the_case_of_a_changed_letter_stays():
    for seed in range(40):
        for error in mistype(WORDS, 0.02, seed).errors:
            if error.kind == "changed" and error.right.isupper():
                wrong = mistype(WORDS, 0.02, seed).text[error.start]
                assert wrong.isupper()
                return
    raise AssertionError("no upper-case letter was changed")


def test_the_seed_decides():
    assert mistype(WORDS, 0.02, 5) == mistype(WORDS, 0.02, 5) != mistype(WORDS, 0.02, 6)
    assert mistype(WORDS, 0.0).text == WORDS


def test_too_many_errors_are_refused():
    with pytest.raises(UserError, match="room for 1 typing errors, not for 3"):
        mistype("abcde.", 0.5)


ERRORS = (
    Error(10, 12, "swapped", "ab"),
    Error(30, 31, "changed", "x"),
    Error(50, 52, "doubled", "o"),
)


def scores(*alarms):
    table = np.zeros(80)
    table[list(alarms)] = 1.0
    return table


def test_alarms_near_an_error_count_once():
    found = judge(ERRORS, scores(10 - NEAR, 11, 11 + NEAR, 30), 0.5)
    assert (found.precision, found.recall) == (1.0, 2 / 3)
    assert found.by_kind["swapped"] == found.by_kind["changed"] == 1
    assert found.by_kind["doubled"] == 0
    assert np.isnan(found.by_kind["left out"])
    assert found.f1 == pytest.approx(0.8)


def test_alarms_elsewhere_are_wrong():
    far = judge(ERRORS, scores(10 - NEAR - 1, 12 + NEAR, 30), 0.5)
    assert (far.precision, far.recall) == (1 / 3, 1 / 3)
    # 70 to 74 are one alarm; 70 + NEAR + 1 is another one
    assert judge(ERRORS, scores(30, 70, 72, 74), 0.5).precision == 1 / 2
    assert judge(ERRORS, scores(30, 70, 70 + NEAR + 1), 0.5).precision == 1 / 3
    assert judge(ERRORS, scores(0, 30), 0.5).precision == 1 / 2


def test_nothing_found_and_nothing_there():
    silent = judge(ERRORS, scores(), 0.5)
    assert (silent.precision, silent.recall, silent.f1) == (1.0, 0.0, 0.0)
    assert judge((), scores(7), 0.5).precision == 0
    assert judge((), scores(), 0.5).recall == 1


def test_the_best_threshold_parts_errors_from_the_rest():
    rng = np.random.default_rng(0)
    table = rng.random(80)
    table[[11, 30, 50]] = 3.0, 4.0, 5.0
    assert judge(ERRORS, table, best_threshold(ERRORS, table)).f1 == 1
    table[70] = -np.inf  # no alarm can be here
    table[[20, 60]] = 3.5
    threshold = best_threshold(ERRORS, table)
    found = judge(ERRORS, table, threshold)
    assert found.f1 == max(judge(ERRORS, table, t).f1 for t in np.unique(table))
