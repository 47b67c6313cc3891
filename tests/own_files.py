"""A text and a model such as a student hands in, made in seconds.

In the text, letters between quotation marks are of another kind than those outside. A 5-gram sees
four characters, and soon no longer knows on which side it is. A small LSTM remembers it.
"""

import shutil
from dataclasses import replace

import numpy as np
from small import randomize

from charlstm import (
    CharModel,
    Checkpoint,
    DataOptions,
    ModelOptions,
    TrainOptions,
    Vocabulary,
    read_corpus,
)
from charlstm.fields import Split
from charlstm.grading.own_model import MODEL, TEXT
from charlstm.model.facts import Provenance, Training
from charlstm.training.finish import finish
from charlstm.training.run import Run

LETTERS = np.array(list("abcdefgh \n"))
OUTSIDE = np.array([30, 20, 14, 10, 5, 2, 1, 1, 12, 5]) / 100
INSIDE = np.array([1, 1, 2, 5, 10, 14, 20, 30, 12, 5]) / 100


def text(characters=55_000, seed=0):
    rng = np.random.default_rng(seed)
    pieces = []
    made = 0
    while made < characters:
        for chances in (OUTSIDE, INSIDE):
            pieces.append("".join(rng.choice(LETTERS, rng.integers(20, 60), p=chances)))
            made += len(pieces[-1]) + 1
    return '"'.join(pieces)[:characters]


def train(folder):
    """Write a text and a model that was trained on it into a folder."""
    path = folder / TEXT
    path.write_bytes(text().encode())
    options = TrainOptions(steps=150, batch_size=16, window=64)
    corpus = read_corpus(str(path), DataOptions(split=Split(0.8, 0.1)))
    sizes = ModelOptions(hidden_size=24, embedding_size=8, dropout=0)
    run = Run.start(folder / "run", corpus, sizes, options)
    for _ in run.fit():
        pass
    finish(run)
    shutil.copy(folder / "run" / MODEL, folder / MODEL)
    shutil.rmtree(folder / "run")


def claim(folder, content=None, split=(0.8, 0.1), hidden_size=12, steps=10, **papers):
    """Write a text, and a model of random weights whose file claims to be trained on it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / TEXT
    path.write_bytes((text() if content is None else content).encode())
    corpus = read_corpus(str(path), DataOptions(split=Split(*split)))
    vocabulary = Vocabulary.of(corpus.text)
    options = ModelOptions(hidden_size=hidden_size, embedding_size=5, layers=2)
    model = randomize(CharModel(options, len(vocabulary)))
    checkpoint = Checkpoint(
        options,
        vocabulary,
        model.to_arrays(),
        replace(Provenance.of(corpus), **papers),
        Training(TrainOptions(), steps, 1.0, 1.0, 1),
    )
    checkpoint.save(folder / MODEL)
    return checkpoint
