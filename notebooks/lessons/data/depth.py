"""Train LSTMs of one, two and four layers on tiny-shakespeare, equally large.

    python notebooks/lessons/data/depth.py

The lesson *Truncated back-propagation* shows the result, `depth.csv`. With several layers the
softmax reads either the last layer's output, or the sum of all outputs. The script takes about
40 minutes of CPU time. It adds a row for each training that has ended, and skips those that have a
row, so you can stop it at any time.

First it looks for the best learning rate of each network, with seed 0 and `TUNING` steps. A best
rate at an end of the range would say little, so the range then grows. Then it trains with several
seeds. Everything else is as `charlstm train` has it.
"""

import bisect
import itertools
from functools import cache
from pathlib import Path

import torch
from showdown import recorded, text

from charlstm import CharModel, ModelOptions, TrainOptions, fit, score_cold

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("layers", "readout", "hidden_size", "steps", "learning_rate", "seed")
NETWORKS = ((1, "last"), (2, "last"), (2, "sum"), (4, "last"), (4, "sum"))
WEIGHTS = 128_000
RATES = (6e-3, 1.2e-2, 2.4e-2)
TUNING = 1_000
STEPS = (300, 1_000, 3_000)  # of 16 streams x 32 characters
SEEDS = range(5)


@cache
def largest(layers: int) -> int:
    """Return how many units each layer may have, if the model has at most `WEIGHTS` weights."""

    def weights(size: int) -> int:
        with torch.device("meta"):
            model = CharModel(ModelOptions(layers=layers, hidden_size=size), text()[2])
        return sum(p.numel() for p in model.parameters())

    return bisect.bisect(range(1_000), WEIGHTS, 1, key=weights) - 1


def train(layers: int, readout: str, size: int, steps: int, rate: float, seed: int) -> list[float]:
    """Train; return the nats that the model reaches, cold."""
    train_ids, validation_ids, characters = text()
    options = ModelOptions(layers=layers, readout=readout, hidden_size=size)
    model = CharModel(options, characters, seed)
    for _ in fit(
        model, train_ids, validation_ids, TrainOptions(steps=steps, learning_rate=rate, seed=seed)
    ):
        pass
    return [round(score_cold(model, validation_ids, threads=1).nats, 4)]


def nats(*training: str | float) -> float:
    """Return the nats of a training; train if it has no row yet."""
    return recorded(RESULTS, COLUMNS, training, train)


def tuned(layers: int, readout: str) -> float:
    """Return the learning rate with which a short training reaches the least."""
    rates = sorted(RATES)
    while True:
        tried = [nats(layers, readout, largest(layers), TUNING, rate, 0) for rate in rates]
        best = tried.index(min(tried))
        if best == 0:
            rates.insert(0, rates[0] / 2)
        elif best == len(rates) - 1:
            rates.append(rates[-1] * 2)
        else:
            return rates[best]


def main() -> None:
    """Tune and train what has no row yet, the short trainings first."""
    torch.set_num_threads(1)
    if not RESULTS.exists():
        RESULTS.write_text(",".join((*COLUMNS, "cold", "seconds")) + "\n", encoding="utf-8")
    for steps, network, seed in itertools.product(STEPS, NETWORKS, SEEDS):
        nats(*network, largest(network[0]), steps, tuned(*network), seed)


if __name__ == "__main__":
    main()
