"""Files of the networks: back as they were, and refused if they are not what they should be."""

import re

import numpy as np
import pytest
import torch
from small import randomize
from torch import nn

from charlstm.errors import UserError
from charlstm.model.array_file import write_arrays
from charlstm.model.checkpoint import Checkpoint
from charlstm.variants.saving import load_network, save_network


def build(saved):
    return nn.Linear(saved.count("inputs", least=1, most=9), 2)


def test_a_network_comes_back_with_half_the_precision(tmp_path):
    network = randomize(nn.Linear(3, 2))
    save_network(tmp_path / "line.safetensors", "line", network, inputs=3)
    again = load_network(str(tmp_path / "line.safetensors"), "line", build)
    for name, weight in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight.half().float())


def test_a_weight_too_large_for_float16_keeps_all_in_float32(tmp_path):
    network = randomize(nn.Linear(3, 2))
    with torch.no_grad():
        network.bias[1] = 1e6
    save_network(tmp_path / "line.safetensors", "line", network, inputs=3)
    again = load_network(tmp_path / "line.safetensors", "line", build)
    assert torch.equal(again.weight, network.weight)
    assert torch.equal(again.bias, network.bias)


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    network = randomize(nn.Linear(3, 2))
    with torch.no_grad():
        network.bias[1] = torch.inf
    with pytest.raises(UserError, match=r"line.safetensors: not written, because a weight is"):
        save_network(tmp_path / "line.safetensors", "line", network, inputs=3)
    assert not list(tmp_path.iterdir())


ODD = {"weight": np.zeros((2, 4), np.float32), "bias": np.zeros(2, np.float32)}


@pytest.mark.parametrize(
    ("header", "arrays", "told"),
    [
        ({"kind": "other", "inputs": 4}, ODD, "a charlstm file of another kind"),
        ({"kind": "line"}, ODD, "its metadata lacks inputs"),
        ({"kind": "line", "inputs": 10**9}, ODD, "garbles inputs"),
        ({"kind": "line", "inputs": 3}, ODD, r"weight has shape \(2, 4\), but .* \(2, 3\)"),
        ({"kind": "line", "inputs": 4}, {"bias": ODD["bias"]}, "lacks the weight weight"),
        (
            {"kind": "line", "inputs": 4},
            ODD | {"bias": np.array([0, np.nan], np.float16)},
            "finite",
        ),
        ({"kind": "line", "inputs": 4}, ODD | {"bias": np.zeros(2)}, "bias is float64"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, header, arrays, told):
    path = tmp_path / "line.safetensors"
    write_arrays(path, arrays, header)
    with pytest.raises(UserError, match=told) as refused:
        load_network(path, "line", build)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_header_that_asks_for_much_gets_no_memory(tmp_path):
    path = tmp_path / "line.safetensors"
    write_arrays(path, ODD, {"kind": "line"})
    with pytest.raises(UserError, match="weight has shape"):
        load_network(path, "line", lambda _: nn.Linear(10**9, 10**5))  # 400 terabytes


def test_a_model_is_no_network_and_a_network_no_model(tmp_path):
    path = tmp_path / "line.safetensors"
    save_network(path, "line", randomize(nn.Linear(3, 2)), inputs=3)
    with pytest.raises(UserError, match=re.escape("a charlstm file of another kind")):
        Checkpoint.load(path)
