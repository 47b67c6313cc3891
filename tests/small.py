"""One small text, the names of the cells, and random weights, for all tests."""

import numpy as np
import torch

TEXT = "The quick brown fox jumps over the lazy dog; why, it's a joy!\n"
# the cells, and their gates in order
CELLS = {"lstm": "ifgo", "rnn": "h", "gru": "rzn", "peephole": "ifgo", "coupled": "fgo"}


def randomize(model, seed=0, size=0.4):
    """Give a module's every weight and bias a random value of a size that matters."""
    rng = np.random.default_rng(seed)
    shapes = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    model.load_state_dict({k: torch.from_numpy(rng.normal(0, size, s)) for k, s in shapes.items()})
    return model
