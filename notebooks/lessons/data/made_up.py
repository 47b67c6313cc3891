"""Make up cells by chance, and see what the best of them can do beside the LSTM and the GRU.

    python notebooks/lessons/data/made_up.py

The lesson *Which cell, which size?* shows the result, `made_up.csv`, and repeats a part of it. The
mutations are the lesson's own. The script takes about three minutes of CPU time. It trains all seeds
and learning rates of a cell side by side, adds their rows when they have ended, and skips those that
have a row, so you can stop it at any time.

There are three rounds. "memory": all cells hold a letter over a lag of 10; `PASSES` of them is
asked for. "text": the first `MOST` that passed learn the tales. "again": the best three, with other seeds
and their best learning rate, learn the tales, and the plays, which no cell was chosen by. LSTM and
GRU take part in all. In the rounds of text all networks have as many weights.
"""

import csv
import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import mean

import torch
from surface import lesson

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("round", "cell", "task", "rate", "seed")  # tell a training apart
COUNT = 24
RIVALS = ("lstm", "gru")
RATES = {"memory": (0.032,), "text": (0.064, 0.128)}
SEEDS, OTHER_SEEDS = {"memory": range(3), "text": range(5)}, range(5, 15)
PASSES = 0.9  # share of letters recalled, the mean of its seeds with its best rate
MOST = 10  # so many of those that passed learn the text, in the order in which they were made up
UNITS, WEIGHTS = 24, 8_000
UPDATES = {"memory": 250, "text": 250, "again": 250}


@cache
def known() -> dict[str, str]:
    """Register the made-up cells; return the names of all cells, by what the rows call them."""
    names = {name: name for name in RIVALS}
    for number, trees in enumerate(lesson().made_up(COUNT)):
        lesson().register_cell(f"made-{number}", lesson().cell_of(*trees))
        names[lesson().formulas(trees)] = f"made-{number}"
    return names


def train(
    part: str, cell: str, task: str, settings: list[tuple[float, int]]
) -> list[tuple[float, float]]:
    """Train a network for each rate and seed; return the nats, and the share of right guesses."""
    rates, seeds = map(list, zip(*settings, strict=True))
    what = lesson().latching(10) if task == "hold" else lesson().reading(lesson().T, corpus=task)
    name, size = known()[cell], UNITS
    if part != "memory":
        size = lesson().units_for(name, what.V, WEIGHTS)
    found = lesson().train(name, size, what, UPDATES[part], seeds, rates)
    return [(round(float(nats), 4), round(float(right), 4)) for nats, right in found.T]


def recorded() -> list[dict[str, str]]:
    """Return the rows of the trainings that have ended."""
    with RESULTS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def best(part: str, cell: str, column: str, sign: int) -> tuple[float, float]:
    """Return the best mean over the seeds in a round, and the rate it was reached with."""
    rows = [row for row in recorded() if (row["round"], row["cell"]) == (part, cell)]
    means = {
        float(rate): mean(float(row[column]) for row in rows if row["rate"] == rate)
        for rate in {row["rate"] for row in rows}
    }
    rate = max(sorted(means), key=lambda rate: sign * means[rate])
    return means[rate], rate


def trainings() -> Iterator[tuple[str, str, str, list[tuple[float, int]]]]:
    """Yield the round, cell, task and settings of each group; later rounds look at earlier rows."""
    settings = {part: [*itertools.product(RATES[part], SEEDS[part])] for part in RATES}
    for cell in known():
        yield "memory", cell, "hold", settings["memory"]
    passed = [cell for cell in known() if best("memory", cell, "right", 1)[0] >= PASSES]
    passed = list(dict.fromkeys((*RIVALS, *passed)))[: len(RIVALS) + MOST]
    for cell in passed:
        yield "text", cell, "tales", settings["text"]
    new = sorted(passed[len(RIVALS) :], key=lambda cell: best("text", cell, "nats", -1)[0])
    for cell, task in itertools.product((*RIVALS, *new[:3]), ("tales", "plays")):
        rate = best("text", cell, "nats", -1)[1]
        yield "again", cell, task, [(rate, seed) for seed in OTHER_SEEDS]


def main() -> None:
    """Train what has no row yet."""
    torch.set_num_threads(1)
    if not RESULTS.exists():
        RESULTS.write_text(",".join((*COLUMNS, "nats", "right")) + "\n", encoding="utf-8")
    for part, cell, task, settings in trainings():
        done = {tuple(row[name] for name in COLUMNS) for row in recorded()}
        left = [s for s in settings if tuple(map(str, (part, cell, task, *s))) not in done]
        if not left:
            continue
        found = train(part, cell, task, left)
        rows = [(part, cell, task, *s, *figures) for s, figures in zip(left, found, strict=True)]
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        print(f"{part}, {cell}, {task}: {len(rows)} trainings", flush=True)


if __name__ == "__main__":
    main()
