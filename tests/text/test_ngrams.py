"""The rungs of a ladder agree with counts that are written out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.text import ngrams
from charlstm.text.baselines import ngram_bits
from charlstm.text.ngrams import CONFIDENCES, Ladder

V = 4
LENGTHS = (0, 1, 3, 4)
TEXTS = st.lists(st.integers(0, V - 1), min_size=2, max_size=60).map(
    lambda values: np.array(values, np.int32)
)


def slow_rungs(ids, place):
    """Return the rungs and confidences of one place, each from its definition."""
    rungs = []
    confidence = []
    chance = np.full(V, 1 / V)
    for length in LENGTHS:
        after = np.zeros(V)
        context = list(ids[place - length : place])
        for k in range(length, place) if length <= place else ():
            if list(ids[k - length : k]) == context:
                after[ids[k]] += 1
        kinds = (after > 0).sum()
        lower = chance
        if kinds:
            chance = (after + kinds * chance) / (after.sum() + kinds)
        rungs.append(np.log(chance / lower))
        often = min(int(math.log2(after.sum())), 6) if kinds else 0
        confidence.append(3 * often + min(kinds, 3))
    return rungs, confidence


@settings(deadline=None)
@given(TEXTS, st.data(), st.sampled_from([1, 7, 1000]))
def test_rungs_are_those_of_counting(ids, data, places):
    first = data.draw(st.integers(0, len(ids) - 1))
    ladder = Ladder(ids, V, first, LENGTHS)
    ladder.places = places  # blocks of any size give the same
    found = list(ladder)
    assert len(found) == len(ids) - first
    for place, (rungs, confidence) in enumerate(found, first):
        expected, known = slow_rungs(ids, place)
        np.testing.assert_allclose(rungs, expected, atol=1e-5)
        assert confidence.tolist() == known
        assert confidence.max() < CONFIDENCES


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_no_rung_knows_what_comes_later(before, after, other):
    """The same text with another end has the same rungs up to the character where it differs."""
    of_one, of_two = (
        Ladder(np.concatenate((before, end)), V, 0, LENGTHS) for end in (after, other)
    )
    for place, (one, two) in enumerate(zip(of_one, of_two, strict=False)):
        if place > len(before):  # the first place whose past can differ
            break
        for x, y in zip(one, two, strict=True):
            np.testing.assert_array_equal(x, y)


def test_rungs_add_up_to_the_baseline(text):
    letters, ids = np.unique(list(text), return_inverse=True)
    size = len(letters)
    first = 300
    ladder = Ladder(ids, size, first, (0, 1, 2, 3, 4))
    bits = 0.0
    for (rungs, _), came in zip(ladder, ids[first:], strict=True):
        logs = rungs.sum(0) - math.log(size)
        assert np.exp(logs).sum() == pytest.approx(1, abs=1e-5)
        bits -= logs[came] / math.log(2)
    assert bits == pytest.approx(ngram_bits(ids, size, first), rel=1e-5)


def test_a_large_vocabulary_is_read_in_small_blocks():
    ladder = Ladder(np.arange(9000, dtype=np.int32), 9000, 8995, (0, 1))
    assert ladder.places == ngrams._BLOCK // 18_000
    assert len(list(ladder)) == 5
