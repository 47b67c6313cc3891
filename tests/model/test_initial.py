"""Initial weights: orthogonal matrices, an open forget gate, and a fixed order of drawing."""

import pytest
import torch
from small import CELLS as NAMES

from charlstm.errors import UserError
from charlstm.model import named_cells
from charlstm.model.cells import CELLS, Cell
from charlstm.model.initial import first_weights
from charlstm.model.named_cells import register_cell
from charlstm.model.network import CharModel, initialize
from charlstm.model.stack import Layer
from charlstm.options import ModelOptions

V, D, H = 7, 4, 6


def test_forget_gate_biases_sum_to_one_and_recurrent_blocks_are_orthogonal():
    layer = Layer("lstm", D, H)
    bias = (layer.bias_ih + layer.bias_hh).detach()
    assert bias[H : 2 * H].eq(1).all()
    assert bias.sum() == H
    for block in layer.weight_hh.detach().split(H):
        torch.testing.assert_close(block @ block.T, torch.eye(H), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_weights_that_it_always_gave(name):
    """Gate by gate the input's matrix, then the recurrent one; anything else draws nothing."""
    torch.manual_seed(1)
    weights = first_weights(CELLS[name], D, H)
    torch.manual_seed(1)
    for block, gate in enumerate(NAMES[name]):
        rows = slice(block * H, (block + 1) * H)
        inputs = torch.nn.init.xavier_uniform_(torch.empty(H, D))
        assert torch.equal(weights["weight_ih"][rows], inputs)
        if "weight_hh" in weights:
            recurrent = torch.nn.init.orthogonal_(torch.empty(H, H))
            assert torch.equal(weights["weight_hh"][rows], recurrent)
        assert weights["bias_ih"][rows].eq(gate == "f").all()
    assert not any(
        weights[name].any() for name in weights if name in ("bias_hh", "weight_peephole")
    )


def test_initialisation_sets_what_it_says():
    model = CharModel(ModelOptions(cell="lstm", layers=2, hidden_size=16), V)
    initialize(model, gain=2.0, forget_bias=3.0, seed=5)
    for layer in model.layers:
        for block in layer.weight_hh.detach().split(16):
            torch.testing.assert_close(block @ block.T, 4 * torch.eye(16))
        both = (layer.bias_ih + layer.bias_hh).detach().split(16)
        assert [b.unique().tolist() for b in both] == [[0], [3], [0], [0]]
    before = model.layers[1].weight_ih.clone()
    initialize(model, "pytorch", seed=5)
    assert not torch.equal(before, model.layers[1].weight_ih)
    everything = torch.cat([p.detach().flatten() for p in model.layers.parameters()])
    assert 0.24 < everything.abs().max() <= 0.25  # 1 / sqrt(16)
    again = initialize(CharModel(model.options, V, seed=1), "pytorch", seed=5)
    assert torch.equal(again.layers[0].weight_hh, model.layers[0].weight_hh)
    with pytest.raises(UserError, match="scheme is 'xavier'"):
        initialize(model, "xavier")


@pytest.mark.parametrize("name", NAMES)
def test_a_forget_bias_is_given_to_the_gate_of_that_name_alone(name):
    model = initialize(CharModel(ModelOptions(name, hidden_size=H), V), forget_bias=3.0)
    named = model.layers[0].named_parameters()
    both = sum(p.detach() for key, p in named if "bias" in key).split(H)
    assert [b.unique().tolist() for b in both] == [[3.0 * (g == "f")] for g in NAMES[name]]


def test_a_cell_without_recurrent_matrix_and_second_bias_starts_too(monkeypatch):
    def leaky(p, x, state):
        return (0.9 * state[0] + x,)

    def parameters(rows, input_size, hidden_size):
        return {"weight_ih": (rows, input_size), "bias_ih": (rows,)}

    monkeypatch.setattr(named_cells, "_registered", {})
    register_cell("leaky", Cell(leaky, gates=("f",), states=("h",), parameters=parameters))
    model = CharModel(ModelOptions("leaky", hidden_size=H), V)
    layer = model.layers[0]
    assert sorted(dict(layer.named_parameters())) == ["bias_ih", "weight_ih"]
    assert layer.bias_ih.eq(1).all()
    initialize(model, "pytorch", gain=2.0, forget_bias=3.0)
    assert layer.bias_ih.eq(3).all()
    assert 0 < layer.weight_ih.abs().max() <= H**-0.5
