"""Entropies equal sums over all texts that a chain can write."""

import itertools
import math
from collections import defaultdict

import pytest
from all_texts import check_by_brute_force, everything

from charlstm.errors import UserError
from charlstm.text.chains import markov, weather_diary


@pytest.mark.parametrize(
    "write",
    [
        lambda: markov(4, order=2, letters="ab", seed=5)[0],
        lambda: markov(3, order=0, letters="abc", seed=5)[0],
        lambda: weather_diary(4, seed=5),
    ],
    ids=["markov 2", "markov 0", "diary"],
)
def test_entropy_is_that_of_all_possible_texts(write, monkeypatch):
    assert len(check_by_brute_force(write, monkeypatch)) > 1


def test_the_diary_is_the_hidden_markov_model_summed_over_all_weathers(monkeypatch):
    habits = {"go": (0.9, 0.2), "stay": (0.1, 0.8)}
    for known, chance in everything(lambda: weather_diary(4, 0.3, habits), monkeypatch):
        days = known.text.split()
        by_hand = 0.0
        for weathers in itertools.product((0, 1), repeat=4):
            path = 0.5
            for day, weather in enumerate(weathers):
                path *= habits[days[day]][weather]
                if day:
                    path *= 0.7 if weather == weathers[day - 1] else 0.3
            by_hand += path
        assert chance == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize(("order", "letters"), [(0, "abc"), (1, "ab"), (2, "abc"), (3, "ab")])
def test_the_entropy_rate_of_markov_is_what_a_long_text_has(order, letters):
    known, rate = markov(30_000, order, letters, seed=order)
    assert known.entropy.mean() == pytest.approx(rate, abs=0.01)
    # and what counting the text itself gives: chances of each letter after its context
    counts = defaultdict(lambda: defaultdict(int))
    for place in range(order, len(known.text)):
        counts[known.text[place - order : place]][known.text[place]] += 1
    total = sum(sum(after.values()) for after in counts.values())
    nats = -sum(
        n * math.log(n / sum(after.values())) for after in counts.values() for n in after.values()
    )
    assert nats / total == pytest.approx(rate, abs=0.01)


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (lambda: markov(0), "length is 0"),
        (lambda: markov(1, order=-1), "order is -1"),
        (lambda: markov(1, letters="aa"), "all different"),
        (lambda: markov(1, order=12), "16,777,216 contexts; at most 5,000"),
        (lambda: weather_diary(1, habits={"a": (0.5, 1), "b": (0.5,)}), "as many chances"),
        (lambda: weather_diary(1, habits={"a": (0.5,), "b": (0.6,)}), "must sum to 1"),
    ],
)
def test_impossible_chains_are_refused(write, told):
    with pytest.raises(UserError, match=told):
        write()
