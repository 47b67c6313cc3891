"""The mixture is a distribution that knows only the past."""

import numpy as np
import pytest
from small import randomize

from charlstm.errors import UserError
from charlstm.measuring.dynamic import score_dynamic
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


def test_no_prediction_sees_its_character_or_what_comes_after(model, ids):
    """Other characters from a place on change nothing up to that place, and something behind."""
    history = ids[:300]
    text = ids[300:500]
    whole = list(predict_mixture(model, text, history, VOCABULARY, threads=1))
    rng = np.random.default_rng(1)
    for place in (1, 63, 64, 65, 66, 130, 198):  # around the ends of segments, too
        other = text.copy()
        other[place:] = (other[place:] + rng.integers(1, V, size=200 - place)) % V
        changed = list(predict_mixture(model, other, history, VOCABULARY, threads=1))
        for k in range(place):  # prediction k is that of character k + 1
            np.testing.assert_allclose(changed[k].logs, whole[k].logs, rtol=0, atol=1e-6)
        if place < 198:
            assert not np.allclose(changed[place].logs, whole[place].logs, atol=1e-3)


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
    for came, p in zip(
        text[1:], predict_mixture(model, text, history, VOCABULARY, threads=1), strict=True
    ):
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


def test_the_mixture_needs_a_history(model, ids):
    with pytest.raises(UserError, match="1 character"):
        score_mixture(model, ids, ids[:1], VOCABULARY)
