"""How the weights of recurrent layers start.

By default

- the recurrent matrix of each gate starts orthogonal (Saxe, McClelland & Ganguli 2014);
- the input matrix of each gate starts with Xavier's uniform numbers (Glorot & Bengio 2010);
- the two biases of the forget gate sum to 1 (Gers, Schmidhuber & Cummins 2000; Jozefowicz et al.
  2015);
- everything else starts at 0.
"""

import torch
from torch import Tensor, nn

from charlstm.model.cells import Cell


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
