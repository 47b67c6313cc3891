"""The end of a training: calibrated, measured, and noted in the model's file."""

import dataclasses
import math

import numpy as np
import pytest

from charlstm.errors import UserError
from charlstm.measuring.evaluation import measure
from charlstm.measuring.scores import Scores
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.facts import Calibration, Measured, Score
from charlstm.options import ModelOptions, TrainOptions
from charlstm.text.corpus import read_corpus
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.finish import finish
from charlstm.training.run import Run


@pytest.fixture
def run(tmp_path, text):
    """A run that has just begun, of a small model."""
    (tmp_path / "text.txt").write_text(text, encoding="utf-8", newline="")
    corpus = read_corpus([str(tmp_path / "text.txt")])
    options = TrainOptions(steps=30, batch_size=4, window=8)
    return Run.start(tmp_path / "run", corpus, ModelOptions(hidden_size=8), options)


def test_finish_returns_what_it_notes(run):
    model = run.folder / "model.safetensors"
    assert Checkpoint.load(model).measured == Measured()
    reports = list(run.fit())
    assert Checkpoint.load(model).measured == Measured(reports[-1].validation)
    evaluation = finish(run)
    checkpoint = Checkpoint.load(model)
    assert checkpoint.measured.cold == evaluation.scores.cold
    assert measure(checkpoint, run.corpus).scores == evaluation.scores


def test_finish_calibrates_once(run, monkeypatch):
    asked = []
    found = Calibration(2.0, 50, Score(1.5, 60), Score(1.25, 60))

    def calibrate(model, ids, threads, _):
        asked.append((ids.tolist(), threads))
        return found

    monkeypatch.setattr("charlstm.measuring.calibration.calibrate", calibrate)
    list(run.fit())
    path = run.folder / "model.safetensors"
    before = Checkpoint.load(path)
    evaluation = finish(run)
    after = Checkpoint.load(path)
    assert evaluation.calibration == after.measured.calibration == found
    assert str(found) in evaluation.table()
    assert evaluation.to_json()["calibration"] == found.to_json()
    for name in before.weights:
        factor = 2 if name.startswith("head.") else 1
        np.testing.assert_array_equal(after.weights[name] * factor, before.weights[name])
    assert finish(run).scores == evaluation.scores
    assert asked == [(run.trainer.validation_ids.tolist(), run.trainer.threads.number)]


def test_scores_that_are_not_finite_leave_a_model_that_loads(run, monkeypatch):
    list(run.fit())
    model = run.folder / "model.safetensors"
    before = Checkpoint.load(model).measured
    undefined = Scores(Score(math.nan, 74), Score(1.0, 74), 1.0, 1)
    monkeypatch.setattr("charlstm.measuring.sampled.score_some", lambda *_, **__: undefined)
    assert finish(run).scores == undefined
    assert Checkpoint.load(model).measured == before


def test_a_model_of_another_run_is_not_finished_as_this_one(run, model_file):
    """Its vocabulary would not fit the ids of this text."""
    list(run.fit())
    checkpoint = Checkpoint.load(model_file)
    vocabulary = Vocabulary(checkpoint.vocabulary.characters[::-1])
    other = dataclasses.replace(checkpoint, vocabulary=vocabulary)
    other.save(run.folder / "model.safetensors")
    with pytest.raises(UserError, match=r"model\.safetensors: not the model of this run"):
        finish(run)
