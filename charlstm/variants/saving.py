"""Files of the networks in this folder: safetensors with a JSON header, as a model's file is.

Each network has a `kind` of its own, so that no command takes one for another. Reading a file runs
none of its content, and checks the digest, the header and every weight's name, shape and type.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from charlstm.errors import UserError, option
from charlstm.model.array_file import (
    LARGEST_WEIGHT,
    check_weights,
    computable,
    read_arrays,
    write_arrays,
)
from charlstm.model.checkpoint import compact
from charlstm.model.section import Section

Network = TypeVar("Network", bound=nn.Module)


def save_network(path: Path | str, kind: str, network: nn.Module, **header: Any) -> None:
    """Write a network with float16 weights, or with float32 if one is too large for float16.

    Args:
        path: of the file; an old one is replaced once the new one is complete.
        kind: what the file holds.
        network: its weights are written.
        header: all else that is needed to build the network again, as JSON values.

    Raises:
        UserError: the place cannot be written; or a weight is not finite, or too large to be read
            again.
    """
    path = Path(path)
    weights = {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}
    if not all(map(computable, weights.values())):
        raise UserError(
            f"{path}: not written, because a weight is beyond {LARGEST_WEIGHT:,.0f} or not finite;"
            f" train again with a smaller {option('learning_rate')}"
        )
    write_arrays(path, compact(weights), {"kind": kind, **header})


def load_network(path: Path | str, kind: str, build: Callable[[Section], Network]) -> Network:
    """Read what `save_network` wrote.

    Args:
        path: of the file.
        kind: what it must hold.
        build: makes a network from the header, with any weights.

    Raises:
        UserError: the file is missing, damaged or of another kind, or its header or weights do not
            fit.
    """
    path = Path(path)
    arrays, header = read_arrays(path, kind)
    with torch.device("meta"):  # no memory yet: a header may ask for more than the file holds
        network = build(Section(header, str(path)))
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    check_weights(path, arrays, shapes)
    weights = {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}
    network.to_empty(device="cpu").load_state_dict(weights)
    return network
