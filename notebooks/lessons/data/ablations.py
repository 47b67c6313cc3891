"""Train the LSTM, eight LSTMs that lack or have one thing, and the GRU, on a text and two tasks.

    python notebooks/lessons/data/ablations.py

The lesson *Which cell, which size?* shows the result, `ablations.csv`, and repeats a part of it. The
cells and the tasks are the lesson's own. The script takes about six minutes of CPU time. It trains
all seeds and learning rates of a cell side by side, adds their rows when they have ended, and skips
those that have a row, so you can stop it at any time.
"""

import csv
import itertools
from pathlib import Path

import torch
from surface import lesson

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("cell", "task", "rate", "seed")  # tell a training apart
RATES = (0.016, 0.032, 0.064)
SEEDS = range(5)


def train(cell: str, task: str, settings: list[tuple[float, int]]) -> list[tuple[float, float]]:
    """Train a network for each rate and seed; return the nats, and the share of right guesses."""
    rates, seeds = map(list, zip(*settings, strict=True))
    what = lesson().TASKS[task]()
    found = lesson().train(cell, lesson().UNITS, what, lesson().UPDATES, seeds, rates)
    return [(round(float(nats), 4), round(float(right), 4)) for nats, right in found.T]


def main() -> None:
    """Train what has no row yet."""
    torch.set_num_threads(1)
    for name, cell in lesson().VARIANTS.items():
        lesson().register_cell(name, cell)
    if not RESULTS.exists():
        RESULTS.write_text(",".join((*COLUMNS, "nats", "right")) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {tuple(row[name] for name in COLUMNS) for row in csv.DictReader(file)}
    for task, cell in itertools.product(reversed(lesson().TASKS), lesson().COMPARED):
        settings = itertools.product(RATES, SEEDS)
        left = [s for s in settings if tuple(map(str, (cell, task, *s))) not in done]
        if not left:
            continue
        found = train(cell, task, left)
        rows = [
            (cell, task, *setting, *figures) for setting, figures in zip(left, found, strict=True)
        ]
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        print(f"{cell}, {task}: {len(rows)} trainings", flush=True)


if __name__ == "__main__":
    main()
