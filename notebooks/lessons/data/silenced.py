"""Train five small LSTMs on tiny-shakespeare, and let them write without some of their units.

    python notebooks/lessons/data/silenced.py

The lesson *Inside the network* shows the result, `silenced.csv`. The script takes about five
minutes of CPU time. It adds a row for each network that has written, and skips those that have a
row, so you can stop it at any time.

Each network has one layer. It is trained as the LSTM of this size in `showdown.py`, with the rate
and the clip that were best there. The units are ranked by how well their c follows the position in
the line, on the first half of a text that was not trained on. Then some units are switched off: the
output gate is shut, so that h is 0. The network writes 32 texts. `short` and `long` are the shares
of the lines of speech below 25 and above 60 letters, `cold` is the nats on validation.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from showdown import recorded, text

from charlstm import (
    CharModel,
    Checkpoint,
    ModelOptions,
    SampleOptions,
    Sampler,
    TrainOptions,
    Vocabulary,
    fit,
    read_corpus,
    score_cold,
)
from charlstm.insight.features import line_position
from charlstm.insight.following import correlations
from charlstm.model import cells
from charlstm.sampling.sampler import generate_many

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("seed", "lacks")
SIZE, STEPS, RATE, CLIP = 139, 3_000, 2.4e-2, 0.2
LETTERS = 40_000  # read to rank the units
WRITTEN = 1_000  # letters of each text
LACKS = ("nothing", "the best", "one other", "the best 5", "5 others")
SEEDS = range(5)


@cache
def trained(seed: int) -> tuple[Checkpoint, Sequence[int]]:
    """Return a trained network, and its units: those that follow the line best come first."""
    train_ids, validation_ids, characters = text()
    model = CharModel(ModelOptions(hidden_size=SIZE), characters, seed)
    options = TrainOptions(steps=STEPS, learning_rate=RATE, clip=CLIP, seed=seed)
    for _ in fit(model, train_ids, validation_ids, options):
        pass
    vocabulary = Vocabulary.of(read_corpus(["tinyshakespeare"]).text)
    checkpoint = Checkpoint(model.options, vocabulary, model.to_arrays())
    part = vocabulary.decode(validation_ids[:LETTERS])
    follows = correlations(checkpoint, part, line_position(part)[None])[0, "c"][0]
    return checkpoint, np.argsort(-np.abs(follows)).tolist()


def without(checkpoint: Checkpoint, units: Sequence[int]) -> Checkpoint:
    """Return a network whose units are switched off: their output gate stays shut."""
    weights = {name: array.copy() for name, array in checkpoint.weights.items()}
    rows = cells.CELLS[checkpoint.options.cell].rows("o", checkpoint.options.hidden_size).start
    for unit in units:
        for matrix in ("weight_ih", "weight_hh"):
            weights[f"layers.0.{matrix}"][rows + unit] = 0.0
        weights["layers.0.bias_ih"][rows + unit] = -1_000.0
    return replace(checkpoint, weights=weights)


def speech(checkpoint: Checkpoint, seed: int) -> np.ndarray:
    """Return the lengths of the lines of speech that a network writes."""
    options = SampleOptions(length=WRITTEN, temperature=1.0, seed=seed)
    pieces = generate_many(Sampler(checkpoint), 32, "\n", options, threads=1)
    texts = ["".join(letters) for letters in zip(*pieces, strict=True)]
    lines = [line for written in texts for line in written.split("\n")[1:-1]]
    return np.array([len(line) for line in lines if line and line[-1] != ":"])


def train(seed: int, lacks: str) -> list[float]:
    """Return the shares of short and of long lines, and the nats, of a network that lacks units."""
    checkpoint, ranked = trained(seed)
    others = np.random.default_rng(seed).permutation(ranked[SIZE // 2 :])[:5].tolist()
    units = dict(zip(LACKS, ([], ranked[:1], others[:1], ranked[:5], others), strict=True))
    left = without(checkpoint, units[lacks])
    lengths = speech(left, seed)
    nats = score_cold(CharModel.from_checkpoint(left), text()[1], threads=1).nats
    return [*np.round([(lengths < 25).mean(), (lengths > 60).mean(), nats], 4).tolist()]


def main() -> None:
    """Train and write what has no row yet."""
    torch.set_num_threads(1)
    if not RESULTS.exists():
        header = (*COLUMNS, "short", "long", "cold", "seconds")
        RESULTS.write_text(",".join(header) + "\n", encoding="utf-8")
    for seed, lacks in itertools.product(SEEDS, LACKS):
        recorded(RESULTS, COLUMNS, (seed, lacks), train)


if __name__ == "__main__":
    main()
