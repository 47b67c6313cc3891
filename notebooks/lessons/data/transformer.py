"""Train a small transformer and an LSTM on tiny-shakespeare, at equal weights and equal time.

    python notebooks/lessons/data/transformer.py

The lesson *What the articles say* shows the result, `transformer.csv`, and measures some of it
again. The script takes about MINUTES minutes of CPU time, on one thread. It adds a row for each
training that has ended, and skips those that have a row, so you can stop it at any time.

The LSTM and two transformers, of one layer and of two, have about 136,000 weights. They learn in
the same loop from random windows of `WINDOW` letters, `BATCH` in a batch. The transformers look
back at `WINDOW` letters, too. At equal "time" they make as many steps for each step of the LSTM as
`PACE` says. `pace` measures that, in CPU time and in turns, A B A B. So a busy machine decides
nothing, and a training can be repeated; `seconds` is the CPU time that it took, with its scores.
At equal "letters" a transformer makes as many steps as the LSTM.

First the script looks for the best learning rate and beta1 of each network, with seed 0 and the
shorter time. A best rate at an end of the range would say little, so the range then grows. Then it
trains with several seeds, and at last for a longer time with the same rates.

`cold` are windows of 256 letters, each from the start. `carried` is the whole text in one pass: the
LSTM carries its state, and the transformer sees at least three quarters of `WINDOW` letters before
each place.
"""

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import torch
from showdown import recorded
from window import count, text

from charlstm import CharModel, ModelOptions
from charlstm.measuring.scores import score as score_text
from charlstm.speed.turns import in_turns, ratio
from charlstm.variants.fitting import FitOptions, fit_next
from charlstm.variants.transformer import CausalTransformer

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("network", "equal", "steps", "learning_rate", "beta1", "seed")  # tell a training apart
SHAPES = {"transformer, 1 layer": (1, 100), "transformer, 2 layers": (2, 72)}  # layers, D
PACE = {"lstm": 1.0, "transformer, 1 layer": 0.66, "transformer, 2 layers": 0.58}
BATCH, WINDOW = 32, 64
RATES = (6e-3, 1.2e-2, 2.4e-2)
BETAS = (0.9, 0.0)
STEPS = {800: range(5), 2_400: range(3)}  # of the LSTM, with these seeds


def made(network: str, seed: int) -> CharModel | CausalTransformer:
    """Return a network that has learnt nothing."""
    vocabulary = text()[2]
    if network in SHAPES:
        layers, size = SHAPES[network]
        return CausalTransformer(vocabulary, WINDOW, layers, size, heads=2, seed=seed)
    options = ModelOptions(hidden_size=160, embedding_size=32, dropout=0.0)
    return CharModel(options, len(vocabulary), seed)


def steps_of(network: str, equal: str, steps: int) -> int:
    """Return how many steps a network makes beside an LSTM that makes `steps`."""
    return round(PACE[network] * steps) if equal == "time" else steps


def learn(network: str, steps: int, rate: float, beta1: float, seed: int) -> CharModel:
    """Return a network after its training."""
    model = made(network, seed)
    options = FitOptions(steps=steps, batch_size=BATCH, learning_rate=rate, beta1=beta1, seed=seed)
    for _ in fit_next(model, text()[0], WINDOW, options):
        pass
    return model


def train(
    network: str, equal: str, steps: int, rate: float, beta1: float, seed: int
) -> tuple[int, int, float, float]:
    """Return the number of weights and of letters read, and the nats, carried and cold."""
    done = steps_of(network, equal, steps)
    model = learn(network, done, rate, beta1, seed)
    scores = score_text(model, text()[1], threads=1)
    nats = (round(score.nats, 4) for score in (scores.carried, scores.cold))
    return count(model), done * BATCH * WINDOW, *nats


def nats(*training: str | float) -> float:
    """Return the nats, cold, of a training; train if it has no row yet."""
    return recorded(RESULTS, COLUMNS, training, train)


def tuned(network: str) -> tuple[float, float]:
    """Return the learning rate and beta1 with which a network reaches the least."""
    rates = list(RATES)

    def reached(choice: tuple[float, float]) -> float:
        return nats(network, "time", min(STEPS), *choice, 0)

    while True:
        best = min(((rate, BETAS[0]) for rate in rates), key=reached)[0]
        if best == min(rates):
            rates.append(best / 2)
        elif best == max(rates):
            rates.append(best * 2)
        else:
            return min(((best, beta1) for beta1 in BETAS), key=reached)


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
    short, long = STEPS
    for steps, equal, networks in (
        (short, "time", PACE), (long, "time", PACE), (short, "letters", SHAPES)
    ):  # fmt: skip
        for seed, network in itertools.product(STEPS[steps], networks):
            nats(network, equal, steps, *tuned(network), seed)


if __name__ == "__main__":
    main()
