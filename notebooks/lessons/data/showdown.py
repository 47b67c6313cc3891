"""Train RNN, LSTM and GRU on tiny-shakespeare, equally large, each in its own best way.

    python notebooks/lessons/data/showdown.py

The lesson *Does the LSTM cure it?* shows the result, `showdown.csv`. The script takes some two
hours of CPU time. It adds a row for each training that has ended, and skips those that have a row,
so you can stop it at any time.

First it looks for the best learning rate and clip of each cell in each size, with seed 0 and
`TUNING` steps. A best rate at an end of the range would say little, so the range then grows. Then
it trains with several seeds and for several lengths. Everything else is as `charlstm train` has it.
"""

import bisect
import csv
import itertools
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import torch

from charlstm import CharModel, ModelOptions, TrainOptions, Vocabulary, fit, read_corpus, score_cold
from charlstm.text.vocabulary import Ids

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("cell", "hidden_size", "steps", "learning_rate", "clip", "seed")  # tell a training apart
CELLS = ("rnn", "lstm", "gru")
RATES = (3e-3, 6e-3, 1.2e-2, 2.4e-2)
CLIPS = (1.0, 0.2)
TUNING = 1_000
STEPS = {  # for so many weights, of 16 streams x 32 characters
    32_000: (300, 1_000, 3_000, 10_000),
    128_000: (300, 1_000, 3_000),
    512_000: (300, 1_000, 3_000),
}
SEEDS = range(5)


@cache
def text() -> tuple[Ids, Ids, int]:
    """Return the training part, the validation part, and the number of different characters."""
    characters = read_corpus(["tinyshakespeare"]).text
    vocabulary = Vocabulary.of(characters)
    ids, cut = vocabulary.encode(characters), int(0.9 * len(characters))
    return ids[:cut], ids[cut:], len(vocabulary)


def weights(cell: str, size: int) -> int:
    """Return the number of weights of a model with so many hidden units."""
    with torch.device("meta"):
        model = CharModel(ModelOptions(cell=cell, hidden_size=size), text()[2])
    return sum(p.numel() for p in model.parameters())


def largest(cell: str, most: int) -> int:
    """Return how many units a model may have, if it has at most so many weights."""
    return bisect.bisect(range(2_000), most, 1, key=partial(weights, cell)) - 1


def train(
    cell: str, size: int, steps: int, rate: float, clip: float, seed: int
) -> tuple[int, float]:
    """Train; return the number of weights, and the nats that it reaches, cold."""
    train_ids, validation_ids, characters = text()
    model = CharModel(ModelOptions(cell=cell, hidden_size=size), characters, seed)
    options = TrainOptions(steps=steps, learning_rate=rate, clip=clip, seed=seed)
    for _ in fit(model, train_ids, validation_ids, options):
        pass
    return weights(cell, size), round(score_cold(model, validation_ids, threads=1).nats, 4)


def recorded(
    results: Path,
    columns: Sequence[str],
    training: Sequence[str | float],
    train: Callable[..., Sequence[float]],
) -> float:
    """Return the nats of a training from its row; train and add the row if there is none yet.

    Args:
        results: the file, whose column `cold` has the nats and whose last one has CPU seconds.
        columns: the first columns, which tell a training apart.
        training: their values.
        train: takes these values, and returns the figures between them and the seconds; the last
            is the nats.
    """
    with results.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if [row[name] for name in columns] == [str(value) for value in training]:
                return float(row["cold"])
    began = time.process_time()
    found = train(*training)
    row = [*training, *found, round(time.process_time() - began)]
    with results.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerow(row)
    print(*row, flush=True)
    return found[-1]


def nats(*training: str | float) -> float:
    """Return the nats of a training; train if it has no row yet."""
    return recorded(RESULTS, COLUMNS, training, train)


def tuned(cell: str, size: int) -> tuple[float, float]:
    """Return the learning rate and the clip with which a short training reaches the least."""
    rates = list(RATES)
    while True:
        tried = {
            (rate, clip): nats(cell, size, TUNING, rate, clip, 0)
            for rate in rates
            for clip in CLIPS
        }
        best = min(tried, key=tried.__getitem__)
        if best[0] == min(rates):
            rates.append(best[0] / 2)
        elif best[0] == max(rates):
            rates.append(best[0] * 2)
        else:
            return best


def main() -> None:
    """Tune and train in every size, the small ones first."""
    torch.set_num_threads(1)
    if not RESULTS.exists():
        RESULTS.write_text(
            ",".join((*COLUMNS, "weights", "cold", "seconds")) + "\n", encoding="utf-8"
        )
    for most, lengths in STEPS.items():
        for steps, cell in itertools.product(lengths, CELLS):
            size = largest(cell, most)
            rate, clip = tuned(cell, size)
            for seed in SEEDS:
                nats(cell, size, steps, rate, clip, seed)


if __name__ == "__main__":
    main()
