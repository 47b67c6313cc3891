"""A planted unit is found, on text that did not choose it, and shuffled features find none."""

import numpy as np
import pytest
from small import randomize

from charlstm.errors import UserError
from charlstm.insight.features import line_position, upper_case
from charlstm.insight.following import AREA, CORRELATION, STREAMS
from charlstm.insight.neurons import Finding, Unit, search, survey, table, untrained
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


def letters(text):
    """Return how many characters have come since the last line end, which is what it counts."""
    positions = zip(text, line_position(text), strict=True)
    return np.array([0 if c == "\n" else n + 1 for c, n in positions])


def test_a_planted_unit_is_found_on_text_that_did_not_choose_it(text):
    after = letters(text)
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


def test_a_survey_finds_what_is_planted_and_shuffled_features_do_not(text):
    features = {
        "falls": lambda text: -letters(text),
        "late": lambda text: [int(number > 5) for number in letters(text)],
        "never": lambda text: np.zeros(len(text)),
        "later": lambda text: np.arange(len(text)) > len(text) // 2,
        "capitals": upper_case,
    }
    found = {finding.feature: finding for finding in survey(planted(), text, features)}
    assert set(found) == {"late", "falls"}
    number, yes = found["falls"], found["late"]
    assert number.measure is CORRELATION
    assert yes.measure is AREA
    for finding, least in ((number, 0.9), (yes, 0.97)):
        assert finding.strength(finding.unit) > least
        assert len(finding.shuffled) == 5
        chance = finding.measure.chance
        for control in finding.shuffled:
            assert abs(control.chosen - chance) < 0.25
            assert abs(finding.strength(control) - chance) < 0.2
    assert (number.unit.layer, number.unit.name, number.unit.unit) == (0, "c", 3)
    assert number.unit.tested < 0 < number.strength(number.unit)
    assert not number.rises(number.unit)
    assert yes.rises(yes.unit)
    fresh = search(untrained(planted()), text, {"": -letters(text)})[""]
    assert number.untrained == fresh


def test_a_shuffled_feature_keeps_its_numbers_in_their_order(text, monkeypatch):
    import charlstm.insight.neurons as module

    seen = {}

    def spy(checkpoint, text, features, measure):
        seen.update(features)
        return search(checkpoint, text, features, measure)

    monkeypatch.setattr(module, "search", spy)
    survey(small(), text, {"line": line_position})
    own = line_position(text)
    shifts = set()
    for name, numbers in seen.items():
        if name != "line":
            (shift,) = (k for k in range(T) if (np.roll(own, k) == numbers).all())
            assert T // 4 <= shift < 3 * T // 4
            shifts.add(shift)
    assert len(shifts) == 5


@pytest.mark.parametrize(
    ("measure", "chosen", "tested", "rises", "strength"),
    [
        (CORRELATION, -0.8, -0.7, False, 0.7),
        (CORRELATION, 0.8, -0.1, True, -0.1),
        (AREA, 0.1, 0.25, False, 0.75),
        (AREA, 0.9, 0.25, True, 0.25),
    ],
)
def test_a_strength_does_not_depend_on_the_direction(measure, chosen, tested, rises, strength):
    unit = Unit(0, "c", 3, chosen, tested)
    finding = Finding("it", measure, unit, (unit,), unit)
    assert finding.rises(unit) == rises
    assert finding.strength(unit) == pytest.approx(strength)


def test_the_table_says_all_in_90_columns():
    unit = Unit(11, "c", 1023, 0.1, 0.25)
    weak, none = Unit(0, "h", 1, 0.6, 0.58), Unit(0, "h", 1, 0.4, 0.51)
    head, line = table([Finding("inside a speaker's name", AREA, unit, (none, weak), weak)])
    assert line == (
        "inside a speaker's name  layer 12, c of unit 1023 AUC     falls    0.75     0.58      0.58"
    )
    assert len(head) == len(line) <= 90
    assert head.split() == ["feature", "unit", "measure", "trained", "shuffled", "untrained"]
