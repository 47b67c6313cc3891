"""Train networks that see only the last k letters, beside an RNN and an LSTM, equally large.

    python notebooks/lessons/data/window.py

The lesson *What the articles say* shows the result, `window.csv`, and trains some of the networks
for a shorter time. The script takes about seven minutes of CPU time. It adds a row for each
training that has ended, and skips those that have a row, so you can stop it at any time.

Each network has at most `WEIGHTS` weights, and learns from about as many letters of tiny-shakespeare
as the training part has: `STEPS` batches of `BATCH` random windows of `WINDOW` letters. First the
script looks for the best learning rate of each network, with seed 0. RNN and LSTM may also do
without momentum (beta1); the others have not been given this choice. Then it trains with several
seeds.

"counted" is an n-gram that sees as many letters as a network with a window. It has counted the
training part, once, and goes on counting while it is scored. `seconds` is CPU time.
"""

import bisect
import itertools
import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from showdown import recorded
from torch import nn

from charlstm import CharModel, ModelOptions, Vocabulary, read_corpus, score_cold
from charlstm.text.baselines import ngram_bits
from charlstm.text.vocabulary import Ids
from charlstm.variants.fitting import FitOptions, fit_next
from charlstm.variants.fixed_window import FixedWindow

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("network", "sees", "steps", "learning_rate", "beta1", "seed")  # tell a training apart
SEES = (1, 2, 4, 8, 16, 32)
NETWORKS = [*(("window", k) for k in SEES), ("rnn", 0), ("lstm", 0)]
WEIGHTS = 32_000
EMBEDDING = 16
BATCH, WINDOW = 32, 64
RATE = 1.2e-2  # where the search begins
BETAS = 0.9, 0.0
STEPS, SEEDS = 490, range(3)


@cache
def text() -> tuple[Ids, Ids, Vocabulary]:
    """Return the training part, the validation part, and the vocabulary."""
    corpus = read_corpus(["tinyshakespeare"])
    vocabulary = Vocabulary.of(corpus.text)
    parts = corpus.parts()
    training, held_out = (
        vocabulary.encode(corpus.text[parts[part]]) for part in ("train", "validation")
    )
    return training, held_out, vocabulary


def made(network: str, sees: int, size: int, seed: int) -> CharModel | FixedWindow:
    """Return a network that has learnt nothing, with so many units."""
    vocabulary = text()[2]
    if network == "window":
        return FixedWindow(vocabulary, sees, EMBEDDING, size, seed)
    options = ModelOptions(cell=network, hidden_size=size, embedding_size=EMBEDDING, dropout=0.0)
    return CharModel(options, len(vocabulary), seed)


def count(model: nn.Module) -> int:
    """Return the number of weights."""
    return sum(weight.numel() for weight in model.parameters())


@cache
def largest(network: str, sees: int) -> int:
    """Return how many units a network may have, if it has at most `WEIGHTS` weights."""

    def weights(size: int) -> int:
        with torch.device("meta"):
            return count(made(network, sees, size, 0))

    return bisect.bisect(range(1, 2_000), WEIGHTS, key=weights)


def train(
    network: str, sees: int, steps: int, rate: float, beta1: float, seed: int
) -> tuple[int | str, float]:
    """Return the number of weights, and the nats in cold windows."""
    training, held_out, vocabulary = text()
    if network == "counted":
        both = np.concatenate((training, held_out))
        bits = ngram_bits(both, len(vocabulary), len(training), order=sees + 1)
        return "", round(bits * math.log(2) / len(held_out), 4)
    model = made(network, sees, largest(network, sees), seed)
    options = FitOptions(steps=steps, batch_size=BATCH, learning_rate=rate, beta1=beta1, seed=seed)
    for _ in fit_next(model, training, WINDOW, options):
        pass
    return count(model), round(score_cold(model, held_out, threads=1).nats, 4)


def nats(*training: str | float) -> float:
    """Return the nats of a training; train if it has no row yet."""
    return recorded(RESULTS, COLUMNS, training, train)


def tuned(
    reached: Callable[[float, float, int], float], betas: Sequence[float] = BETAS
) -> tuple[float, float]:
    """Return the learning rate and beta1 that are best for seed 0.

    A best rate at an end of the range would say little, so the range then grows.

    Args:
        reached: returns the nats that a network reaches, for a learning rate, beta1 and a seed.
        betas: the values of beta1 that are tried.
    """
    rate, best = RATE, {}
    for beta1 in betas:
        tried = {tries: reached(tries, beta1, 0) for tries in (rate / 2, rate, 2 * rate)}
        while (rate := min(tried, key=tried.__getitem__)) in (min(tried), max(tried)):
            further = rate / 2 if rate == min(tried) else 2 * rate
            tried[further] = reached(further, beta1, 0)
        best[rate, beta1] = tried[rate]
    return min(best, key=best.__getitem__)


def main() -> None:
    """Train what has no row yet."""
    torch.set_num_threads(1)
    if not RESULTS.exists():
        header = (*COLUMNS, "weights", "cold", "seconds")
        RESULTS.write_text(",".join(header) + "\n", encoding="utf-8")
    for sees in SEES:
        nats("counted", sees, 0, 0, 0, 0)
    for seed, (network, sees) in itertools.product(SEEDS, NETWORKS):
        betas = BETAS[:1] if network == "window" else BETAS
        best = tuned(partial(nats, network, sees, STEPS), betas)
        nats(network, sees, STEPS, *best, seed)


if __name__ == "__main__":
    main()
