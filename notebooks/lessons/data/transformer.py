"""Train a small transformer and an LSTM on tiny-shakespeare, at equal weights and equal time.

    python notebooks/lessons/data/transformer.py

The lesson *What the articles say* shows the result, `transformer.csv`, and measures some of it
again. The script takes about eight minutes of CPU time, on one thread. It adds a row for each
training that has ended, and skips those that have a row, so you can stop it at any time.

The LSTM and two transformers, of one layer and of two, have about 136,000 weights. They learn in
the same loop from random windows of `WINDOW` letters, `BATCH` in a batch. The transformers look
back at `WINDOW` letters, too. In the time of one step of the LSTM they make as many steps as `PACE`
says. `pace` measures that, in CPU time and in turns, A B A B. So a busy machine decides nothing,
and a training can be repeated; `seconds` is the CPU time that it took, with its scores.

First the script looks for the best learning rate and momentum (beta1) of each network, with seed 0
and half of the time. Then it trains with several seeds.

`cold` are windows of 256 letters, each from the start. `carried` is the whole text in one pass: the
LSTM carries its state, and the transformer sees at least three quarters of `WINDOW` letters before
each place.
"""

import itertools
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from showdown import recorded
from window import count, text, tuned

from charlstm import CharModel, ModelOptions
from charlstm.measuring.scores import score as score_text
from charlstm.speed.turns import in_turns, ratio
from charlstm.variants.fitting import FitOptions, fit_next
from charlstm.variants.transformer import CausalTransformer

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("network", "lstm_steps", "learning_rate", "beta1", "seed")  # tell a training apart
SHAPES = {"transformer of 1 layer": (1, 100), "transformer of 2 layers": (2, 72)}  # layers, D
PACE = {"lstm": 1.0, "transformer of 1 layer": 0.66, "transformer of 2 layers": 0.58}
BATCH, WINDOW = 32, 64
TUNING, STEPS = 300, 600  # of the LSTM
SEEDS = range(3)


def made(network: str, seed: int) -> CharModel | CausalTransformer:
    """Return a network that has learnt nothing."""
    vocabulary = text()[2]
    if network in SHAPES:
        layers, size = SHAPES[network]
        return CausalTransformer(vocabulary, WINDOW, layers, size, heads=2, seed=seed)
    options = ModelOptions(hidden_size=160, embedding_size=32, dropout=0.0)
    return CharModel(options, len(vocabulary), seed)


def steps_of(network: str, lstm_steps: int) -> int:
    """Return how many steps a network makes in the time in which the LSTM makes so many."""
    return round(PACE[network] * lstm_steps)


def learn(network: str, steps: int, rate: float, beta1: float, seed: int) -> CharModel:
    """Return a network after its training."""
    model = made(network, seed)
    options = FitOptions(steps=steps, batch_size=BATCH, learning_rate=rate, beta1=beta1, seed=seed)
    for _ in fit_next(model, text()[0], WINDOW, options):
        pass
    return model


def train(
    network: str, lstm_steps: int, rate: float, beta1: float, seed: int
) -> tuple[int, int, float, float]:
    """Return the number of weights and of letters read, and the nats, carried and cold."""
    steps = steps_of(network, lstm_steps)
    model = learn(network, steps, rate, beta1, seed)
    scores = score_text(model, text()[1], threads=1)
    nats = (round(score.nats, 4) for score in (scores.carried, scores.cold))
    return count(model), steps * BATCH * WINDOW, *nats


def nats(*training: str | float) -> float:
    """Return the nats, cold, of a training; train if it has no row yet."""
    return recorded(RESULTS, COLUMNS, training, train)


def pace(rounds: int = 7, steps: int = 10) -> dict[str, float]:
    """Measure how many steps a network makes in the time of one step of the LSTM."""

    def measure(network: str) -> Callable[[], float]:
        def seconds() -> float:
            began = time.process_time()
            learn(network, steps, 1e-3, 0.9, 0)
            return time.process_time() - began

        return seconds

    lstm, *others = in_turns(*map(measure, PACE), rounds=rounds)
    return {name: ratio(lstm, figures) for name, figures in zip(PACE, (lstm, *others), strict=True)}


def main() -> None:
    """Train what has no row yet."""
    torch.set_num_threads(1)
    if not RESULTS.exists():
        header = (*COLUMNS, "weights", "letters", "carried", "cold", "seconds")
        RESULTS.write_text(",".join(header) + "\n", encoding="utf-8")
    for seed, network in itertools.product(SEEDS, PACE):
        nats(network, STEPS, *tuned(partial(nats, network, TUNING)), seed)


if __name__ == "__main__":
    main()
