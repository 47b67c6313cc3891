"""Train on the tales with windows that overlap, and with windows that do not.

    python notebooks/lessons/data/overlap.py

The lesson *Truncated back-propagation* shows the result, `overlap.csv`. The script takes three to
four minutes of CPU time. It adds a row for each training that has ended, and skips those that have a
row, so you can stop it at any time.

After every k1 characters of each stream, the gradient of their loss goes back over the last k2.
Each update has the loss of `LOSSES` characters: a training with a smaller k1 has more streams. The
learning rate is constant, so a row also says what a shorter training reaches.
"""

import csv
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from charlstm import CharModel, ModelOptions, Vocabulary, read_corpus, score_cold

RESULTS = Path(__file__).with_suffix(".csv")
PAIRS = ((32, 32), (16, 32), (64, 64), (16, 16))  # k1 and k2
LOSSES = 512
RATE = 3e-3
SEEDS = range(3)
UPDATES = (250, 500, 1_000)  # after so many, the model is evaluated


def windows(ids: Tensor, k1: int, k2: int) -> Iterator[tuple[bool, Tensor]]:
    """Yield windows (B, k2 + 1) of B streams, each k1 later, and whether the text begins again."""
    B = LOSSES // k1
    rows = ids[: len(ids) // B * B].view(B, -1)
    while True:
        for t in range(0, rows.shape[1] - k2, k1):
            yield t == 0, rows[:, t : t + k2 + 1]


def train(ids: Tensor, validation: Tensor, characters: int, k1: int, k2: int, seed: int) -> list:
    """Return nats per character, cold on the validation part, after each of `UPDATES`."""
    options = ModelOptions(layers=1, hidden_size=128, embedding_size=32, dropout=0)
    model, nats = CharModel(options, characters, seed), []
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    state: list = []
    steps = itertools.islice(windows(ids, k1, k2), max(UPDATES))
    for update, (begins, window) in enumerate(steps, 1):
        state = None if begins else [tuple(s.detach() for s in layer) for layer in state]
        logits, state = model(window[:, :k1], state)  # the next window starts from this state
        if k2 > k1:
            logits, _ = model(window[:, k1:k2], state)
        logits, targets = logits[:, -k1:], window[:, -k1:]
        optimizer.zero_grad()
        F.cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if update in UPDATES:
            nats.append(score_cold(model, validation, threads=1).nats)
    return nats


def main() -> None:
    """Train what has no row yet."""
    torch.set_num_threads(1)
    text = read_corpus(["tales"]).text
    vocabulary = Vocabulary.of(text)
    training, validation = np.split(vocabulary.encode(text), [int(0.9 * len(text))])
    ids = torch.from_numpy(training).long()
    columns = ["k1", "k2", "seed", *(f"after_{n}" for n in UPDATES), "seconds"]
    if not RESULTS.exists():
        RESULTS.write_text(",".join(columns) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {tuple(int(row[name]) for name in columns[:3]) for row in csv.DictReader(file)}
    for seed, (k1, k2) in itertools.product(SEEDS, PAIRS):
        if (k1, k2, seed) in done:
            continue
        began = time.process_time()
        nats = train(ids, validation, len(vocabulary), k1, k2, seed)
        seconds = round(time.process_time() - began, 1)
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            row = [k1, k2, seed, *(f"{n:.4f}" for n in nats), seconds]
            csv.writer(file, lineterminator="\n").writerow(row)
        print(*row, flush=True)


if __name__ == "__main__":
    main()
