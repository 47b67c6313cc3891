"""Measure a small LSTM at every setting of a fine grid, for searches that then cost nothing.

    python notebooks/lessons/data/surface.py

The lesson *Which cell, which size?* shows the result, `surface.csv`, and searches in it. The script
takes about nine minutes of CPU time. It trains many networks side by side, adds their rows when they have
ended, and skips those that have a row, so you can stop it at any time.

Each training of the grid may do the same work: so many multiplications. A large network gets fewer
updates. The last rows are of one setting, which somebody might guess, with more work.
"""

import ast
import csv
import itertools
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import torch

RESULTS = Path(__file__).with_suffix(".csv")
LESSON = Path(__file__).parent.parent / "13-which-cell-which-size.py"
COLUMNS = ("size", "work", "rate", "clip", "seed")  # tell a training apart
SIZES = (12, 16, 24, 32, 48)
RATES = tuple(round(0.001 * 2**k, 3) for k in range(9))
CLIPS = (0.1, 1.0, 10.0)
SEEDS = range(5)
GUESS = (48, 0.016, 1.0)  # size, rate and clip of the last rows
WORKS = (9,)  # their work, in trainings of the grid


@cache
def lesson() -> SimpleNamespace:
    """Return what the lesson defines, without its trainings: imports, functions and CONSTANTS."""

    def wanted(node: ast.stmt) -> bool:
        if isinstance(node, ast.Assign):
            names = [name.id for target in node.targets for name in ast.walk(target)
                     if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)]  # fmt: skip
            return all(name.isupper() for name in names) and bool(names)
        return isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)

    tree = ast.parse(LESSON.read_text(encoding="utf-8"))
    found: dict[str, object] = {"__name__": "lesson"}
    body = [node for node in tree.body if wanted(node)]
    exec(compile(ast.Module(body, []), str(LESSON), "exec"), found)
    return SimpleNamespace(**found)


def train(size: int, work: int, settings: list[tuple[float, float, int]]) -> list[float]:
    """Train a network for each rate, clip and seed; return their nats on what is held out."""
    rates, clips, seeds = map(list, zip(*settings, strict=True))
    task = lesson().reading(lesson().T)
    updates = work * lesson().updates_for(size)
    nats, _ = lesson().train("lstm", size, task, updates, seeds, rates, clips)
    return [round(float(value), 4) for value in nats]


def main() -> None:
    """Train what has no row yet."""
    torch.set_num_threads(1)
    if not RESULTS.exists():
        RESULTS.write_text(",".join((*COLUMNS, "nats")) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {tuple(row[name] for name in COLUMNS) for row in csv.DictReader(file)}
    settings = {(size, 1): [*itertools.product(RATES, CLIPS, SEEDS)] for size in SIZES}
    settings |= {(GUESS[0], work): [(*GUESS[1:], seed) for seed in SEEDS] for work in WORKS}
    for (size, work), all_of_them in settings.items():
        left = [s for s in all_of_them if tuple(map(str, (size, work, *s))) not in done]
        if not left:
            continue
        rows = [
            (size, work, *s, nats) for s, nats in zip(left, train(size, work, left), strict=True)
        ]
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        print(f"size {size}, work {work}: {len(rows)} trainings", flush=True)


if __name__ == "__main__":
    main()
