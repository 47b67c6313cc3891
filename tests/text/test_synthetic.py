"""Entropies equal sums over all texts that a function can write."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from all_texts import check_by_brute_force, entropies

from charlstm.errors import UserError
from charlstm.text.synthetic import (
    SINGULAR,
    adding,
    agreement,
    brackets,
    copy,
    echo,
    recall,
)
from charlstm.text.vocabulary import Vocabulary


@pytest.mark.parametrize(
    "write",
    [
        lambda: copy(2, lag=3, size=2, letters="ab"),
        lambda: adding(1, lag=2),
        lambda: adding(1, lag=3),
        lambda: agreement(1, distance=1),
    ],
    ids=["copy", "adding 2", "adding 3", "agreement"],
)
def test_entropy_is_that_of_all_possible_texts(write, monkeypatch):
    assert len(check_by_brute_force(write, monkeypatch)) > 1


def test_entropy_of_brackets_to_a_reader_who_does_not_know_the_end(monkeypatch):
    # written to 7, looked at to 4: the forced end is not yet in sight
    found = check_by_brute_force(
        lambda: brackets(7, kinds=2, depth=2, opening=0.3), monkeypatch, compared=4
    )
    assert any(")]" in known.text for known, _ in found)


def test_brackets_are_balanced_and_their_closers_marked():
    known = brackets(500, kinds=4, depth=3, seed=2)
    stack = []
    deepest = 0
    for character, marked, entropy in zip(known.text, known.marked, known.entropy, strict=True):
        if character in "([{<":
            stack.append(character)
            assert not marked
        else:
            assert marked
            assert stack.pop() + character in ("()", "[]", "{}", "<>")
            if len(stack) == 2:  # it was the third: nothing else could come
                assert entropy == 0
        deepest = max(deepest, len(stack))
    assert not stack
    assert deepest == 3
    assert len(known.text) >= 500
    assert known.chance == math.log(4)


def test_forgetting_which_bracket_is_open_costs_the_chance_level():
    """Against a reader who knows how deep it is but not which kinds: the sum over marked ones."""
    known = brackets(20_000, kinds=3, depth=4, seed=3)
    depth = 0
    extra = []
    for character, marked, entropy in zip(known.text, known.marked, known.entropy, strict=True):
        if marked:  # the forgetful: the same chance of closing, shared by three kinds
            closing = 1.0 if depth == 4 else 0.5
            shares = [closing / 3] * 3 + [(1 - closing) / 3] * 3
            forgetful = -sum(s * math.log(s) for s in shares if s)
            extra.append((forgetful - entropy) / closing)
        depth += 1 if character in "([{" else -1
    assert np.mean(extra) == pytest.approx(known.chance)


def test_the_entropy_of_echo_is_that_of_all_possible_texts():
    """Every way to draw and to repeat, with its chance; texts that come out alike are summed."""
    length = 4
    lag = 2
    share = 0.7
    chances = []
    for drawn in itertools.product("ab", repeat=length):
        for repeats in itertools.product((False, True), repeat=length - lag):
            text = list(drawn)
            for place, repeated in enumerate(repeats, lag):
                if repeated:
                    text[place] = text[place - lag]
            chance = np.prod([share if repeated else 1 - share for repeated in repeats])
            chances.append(("".join(text), chance / 2**length))
    expected = entropies(chances)
    seen = {echo(length, lag, share, "ab", seed).text for seed in range(2000)}
    assert seen == {text for text, _ in chances}
    for seed in range(20):
        known = echo(length, lag, share, "ab", seed)
        nats = [expected[known.text[:place]] for place in range(length)]
        np.testing.assert_allclose(known.entropy, nats, atol=1e-12)
        assert known.marked.tolist() == [False, False, True, True]
        assert known.chance == pytest.approx(math.log(2) - nats[-1])


def test_an_echo_repeats_as_often_as_it_says():
    text = echo(20_000, lag=5, share=0.6, letters="abc", seed=4).text
    alike = np.mean([a == b for a, b in zip(text, text[5:], strict=False)])
    assert alike == pytest.approx(0.6 + 0.4 / 3, abs=0.01)
    counts = np.bincount(Vocabulary.of(text).encode(text))
    np.testing.assert_allclose(counts / len(text), 1 / 3, atol=0.05)


def test_the_entropy_of_recall_is_that_of_all_lines():
    lag = 2
    symbols = "ABC"
    distractors = "xy"
    lines = [
        f"{symbol}{a}{b}?{symbol}\n"
        for symbol in symbols
        for a, b in itertools.product(distractors, repeat=lag)
    ]
    expected = entropies([(line, 1 / len(lines)) for line in lines])
    known = recall(3000, lag, symbols, distractors, seed=5)
    nats = [expected[lines[0][:place]] for place in range(lag + 4)]
    np.testing.assert_allclose(known.entropy, np.tile(nats, 3000), atol=1e-12)
    written = Counter(known.text.splitlines(keepends=True))
    assert set(written) == set(lines)
    for count in written.values():  # each line is as likely as any other
        assert count == pytest.approx(3000 / len(lines), abs=5 * math.sqrt(3000 / len(lines)))
    assert "".join(np.array(list(known.text))[known.marked]) == known.text[:: lag + 4]


def test_a_generator_goes_on_and_a_seed_begins_again():
    rng = np.random.default_rng(3)
    first = recall(5, seed=rng).text
    assert first == recall(5, seed=3).text
    assert recall(5, seed=rng).text != first


@pytest.mark.parametrize("lag", [1, 4, 9])
def test_marked_answers_lie_lag_back(lag):
    for line in copy(20, lag=lag, size=4, seed=1).text.splitlines():
        assert line[:4] == line[-4:]
        assert len(line) == 8 + lag
    known = recall(20, lag=lag, seed=1)
    for line in known.text.splitlines():
        assert line[0] == line[-1]
        assert len(line) == lag + 3
    assert known.marked.sum() == 20
    assert set(known.entropy[known.marked]) == {0.0}
    for line in adding(20, lag=lag + 1, seed=1).text.splitlines():
        digits, total = line.split("=")
        first, second = [int(part[0]) for part in digits.split("+")[1:]]
        assert int(total) == (first + second) % 10
        assert len(digits.replace("+", "")) == lag + 1


@pytest.mark.parametrize("distance", [0, 1, 2, 3, 7, 12])
def test_verbs_and_pronouns_agree_over_the_distance(distance):
    known = agreement(40, distance=distance, seed=4)
    place = 0
    for line in known.text.splitlines():
        words = line.rstrip(".").split()
        subject = words[1]
        verb = words[2 + distance]
        pronoun = words[5 + distance]
        single = subject in SINGULAR
        assert verb == ("is" if single else "are")
        assert pronoun == (SINGULAR[subject] if single else "they")
        marks = [k for k in range(len(line)) if known.marked[place + k]]
        assert [line[k] for k in marks] == [verb[0], pronoun[0]]
        assert [line[k - 1] for k in marks] == [" ", " "]
        assert known.entropy[place + np.array(marks)].tolist() == [0, 0]
        place += len(line) + 1


def test_agreement_tells_the_chance_level_of_a_guesser():
    known = agreement(4000, distance=3, seed=0)
    letters = "".join(np.array(list(known.text))[known.marked])
    verbs = letters[::2]
    pronouns = letters[1::2]
    both = [v + p for v, p in zip(verbs, pronouns, strict=True)]
    nats = -sum(
        math.log(both.count(pair) / len(both)) for pair in both
    )  # p(verb) p(pronoun | verb)
    assert nats / len(letters) == pytest.approx(known.chance, abs=0.01)


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (lambda: recall(0), "lines is 0"),
        (lambda: recall(1, symbols="A?"), "none of '\\?"),
        (lambda: echo(1, share=1.1), "share is 1.1; it must be from 0 to 1"),
        (lambda: echo(0), "length is 0"),
        (lambda: copy(1, letters="aa"), "all different"),
        (lambda: brackets(1, kinds=5), "at most 4"),
        (lambda: adding(1, lag=1), "lag is 1; it must be at least 2"),
    ],
)
def test_impossible_texts_are_refused(write, told):
    with pytest.raises(UserError, match=told):
        write()


def test_the_same_seed_writes_the_same_text():
    assert agreement(3, seed=1).text == agreement(3, seed=1).text != agreement(3, seed=2).text
