"""Corrections agree with sums that are written out by hand."""

import numpy as np
import pytest

from charlstm.measuring import corrections as rule
from charlstm.measuring.corrections import DEGREES, Corrections

V = 5


def test_corrections_are_sums_over_what_came_before():
    rng = np.random.default_rng(0)
    contexts = [rng.integers(3, size=40), rng.integers(4, size=40)]
    chances = rng.dirichlet(np.ones(V), size=40).astype(np.float32)
    came = rng.integers(V, size=40)
    corrections = Corrections(contexts, V)
    for place in range(40):
        features, degrees = corrections.before(place)
        for k, context in enumerate(contexts):
            past = np.flatnonzero(context[:place] == context[place])
            counts = np.bincount(came[past], minlength=V)
            expected = chances[past].sum(0)
            wanted = np.log((counts + rule.PRIOR) / (expected + rule.PRIOR))
            np.testing.assert_allclose(features[k], wanted, atol=1e-5)
            assert degrees[k] == len(past).bit_length()
        corrections.learn(place, chances[place], int(came[place]))


def test_degrees_end():
    corrections = Corrections([np.zeros(300, np.int64)], V)
    seen = set()
    for place in range(300):
        seen |= set(corrections.before(place)[1].tolist())
        corrections.learn(place, np.full(V, 1 / V, np.float32), 0)
    assert seen == set(range(DEGREES))


@pytest.mark.parametrize("size", [7, 1000])
def test_a_large_vocabulary_shares_rows(size, monkeypatch):
    monkeypatch.setattr(rule, "_CELLS", 700)
    corrections = Corrections([np.arange(500), np.arange(500)], size)
    assert corrections._sums.size == 2 * size * max(1, 700 // size)
    features, _ = corrections.before(499)
    assert features.shape == (2, size)
