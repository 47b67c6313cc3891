"""What may not come next is exactly what would repeat the sample or copy the text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.options import SampleOptions
from charlstm.sampling.chooser import Chooser
from charlstm.text.vocabulary import Vocabulary

LETTERS = "abcd"
lengths = st.integers(2, 6)
some_text = st.text(LETTERS, max_size=40)


def allowed(text, original, no_repeat=None, no_copy=None):
    """The letters that may come next, by the definition of the bans."""

    def banned(letter):
        longer = text + letter
        repeats = no_repeat and len(longer) >= no_repeat and longer[-no_repeat:] in text
        copies = no_copy and len(text) >= no_copy and longer[-no_copy - 1 :] in original
        return repeats or copies

    return [letter for letter in LETTERS if not banned(letter)]


def write(prime, original, number, seed, length, **bans):
    """Write with random logits; yield before each step the texts, the logits and what came."""
    vocabulary = Vocabulary(LETTERS)
    options = SampleOptions(temperature=0, **bans)
    chooser = Chooser(vocabulary, vocabulary.encode(prime), options, number, original)
    texts = [prime] * number
    rng = np.random.default_rng(seed)
    for _ in range(length):
        logits = rng.normal(size=(number, len(LETTERS)))
        given = logits.copy()
        ids = chooser(logits)
        np.testing.assert_array_equal(logits, given)
        yield texts, logits, ids, chooser
        texts = [t + LETTERS[i] for t, i in zip(texts, ids, strict=True)]


@settings(deadline=None)
@given(
    some_text,
    st.text(LETTERS, max_size=200),
    st.integers(1, 3),
    st.integers(0, 2**32),
    st.none() | lengths,
    st.none() | st.integers(1, 5),
)
def test_the_most_likely_of_the_allowed_letters_comes(
    prime, original, number, seed, no_repeat, no_copy
):
    bans = {"no_repeat": no_repeat, "no_copy": no_copy}
    over = [False] * number
    for texts, logits, ids, chooser in write(prime, original, number, seed, 60, **bans):
        for row, text in enumerate(texts):
            left = allowed(text, original, **bans)
            over[row] |= not left
            if not over[row]:
                assert LETTERS[ids[row]] == max(left, key=lambda c: logits[row, LETTERS.index(c)])
        assert chooser.ended.tolist() == over
        assert chooser.going == number - sum(over)
        if not chooser.going:
            break


def longest_written_repeat(text, primed):
    """The longest run that ends after the prime and stands earlier in the text, too."""
    return max(
        (n for end in range(primed + 1, len(text) + 1) for n in range(1, end)
         if text[end - n : end] in text[: end - 1]),
        default=0,
    )  # fmt: skip


@settings(deadline=None)
@given(some_text, st.integers(1, 3), st.integers(0, 2**32), lengths)
def test_no_run_comes_twice(prime, number, seed, no_repeat):
    for texts, _, _, chooser in write(prime, "", number, seed, 50, no_repeat=no_repeat):
        for text, ended in zip(texts, chooser.ended, strict=True):
            assert ended or longest_written_repeat(text, len(prime)) < no_repeat
        if not chooser.going:
            break


def test_a_loop_is_left():
    """The most likely letter is always the same; a ban makes others come, until none is left."""
    vocabulary = Vocabulary("ab")
    options = SampleOptions(temperature=0, no_repeat=3)
    chooser = Chooser(vocabulary, vocabulary.encode(""), options)
    text = ""
    while True:
        i = chooser(np.array([1.0, 0.0]))
        if not chooser.going:
            break
        text += "ab"[i]
    assert text == "aaabaa"  # "aaa" and "aab" were there


@pytest.mark.parametrize("option", [{"no_repeat": 5}, {"no_copy": 4}])
def test_a_run_that_begins_in_the_prime_counts(option):
    vocabulary = Vocabulary("abcdef")
    prime = "abcdef abcd".replace(" ", "f")
    options = SampleOptions(temperature=0, **option)
    chooser = Chooser(vocabulary, vocabulary.encode(prime), options, None, "abcdef")
    logits = np.array([0.0, 0, 0, 0, 9, 5])  # "e" is the likeliest, but "abcde" was there
    assert chooser(logits) == 5


def test_letters_that_the_model_does_not_know_leave_the_runs_around_them():
    vocabulary = Vocabulary("abc")
    options = SampleOptions(temperature=0, no_copy=2)
    chooser = Chooser(vocabulary, vocabulary.encode("ab"), options, None, "a?bc ab?")
    assert chooser(np.array([0.0, 1, 9])) == 1
