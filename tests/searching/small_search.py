"""A small search on the tests' text."""

from pathlib import Path

from charlstm.options import DataOptions, ModelOptions, TrainOptions
from charlstm.searching.plan import Plan
from charlstm.searching.space import Space

STEPS = 40


def plan_in(folder, corpus, items=("hidden_size=4,6", "layers=1,2"), **changes):
    """Return a plan, grid by default, of trainings that take a moment each."""
    space = Space.read(items)
    sampler = changes.get("sampler", "grid")
    number = len(list(space.grid())) if sampler == "grid" else 6
    values = {
        "corpus": (str(corpus),),
        "data": DataOptions(),
        "model": ModelOptions(embedding_size=4, hidden_size=8),
        "training": TrainOptions(steps=STEPS, batch_size=4, window=8, precision="fp32"),
        "cell": "lstm",
        "given": ("--steps", str(STEPS)),
        "space": space,
        "sampler": sampler,
        "trials": number,
        "repeat": 1,
        "prune": False,
        "folder": Path(folder),
        "storage": None,
        "device": "cpu",
        "threads": 1,
        "workers": 1,
    }
    Path(folder).mkdir(exist_ok=True)
    return Plan(**(values | changes))
