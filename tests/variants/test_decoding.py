"""What is written is what the network's own chances say, whichever way it is searched."""

import itertools
import math

import numpy as np
import pytest
import torch
from small import randomize

from charlstm.errors import UserError
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.variants.decoding import (
    accuracy,
    beam_search,
    greedy,
    right,
    vectors,
    write_from,
)
from charlstm.variants.encoder_decoder import EncoderDecoder, fit_pairs
from charlstm.variants.fitting import FitOptions

SOURCES, TARGETS = Vocabulary("abcdefg"), Vocabulary("pqr")
END = len(TARGETS)
TEXTS = ["abc", "g", "fed", "gg", "a", "cabbage"]


def network(seed=0, attention="dot", size=1.0, **given):
    options = ModelOptions(hidden_size=6, embedding_size=2, layers=2, dropout=0.0)
    model = EncoderDecoder(SOURCES, TARGETS, options, attention, **given)
    return randomize(model.double(), seed, size)


@torch.no_grad()
def logs_of(model, source, symbols):
    """Return ln P of each of some symbols, in one pass with teacher forcing, and the weights."""
    read = torch.from_numpy(SOURCES.encode(source))[None].long()
    logits, weights = model(read, torch.tensor([[END, *symbols[:-1]]]))
    logs = logits[0].log_softmax(1)[range(len(symbols)), symbols]
    return logs.numpy(), None if weights is None else weights[0].numpy()


@torch.no_grad()
def naive_greedy(model, source, most):
    symbols = []
    while len(symbols) < most and END not in symbols:
        read = torch.from_numpy(SOURCES.encode(source))[None].long()
        logits, _ = model(read, torch.tensor([[END, *symbols]]))
        symbols.append(int(logits[0, -1].argmax()))
    return symbols


def symbols_of(written):
    return [*TARGETS.encode(written.text).tolist(), *[END] * written.ended]


@pytest.mark.parametrize("attention", [None, "dot", "bahdanau"])
def test_greedy_takes_the_likeliest_symbol_each_time_and_sources_do_not_meddle(attention):
    ended = set()
    for seed in range(4):
        model = network(seed, attention)
        for source, written in zip(TEXTS, greedy(model, TEXTS, 9), strict=True):
            symbols = naive_greedy(model, source, 9)
            assert symbols_of(written) == symbols
            logs, weights = logs_of(model, source, symbols)
            np.testing.assert_allclose(written.nats, -logs, atol=1e-12)
            assert written.cost == pytest.approx(-logs.mean())
            if attention:
                np.testing.assert_allclose(written.weights, weights, atol=1e-12)
                assert written.weights.shape == (len(symbols), len(source))
            else:
                assert written.weights is None
            ended.add(written.ended)
    assert ended == {True, False}


@pytest.mark.parametrize("attention", [None, "bahdanau"])
def test_a_beam_of_one_is_greedy(attention):
    for seed in range(4):
        model = network(seed, attention)
        for source in TEXTS:
            (best,) = beam_search(model, source, width=1, most=9)
            (same,) = greedy(model, [source], 9)
            assert (best.text, best.ended) == (same.text, same.ended)
            np.testing.assert_allclose(best.nats, same.nats, atol=1e-12)
            if attention:
                np.testing.assert_allclose(best.weights, same.weights, atol=1e-12)


def test_a_wide_beam_finds_what_a_search_through_all_texts_finds():
    most = 4
    differ = 0
    for seed in range(5):
        model = network(seed, size=0.7)
        costs = {}
        for size in range(most):
            for letters in itertools.product(range(END), repeat=size):
                logs, _ = logs_of(model, "bad", [*letters, END])
                costs[TARGETS.decode(list(letters))] = -logs.mean()
        found = beam_search(model, "bad", width=4**most, most=most)
        ended = [text for text in found if text.ended]
        assert len(ended) == len(costs) == 1 + 3 + 9 + 27
        assert [text.text for text in ended] == sorted(costs, key=costs.get)
        for text in ended:
            assert text.cost == pytest.approx(costs[text.text], abs=1e-12)
            assert text.weights.shape == (len(text.text) + 1, 3)
            np.testing.assert_allclose(
                text.weights, logs_of(model, "bad", symbols_of(text))[1], atol=1e-12
            )
        assert len(found) - len(ended) == 3**most
        differ += ended[0].text != greedy(model, ["bad"], most)[0].text
    assert differ > 0  # else a beam of one would pass


def naive_beam(model, source, width, most):
    """Keep a list of (nats, symbols), and score each from its beginning."""
    going, done = [()], []
    for _ in range(most):
        longer = [
            (-logs_of(model, source, [*symbols, k])[0].sum(), (*symbols, k))
            for symbols in going
            for k in range(END + 1)
        ]
        kept = [symbols for _, symbols in sorted(longer)[:width]]
        done += [symbols for symbols in kept if symbols[-1] == END]
        going = [symbols for symbols in kept if symbols[-1] != END]
        if len(done) >= width or not going:
            break

    def mean(symbols):
        return -logs_of(model, source, list(symbols))[0].mean()

    return [*sorted(done, key=mean), *sorted(going, key=mean)]


@pytest.mark.parametrize("width", [2, 3, 5])
def test_a_beam_keeps_the_likeliest_beginnings(width):
    for seed in range(2):
        model = network(seed, size=0.6)
        for source in TEXTS[:3]:
            found = beam_search(model, source, width, most=7)
            expected = naive_beam(model, source, width, 7)
            assert [tuple(symbols_of(text)) for text in found] == expected
            for text in found:
                logs, weights = logs_of(model, source, symbols_of(text))
                np.testing.assert_allclose(text.nats, -logs, atol=1e-12)
                np.testing.assert_allclose(text.weights, weights, atol=1e-12)


def test_exact_matches_are_counted_text_by_text():
    model = network(1)
    written = greedy(model, TEXTS)
    targets = ["pqr" * 40 if not w.ended else w.text for w in written]  # long enough for all
    pairs = list(zip(TEXTS, targets, strict=True))
    expected = [w.ended for w in written]
    assert right(model, pairs) == expected
    assert sum(expected) > 1
    wrong = expected.index(True)
    pairs[wrong] = (TEXTS[wrong], targets[wrong] + "p")
    expected[wrong] = False
    assert right(model, pairs) == expected
    assert accuracy(model, pairs) == pytest.approx(np.mean(expected))
    assert accuracy(model, pairs[wrong:]) == pytest.approx(np.mean(expected[wrong:]))


def test_a_text_that_goes_on_beyond_its_target_is_wrong():
    model = network()
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor([5.0, 0.0, 0.0, 0.0]))  # always p, and never the end
    assert right(model, [("a", "p"), ("a", "ppp"), ("a", "")]) == [False] * 3
    assert right(model, [("a", "p")], width=2) == [False]


def test_a_trained_network_is_right_with_and_without_a_beam():
    letters = Vocabulary("pqr")
    model = EncoderDecoder(letters, letters, ModelOptions(hidden_size=24), "dot")
    pairs = [("pq", "qp"), ("rqp", "pqr"), ("r", "r"), ("qq", "qq"), ("rpp", "ppr")]
    for _ in fit_pairs(model, pairs, FitOptions(steps=150, learning_rate=0.01, beta1=0.9)):
        pass
    assert right(model, pairs) == right(model, pairs, width=3) == [True] * 5
    assert accuracy(model, [("pq", "qp"), ("pq", "pq")], width=3) == 0.5


@torch.no_grad()
def test_a_text_is_written_from_its_vector_alone():
    model = network(2, attention=None, neck=3)
    found = vectors(model, TEXTS)
    assert found.shape == (len(TEXTS), 3)
    for text, vector in zip(TEXTS, found, strict=True):
        state = model.read(torch.from_numpy(SOURCES.encode(text))[None].long()).state
        whole = torch.cat([s for layer in state for s in layer], 1)[0]
        expected = model.squeeze.weight @ whole + model.squeeze.bias
        np.testing.assert_allclose(vector, expected.numpy(), atol=1e-12)
    for vector, written in zip(found, greedy(model, TEXTS, 6), strict=True):
        (again,) = write_from(model, vector[None], 6)
        assert again.text == written.text
        np.testing.assert_allclose(again.nats, written.nats, atol=1e-12)
    assert [w.text for w in write_from(model, found[::-1], 6)] == [
        w.text for w in greedy(model, TEXTS[::-1], 6)
    ]


NAN = np.array([[1.0, 2.0, 3.0], [1.0, np.nan, 3.0]])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda m: greedy(m, ["a", ""]), "source 1 is empty"),
        (lambda m: greedy(m, ["a", "z"]), "source 1: character 'z'"),
        (lambda m: greedy(m, ["a"], most=0), "most is 0; it must be at least 1"),
        (lambda m: beam_search(m, ""), "source 0 is empty"),
        (lambda m: beam_search(m, "a", most=0), "most is 0"),
        (lambda m: beam_search(m, "a", width=0), "width is 0; it must be at least 1"),
        (lambda m: vectors(m, ["a"]), "the model has no neck; make it with neck=16"),
        (lambda m: write_from(m, np.zeros((1, 3))), "the model has no neck"),
        (lambda m: write_from(network(attention=None, neck=3), np.zeros((1, 2))), r"\(B, 3\)"),
        (lambda m: write_from(network(attention=None, neck=3), np.zeros((1, 3)), 0), "most is 0"),
        (
            lambda m: write_from(network(attention=None, neck=3), NAN),
            "vector 1 has a number that is",
        ),
        (lambda m: greedy(m, "abc"), "sources is one text, 'abc'; give a list of texts"),
        (lambda m: greedy(m, ["az"]), "characters; remove it$"),
        (lambda m: beam_search(m, "a", width=2.5), "width is 2.5; it must be a whole number"),
        (lambda m: accuracy(m, [("a", "p")], width=2.5), "width is 2.5; it must be a whole number"),
        (lambda m: accuracy(m, [("a", "p")], width=0), "width is 0; it must be at least 1"),
        (lambda m: accuracy(m, ["ap"]), "pair 0 is 'ap'; it must be two texts"),
        (lambda m: accuracy(m, []), "pairs: there are none"),
        (lambda m: accuracy(m, [("", "a")], width=2), "source 0 is empty"),
    ],
)
def test_bad_input_is_refused(call, told):
    with pytest.raises(UserError, match=told):
        call(network())


def test_nothing_to_write_is_nothing_written():
    assert greedy(network(), []) == []
    assert write_from(network(attention=None, neck=3), np.zeros((0, 3))) == []
    assert math.isfinite(beam_search(network(), "a")[0].cost)
