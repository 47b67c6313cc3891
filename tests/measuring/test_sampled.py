"""The scores of samples: each by hand, the interval by its formula, and whether it holds."""

import math

import numpy as np
import pytest
from small import randomize

from charlstm.measuring import sampled
from charlstm.measuring.sampled import BEFORE, LENGTH, score_some, to_score
from charlstm.measuring.scores import COLD_WINDOW, score, score_cold
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions

V = 7


@pytest.fixture
def model():
    return randomize(CharModel(ModelOptions(layers=2, hidden_size=8, embedding_size=4), V))


@pytest.fixture
def ids(monkeypatch):
    """A text that counts as long, whose letters become more like each other towards its end."""
    monkeypatch.setattr(sampled, "LONG", 9_000)
    monkeypatch.setattr(sampled, "STRETCHES", 5)
    rng = np.random.default_rng(0)
    places = np.linspace(0, 1, 12_000)
    return np.where(rng.random(12_000) < places, 2, rng.integers(V, size=12_000)).astype(np.uint8)


def nats(model, ids):
    """Return the nats of each character after the first, one pass from the zero state."""
    import torch

    logits, _ = model(torch.tensor(ids[None, :-1].astype(np.int64)))
    return -torch.log_softmax(logits[0].double(), -1)[range(len(ids) - 1), ids[1:]].detach().numpy()


def test_each_stretch_is_scored_as_by_hand(model, ids, monkeypatch):
    starts = [0, 2680, 5360, 8039, 10719]
    carried = []
    cold = []
    for start in starts:
        stretch = ids[start : start + BEFORE + LENGTH + 1].astype(np.int32)
        assert len(stretch) == BEFORE + LENGTH + 1
        carried.append(nats(model, stretch)[BEFORE:].mean())
        cold.append(score_cold(model, stretch[BEFORE:]).nats)
    assert starts[-1] + BEFORE + LENGTH + 1 == len(ids)
    monkeypatch.setattr(sampled, "LOGITS", 5 * V * 100)  # read in pieces of 100 characters
    found = score_some(model, ids, threads=1)
    for got, means in ((found.carried, carried), (found.cold, cold)):
        assert got.nats == pytest.approx(np.mean(means), abs=1e-6)
        assert got.characters == 5 * LENGTH
        assert got.interval == pytest.approx(1.96 * np.std(means, ddof=1) / math.sqrt(5), abs=1e-6)
    assert found.carried.nats != pytest.approx(found.cold.nats, abs=1e-4)


def test_a_short_text_and_all_of_a_long_one_have_no_interval(model, ids):
    short = ids[:9_000].astype(np.int32)
    assert score_some(model, short, threads=1) == score(model, short, threads=1)
    whole = score_some(model, ids, whole=True, threads=1)
    assert whole == score(model, ids.astype(np.int32), threads=1)
    assert (whole.cold.interval, whole.cold.characters) == (None, len(ids) - 1)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("length", [300, 12_000])
def test_it_tells_how_much_is_done(model, ids, whole, length):
    told = []
    score_some(model, ids[:length], whole, 1, told.append)
    tail = (length - 1) % COLD_WINDOW if whole or length == 300 else 0
    assert sum(told) == to_score(length, whole) - tail


def test_the_interval_holds_the_score_of_the_whole_text(model, monkeypatch):
    """Of texts whose parts differ, the interval should miss the truth in 5 of 100 cases."""
    monkeypatch.setattr(sampled, "LONG", 1_000)
    monkeypatch.setattr(sampled, "STRETCHES", 12)
    monkeypatch.setattr(sampled, "LENGTH", COLD_WINDOW)
    held = {"whole": 0, "half": 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        kinds = np.repeat(rng.random(60), 400)  # how much each paragraph likes one letter
        drawn = rng.integers(V, size=len(kinds))
        ids = np.where(rng.random(len(kinds)) < kinds, 2, drawn).astype(np.int32)
        found, truth = score_some(model, ids, threads=1), score(model, ids, threads=1)
        for protocol in ("carried", "cold"):
            got = getattr(found, protocol)
            miss = abs(got.nats - getattr(truth, protocol).nats)
            held["whole"] += miss <= got.interval
            held["half"] += miss <= got.interval / 2
    assert held["whole"] >= 68  # of 80
    assert held["half"] <= 68  # 54 if the interval is right
