"""What stands out is found, and its reason names numbers that are true."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.insight import surprise
from charlstm.insight.repairs import read_and_repair
from charlstm.insight.surprise import BLOCK, BLOCKS, level, passages, stands_out
from charlstm.text.baselines import Ngram
from charlstm.text.vocabulary import Vocabulary

LINES = (
    "ROMEO:\nGood night, good night! Parting is such sweet sorrow.\n\n",
    "JULIET:\nThat I shall say good night till it be morrow.\n\n",
    "NURSE:\nMy lady, your mother calls you from the garden.\n\n",
)
STRANGE = "Der Himmel war grau, und kein Vogel sang an jenem Tage mehr"
RARE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.fixture(scope="module")
def ngram():
    vocabulary = Vocabulary.of("".join(LINES) + STRANGE + RARE)
    text = "".join(np.random.default_rng(0).choice(LINES, 60))
    return Ngram(vocabulary, vocabulary.encode(text))


def play(scenes=24):
    return "".join(LINES) * (scenes // 3)


def test_a_usual_text_has_nothing(ngram):
    assert stands_out(ngram, play()) == []


def sum_of(nats, span):
    return nats[span.start : span.end].sum()


def test_each_thing_is_found_and_told_by_its_kind(ngram):
    text = play()
    for old, new in (("Parting", "Pating"), ("your mother", STRANGE), ("ROMEO", "XAVIER")):
        at = text.index(old, 400 if old == "ROMEO" else 0)
        text = text[:at] + new + text[at + len(old) :]
    spans = stands_out(ngram, text)
    nats, repairs = read_and_repair(ngram, text)
    usual = level(nats)
    assert [span.kind for span in spans] == ["typing error", "passage", "word"]
    for span in spans:
        assert span.text == text[span.start : span.end]
        assert span.nats == pytest.approx(nats[span.start : span.end].mean())
        assert span.level == pytest.approx(usual[span.start])
    typo, passage, word = spans
    assert typo.start == text.index("ting")
    (repair,) = [r for r in repairs if r.start == typo.start]
    assert "Perhaps 'r' left out before 't': the model expected 'r' at" in typo.reason
    assert f"cost {repair.saved:.1f} nats less" in typo.reason
    assert f"{repair.expected[1]:.2f}" in typo.reason
    length, mean, there = re.match(
        r"(\d+) characters at ([\d.]+) nats each, where ([\d.]+) is usual", passage.reason
    ).groups()
    assert int(length) == passage.end - passage.start
    assert (mean, there) == (f"{passage.nats:.1f}", f"{passage.level:.1f}")
    # the passage is the strange line, but for a few characters at its ends
    assert abs(passage.start - text.index(STRANGE)) <= 4
    assert abs(passage.end - text.index(STRANGE) - len(STRANGE)) <= 4
    assert word.text == "XAVIER"
    expected = re.search(r"expected '(\w+)', with '(\w)' at ([\d.]+)", word.reason)
    assert expected[1] in ("ROMEO", "JULIET", "NURSE")
    assert expected[2] == expected[1][0]
    assert word.reason.startswith(f"an unexpected name of {sum_of(nats, word):.0f} nats: ")


def test_the_chance_in_a_reason_is_that_of_the_letter(ngram):
    text = play(6) + "My lady, your zrqmwx calls you"
    word = stands_out(ngram, text)[-1]
    assert (word.kind, word.text) == ("word", "zrqmwx")
    letter, chance = re.search(r"with '(\w)' at ([\d.]+)", word.reason).groups()
    state = ngram.zero_state()
    nats, _ = read_and_repair(ngram, text)
    place = word.start + int(nats[word.start : word.end].argmax())
    for i in ngram.vocabulary.encode(text[:place]):
        logits, state = ngram.step(i, state)
    assert letter == ngram.vocabulary.decode([logits.argmax()])
    assert f"{np.exp(logits.max()):.2f}" == chance
    assert word.reason.startswith("an unexpected word of ")


@pytest.mark.parametrize(
    ("before", "name"),
    [("He saw ", True), ("", False), ("It rained. ", False), ("\n", False), ('he said, "', True)],
)
def test_a_capital_makes_a_name_within_a_sentence(before, name):
    start, end = len(before), len(before) + 6
    assert surprise._is_name(before + "Xavier.", start, end) == name
    assert surprise._is_name(before + "XAVIER.", start, end)
    assert not surprise._is_name(before + "zebras.", start, end)


@settings(deadline=None)  # else a busy machine fails it
@given(st.integers(1, 2000), st.integers(0, 99))
def test_the_level_is_the_median_of_blocks(length, seed):
    nats = np.random.default_rng(seed).exponential(1.3, length)
    found = level(nats)
    blocks = [nats[k : k + BLOCK].mean() for k in range(0, max(1, length - BLOCK + 1), BLOCK)]
    for t in range(0, length, 37):
        own = min(t // BLOCK, len(blocks) - 1)
        first = min(max(own - BLOCKS // 2, 0), max(len(blocks) - BLOCKS, 0))
        assert found[t] == np.median(blocks[first : first + BLOCKS])


@settings(deadline=None)
@given(st.lists(st.integers(-3, 6), max_size=200))
def test_passages_are_long_apart_and_high(values):
    above = np.array(values, float)
    last = 0
    for start, end in passages(above):
        assert last <= start
        assert end - start >= surprise.SHORTEST
        piece = above[start:end]
        assert piece.sum() >= surprise.PASSAGE - 1e-9
        totals = np.cumsum(piece - surprise.USUAL)
        assert totals[-1] == totals.max()
        assert (np.maximum.accumulate(totals) - totals <= surprise.CALM).all()
        last = end


def test_two_passages_are_two():
    above = np.full(300, -1.0)
    above[50:90] = above[150:190] = 3.0
    assert passages(above) == [(50, 90), (150, 190)]
    above[90:110], above[110:150], above[150:] = -1.0, 3.0, -1.0  # the sum does not fall to 0
    assert passages(above) == [(50, 90), (110, 150)]
    assert passages(np.full(60, 3.0)) == [(0, 60)]
    assert passages(np.full(19, 9.0)) == []
    assert passages(np.full(300, 0.9)) == []
