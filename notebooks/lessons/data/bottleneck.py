"""Translate by rules, with attention and without, and count what is right by length.

    python notebooks/lessons/data/bottleneck.py

The lesson *One text into another* shows the result, `bottleneck.csv`, and trains some of its
networks again. The script takes about eleven minutes of CPU time. It adds a row for each training
that has ended, and skips those that have a row, so you can stop it at any time.

Each training has 10,000 pairs of its own. What it writes for `TESTED` others counts as right only
if every letter is. `by_length` has, for each length of a source, how many were right of how many.
For reversing and sorting, the pairs of training have at most 12 letters, and some of the others
have up to 16.
"""

import csv
import time
from collections import Counter
from pathlib import Path

import torch

from charlstm import ModelOptions, Vocabulary
from charlstm.text import pairs as made
from charlstm.variants.decoding import right
from charlstm.variants.encoder_decoder import EncoderDecoder, fit_pairs
from charlstm.variants.fitting import FitOptions

RESULTS = Path(__file__).with_suffix(".csv")
TASKS = {
    "reversing": (made.reversing, {"most": 16}),
    "sorting": (made.sorting, {"most": 16}),
    "dates": (made.dates, {}),
    "numbers": (made.numbers, {}),
    "pig latin": (made.pig_latin, {}),
}
PAIRS, TESTED = 10_000, 1000
# task, attention, hidden size, steps and number of seeds
PLAN = [
    *(("reversing", attention, 64, 1000, 5) for attention in ("none", "dot", "bahdanau")),
    *((task, looks, 64, 500, 5) for task in list(TASKS)[1:] for looks in ("none", "dot")),
    ("reversing", "none", 128, 1000, 5),
    ("reversing", "none", 64, 4000, 5),
]


def train(task: str, attention: str, hidden: int, steps: int, seed: int) -> tuple[float, str]:
    """Return the share of unseen pairs that is right, and the counts for each length."""
    make, longer = TASKS[task]
    pairs = make(PAIRS, seed=2 * seed)
    unseen = made.unseen(make(TESTED, seed=2 * seed + 1, **longer), pairs)
    letters = [Vocabulary.of("".join(pair[k] for pair in pairs)) for k in (0, 1)]
    options = ModelOptions(hidden_size=hidden, embedding_size=32, dropout=0.0)
    looks = None if attention == "none" else attention
    model = EncoderDecoder(*letters, options, looks, seed=seed)
    fit = FitOptions(steps=steps, learning_rate=0.01, beta1=0.9, seed=seed)
    for _ in fit_pairs(model, pairs, fit):
        pass
    hits, asked = Counter(), Counter()
    for (source, _), hit in zip(unseen, right(model, unseen), strict=True):
        hits[len(source)] += hit
        asked[len(source)] += 1
    by_length = " ".join(f"{size}:{hits[size]}/{asked[size]}" for size in sorted(asked))
    return round(sum(hits.values()) / len(unseen), 4), by_length


def main() -> None:
    """Train what has no row yet."""
    torch.set_num_threads(1)
    columns = ["task", "attention", "hidden_size", "steps", "seed", "right", "by_length", "seconds"]
    if not RESULTS.exists():
        RESULTS.write_text(",".join(columns) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {tuple(row[name] for name in columns[:5]) for row in csv.DictReader(file)}
    for job in ((*plan, seed) for *plan, seeds in PLAN for seed in range(seeds)):
        if tuple(map(str, job)) in done:
            continue
        began = time.process_time()
        row = [*job, *train(*job), round(time.process_time() - began, 1)]
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(row)
        print(*row, flush=True)


if __name__ == "__main__":
    main()
