"""Send names through a vector and back, and count which come back whole, by the vector's size.

    python notebooks/lessons/data/neck.py

The lesson *One text into another* shows the result, `neck.csv`, and trains one of these networks
itself. The script takes about five minutes of CPU time. It adds a row for each training that has
ended, and skips those that have a row, so you can stop it at any time.

`right` is the share of `TESTED` names, which the training lacks, that come back whole. For
`shuffled`, each name's vector is that of another name: a decoder that writes a name without looking
at the vector would still be right.
"""

import csv
import itertools
import time
from pathlib import Path

import numpy as np
import torch

from charlstm import ModelOptions, Vocabulary, read_corpus
from charlstm.variants.decoding import vectors, write_from
from charlstm.variants.encoder_decoder import EncoderDecoder, fit_pairs
from charlstm.variants.fitting import FitOptions

RESULTS = Path(__file__).with_suffix(".csv")
NECKS = (2, 4, 8, 16, 32, 64)
SEEDS = 5
TESTED, HIDDEN, STEPS = 1000, 64, 1000


def names(seed: int) -> tuple[list[str], list[str]]:
    """Return the names of a training and of its test, no name in both."""
    some = sorted(set(read_corpus("names").text.split()))
    np.random.default_rng(seed).shuffle(some)
    return some[TESTED:], some[:TESTED]


def train(neck: int, seed: int) -> tuple[float, float]:
    """Return the share of unseen names that come back whole, and the same for wrong vectors."""
    seen, unseen = names(seed)
    letters = Vocabulary.of("".join(seen + unseen))
    options = ModelOptions(hidden_size=HIDDEN, embedding_size=32, dropout=0.0)
    model = EncoderDecoder(letters, letters, options, neck=neck, seed=seed)
    fit = FitOptions(steps=STEPS, learning_rate=0.01, beta1=0.9, seed=seed)
    for _ in fit_pairs(model, [(name, name) for name in seen], fit):
        pass
    given = vectors(model, unseen)
    shares = []
    for some in (given, np.roll(given, 1, axis=0)):
        written = [w.text for w in write_from(model, some)]
        shares.append(float(np.mean([w == name for w, name in zip(written, unseen, strict=True)])))
    return round(shares[0], 4), round(shares[1], 4)


def main() -> None:
    """Train what has no row yet."""
    torch.set_num_threads(1)
    columns = ["neck", "seed", "right", "shuffled", "seconds"]
    if not RESULTS.exists():
        RESULTS.write_text(",".join(columns) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {(int(row["neck"]), int(row["seed"])) for row in csv.DictReader(file)}
    for seed, neck in itertools.product(range(SEEDS), NECKS):
        if (neck, seed) in done:
            continue
        began = time.process_time()
        row = [neck, seed, *train(neck, seed), round(time.process_time() - began, 1)]
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(row)
        print(*row, flush=True)


if __name__ == "__main__":
    main()
