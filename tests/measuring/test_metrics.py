"""Both protocols and both baselines against sums written out by hand."""

import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from conftest import randomize
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.measuring import dynamic as rule
from charlstm.measuring.dynamic import dynamic, mean_squares
from charlstm.measuring.scores import Score, carried, cold
from charlstm.model.checkpoint import Checkpoint, find_model
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.baselines import ngram_bits, xz_bits
from charlstm.text.corpus import read_corpus

V = 9


@pytest.fixture
def model():
    return randomize(CharModel(ModelOptions(layers=2, hidden_size=8, embedding_size=4), V))


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(V, size=700, dtype=np.int32)


def by_hand(model, ids, restart):
    """Step character by character, from zeros again every `restart` characters."""
    total, state = 0.0, None
    for k in range(len(ids) - 1):
        if k % restart == 0:
            state = None
        logits, state = model(torch.tensor([[ids[k]]]), state)
        total -= torch.log_softmax(logits[0, 0].double(), 0)[ids[k + 1]].item()
    return total / (len(ids) - 1)


def test_carried_is_one_pass(model, ids):
    score = carried(model, ids)
    assert score.characters == 699
    assert score.nats == pytest.approx(by_hand(model, ids, restart=10**9), abs=1e-6)


@pytest.mark.parametrize("chunk", [1, 7, 699, 5000])
def test_carried_does_not_depend_on_the_chunk(model, ids, chunk):
    assert carried(model, ids, chunk).nats == pytest.approx(carried(model, ids).nats, abs=1e-6)


@pytest.mark.parametrize("length", [700, 513, 300, 257, 256, 2])
def test_cold_starts_each_window_from_zeros_and_scores_the_tail(model, ids, length):
    score = cold(model, ids[:length])
    assert score.characters == length - 1
    assert score.nats == pytest.approx(by_hand(model, ids[:length], restart=256), abs=1e-6)


def test_cold_on_some_windows_is_a_mean_of_those(model, ids):
    windows = [cold(model, ids[k * 50 : (k + 1) * 50 + 1], window=50).nats for k in (0, 6, 12)]
    some = cold(model, ids[:651], window=50, most_windows=3)
    assert some.characters == 150
    assert some.nats == pytest.approx(np.mean(windows), abs=1e-6)


@pytest.mark.parametrize("protocol", [carried, cold])
def test_one_character_cannot_be_scored(model, protocol):
    with pytest.raises(UserError, match="1 characters to evaluate; at least 2"):
        protocol(model, np.zeros(1, np.int32))


def test_a_uniform_model_scores_the_size_of_its_vocabulary(ids):
    model = CharModel(ModelOptions(hidden_size=3), V)
    torch.nn.init.zeros_(model.head.weight)
    score = carried(model, ids)
    assert score.nats == pytest.approx(math.log(V), abs=1e-6)
    assert score.perplexity == pytest.approx(V, abs=1e-4)
    assert score.bits_per_char == pytest.approx(math.log2(V), abs=1e-6)
    assert (score + Score(0.0, 699)).nats == pytest.approx(math.log(V) / 2, abs=1e-6)


def slow_ngram(ids, size, first, order):
    counts, total = defaultdict(lambda: defaultdict(int)), 0.0
    for k, word in enumerate(ids):
        p = 1 / size
        for length in range(min(order, k + 1)):
            after = counts[tuple(ids[k - length : k])]
            seen, kinds = sum(after.values()), len(after)
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


# --- dynamic evaluation --------------------------------------------------------------------------


def losses_and_gradients(model, ids, weights, update):
    """Walk over segments of 20 with weights of our own; the state crosses, the gradient does not.

    `update(gradients)` changes `weights` after each segment.
    """
    total, state = 0.0, None
    for start in range(0, len(ids) - 1, 20):
        piece = torch.from_numpy(ids[start : start + 21]).long()
        tracked = {name: w.clone().requires_grad_() for name, w in weights.items()}
        logits, state = torch.func.functional_call(model, tracked, (piece[None, :-1], state))
        nats = -torch.log_softmax(logits[0], -1)[torch.arange(len(piece) - 1), piece[1:]]
        gradients = torch.autograd.grad(nats.mean(), list(tracked.values()))
        state = [tuple(s.detach() for s in layer) for layer in state]
        total += nats.sum().item()
        update(dict(zip(tracked, gradients, strict=True)))
    return total / (len(ids) - 1)


def test_dynamic_is_krauses_rule(model, ids):
    model = model.double()
    history, text = ids[:210], ids[210:333]  # 11 and 7 segments, both with a shorter last one
    trained = {name: p.detach().clone() for name, p in model.named_parameters()}
    sums = {name: torch.zeros_like(w) for name, w in trained.items()}

    def add(gradients):
        for name, gradient in gradients.items():
            sums[name] += gradient**2

    losses_and_gradients(model, history, trained, add)
    roots = {name: (total / 11).sqrt() for name, total in sums.items()}
    everything = torch.cat([root.flatten() for root in roots.values()])
    weights = {name: w.clone() for name, w in trained.items()}

    def learn(gradients):
        for name, gradient in gradients.items():
            floor = rule.FLOOR * everything.mean()
            back = (0.05 * (roots[name] + floor) / everything.mean()).clamp(max=1.0)
            change = back * (trained[name] - weights[name])
            weights[name] += change - 0.01 * gradient / (roots[name] + floor)

    expected = losses_and_gradients(model, text, weights, learn)
    score = dynamic(model, text, history, rate=0.01, decay=0.05)
    assert score.characters == 122
    assert score.nats == pytest.approx(expected, abs=1e-12)
    assert abs(score.nats - carried(model, text).nats) > 1e-3  # the rule did something
    for name, p in model.named_parameters():
        assert torch.equal(p, trained[name])
        assert p.grad is None
    for square, root in zip(mean_squares(model, history), roots.values(), strict=True):
        torch.testing.assert_close(square, root**2, rtol=0, atol=1e-12)


def test_dynamic_at_rate_zero_is_carried(model, ids):
    assert dynamic(model, ids, ids, rate=0.0).nats == pytest.approx(carried(model, ids).nats)


def test_dynamic_learns_a_text_that_repeats_itself(model, ids):
    again = np.tile(ids[:40], 20)
    assert dynamic(model, again, ids, rate=0.03).nats < carried(model, again).nats - 0.3


def test_dynamic_survives_a_character_that_the_history_lacks():
    """Its weights have no size; but for the floor they would leap at its first sight."""
    checkpoint = Checkpoint.load(find_model(None))
    model = CharModel(checkpoint.options, len(checkpoint.vocabulary))
    model.load_arrays(checkpoint.weights)
    tales = read_corpus(["tales"]).text.replace("$", "")
    strange = tales[2000:2200] + "$" + tales[2200:2400]
    history, text = (
        checkpoint.vocabulary.encode(part, unknown="skip") for part in (tales[:2000], strange)
    )
    assert dynamic(model, text, history).nats < carried(model, text).nats


def test_the_sizes_come_from_all_of_a_long_history(monkeypatch):
    monkeypatch.setattr(rule, "STRETCH", 10)
    spread = rule._spread(np.arange(5000, dtype=np.int32))
    assert len(spread) == rule.STRETCHES * 10
    assert (spread[0], spread[-1]) == (0, 4999)
    assert (np.diff(spread.reshape(-1, 10)) == 1).all()


def test_dynamic_needs_a_history(model, ids):
    with pytest.raises(UserError, match="1 characters"):
        dynamic(model, ids, ids[:1])
