"""One small text, the names of the cells, and random weights, for all tests."""

import numpy as np

TEXT = "The quick brown fox jumps over the lazy dog; why, it's a joy!\n"
# the cells, and their gates in order
CELLS = {"lstm": "ifgo", "rnn": "h", "gru": "rzn", "peephole": "ifgo", "coupled": "fgo"}


def randomize(model, seed=0, size=0.4):
    """Give a model's every weight and bias a random value of a size that matters."""
    rng = np.random.default_rng(seed)
    model.load_arrays({k: rng.normal(0, size, v.shape) for k, v in model.to_arrays().items()})
    return model
