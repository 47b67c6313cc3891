"""Reading in parts is reading; each repair saves what reading the repaired text saves."""

import dataclasses

import numpy as np
import pytest
from small import CELLS, randomize

from charlstm.errors import UserError
from charlstm.insight import repairs
from charlstm.insight.repairs import BEFORE, OTHERS, Repair, read, read_and_repair
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.sampling.sampler import Sampler
from charlstm.text.baselines import Ngram
from charlstm.text.vocabulary import Vocabulary

LETTERS = "abcde\n"
AHEAD = repairs.AHEAD


def sampler(cell="lstm", seed=0):
    options = ModelOptions(cell=cell, layers=2, hidden_size=7, embedding_size=3)
    vocabulary = Vocabulary.of(LETTERS)
    model = randomize(CharModel(options, len(vocabulary)), seed, size=1.0)
    return Sampler(Checkpoint(options, vocabulary, model.to_arrays()))


def some(length, seed=0):
    return "".join(np.random.default_rng(seed).choice(list(LETTERS), length))


def slow_nats(reader, text, before="\n"):
    """Return the nats of each character of a text, read in one piece after `before`."""
    ids = reader.vocabulary.encode(before + text)
    logits, _ = reader.read(ids)
    logs = logits.astype(float) - np.log(np.exp(logits.astype(float)).sum(-1, keepdims=True))
    places = np.arange(len(before) - 1, len(ids) - 1)
    return -logs[places, ids[places + 1]]


@pytest.mark.parametrize("cell", CELLS)
def test_a_short_text_is_read_in_one_piece(cell):
    text = some(90)
    nats, _ = read_and_repair(sampler(cell), text)
    np.testing.assert_allclose(nats, slow_nats(sampler(cell), text), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("length", [8 * BEFORE, 8 * BEFORE + 401, 12 * BEFORE + 1])
def test_a_long_text_is_read_in_parts_after_what_stands_before_them(length):
    reader, text = sampler(), some(length)
    ids = reader.vocabulary.encode(text)
    seen = []
    table = np.full(length, np.nan)
    for places, logs, _ in read(reader, ids):
        assert np.isnan(table[places]).all()
        table[places] = -logs[np.arange(len(places)), ids[places]]
        seen.append(len(places))
    parts = max(seen)
    assert parts == length // (4 * BEFORE)
    size = len(seen)
    for start in range(0, length, size):
        before = text[start - BEFORE : start] if start else "\n"
        piece = text[start : start + size]
        np.testing.assert_allclose(
            table[start : start + size], slow_nats(reader, piece, before), rtol=1e-4, atol=1e-5
        )


def slow_repairs(reader, text, surprising, least):
    """Yield all repairs, each judged by reading the whole repaired text."""
    nats = slow_nats(reader, text)
    ids = reader.vocabulary.encode("\n" + text)
    logits, _ = reader.read(ids)
    for at, seen in enumerate(text):
        if not (nats[at : at + 2] > surprising).any():
            continue
        guesses = [reader.vocabulary.characters[i] for i in np.argsort(-logits[at])]
        likely = [g for g in guesses[: repairs.GUESSES + 1] if g != seen][: repairs.GUESSES]
        tried = [(1, "changed", g) for g in likely] + [(1, "left out", g + seen) for g in likely]
        if at + 1 < len(text):
            pair = text[at : at + 2]
            same = pair[0] == pair[1]
            tried.append((2, "doubled", seen) if same else (2, "swapped", pair[::-1]))
        stop = min(at + AHEAD + 1, len(text))
        for width, kind, instead in tried:
            repaired = text[:at] + instead + text[at + width :]
            grown = len(repaired) - len(text)
            new = slow_nats(reader, repaired)
            costs = OTHERS if kind == "changed" else 0.0
            soon = [
                nats[at : at + k - grown].sum() - costs - new[at : at + k].sum()
                for k in range(repairs.SOON + 1, stop + grown - at + 1)
            ]
            saved = nats[at:stop].sum() - new[at : stop + grown].sum() - costs
            if saved > least and all(s > 0 for s in soon):
                chance = np.exp(logits[at] - np.log(np.exp(logits[at]).sum()))
                expected = instead[0], chance[reader.vocabulary.characters.index(instead[0])]
                yield Repair(at, at + width, kind, instead, expected, saved)


def best(found):
    kept = []
    for repair in sorted(found, key=lambda r: (-r.saved, r.start)):
        if all(r.end + 2 <= repair.start or repair.end <= r.start - 2 for r in kept):
            kept.append(repair)
    return sorted(kept, key=lambda r: r.start)


@pytest.mark.parametrize("seed", range(2))
def test_repairs_are_those_of_reading_every_repaired_text(seed, monkeypatch):
    monkeypatch.setattr(repairs, "SURPRISING", 2.5)
    monkeypatch.setattr(repairs, "LEAST", 1.0)
    monkeypatch.setattr(repairs, "TOGETHER", 5)
    reader, text = sampler(seed=seed), some(60, seed) + "aab"
    expected = best(slow_repairs(reader, text, 2.5, 1.0))
    _, found = read_and_repair(reader, text)
    assert len(found) > 2
    for got, right in zip(found, expected, strict=True):
        assert dataclasses.replace(got, saved=0, expected=()) == dataclasses.replace(
            right, saved=0, expected=()
        )
        assert got.expected[0] == right.expected[0]
        np.testing.assert_allclose(got.expected[1], right.expected[1], rtol=1e-3)
        np.testing.assert_allclose(got.saved, right.saved, rtol=1e-3, atol=1e-3)


SENTENCE = "the cat sat on the mat and the rat ran\n"


@pytest.mark.parametrize(
    ("wrong", "right", "kind"),
    [("tse mat", "he", "changed"), ("hte mat", "th", "swapped"), ("te mat", "he", "left out"),
     ("thhe mat", "h", "doubled")],
)  # fmt: skip
def test_a_typing_error_is_repaired(wrong, right, kind):
    vocabulary = Vocabulary.of(SENTENCE)
    ngram = Ngram(vocabulary, vocabulary.encode(SENTENCE * 30))
    text = SENTENCE + SENTENCE.replace("the mat", wrong) + SENTENCE
    _, (repair,) = read_and_repair(ngram, text)
    assert repair.kind == kind
    mended = text[: repair.start] + repair.instead + text[repair.end :]
    assert mended == 3 * SENTENCE
    assert right.startswith(repair.instead[0]) or repair.instead in right


def test_what_cannot_be_read_is_refused():
    with pytest.raises(UserError, match="the text is empty"):
        read_and_repair(sampler(), "")
    with pytest.raises(UserError, match="character 'x'"):
        read_and_repair(sampler(), "abxa")


def test_what_comes_again_in_a_longer_word_is_meant():
    text = "CURTIS: hte CURTIS, hte house. CURTISX"

    def repair(start, instead, saved=9.0):
        return Repair(start, start + 2, "swapped", instead, (instead[0], 0.5), saved)

    name, again, longer = (repair(k, "RU") for k in (1, 13, 32))
    short = [repair(8, "th"), repair(20, "th")]
    once = repair(25, "uo")
    assert repairs._meant_once([name, *short, again, once, longer], text) == [*short, once, longer]
    other = repair(13, "R")
    assert repairs._meant_once([name, other], text) == [name, other]
    assert repairs._meant_once([repair(36, "x")], text[:36]) == [repair(36, "x")]
