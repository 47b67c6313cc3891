"""Fill single blanks in two texts: forwards, backwards, from both sides, and by counting.

    python notebooks/lessons/data/blanks.py

The lesson *Reading in both directions* shows the result, `blanks.csv`. Networks and 5-gram learn
from the first 90 % of a text. Then each character of the last 10 % is a blank once, with all the
rest of the text known. A network that reads in one direction is wider, and has as many weights as
the network that reads in both.

`right` is the share of blanks at which the likeliest character is the one that was there, and
`nats` the mean of -ln P of that character. `tried` is a share right, too, for 300 blanks evenly
spread: of a network that only reads forwards, if it tries every character at the blank and reads
on; and of the 5-gram and of the network that reads both, as they are. The shipped generator is
trained already. The last column is CPU seconds. The script takes about 10 minutes of CPU time. It
adds a row for each training that has ended, and skips those that have a row, so you can stop it at
any time.
"""

import bisect
import csv
import time
from functools import cache
from pathlib import Path

import numpy as np
import torch

from charlstm import Checkpoint, ModelOptions, Vocabulary, find_model, read_corpus
from charlstm.text.baselines import Ngram
from charlstm.text.vocabulary import Ids
from charlstm.variants.bidirectional import (
    Bidirectional,
    FitOptions,
    chances,
    fit_bidirectional,
    score_blanks,
)
from charlstm.variants.filling import try_each

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("text", "reader", "seed", "weights", "right", "nats", "tried", "seconds")
TEXTS = ("tales", "tinyshakespeare")
READERS = ("both", "forwards", "backwards")
SHIPPED = "the shipped generator"
HIDDEN = 96
STEPS = 800  # of 16 windows x 64 characters
SEEDS = range(5)


@cache
def text(name: str) -> tuple[Ids, Ids, Vocabulary]:
    """Return the ids of a text's training part and of its last 10 %, and the vocabulary."""
    corpus = read_corpus(name)
    vocabulary = Vocabulary.of(corpus.text)
    ids = vocabulary.encode(corpus.text)
    parts = corpus.parts()
    return ids[parts["train"]], ids[parts["validation"]], vocabulary


def size(model: Bidirectional) -> int:
    return sum(weight.numel() for weight in model.parameters())


def fresh(name: str, reads: str, seed: int) -> Bidirectional:
    """Return an untrained network with as many weights as one that reads both, or a few less."""
    vocabulary = text(name)[2]

    def network(reads: str, hidden: int) -> Bidirectional:
        return Bidirectional(ModelOptions(hidden_size=hidden), vocabulary, reads, seed)

    with torch.device("meta"):
        most = size(network("both", HIDDEN))
        hidden = bisect.bisect(range(500), most, 1, key=lambda H: size(network(reads, H))) - 1
    return network(reads, hidden)


def shipped(name: str) -> Bidirectional:
    """Return a shipped generator as the network that it is: one that only reads forwards."""
    checkpoint = Checkpoint.load(find_model(name))
    model = Bidirectional(checkpoint.options, checkpoint.vocabulary, "forwards")
    weights = {key.replace("layers", "forwards"): x for key, x in checkpoint.weights.items()}
    weights["embedding.weight"] = np.pad(weights["embedding.weight"], ((0, 1), (0, 0)))  # a blank
    model.load_state_dict({key: torch.from_numpy(x) for key, x in weights.items()})
    return model


def train(name: str, reader: str, seed: int) -> tuple[int | str, float, float, float]:
    """Train, and return the number of weights, the share right, the nats, and the share tried."""
    ids, unseen, vocabulary = text(name)
    some = np.linspace(0, len(unseen) - 1, 300).astype(int)
    if reader == "5-gram":
        weights = ""
        logs = Ngram(vocabulary, ids).from_both_sides(unseen, np.arange(len(unseen)))
        tried = logs[some]
    else:
        if reader == SHIPPED:
            model = shipped(name)
        else:
            model = fresh(name, reader, seed)
            options = FitOptions(steps=STEPS, batch_size=16, seed=seed)
            for _ in fit_bidirectional(model, ids, 64, options, hidden=0.0):
                pass
        weights = size(model)
        logs = chances(model, unseen)
        if model.reads == "forwards":
            tried = np.stack([try_each(model, unseen, place) for place in some])
        else:
            tried = logs[some]
    score, tried = score_blanks(logs, unseen), score_blanks(tried, unseen[some])
    return weights, round(score.right, 4), round(score.nats, 4), round(tried.right, 4)


def main() -> None:
    """Train what has no row yet."""
    torch.set_num_threads(1)
    if not RESULTS.exists():
        RESULTS.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {(row["text"], row["reader"], row["seed"]) for row in csv.DictReader(file)}
    rows = [("5-gram", 0, name) for name in TEXTS]
    rows.append((SHIPPED, 0, "tinyshakespeare"))
    rows += [(reader, seed, name) for seed in SEEDS for reader in READERS for name in TEXTS]
    for reader, seed, name in rows:
        if (name, reader, str(seed)) in done:
            continue
        began = time.process_time()
        row = [name, reader, seed, *train(name, reader, seed)]
        row.append(round(time.process_time() - began))
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(row)
        print(*row, flush=True)


if __name__ == "__main__":
    main()
