"""Train every cell to recall a letter over every lag, for longer than a lesson has time for.

    python notebooks/lessons/data/recall.py

The lesson *Does the LSTM cure it?* shows the result, `recall.csv`, and repeats a part of it. The
script takes some twenty minutes of CPU time. It adds a row for each training that has ended, and skips
those that have a row, so you can stop it at any time.

The recipe is the lesson's: 32 units, Adam, 32 new texts for each update, the norm of the gradient
clipped at 1. A training ends when it has learnt the task (a loss below 0.05), or after `UPDATES`.
"""

import csv
import itertools
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from charlstm import CharModel, ModelOptions, Vocabulary, initialize
from charlstm.text import synthetic

RESULTS = Path(__file__).with_suffix(".csv")
SYMBOLS, DISTRACTORS = "abcdefgh", "ijklmnop"
HIDDEN = 32
LONGEST = 80  # T_max of the chrono initialisation
STARTS = {
    "RNN": ("rnn", "pytorch", None),
    "RNN, orthogonal": ("rnn", "charlstm", None),
    "GRU": ("gru", "pytorch", None),
    "LSTM": ("lstm", "pytorch", None),
    "LSTM, bias 1": ("lstm", "pytorch", 1.0),
    "LSTM, bias 3": ("lstm", "pytorch", 3.0),
    "LSTM, chrono": ("lstm", "pytorch", "chrono"),
    "coupled": ("coupled", "pytorch", None),
    "peephole": ("peephole", "pytorch", None),
}
LAGS = {0.01: (10, 20, 40, 80), 0.003: (20,)}  # by learning rate; the first is the lesson's
SEEDS = range(5)
LESSON, UPDATES = 250, 1_000  # the models are tested after so many: the lesson has time for 250


def fresh(start: str, seed: int) -> CharModel:
    """Return an untrained model, as the lesson makes it."""
    cell, scheme, bias = STARTS[start]
    options = ModelOptions(cell=cell, hidden_size=HIDDEN, embedding_size=None)
    model = CharModel(options, len(SYMBOLS + DISTRACTORS))
    chrono = bias == "chrono"
    initialize(model, scheme, forget_bias=None if chrono else bias, seed=seed)
    if chrono:
        rng = np.random.default_rng(seed)
        biases = np.log(rng.uniform(1, LONGEST - 1, HIDDEN))
        layer = model.layers[0]
        with torch.no_grad():
            for gate, sign in (("f", 1), ("i", -1)):
                rows = layer.cell.rows(gate, HIDDEN)
                layer.bias_ih[rows] = sign * torch.from_numpy(biases).float()
                layer.bias_hh[rows] = 0
    return model


def task(rng: np.random.Generator, count: int, lag: int) -> Tensor:
    """Return texts, (count, lag + 2); the last letter of each is the answer, the first letter."""
    lines = synthetic.recall(count, lag, SYMBOLS, DISTRACTORS, rng).text
    ids = Vocabulary(SYMBOLS + DISTRACTORS).encode(lines, unknown="skip")  # without "?" and ends
    return torch.from_numpy(ids.reshape(count, lag + 2).astype(int))


def recalled(model: CharModel, lag: int) -> float:
    """Return the share of 1000 unseen texts whose first letter the model gives."""
    batch = task(np.random.default_rng(1), 1000, lag)
    with torch.no_grad():
        logits, _ = model(batch[:, :-1])
    return (logits[:, -1].argmax(1) == batch[:, -1]).double().mean().item()


def train(start: str, lag: int, rate: float, seed: int) -> tuple[int, float, float]:
    """Train; return the updates made, and the shares recalled after the lesson's and after all."""
    model, rng = fresh(start, seed), np.random.default_rng((lag, seed))
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    after_lesson = None
    for update in range(1, UPDATES + 1):
        batch = task(rng, 32, lag)
        logits, _ = model(batch[:, :-1])
        loss = F.cross_entropy(logits[:, -1], batch[:, -1])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if update == LESSON:
            after_lesson = recalled(model, lag)
        if loss < 0.05 and update > 21:  # the lesson, too, looks at the models after 20
            break
    share = recalled(model, lag)
    return update, share if after_lesson is None else after_lesson, share


def main() -> None:
    """Train what has no row yet: one learning rate after the other, the short lags first."""
    torch.set_num_threads(1)
    columns = ["start", "lag", "rate", "seed", "updates", f"after_{LESSON}", "at_end", "seconds"]
    if not RESULTS.exists():
        RESULTS.write_text(",".join(columns) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {tuple(row[name] for name in columns[:4]) for row in csv.DictReader(file)}
    runs = [(rate, lag) for rate, lags in LAGS.items() for lag in lags]
    for (rate, lag), start, seed in itertools.product(runs, STARTS, SEEDS):
        if (start, str(lag), str(rate), str(seed)) in done:
            continue
        began = time.process_time()
        found = train(start, lag, rate, seed)
        row = [start, lag, rate, seed, *found, round(time.process_time() - began, 1)]
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(row)
        print(*row, flush=True)


if __name__ == "__main__":
    main()
