"""PyTorch's kernels give the outputs and gradients of the cells, in float64."""

import numpy as np
import pytest
import torch
from small import CELLS as NAMES

from charlstm.model.cells import CELLS, project, unroll
from charlstm.model.kernels import KERNELS
from charlstm.model.stack import Layer

B, T, D, H = 3, 5, 4, 6


def random_layer(name):
    layer = Layer(name, D, H).double()
    rng = np.random.default_rng(0)
    for p in layer.parameters():
        p.data = torch.from_numpy(rng.normal(0, 0.7, p.shape))
    return layer


def random_inputs(name, seed=1):
    rng = np.random.default_rng(seed)
    inputs = torch.from_numpy(rng.normal(size=(B, T, D))).requires_grad_()
    state = tuple(
        torch.from_numpy(rng.normal(size=(B, H))).requires_grad_()
        for _ in range(len(CELLS[name].states))
    )
    return inputs, state


def by_cell(layer, inputs, state):
    outputs, new_state = unroll(
        layer.cell.step, layer, project(layer, inputs).transpose(0, 1), state
    )
    return outputs.transpose(0, 1), new_state


@pytest.mark.parametrize("name", NAMES)
def test_kernel_is_the_cell_outputs_and_gradients(name):
    layer = random_layer(name)
    inputs, state = random_inputs(name)
    leaves = [inputs, *state, *layer.parameters()]
    rng = np.random.default_rng(5)
    weigh = torch.from_numpy(
        rng.normal(size=(B, T, H))
    )  # so that no two outputs have the same weight
    results = []
    for run in (layer, lambda *given: by_cell(layer, *given)):
        outputs, new_state = run(inputs, state)
        loss = (outputs * weigh).sum() + sum(
            (k + 2) * s.pow(2).sum() for k, s in enumerate(new_state)
        )
        results.append([outputs, *new_state, *torch.autograd.grad(loss, leaves)])
    for fast, slow in zip(*results, strict=True):
        torch.testing.assert_close(fast, slow, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_do_not_ask_for_a_mode(name):
    layer = random_layer(name).eval()
    inputs, state = random_inputs(name)
    layer(inputs, state)[0].sum().backward()
    assert inputs.grad.abs().min() > 0


def test_all_but_the_peephole_cell_have_a_kernel():
    assert {"lstm", "coupled", "rnn", "gru"} <= set(KERNELS) <= set(NAMES)
    assert Layer("peephole", D, H).kernel is None
