"""A small training in a folder, and what must be the same however often it was stopped."""

import json

from safetensors.numpy import load_file

from charlstm.model.checkpoint import Checkpoint
from charlstm.options import ModelOptions, TrainOptions
from charlstm.text.corpus import read_corpus
from charlstm.training import run as runs
from charlstm.training.finish import finish
from charlstm.training.run import Run

SIZES = ModelOptions(layers=2, hidden_size=8, embedding_size=4, dropout=0.2, weight_drop=0.2)
OPTIONS = TrainOptions(steps=24, batch_size=4, window=8, reset=0.2)
FILES = ("model.safetensors", "resume.safetensors")


def begin(folder, corpus):
    """Start the training, or go on with it."""
    if (folder / "resume.safetensors").exists():
        run = Run.resume(folder)
    else:
        run = Run.start(folder, read_corpus([corpus]), SIZES, OPTIONS)
    run.trainer.validate_every = 3
    return run


def train(folder, corpus):
    """Train to the end, and save after each step."""
    runs.SAVE_SECONDS = 0
    run = begin(folder, corpus)
    for _ in run.fit():
        pass
    finish(run)


def outcome(folder):
    """Return the bits of all weights, and what the log says but for the speed."""
    arrays = {
        (file, name): array.tobytes()
        for file in FILES
        for name, array in load_file(folder / file).items()
    }
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) | {"chars_per_second": 0, "seconds": 0} for line in lines]
    return arrays, told, Checkpoint.load(folder / "model.safetensors").measured.cold
