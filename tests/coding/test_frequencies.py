"""Frequencies are whole, above 0, 2^24 together, and in the right ratio."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.coding.fixed_point import FixedPoint
from charlstm.coding.frequencies import Counts, apportion, softmax

ALL = 2**24


@given(st.lists(st.integers(0, 2**38), min_size=2, max_size=50).filter(any))
def test_they_are_whole_and_complete(weights):
    got = apportion(np.array(weights, np.int64))
    assert got.dtype == np.int64
    assert got.sum() == ALL
    assert got.min() >= 1
    exact = [w * (ALL - len(weights)) // sum(weights) + 1 for w in weights]
    assert (np.delete(got, np.argmax(exact)) == np.delete(exact, np.argmax(exact))).all()


def test_softmax_of_logits():
    logits = np.random.default_rng(0).normal(0, 3, 65)
    chances = np.exp(logits) / np.exp(logits).sum()
    got = softmax(FixedPoint.of(logits))
    assert got.sum() == ALL
    np.testing.assert_allclose(got / ALL, chances, rtol=1e-5, atol=65 / ALL)


@pytest.mark.parametrize("size", [2, 70_000])
def test_the_most_and_the_least_likely(size):
    logits = np.zeros(size)
    logits[1] = 5000.0
    got = softmax(FixedPoint.of(logits))
    assert got[0] == 1
    assert got[1] == ALL - size + 1
    assert np.ptp(softmax(FixedPoint(np.zeros(size)))[1:]) == 0


def test_counts_follow_what_came():
    counts = Counts(4)
    assert counts.frequencies().tolist() == [ALL // 4] * 4
    for symbol in (2, 2, 0):
        counts.add(symbol)
    np.testing.assert_allclose(counts.frequencies() / ALL, [0.3, 0.1, 0.5, 0.1], atol=1e-6)
