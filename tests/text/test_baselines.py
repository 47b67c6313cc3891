"""Both baselines agree with counts written out by hand."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.text.baselines import Ngram, ngram_bits, xz_bits
from charlstm.text.vocabulary import Vocabulary


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


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=6, max_size=80),
    st.lists(st.integers(0, 3), min_size=1, max_size=8),
    st.integers(1, 6),
)
def test_an_ngram_that_has_learned_predicts_as_one_that_learns(learned, read, order):
    """Three texts at once; the one that learns reads what was learned, but not the start of it."""
    ngram = Ngram(Vocabulary("abcd"), np.array(learned, np.int32), order)
    texts = np.array([read, read[::-1], [3] * len(read)])
    state = [tuple(np.tile(s, (3, 1)) for s in layer) for layer in ngram.zero_state()]
    for t in range(len(read)):
        logits, state = ngram.step(texts[:, t], state)
        assert logits.shape == (3, 4)
        np.testing.assert_allclose(np.exp(logits).sum(-1), 1, rtol=1e-5)
        for row, text in zip(logits, texts, strict=True):
            np.testing.assert_allclose(
                np.exp(row), counted(learned, text[: t + 1].tolist(), order), rtol=1e-5
            )
    one, _ = ngram.step(read[0], ngram.zero_state())
    np.testing.assert_allclose(np.exp(one), counted(learned, read[:1], order), rtol=1e-5)


def counted(learned, read, order):
    """Return p(w | read) for each w, from counts in what was learned."""
    chance = np.full(4, 1 / 4)
    for length in range(min(order, len(read) + 1)):
        context = read[len(read) - length :]
        after = [
            learned[k] for k in range(length, len(learned)) if learned[k - length : k] == context
        ]
        counts = np.bincount(after, minlength=4)
        kinds = (counts > 0).sum()
        if len(after):
            chance = (counts + kinds * chance) / (len(after) + kinds)
    return chance


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=6, max_size=60),
    st.lists(st.integers(0, 3), min_size=1, max_size=9),
    st.integers(1, 5),
)
def test_from_both_sides_a_character_must_fit_what_follows_too(learned, read, order):
    ngram = Ngram(Vocabulary("abcd"), np.array(learned, np.int32), order)
    got = np.exp(ngram.from_both_sides(np.array(read, np.int32), range(len(read))))
    for place in range(len(read)):
        joint = np.ones(4)
        for w in range(4):
            text = [*read[:place], w, *read[place + 1 :]]
            for t in range(place, min(place + order, len(read))):
                joint[w] *= counted(learned, text[:t], order)[text[t]]
        np.testing.assert_allclose(got[place], joint / joint.sum(), rtol=1e-4)


def test_from_both_sides_reads_blocks_of_places_alike():
    rng = np.random.default_rng(0)
    ngram = Ngram(Vocabulary("abcd"), rng.integers(4, size=300))
    ids = rng.integers(4, size=400)
    whole = ngram.from_both_sides(ids, np.arange(400))
    some = [399, 0, 256, 255, 17]
    np.testing.assert_array_equal(ngram.from_both_sides(ids, some), whole[some])


ABAB = np.array([0, 1, 0, 1, 0, 1])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda n: n.from_both_sides(ABAB, [-1]), "places: -1 at position 0; each .* from 0 to 5"),
        (lambda n: n.from_both_sides(ABAB, [0, 6]), "places: 6 at position 1"),
        (lambda n: n.from_both_sides(ABAB, [1.0]), "places: the numbers are of type float64"),
        (lambda n: n.from_both_sides(ABAB - 1, [2]), "ids: -1 at position 0; each .* from 0 to 1"),
        (lambda n: n.from_both_sides(ABAB + 1, [2]), "ids: 2 at position 1"),
        (lambda _: Ngram(Vocabulary("ab"), ABAB + 1), "ids: 2 at position 1"),
        (lambda _: Ngram(Vocabulary("ab"), ABAB[:4]), "4 characters; order 5 needs at least 5"),
        (lambda _: Ngram(Vocabulary("ab"), ABAB, order=0), "order is 0; it must be at least 1"),
        (lambda _: ngram_bits(ABAB - 1, 2), "ids: -1 at position 0"),
        (lambda _: ngram_bits(ABAB, 2, first=-1), "first is -1; it must be at least 0"),
    ],
)
def test_ids_and_places_that_are_not_there_are_refused(call, told):
    with pytest.raises(UserError, match=told):
        call(Ngram(Vocabulary("ab"), ABAB, order=2))


def test_no_place_has_no_chances():
    assert Ngram(Vocabulary("ab"), ABAB).from_both_sides(ABAB, []).shape == (0, 2)
