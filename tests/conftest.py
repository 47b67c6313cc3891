"""One small text, one small model, and one thread, so that results do not depend on the machine."""

import numpy as np
import pytest

from charlstm.devices import prepare_cpu
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary

collect_ignore = ["gallery"]  # answers of students, run by test_assignments.py
TEXT = "The quick brown fox jumps over the lazy dog; why, it's a joy!\n"
CELLS = ("lstm", "rnn", "gru", "peephole", "coupled")


def randomize(model, seed=0, size=0.4):
    """Give a model's every weight and bias a random value of a size that matters."""
    rng = np.random.default_rng(seed)
    model.load_arrays({k: rng.normal(0, size, v.shape) for k, v in model.to_arrays().items()})
    return model


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    prepare_cpu(1)


@pytest.fixture
def text():
    return TEXT * 12


@pytest.fixture
def checkpoint(text):
    """A model of random weights, whose text is as random as its weights."""
    vocabulary = Vocabulary.of(text)
    options = ModelOptions(layers=2, hidden_size=12, embedding_size=5)
    model = randomize(CharModel(options, len(vocabulary)))
    return Checkpoint(options, vocabulary, model.to_arrays())


@pytest.fixture
def model_file(checkpoint, tmp_path):
    path = tmp_path / "small" / "model.safetensors"
    checkpoint.save(path)
    return path
