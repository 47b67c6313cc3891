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


def slow_rungs(ids, place, leaning=(), foot=0, order=None):
    """Return the rungs and confidences of one place, each from its definition."""
    order = list(range(len(ids)) if order is None else order)
    read = order[: order.index(place)]

    def context(k, length):
        """Return what stands before k, or None if some of it is read after what follows it."""
        places = range(k - length, k + 1)
        turns = [order.index(p) for p in places if p >= 0]
        known = places[0] >= 0 and turns == sorted(turns)
        return list(ids[places[0] : k]) if known else None

    rungs = []
    confidence = []
    chances = [np.full(V, 1 / V)]
    for length in LENGTHS:
        here = context(place, length)
        came = [] if here is None else [ids[k] for k in read if context(k, length) == here]
        climb(came, rungs, confidence, chances)
    chances.append(chances[1 + LENGTHS.index(foot)])
    for kind in leaning:
        came = [ids[k] for k in read if kind[k] == kind[place]]
        climb(came, rungs, confidence, chances)
    return rungs, confidence


def climb(came, rungs, confidence, chances):
    """Add the rung of a context that these characters followed."""
    after = np.bincount(came, minlength=V) if came else np.zeros(V)
    kinds = (after > 0).sum()
    lower = chances[-1]
    chances.append((after + kinds * lower) / (after.sum() + kinds) if kinds else lower)
    rungs.append(np.log(chances[-1] / lower))
    often = min(int(math.log2(after.sum())), 6) if kinds else 0
    confidence.append(3 * often + min(kinds, 3))


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
@given(TEXTS, st.data())
def test_leaning_contexts_stand_on_their_foot(ids, data):
    leaning = [
        np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(ids), max_size=len(ids))))
        for _ in range(2)
    ]
    foot = data.draw(st.sampled_from(LENGTHS))
    for place, (rungs, confidence) in enumerate(Ladder(ids, V, 0, LENGTHS, leaning, foot)):
        expected, known = slow_rungs(ids, place, leaning, foot)
        np.testing.assert_allclose(rungs, expected, atol=1e-5)
        assert confidence.tolist() == known


@settings(deadline=None)
@given(TEXTS, st.data())
def test_a_text_may_be_read_in_another_order(ids, data):
    """Several streams are read in turn, as `measuring.dynamic` reads them."""
    count = data.draw(st.integers(1, len(ids)))
    pieces = data.draw(st.integers(1, 5))
    streams = [list(part) for part in np.array_split(np.arange(len(ids)), count)]
    order = []
    while any(streams):
        for stream in streams:
            order += stream[:pieces]
            del stream[:pieces]
    kind = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(ids), max_size=len(ids))))
    first = data.draw(st.integers(0, len(ids) - 1))
    ladder = Ladder(ids, V, first, LENGTHS, [kind], 1, np.array(order))
    for place, (rungs, confidence) in zip(order[first:], ladder, strict=True):
        expected, known = slow_rungs(ids, place, [kind], 1, order)
        np.testing.assert_allclose(rungs, expected, atol=1e-5)
        assert confidence.tolist() == known


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
