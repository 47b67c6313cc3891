"""A model that is too sure of itself, by a known factor, is found out and mended."""

import dataclasses

import numpy as np
import pytest
from small import randomize

from charlstm.measuring import calibration
from charlstm.measuring.calibration import calibrate, calibrated
from charlstm.measuring.scores import score_carried
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.facts import Calibration, Measured, Score
from charlstm.model.network import CharModel
from charlstm.model.section import Section
from charlstm.options import ModelOptions, SampleOptions
from charlstm.sampling.sampler import Sampler, generate
from charlstm.text.vocabulary import Vocabulary

LETTERS = Vocabulary("abcdefg")


@pytest.fixture(scope="module")
def honest():
    """A model, whose own text it predicts as well as anybody can."""
    model = randomize(CharModel(ModelOptions(layers=2, hidden_size=8, embedding_size=4), 7), size=1)
    return Checkpoint(model.options, LETTERS, model.to_arrays())


@pytest.fixture(scope="module")
def text(honest):
    """12,000 characters that the model wrote at temperature 1, as ids."""
    options = SampleOptions(length=12_000, temperature=1.0, seed=3)
    return LETTERS.encode("".join(generate(Sampler(honest), "a", options)))


def surer(checkpoint, factor):
    """Return the model with logits that are `factor` times as large."""
    head = {n: checkpoint.weights[n] * factor for n in ("head.weight", "head.bias")}
    return dataclasses.replace(checkpoint, weights=checkpoint.weights | head)


@pytest.mark.parametrize("factor", [0.5, 1.7, 3.0])
def test_the_factor_is_found(honest, text, factor):
    model = CharModel.from_checkpoint(surer(honest, factor))
    found = calibrate(model, text)
    assert found.temperature == pytest.approx(factor, rel=0.05)
    assert found.characters == found.before.characters == 5_999
    assert found.after.nats < found.before.nats


def test_the_read_out_is_divided_and_gives_the_score_that_is_told(honest, text, monkeypatch):
    monkeypatch.setattr(calibration, "CHUNK", 500)
    sure = surer(honest, 2.0)
    made = calibrated(sure, text)
    found = made.measured.calibration
    changed = {n for n in sure.weights if not np.array_equal(sure.weights[n], made.weights[n])}
    assert changed == {"head.weight", "head.bias"}
    for checkpoint, score in ((sure, found.before), (made, found.after)):
        model = CharModel.from_checkpoint(checkpoint)
        whole, first = (score_carried(model, text[: n + 1]) for n in (11_998, 5_999))
        second = (whole.nats * 11_998 - first.nats * 5_999) / 5_999
        assert score.nats == pytest.approx(second, abs=1e-6)
    assert calibrated(made, text) is made


def test_only_the_first_half_chooses(honest, text):
    model = CharModel.from_checkpoint(surer(honest, 2.0))
    other = np.concatenate((text[:6_000], np.random.default_rng(0).permutation(text[6_000:])))
    found = calibrate(model, other.astype(text.dtype))
    assert found.temperature == calibrate(model, text).temperature


def test_no_temperature_turns_the_order_of_the_characters_around(honest, text):
    """As after three steps of training: the likeliest character comes less often than others."""
    wrong = surer(honest, -1.0)
    assert calibrate(CharModel.from_checkpoint(wrong), text) is None
    assert calibrated(wrong, text) is wrong


def test_what_does_not_help_the_second_half_is_not_taken(honest, text):
    shuffled = np.random.default_rng(0).permutation(text[:3_000])
    both = np.concatenate((shuffled, text[:3_000]))  # the first half wants the model less sure
    assert calibrate(CharModel.from_checkpoint(honest), both) is None
    checkpoint = dataclasses.replace(honest, measured=Measured(1.5))
    assert calibrated(checkpoint, both) is checkpoint


def test_a_short_text_says_nothing_and_a_long_one_is_not_read_to_its_end(honest, text, monkeypatch):
    model = CharModel.from_checkpoint(surer(honest, 2.0))
    assert calibrate(model, text[:400]) is None
    assert calibrate(model, text[:401]).characters == 200
    monkeypatch.setattr(calibration, "MOST", 7_000)
    assert calibrate(model, text).characters == 500


def test_scores_that_are_not_finite_give_no_temperature(honest, text):
    broken = surer(honest, 1.0)
    broken.weights["head.bias"][2] = np.nan
    assert calibrate(CharModel.from_checkpoint(broken), text[:1_000]) is None


def test_no_gradient_is_left_behind(honest, text):
    model = CharModel.from_checkpoint(honest)
    calibrate(model, text[:1_000])
    assert all(p.grad is None for p in model.parameters())


def test_a_file_keeps_it(honest, tmp_path):
    found = Calibration(1.15, 50, Score(1.5, 60), Score(1.25, 60))
    path = tmp_path / "model.safetensors"
    dataclasses.replace(honest, measured=Measured(1.5, calibration=found)).save(path)
    assert Checkpoint.load(path).measured == Measured(1.5, calibration=found)
    assert Calibration.from_json(Section(found.to_json(), "here")) == found
    assert str(found) == (
        "Its logits were divided by 1.150. The first 50 characters of validation chose that; on the"
        " next 60 it gives 1.2500 nats instead of 1.5000."
    )
