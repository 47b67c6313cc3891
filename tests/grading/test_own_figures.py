"""The figures are those of the held-out part, and of nothing else."""

import numpy as np
import own_files
import pytest

from charlstm import CharModel, SampleOptions, UserError, score_carried
from charlstm.grading.own_figures import bits, followed, written
from charlstm.grading.own_model import OwnModel
from charlstm.insight import features, following, neurons
from charlstm.text.baselines import ngram_bits
from charlstm.text.novelty import novelty


@pytest.fixture
def own(tmp_path):
    own_files.claim(tmp_path)
    return OwnModel(tmp_path)


def test_bits_are_of_the_held_out_part_and_the_5_gram_has_read_the_rest(own):
    text = own.corpus.text
    ids = own.checkpoint.vocabulary.encode(text)
    start = int(len(text) * 0.9)
    model = CharModel.from_checkpoint(own.checkpoint)
    measured = bits(own)
    assert measured.model == pytest.approx(score_carried(model, ids[start:]).bits_per_char)
    held_out = len(text) - start
    assert measured.training == pytest.approx(score_carried(model, ids[:held_out]).bits_per_char)
    total = ngram_bits(ids, len(own.checkpoint.vocabulary), start)
    assert measured.ngram == pytest.approx(total / held_out)


def test_a_unit_is_compared_with_two_controls_on_the_second_half(own):
    def feature(text):
        return [int(character in "gh") for character in text]

    found = followed(own, feature, 1, "c", 3)
    text = own.held_out
    half = len(text) // 2
    numbers = np.array(feature(text), float)
    again = following.correlations(own.checkpoint, text[half:], numbers[None, half:])
    assert found.trained == again[1, "c"][0, 3]
    again = following.correlations(own.checkpoint, text[:half], numbers[None, :half])
    assert found.first == again[1, "c"][0, 3]
    assert found.first != found.trained
    assert (
        found.control == neurons.search(neurons.untrained(own.checkpoint), text, {"": numbers})[""]
    )
    assert found.character == pytest.approx(1)
    quoted = features.quoted(text)
    letters = np.array([*text])
    means = {x: quoted[:half][letters[:half] == x].mean() for x in set(text[:half])}
    guess = [means.get(x, 0.0) for x in text[half:]]
    by_hand = np.corrcoef(guess, quoted[half:])[0, 1]
    assert 0.2 < by_hand < 0.9
    assert followed(own, features.quoted, 1, "c", 3).character == pytest.approx(by_hand)
    assert followed(own, lambda text: np.ones(len(text)), 1, "c", 3).character == 0


@pytest.mark.parametrize(
    ("feature", "place", "told"),
    [
        (features.quoted, (2, "c", 0), "no such unit; layers are 0 to 1, values c, f, g, h, i, o"),
        (features.quoted, (0, "n", 0), "layer 0, 'n' of unit 0: no such unit"),
        (features.quoted, (0, "c", 12), "units 0 to 11"),
        (features.quoted, (0, "c", -1), "units 0 to 11"),
        (lambda text: text, (0, "c", 0), "return a number for each character"),
        (lambda text: [1, 2], (0, "c", 0), r"the shape (2,) for 5500 characters"),
        (lambda text: np.full(len(text), np.nan), (0, "c", 0), "return a finite number"),
    ],
)
def test_what_is_no_unit_or_no_feature_is_told(own, feature, place, told):
    with pytest.raises(UserError) as refused:
        followed(own, feature, *place)
    assert told in str(refused.value)


def test_what_a_model_writes_is_compared_with_what_it_may_have_read(own):
    options = SampleOptions(length=5_000, seed=3, temperature=0.5)
    text, found = written(own, options)
    assert (text, found) == written(own, options)
    assert len(text) == 5_000
    assert found == novelty(text, own.corpus.text[: int(len(own.corpus.text) * 0.9)])


@pytest.mark.parametrize("options", [{"length": 5_000}, {"length": 4_999, "seed": 1}])
def test_writing_needs_a_seed_and_some_length(own, options):
    with pytest.raises(UserError, match="give a length from 5,000 to 10,000, and a seed"):
        written(own, SampleOptions(**options))
