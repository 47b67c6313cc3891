"""The scores of both protocols equal sums written out by hand."""

import math

import numpy as np
import pytest
import torch
from small import randomize

from charlstm.errors import UserError
from charlstm.measuring import scores
from charlstm.measuring.scores import score, score_carried, score_cold
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions

V = 9


@pytest.fixture
def model():
    return randomize(CharModel(ModelOptions(layers=2, hidden_size=8, embedding_size=4), V))


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(V, size=700, dtype=np.int32)


def by_hand(model, ids, restart):
    """Step character by character, from zeros again every `restart` characters."""
    total = 0.0
    state = None
    for k in range(len(ids) - 1):
        if k % restart == 0:
            state = None
        logits, state = model(torch.tensor([[ids[k]]]), state)
        total -= torch.log_softmax(logits[0, 0].double(), 0)[ids[k + 1]].item()
    return total / (len(ids) - 1)


def test_carried_is_one_pass(model, ids):
    score = score_carried(model, ids)
    assert score.characters == 699
    assert score.nats == pytest.approx(by_hand(model, ids, restart=10**9), abs=1e-6)


@pytest.mark.parametrize("chunk", [1, 7, 699, 5000])
def test_carried_does_not_depend_on_the_chunk(model, ids, chunk):
    assert score_carried(model, ids, chunk).nats == pytest.approx(
        score_carried(model, ids).nats, abs=1e-6
    )


@pytest.mark.parametrize("length", [700, 513, 300, 257, 256, 2])
def test_cold_starts_each_window_from_zeros_and_scores_the_tail(model, ids, length):
    score = score_cold(model, ids[:length])
    assert score.characters == length - 1
    assert score.nats == pytest.approx(by_hand(model, ids[:length], restart=256), abs=1e-6)


def test_cold_on_some_windows_is_a_mean_of_those(model, ids):
    windows = [
        score_cold(model, ids[k * 50 : (k + 1) * 50 + 1], window=50).nats for k in (0, 6, 12)
    ]
    some = score_cold(model, ids[:651], window=50, most_windows=3)
    assert some.characters == 150
    assert some.nats == pytest.approx(np.mean(windows), abs=1e-6)


@pytest.mark.parametrize("protocol", [score_carried, score_cold])
def test_one_character_cannot_be_scored(model, protocol):
    with pytest.raises(UserError, match="1 character to evaluate; at least 2"):
        protocol(model, np.zeros(1, np.int32))


def test_a_uniform_model_scores_the_size_of_its_vocabulary(ids):
    model = CharModel(ModelOptions(hidden_size=3), V)
    torch.nn.init.zeros_(model.head.weight)
    result = score(model, ids)
    assert result.carried.nats == pytest.approx(math.log(V), abs=1e-6)
    assert result.carried == score_carried(model, ids)
    assert result.cold == score_cold(model, ids)
    assert result.chars_per_second > 0
    assert result.carried.perplexity == pytest.approx(V, abs=1e-4)
    assert result.carried.bits_per_char == pytest.approx(math.log2(V), abs=1e-6)


def test_each_chunk_has_the_threads_that_are_asked_for(monkeypatch):
    used = []
    nats = scores.nats_of
    monkeypatch.setattr(
        scores, "nats_of", lambda *given: (used.append(torch.get_num_threads()), nats(*given))[1]
    )
    ids = np.random.default_rng(0).integers(7, size=700, dtype=np.int32)
    model = CharModel(ModelOptions(hidden_size=8), 7)
    before = torch.get_num_threads()
    assert scores.score(model, ids, threads=2).threads == 2
    score_carried(model, ids, threads=3)
    score_cold(model, ids, threads=4)
    assert used == [2, 2, 2, 3, 4, 4]
    assert torch.get_num_threads() == before
    assert scores.score(model, ids).threads == 1  # one at most here


def test_a_large_vocabulary_is_read_in_smaller_pieces(model, ids, monkeypatch):
    whole = score_cold(model, ids, window=50)
    monkeypatch.setattr(scores, "LOGITS", 3 * 50 * V)
    nats_of = scores.nats_of
    shapes = []

    def recorded(model, inputs, *others):
        shapes.append(inputs.shape)
        return nats_of(model, inputs, *others)

    monkeypatch.setattr(scores, "nats_of", recorded)
    assert score_cold(model, ids, window=50).nats == pytest.approx(whole.nats, abs=1e-6)
    assert shapes == [(3, 50)] * 4 + [(1, 50), (1, 49)]
