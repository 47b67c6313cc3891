"""How the weights of recurrent layers start.

By default

- the recurrent matrix of each gate starts orthogonal (Saxe, McClelland & Ganguli 2014);
- the input matrix of each gate starts with Xavier's uniform numbers (Glorot & Bengio 2010);
- the two biases of the forget gate sum to 1 (Gers, Schmidhuber & Cummins 2000; Jozefowicz et al.
  2015);
- everything else starts at 0.
"""

import math
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from charlstm.errors import UserError
from charlstm.model.cells import Cell

SCHEMES = ("charlstm", "pytorch")
Model = TypeVar("Model", bound=nn.Module)


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


@torch.no_grad()
def initialize(
    model: Model,
    scheme: str = "charlstm",
    gain: float = 1.0,
    forget_bias: float | None = None,
    seed: int = 0,
) -> Model:
    """Give the recurrent layers of a `CharModel` new weights, and return the model.

    Args:
        model: changed in place.
        scheme: "charlstm", as at the top of this file, or "pytorch": everything uniform between
            -1/sqrt(H) and 1/sqrt(H), as in `torch.nn.LSTM`.
        gain: factor for the recurrent matrices.
        forget_bias: sum of the forget gate's two biases, in cells that have that gate; None keeps
            what the scheme gives.
        seed: of the weights.

    Raises:
        UserError: there is no such scheme.
    """
    if scheme not in SCHEMES:
        raise UserError(f"scheme is {scheme!r}; it must be 'charlstm' or 'pytorch'")
    network: Any = model  # network.py imports this file, so CharModel cannot be named here
    H = network.options.hidden_size
    if scheme == "charlstm":
        fresh = type(network)(network.options, network.vocabulary_size, seed)
        network.layers.load_state_dict(fresh.layers.state_dict())
    generator = torch.Generator().manual_seed(seed)
    for layer in network.layers:
        weights = dict(layer.named_parameters())
        if scheme == "pytorch":
            bound = 1 / math.sqrt(H)
            for weight in weights.values():
                weight.uniform_(-bound, bound, generator=generator)
        if "weight_hh" in weights:
            weights["weight_hh"] *= gain
        if forget_bias is not None and "f" in layer.cell.gates:
            rows = layer.cell.rows("f", H)
            weights["bias_ih"][rows] = forget_bias
            if "bias_hh" in weights:
                weights["bias_hh"][rows] = 0.0
    return model
