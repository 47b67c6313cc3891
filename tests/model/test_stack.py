"""A stack of layers: against the cells' own steps, one after the other, and with dropout."""

import numpy as np
import pytest
import torch
from small import CELLS as NAMES
from small import randomize
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.model.cells import project
from charlstm.model.named_cells import find_cell
from charlstm.model.stack import Stack, embed
from charlstm.options import ModelOptions

B, T, D, H, V = 3, 5, 4, 6, 7


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("readout", ["sum", "last"])
def test_a_stack_is_its_cells_step_by_step(name, readout):
    stack = randomize(Stack(ModelOptions(name, 2, H, readout=readout), D).double())
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(B, T, D))).requires_grad_()
    cell = find_cell(name)
    state = [
        tuple(torch.from_numpy(rng.normal(size=(B, H))) for _ in cell.states) for _ in range(2)
    ]
    features, last = stack(x, state)
    naive, now = [], list(state)
    for t in range(T):
        below, read = x[:, t], []
        for k, layer in enumerate(stack):
            now[k] = cell.step(layer, project(layer, below), now[k])
            below = now[k][0]
            read.append(below)
        naive.append(sum(read) if readout == "sum" else below)
    wanted = torch.stack(naive, 1)
    torch.testing.assert_close(features, wanted, rtol=0, atol=1e-12)
    for got, want in zip(last, now, strict=True):
        for a, b in zip(got, want, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-12)
    weights = [x, *stack.parameters()]
    toward = torch.from_numpy(rng.normal(size=(B, T, H)))
    for a, b in zip(
        torch.autograd.grad((features * toward).sum(), weights),
        torch.autograd.grad((wanted * toward).sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, H), (B, H - 1), (B + 1, H), (H,)])
def test_a_state_of_another_shape_never_reaches_a_kernel(name, shape):
    """PyTorch's kernels do not look: the LSTM's ended the process."""
    stack = Stack(ModelOptions(name, 2, H), D)
    states = [tuple(torch.zeros(shape) for _ in find_cell(name).states)] * 2
    with pytest.raises(
        UserError, match=r"state has the shapes \[.*\]; this layer needs \[\(3, 6\)"
    ):
        stack(torch.zeros(B, T, D), states)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("shape", "dtype", "told"),
    [
        ((B, T, D - 1), torch.float32, r"have the shape \(3, 5, 3\); this layer reads \(B, T, 4\)"),
        ((B, T, D + 1), torch.float32, r"have the shape \(3, 5, 5\)"),
        ((B, 0, D), torch.float32, "T is at least 1"),
        ((B, T), torch.float32, r"have the shape \(3, 5\)"),
        ((B, T, D), torch.float64, "are torch.float32 and torch.float64; the weights are torch.fl"),
    ],
)
def test_inputs_of_another_shape_or_type_never_reach_a_kernel(name, shape, dtype, told):
    stack = Stack(ModelOptions(name, 2, H), D)
    with pytest.raises(UserError, match=told):
        stack(torch.zeros(shape, dtype=dtype))


def test_a_state_of_another_type_or_of_fewer_layers_is_refused():
    stack = Stack(ModelOptions("lstm", 2, H), D)
    states = stack.zero_state(B)
    with pytest.raises(UserError, match="the state is that of 1 layer; there are 2"):
        stack(torch.zeros(B, T, D), states[:1])
    whole = [tuple(s.int() for s in layer) for layer in states]
    with pytest.raises(UserError, match=r"are torch\.float32 and torch\.int32"):
        stack(torch.zeros(B, T, D), whole)


def test_dropout_needs_a_generator_and_hits_inputs_and_what_lies_between():
    options = ModelOptions(layers=2, hidden_size=H, input_dropout=0.5, dropout=0.5)
    stack = randomize(Stack(options, D).double())
    x = torch.ones(B, T, D, dtype=torch.double)
    torch.testing.assert_close(stack(x)[0], stack(x)[0], rtol=0, atol=0)
    one, two = (stack(x, rng=np.random.default_rng(seed))[0] for seed in (1, 2))
    assert not torch.equal(one, two)


def test_letters_are_rows_of_the_embedding_or_one_hot():
    ids = torch.tensor([[3, 0, 6]], dtype=torch.int32)
    table = torch.nn.Embedding(V, D)
    assert torch.equal(embed(table, ids, V, torch.float32), table.weight[ids.long()])
    assert torch.equal(embed(None, ids, V, torch.double), F.one_hot(ids.long(), V).double())
