"""Train RNN, LSTM and GRU on tiny-shakespeare, equally large, each in its own best way.

    python notebooks/data/showdown.py

Lesson 5 shows the result, `showdown.csv`. The script takes hours on one core. It adds a row for each
training that has ended, and skips those that have a row, so you can stop it at any time.

First it looks for the best learning rate and clip of each cell in each size, with seed 0 and
`TUNING` steps. A best rate at an end of the range would say little, so the range then grows. Then
it trains with several seeds and for several lengths. Everything else is as `charlstm train` has it.
"""

import bisect
import csv
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from charlstm import CharModel, ModelOptions, TrainOptions, Vocabulary, fit, read_corpus, score_cold

RESULTS = Path(__file__).with_suffix(".csv")
CELLS = ("rnn", "lstm", "gru")
WEIGHTS = (32_000, 128_000, 512_000)
RATES = (3e-3, 6e-3, 1.2e-2, 2.4e-2)
CLIPS = (1.0, 0.2)
TUNING = 1_000
STEPS = (300, 1_000, 3_000, 10_000)
SEEDS = range(3)


class Training(NamedTuple):
    """One training; steps of 16 streams x 32 characters."""

    cell: str
    hidden_size: int
    steps: int
    learning_rate: float
    clip: float
    seed: int


class Results:
    """The rows of the CSV file: trainings that have ended, and the nats that they reached."""

    def __init__(self) -> None:
        text = read_corpus(["tinyshakespeare"]).text
        vocabulary = Vocabulary.of(text)
        ids, cut = vocabulary.encode(text), int(0.9 * len(text))
        self._parts = ids[:cut], ids[cut:]
        self._characters = len(vocabulary)
        self._nats: dict[Training, float] = {}
        if RESULTS.exists():
            with RESULTS.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    kinds = Training.__annotations__
                    values = {name: kind(row[name]) for name, kind in kinds.items()}
                    self._nats[Training(**values)] = float(row["cold"])

    def hidden_size(self, cell: str, weights: int) -> int:
        """Return how many units a model may have, if it has at most so many weights."""
        return bisect.bisect(range(2_000), weights, 1, key=partial(self._weights, cell)) - 1

    def nats(self, training: Training) -> float:
        """Return the nats of a training, cold on the validation part; train if need be."""
        if training not in self._nats:
            self._train(training)
        return self._nats[training]

    def _weights(self, cell: str, size: int) -> int:
        with torch.device("meta"):
            model = CharModel(ModelOptions(cell=cell, hidden_size=size), self._characters)
        return sum(p.numel() for p in model.parameters())

    def _train(self, training: Training) -> None:
        cell, size, steps, rate, clip, seed = training
        began = time.process_time()
        model = CharModel(ModelOptions(cell=cell, hidden_size=size), self._characters, seed)
        options = TrainOptions(steps=steps, learning_rate=rate, clip=clip, seed=seed)
        for _ in fit(model, *self._parts, options):
            pass
        cold = score_cold(model, self._parts[1], threads=1).nats
        seconds = time.process_time() - began
        row = training._asdict() | {"weights": self._weights(cell, size), "cold": f"{cold:.4f}"}
        row["cpu_seconds"] = round(seconds)
        new = not RESULTS.exists()
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
        self._nats[training] = float(row["cold"])
        print(*row.values(), flush=True)


def tuned(results: Results, cell: str, size: int) -> tuple[float, float]:
    """Return the learning rate and the clip with which a short training reaches the least."""
    rates = list(RATES)
    while True:
        tried = {
            (rate, clip): results.nats(Training(cell, size, TUNING, rate, clip, 0))
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
    results = Results()
    for weights in WEIGHTS:
        for cell in CELLS:
            size = results.hidden_size(cell, weights)
            rate, clip = tuned(results, cell, size)
            for steps in STEPS:
                for seed in SEEDS:
                    results.nats(Training(cell, size, steps, rate, clip, seed))


if __name__ == "__main__":
    main()
