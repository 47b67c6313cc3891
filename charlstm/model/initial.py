"""How the weights of recurrent layers start.

By default

- the recurrent matrix of each gate starts orthogonal (Saxe, McClelland & Ganguli 2014);
- the input matrix of each gate starts with Xavier's uniform numbers (Glorot & Bengio 2010);
- the two biases of the forget gate sum to 1 (Gers, Schmidhuber & Cummins 2000; Jozefowicz et al.
  2015);
- everything else starts at 0.
"""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from charlstm.model.cells import Cell


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let PyTorch draw first weights by a seed, and go on afterwards as if it had drawn nothing.

    Args:
        seed: at least 0; equal ones give equal weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # not those of GPUs
        yield


def first_weights(cell: Cell, input_size: int, hidden_size: int) -> dict[str, Tensor]:
    """Draw the first weights of a layer, by name, from torch's global random generator."""
    shapes = cell.shapes(input_size, hidden_size)
    weights = {name: torch.zeros(shape) for name, shape in shapes.items()}
    for gate in cell.gates:
        rows = cell.rows(gate, hidden_size)
        nn.init.xavier_uniform_(weights["weight_ih"][rows])
        if "weight_hh" in weights:
            nn.init.orthogonal_(weights["weight_hh"][rows])
        if gate == "f":
            weights["bias_ih"][rows] = 1.0
    return weights
