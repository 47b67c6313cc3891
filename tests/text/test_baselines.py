"""Both baselines agree with counts written out by hand."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.text.baselines import ngram_bits, xz_bits


def slow_ngram(ids, size, first, order):
    counts = defaultdict(lambda: defaultdict(int))
    total = 0.0
    for k, word in enumerate(ids):
        p = 1 / size
        for length in range(min(order, k + 1)):
            after = counts[tuple(ids[k - length : k])]
            seen = sum(after.values())
            kinds = len(after)
            if seen:
                p = (after[word] + kinds * p) / (seen + kinds)
        if k >= first:
            total -= math.log2(p)
        for length in range(min(order, k + 1)):
            counts[tuple(ids[k - length : k])][word] += 1
    return total


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=80), st.integers(1, 6), st.data())
def test_ngram_bits_are_those_of_counting(values, order, data):
    first = data.draw(st.integers(0, len(values)))
    got = ngram_bits(np.array(values, np.int32), 4, first, order)
    assert got == pytest.approx(slow_ngram(values, 4, first, order), abs=1e-9)


def test_xz_counts_only_what_the_text_adds():
    text = np.random.default_rng(0).bytes(4000)
    assert xz_bits(text) == pytest.approx(8 * 4000, rel=0.05)
    assert xz_bits(text, history=text) < 8 * 100
