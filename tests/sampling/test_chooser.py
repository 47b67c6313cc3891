"""All options together: in which order they act, and whose random numbers are whose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_choose import reference

from charlstm.errors import UserError
from charlstm.options import SampleOptions
from charlstm.sampling.choose import choose
from charlstm.sampling.chooser import Chooser, goes_on
from charlstm.text.vocabulary import Vocabulary

V = 8
LETTERS = Vocabulary("abcdefg ")
LOGITS = np.array([0.3, -1.0, 2.0, 0.31, 1.1, -0.2, 0.0, 0.9], np.float32)
DRAWS = 20_000
NOTHING = np.array([], np.int32)


def ids_of(text):
    return LETTERS.encode(text)


@pytest.mark.parametrize("cut", [{}, {"top_k": 3}, {"top_p": 0.6}, {"min_p": 0.3}], ids=str)
@pytest.mark.parametrize("words", [None, 0.4])
def test_bans_come_first_then_the_temperature_then_the_cuts(cut, words):
    """After "cacec" the ids of c, a and e are banned, c by the text and the others as repeats."""
    bans = {"no_repeat": 2, "no_copy": 1}
    options = SampleOptions(temperature=1.5, temperature_in_words=words, seed=3, **cut, **bans)
    chooser = Chooser(LETTERS, ids_of("cacec"), options, DRAWS, "bcc")
    drawn = chooser(np.tile(LOGITS, (DRAWS, 1)))
    expected = np.zeros(V)
    left = [1, 3, 5, 6, 7]
    expected[left] = reference(LOGITS[left].astype(float), words or 1.5, **cut)
    counts = np.bincount(drawn, minlength=V)
    alive = expected > 0
    assert counts[~alive].sum() == 0
    chi_square = ((counts - DRAWS * expected)[alive] ** 2 / (DRAWS * expected[alive])).sum()
    degrees = alive.sum() - 1
    assert chi_square < degrees + 4.5 * np.sqrt(2 * degrees) + 6


some_options = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0, 0.5, 1.0]),
        "top_k": st.integers(1, 5),
        "top_p": st.floats(0.1, 1),
        "min_p": st.floats(0.01, 1),
        "temperature_in_words": st.sampled_from([0, 0.7]),
        "no_repeat": st.integers(2, 4),
        "no_copy": st.integers(1, 3),
    },
)


@settings(deadline=None, max_examples=50)
@given(some_options, st.text("abc ", max_size=12), st.integers(0, 2**40), st.integers(1, 5))
def test_a_sample_is_the_same_alone_and_among_any_number(options, prime, seed, number):
    options = SampleOptions(seed=seed, **options)

    def written(rows, *, alone):
        """Return the ids of the rows; what each step predicts depends on the step alone."""
        rng = np.random.default_rng(1)
        chooser = Chooser(LETTERS, ids_of(prime), options, None if alone else rows, "abcabd bad")
        texts = [[] for _ in range(rows)]
        for _ in range(30):
            logits = rng.normal(size=V)
            ids = np.atleast_1d(chooser(logits if alone else np.tile(logits, (rows, 1))))
            for text, i, ended in zip(texts, ids.tolist(), chooser.ended, strict=True):
                text.extend([] if ended else [i])
        return texts

    several = written(number, alone=False)
    assert several[0] == written(1, alone=True)[0]
    assert several == written(number + 2, alone=False)[:number]


@pytest.mark.parametrize("seed", [0, 5, 2**32 + 7, 2**63 - 1])
def test_the_first_generator_is_that_of_the_seed_alone(seed):
    chooser = Chooser(LETTERS, NOTHING, SampleOptions(seed=seed, temperature=1))
    alone = np.random.default_rng(seed)
    logits = np.random.default_rng(0).normal(size=(200, V))
    assert [chooser(row) for row in logits] == [choose(row, alone) for row in logits]


def test_without_a_seed_two_choosers_differ():
    flat = np.zeros((40, V))
    first, second = (Chooser(LETTERS, NOTHING, SampleOptions(), 40)(flat) for _ in range(2))
    assert first.tolist() != second.tolist()
    assert len(set(first.tolist())) > 1


# --- inside words ------------------------------------------------------------------------------


def test_inside_a_word_the_most_likely_letter_comes_and_elsewhere_a_drawn_one():
    options = SampleOptions(temperature=1.0, temperature_in_words=0, seed=0)
    chooser = Chooser(LETTERS, NOTHING, options, 300)
    rng = np.random.default_rng(0)
    inside = np.zeros(300, bool)
    seen = []
    for _ in range(20):
        logits = rng.normal(size=(300, V))
        ids = chooser(logits)
        assert (ids == logits.argmax(-1))[inside].all()
        seen += (ids == logits.argmax(-1))[~inside].tolist()
        inside = ids != LETTERS.characters.index(" ")
    assert 0.2 < np.mean(seen) < 0.7


@pytest.mark.parametrize(("prime", "most_likely"), [("", False), ("ab ", False), ("ab", True)])
def test_where_a_sample_begins_inside_a_word(prime, most_likely):
    options = SampleOptions(temperature=50.0, temperature_in_words=0, seed=0)
    chooser = Chooser(LETTERS, ids_of(prime), options, 100)
    assert (len(set(chooser(np.tile(LOGITS, (100, 1))).tolist())) == 1) == most_likely


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it's", "1101"),
        ("an-to.a", "1101101"),
        ("\u05e9\u05c1\u05dc\u05d5\u05dd", "11111"),  # Hebrew with a point
        ("\u0915\u094d\u0937\u093f ", "11110"),  # Devanagari with virama and a vowel sign
        ("e\u0301t", "111"),  # NFD
        ("\u0646\u200c\u0645\u06cc", "1111"),  # Persian with a joiner
        ("1606\n", "11110"),
        ("\u732b\u3001\u72ac", "101"),  # Chinese: a word seems to go on to the next mark
    ],
)
def test_a_word_goes_on_after_letters_marks_and_digits(text, expected):
    vocabulary = Vocabulary("".join(dict.fromkeys(text)))
    table = dict(zip(vocabulary.characters, goes_on(vocabulary).tolist(), strict=True))
    assert "".join(str(int(table[c])) for c in text) == expected


def test_in_bytes_a_word_goes_on_after_each_that_is_not_ascii():
    vocabulary = Vocabulary("".join(map(chr, range(256))), bytewise=True)
    table = goes_on(vocabulary)
    assert table[128:].all()
    assert [c for c, inside in zip(map(chr, range(128)), table, strict=False) if inside] == [
        c for c in map(chr, range(128)) if c.isalnum()
    ]


def test_no_copy_needs_a_text():
    with pytest.raises(UserError, match="no_copy=5 needs the text that must not be copied; give"):
        Chooser(LETTERS, NOTHING, SampleOptions(no_copy=5))
