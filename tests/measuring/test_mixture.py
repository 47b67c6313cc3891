"""The mixture is a distribution that knows only the past."""

import sys
import threading

import numpy as np
import pytest
from small import randomize

from charlstm.errors import UserError
from charlstm.measuring import mixture
from charlstm.measuring.dynamic import reading, score_dynamic
from charlstm.measuring.mixture import COUNTS, PARTS, predict_mixture, score_mixture
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary

V = 9
VOCABULARY = Vocabulary("\n .abcdef")


@pytest.fixture
def model():
    return randomize(CharModel(ModelOptions(layers=2, hidden_size=8, embedding_size=4), V))


@pytest.fixture
def ids():
    """A text that likes to repeat its last pair, so that n-grams have something to say."""
    rng = np.random.default_rng(0)
    values = [0, 1]
    while len(values) < 600:
        values.append(values[-2] if rng.random() < 0.6 else int(rng.integers(V)))
    return np.array(values, np.int32)


def test_each_prediction_is_a_distribution(model, ids):
    predictions = list(predict_mixture(model, ids[300:500], ids[:300], VOCABULARY, threads=1))
    assert len(predictions) == 199
    for p in predictions:
        assert p.logs.shape == (V,)
        assert np.exp(p.logs.astype(np.float64)).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("streams", [1, 3])
def test_no_prediction_sees_its_character_or_what_is_read_later(streams, model, ids):
    """Other characters from some time on change nothing up to that time, and something later."""
    history = ids[:300]
    text = ids[300:500]
    order = np.concatenate([places.flatten() for places in reading(200, streams)])

    def predict(text):
        return list(predict_mixture(model, text, history, VOCABULARY, streams, threads=1))

    whole = predict(text)
    assert [p.place for p in whole] == order.tolist()
    rng = np.random.default_rng(1)
    for time in (0, 62, 63, 64, 65, 129, 150, 196):  # around the ends of segments, too
        other = text.copy()
        changed = order[time:]  # these characters
        other[changed] = (other[changed] + rng.integers(1, V, size=len(changed))) % V
        predicted = predict(other)
        for k in range(time + 1):
            np.testing.assert_allclose(predicted[k].logs, whole[k].logs, rtol=0, atol=1e-6)
        if time < 190:
            assert not np.allclose(predicted[time + 1].logs, whole[time + 1].logs, atol=1e-3)


def test_the_score_is_that_of_the_predictions(model, ids):
    text = ids[300:]
    history = ids[:300]
    found = score_mixture(model, text, history, VOCABULARY, threads=1)
    assert found.alone.nats == pytest.approx(
        score_dynamic(model, text, history, threads=1).nats, abs=1e-6
    )
    nats = 0.0
    amounts = np.zeros(3)
    sizes = np.zeros(3)
    above = 0.0
    for p in predict_mixture(model, text, history, VOCABULARY, threads=1):
        came = text[p.place]
        nats -= p.logs[came] / (len(text) - 1)
        above += p.logs[came] - p.logs.mean()
        terms = p.weights * (p.features[:, came] - p.features.mean(1))
        parts = np.array([part.sum() for part in np.split(terms, np.cumsum(COUNTS)[:-1])])
        amounts += parts
        sizes += abs(parts)
    assert found.mixed.nats == pytest.approx(nats, abs=1e-6)
    assert found.mixed.characters == found.alone.characters == 299
    assert list(found.shares) == list(PARTS)
    assert amounts.sum() == pytest.approx(above, rel=1e-4)
    np.testing.assert_allclose(list(found.shares.values()), sizes / sizes.sum(), atol=1e-4)
    # what corrections take counts like what they add, or their share would be next to nothing
    assert found.shares[PARTS[2]] > abs(amounts[2]) / sizes.sum() + 0.01
    # the model knows nothing; the n-grams find out about the pairs
    assert found.mixed.nats < found.alone.nats - 0.2


def test_how_far_the_model_reads_ahead_changes_nothing(model, ids, monkeypatch):
    far = score_mixture(model, ids[100:], ids[:100], VOCABULARY, 2, threads=1)
    monkeypatch.setattr(mixture, "AHEAD", 1)
    assert score_mixture(model, ids[100:], ids[:100], VOCABULARY, 2, threads=1) == far


def test_who_stops_early_leaves_no_thread_and_no_short_turns_behind(model, ids):
    before = sys.getswitchinterval(), threading.active_count()
    predictions = predict_mixture(model, ids[100:], ids[:100], VOCABULARY, threads=1)
    next(predictions)
    assert sys.getswitchinterval() == pytest.approx(mixture.TURN)
    predictions.close()
    assert (sys.getswitchinterval(), threading.active_count()) == before


def test_the_mixture_needs_a_history(model, ids):
    with pytest.raises(UserError, match="1 character"):
        score_mixture(model, ids, ids[:1], VOCABULARY)
