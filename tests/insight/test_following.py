"""Correlations are NumPy's; an area under the ROC curve is a share of pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import randomize

from charlstm.insight.activations import record
from charlstm.insight.features import line_position
from charlstm.insight.following import SKIPPED, STREAMS, areas, correlations, ranks
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary

LETTERS = "ab \n"
T = 2 * STREAMS * 25 + 7


@pytest.fixture(scope="module")
def text():
    return "".join(np.random.default_rng(0).choice(list(LETTERS), T, p=(0.4, 0.3, 0.2, 0.1)))


def small(cell="lstm"):
    options = ModelOptions(cell=cell, layers=2, hidden_size=5, embedding_size=3)
    vocabulary = Vocabulary.of(LETTERS)
    model = randomize(CharModel(options, len(vocabulary)), size=0.7).double()
    return Checkpoint(options, vocabulary, model.to_arrays())


def parts(checkpoint, text, features):
    """Return what counts: features (F, N), and what each unit held, (N, H)."""
    steps = T // STREAMS
    cuts = [slice(k * steps, (k + 1) * steps) for k in range(STREAMS)]
    recorded = [record(checkpoint, text[cut]) for cut in cuts]
    values = {
        (layer, name): np.concatenate([one[layer][name][SKIPPED:] for one in recorded])
        for layer in (0, 1)
        for name in recorded[0][layer]
    }
    return np.concatenate([features[:, cut][:, SKIPPED:] for cut in cuts], 1), values


def test_correlations_are_those_of_numpy(text):
    checkpoint = small()
    features = np.stack([line_position(text), np.random.default_rng(1).normal(size=T)])
    found = correlations(checkpoint, text, features)
    assert set(found) == {(layer, name) for layer in (0, 1) for name in "hcifgo"}
    truths, values = parts(checkpoint, text, features)
    for place, figures in found.items():
        expected = np.corrcoef(truths, values[place].T)[:2, 2:]
        np.testing.assert_allclose(figures, expected, rtol=0, atol=1e-9)


def test_areas_are_shares_of_pairs(text):
    checkpoint = small("gru")
    features = np.stack([line_position(text) > 4, np.array([*text]) == "a"]).astype(float)
    found = areas(checkpoint, text, features)
    assert set(found) == {(layer, name) for layer in (0, 1) for name in "hrzn"}
    truths, values = parts(checkpoint, text, features)
    for place, figures in found.items():
        for k, truth in enumerate(truths == 1):
            yes, no = values[place][truth], values[place][~truth]
            won = (yes[:, None] > no).mean((0, 1)) + (yes[:, None] == no).mean((0, 1)) / 2
            np.testing.assert_allclose(figures[k], won, rtol=0, atol=1e-9)


def test_what_never_changes_follows_nothing(text):
    checkpoint = small()
    checkpoint.weights["layers.0.weight_ih"][5:10] = 0  # f of layer 1, and its sums
    checkpoint.weights["layers.0.weight_hh"][5:10] = 0
    features = np.stack([np.ones(T), line_position(text) > 4]).astype(float)
    for measure, chance in ((correlations, 0), (areas, 0.5)):
        found = measure(checkpoint, text, features)
        assert (found[0, "f"] == chance).all()
        assert (found[0, "h"][0] == chance).all()
        assert (found[0, "h"][1] != chance).all()


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_equal_numbers_share_their_ranks(numbers):
    row = np.array(numbers)
    below, equal = (row < row[:, None]).sum(1), (row == row[:, None]).sum(1)
    other = np.arange(len(row))
    np.testing.assert_array_equal(
        ranks(np.stack([row, other])), [below + (equal + 1) / 2, other + 1.0]
    )
