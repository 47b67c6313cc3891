"""Features are what they say; correlations are NumPy's; a planted unit is found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import randomize

from charlstm.errors import UserError
from charlstm.insight.activations import record
from charlstm.insight.neurons import (
    FEATURES,
    SKIPPED,
    STREAMS,
    Unit,
    correlations,
    line_position,
    quoted,
    search,
    speaker_name,
    untrained,
    word_position,
)
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary

LETTERS = "ab \n"
T = 2 * STREAMS * 50 + 7


@pytest.fixture(scope="module")
def text():
    return "".join(np.random.default_rng(0).choice(list(LETTERS), T, p=(0.4, 0.3, 0.2, 0.1)))


def small(hidden_size=5):
    options = ModelOptions(cell="lstm", layers=2, hidden_size=hidden_size, embedding_size=3)
    vocabulary = Vocabulary.of(LETTERS)
    model = randomize(CharModel(options, len(vocabulary)), size=0.7).double()
    return Checkpoint(options, vocabulary, model.to_arrays())


@settings(deadline=None)  # else a busy machine fails it
@given(st.text(alphabet='aA.:" \n\t', max_size=60))
def test_features_of_any_text(text):
    for feature in FEATURES.values():
        assert feature(text).shape == (len(text),)
    for t in range(len(text)):
        before = text[:t]
        assert line_position(text)[t] == len(before) - (before.rfind("\n") + 1)
        assert word_position(text)[t] == len(before) - (max(map(before.rfind, " \n\t")) + 1)
        assert quoted(text)[t] == text[: t + 1].count('"') % 2
    inside = speaker_name(text)
    start = 0
    for line in text.split("\n"):
        named = (
            len(line) > 1
            and line[0] == "A"
            and line[-1] == ":"
            and not set(line[:-1]) & set(':"\t')
        )
        assert (inside[start : start + len(line)] == named).all()
        assert not inside[start + len(line) :][:1].any()
        start += len(line) + 1


def test_correlations_are_those_of_numpy(text):
    checkpoint = small()
    features = np.stack([line_position(text), np.random.default_rng(1).normal(size=T)])
    found = correlations(checkpoint, text, features)
    assert set(found) == {(layer, name) for layer in (0, 1) for name in "hcifgo"}
    steps = T // STREAMS
    parts = [slice(k * steps, (k + 1) * steps) for k in range(STREAMS)]
    recorded = [record(checkpoint, text[part]) for part in parts]
    truths = np.concatenate([features[:, part][:, SKIPPED:] for part in parts], 1)
    for (layer, name), table in found.items():
        values = np.concatenate([one[layer][name][SKIPPED:] for one in recorded])  # (N, H)
        expected = np.corrcoef(truths, values.T)[:2, 2:]
        np.testing.assert_allclose(table, expected, rtol=0, atol=1e-9)


def test_what_never_changes_correlates_with_nothing(text):
    checkpoint = small()
    checkpoint.weights["layers.0.weight_ih"][5:10] = 0  # f of layer 1, and its sums
    checkpoint.weights["layers.0.weight_hh"][5:10] = 0
    features = np.stack([np.ones(T), line_position(text)])
    found = correlations(checkpoint, text, features)
    assert (found[0, "f"] == 0).all()
    assert (found[0, "h"][0] == 0).all()
    assert (found[0, "h"][1] != 0).all()


def planted():
    """Return a model in which c of unit 3 of layer 1 counts letters and forgets at a line end."""
    checkpoint = small()
    weights = checkpoint.weights
    H, unit = 5, 3
    weights["embedding.weight"][:] = 0
    weights["embedding.weight"][checkpoint.vocabulary.characters.index("\n"), 0] = 1
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        for gate in range(4):
            weights[f"layers.0.{name}"][gate * H + unit] = 0
    for gate, (bias, newline) in enumerate([(-3.0, 0), (40.0, -80.0), (40.0, 0), (0.0, 0)]):
        weights["layers.0.bias_ih"][gate * H + unit] = bias
        weights["layers.0.weight_ih"][gate * H + unit, 0] = newline
    return checkpoint


def test_a_planted_unit_is_found_on_text_that_did_not_choose_it(text):
    after = np.array(
        [0 if c == "\n" else n + 1 for c, n in zip(text, line_position(text), strict=True)]
    )
    noise = np.random.default_rng(2).normal(size=T)
    units = search(planted(), text, {"noise": noise, "line": after})
    line = units["line"]
    assert (line.layer, line.name, line.unit) == (0, "c", 3)
    # not 1: some parts have no line end among their first characters
    assert min(line.chosen, line.tested) > 0.95
    assert str(line) == "layer 1, c of unit 3"
    assert abs(units["noise"].tested) < abs(units["noise"].chosen) < 0.3


def test_the_second_half_does_not_choose(text):
    feature = line_position(text)
    first = search(small(), text, {"line": feature})["line"]
    changed = feature.copy()
    changed[T // 2 :] *= -1
    second = search(small(), text, {"line": changed})["line"]
    assert second == Unit(first.layer, first.name, first.unit, first.chosen, second.tested)
    assert second.tested == pytest.approx(-first.tested)


def test_an_untrained_model_has_the_same_sizes_and_other_weights():
    checkpoint = small()
    fresh = untrained(checkpoint, seed=1)
    assert fresh.options == checkpoint.options
    assert fresh.measured is fresh.training is fresh.provenance is None
    for name, array in checkpoint.weights.items():
        assert fresh.weights[name].shape == array.shape
    other = untrained(checkpoint, seed=2).weights["layers.0.weight_hh"]
    assert (other != fresh.weights["layers.0.weight_hh"]).any()


def test_what_cannot_be_searched_is_refused(text):
    with pytest.raises(UserError, match="the text has 1000 characters; the search needs"):
        search(small(), text[:1000], {"line": line_position(text[:1000])})
    with pytest.raises(UserError, match=f"the features have 9 numbers, but the text has {T}"):
        search(small(), text, {"line": np.ones(9)})
