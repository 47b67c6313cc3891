"""A figure of each kind that the package draws, with as many lines as there are colours."""

import numpy as np

from charlstm.insight.surprise import Span
from charlstm.notebook import pair_plots, plots, run_plots, search_plots, text_plots

RNG = np.random.default_rng(0)
NAMES = [f"line {k}" for k in range(8)]
LOG = [
    {"step": 10 * k, "train_loss": 3 / k, "validation": 3.1 / k, "clipped": 0.5, "grad_norm": 1 / k,
     "learning_rate": 0.01 * k, "seconds": k, "characters": 100 * k}
    for k in range(1, 6)
]  # fmt: skip
BROKEN = {**LOG[-1], "step": 60, "validation": np.nan, "train_loss": 90.0}


def drawn():
    """Return the figures by name."""
    paths = {name: (RNG.random(5), RNG.random(5)) for name in NAMES[:4]}
    settings = [{"units": 2**k, "clip": None, "nats": 2 / (k + 1)} for k in range(5)]
    seeds = [{**each, "low": each["nats"] - 0.1, "high": each["nats"] + 0.2} for each in settings]
    square = {(r, c): (r * 10 + c) / 100 for r in range(10) for c in range(10)}
    shades = np.linspace(0, 1, 20).reshape(4, 5)
    words = {name: (k, k % 3) for k, name in enumerate(NAMES)}
    curves = [run_plots.Curve(name, LOG, 3.0, 1.0) for name in NAMES]
    return {
        "norm_by_lag": plots.norm_by_lag({name: RNG.random(30) for name in NAMES}),
        "singular_values": plots.singular_values({k: RNG.random(9) for k in range(1, 9)}),
        "gradient_norms": plots.gradient_norms({name: [1, 3, np.inf] for name in NAMES}, 2.0),
        "training": plots.training({name: {1: 3.0, 2: 2.0} for name in NAMES}),
        "recall": plots.recall({name: {4: RNG.random(5)} for name in NAMES}, 0.2),
        "grid": plots.grid(square, "row", "column", "share"),
        "surface": plots.surface(shades, np.arange(5), np.arange(4), ("x", "y", "z"), paths),
        "curves": plots.curves({name: ([0, 1], [k, 1]) for k, name in enumerate(NAMES)}, "x", "y"),
        "by_seed": plots.by_seed({name: {1: RNG.random(4)} for name in NAMES}, "x", "y"),
        "dots": plots.dots({name: (RNG.random(4), RNG.random(4)) for name in NAMES}, "x", "y"),
        "unit": text_plots.unit("abc def", RNG.random(7) - 0.5, 0, "h", 3),
        "surprise": text_plots.surprise(
            "a bc", [0, 1, 4, 9], [Span(2, 4, "bc", 6.5, 1.0, "word", "rare")]
        ),
        "blame": text_plots.blame("abc", [3.0, -1.0, 0.0], 2),
        "gates": text_plots.gates("abcd", {"f": RNG.random((4, 3)), "c": -RNG.random((4, 3))}),
        "along": text_plots.along("abcd", {name: RNG.random(4) for name in NAMES}, "y"),
        "next_character": text_plots.next_character("abcd", {n: RNG.random(4) for n in NAMES}),
        "alignments": pair_plots.alignments("abcd", "abc", {"weight": RNG.random((4, 4))}),
        "words": pair_plots.words(words, {n: n for n in NAMES}, "x", "y", path=tuple(NAMES)),
        "trainings": run_plots.trainings([*curves, run_plots.Curve("broken", [*LOG, BROKEN])]),
        "search": search_plots.search(settings, ["units", "clip"], "held"),
        "search with seeds": search_plots.search(seeds, ["units", "clip"], "held"),
    }
