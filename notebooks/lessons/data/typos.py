"""Look for typing errors in tiny-shakespeare, with the shipped model and with a 5-gram.

    python notebooks/lessons/data/typos.py

The lesson *Why did it write that?* shows the result, `typos.csv`, and does the same with the tales.
The script takes about a minute of CPU time. It adds a row for each search that has ended, and skips
those that have a row, so you can stop it at any time.

One character in a hundred of a text gets a typing error. The threshold of each rule is chosen on
the first `SIZE` characters of the validation part. Each seed is judged on other `SIZE` characters.
Both readers have read the training part.
"""

import csv
import itertools
import time
from functools import cache
from pathlib import Path

import numpy as np

from charlstm import Checkpoint, Sampler, find_model, read_corpus
from charlstm.insight.repairs import Reader, read_and_repair
from charlstm.text.baselines import Ngram
from charlstm.text.typos import best_threshold, judge, mistype

RESULTS = Path(__file__).with_suffix(".csv")
NAME = "tinyshakespeare"
READERS = ("network", "5-gram")
RULES = ("surprise", "repair")
SEEDS = range(1, 6)
SIZE = 10_000


@cache
def pieces() -> list[str]:
    """Return texts of `SIZE` characters that no reader has read: the first chooses thresholds."""
    corpus = read_corpus(NAME)
    unseen = corpus.text[corpus.parts()["validation"]]
    starts = np.linspace(0, len(unseen) - SIZE, 1 + len(SEEDS)).astype(int)
    return [unseen[start : start + SIZE] for start in starts]


@cache
def reader(who: str) -> Reader:
    """Return the network or the 5-gram."""
    checkpoint = Checkpoint.load(find_model(NAME))
    if who == "network":
        return Sampler(checkpoint)
    corpus = read_corpus(NAME)
    ids = checkpoint.vocabulary.encode(corpus.text[corpus.parts()["train"]], unknown="skip")
    return Ngram(checkpoint.vocabulary, ids)


def scores(who: str, text: str) -> dict[str, np.ndarray]:
    """Return two scores of each character: its surprise, and what the best repair there saves."""
    nats, repairs = read_and_repair(reader(who), text)
    saved = np.full(len(text), -np.inf)
    for repair in repairs:
        saved[repair.start] = repair.saved
    return {"surprise": nats, "repair": saved}


@cache
def thresholds(who: str) -> dict[str, float]:
    """Return the threshold of each rule with the best F1 on the first text."""
    chosen = mistype(pieces()[0], seed=0)
    found = scores(who, chosen.text)
    return {rule: best_threshold(chosen.errors, found[rule]) for rule in RULES}


def search(who: str, seed: int) -> list[float]:
    """Return precision and recall of each rule, on the text of a seed."""
    judged = mistype(pieces()[seed], seed=seed)
    score = scores(who, judged.text)
    found = [judge(judged.errors, score[rule], thresholds(who)[rule]) for rule in RULES]
    return [round(value, 4) for f in found for value in (f.precision, f.recall)]


def main() -> None:
    """Search what has no row yet."""
    figures = [f"{rule}_{what}" for rule in RULES for what in ("precision", "recall")]
    columns = ["reader", "seed", *figures, "seconds"]
    if not RESULTS.exists():
        RESULTS.write_text(",".join(columns) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {(row["reader"], int(row["seed"])) for row in csv.DictReader(file)}
    for who, seed in itertools.product(READERS, SEEDS):
        if (who, seed) in done:
            continue
        began = time.process_time()
        row = [who, seed, *search(who, seed), round(time.process_time() - began, 1)]
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(row)
        print(*row, flush=True)


if __name__ == "__main__":
    main()
