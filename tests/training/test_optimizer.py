"""The gradient is clipped, the optimiser decays matrices only, the average follows the weights."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, TrainOptions
from charlstm.training.optimizer import adamw, clip, move_average

SIZES = ModelOptions(hidden_size=5, embedding_size=3)


def test_only_matrices_decay():
    model = CharModel(SIZES, 7)
    torch.nn.init.ones_(model.head.bias)
    before = model.to_arrays()
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    adamw(model, TrainOptions(learning_rate=0.5, weight_decay=0.2)).step()
    for name, weights in model.to_arrays().items():
        kept = 1 - 0.5 * 0.2 if weights.ndim > 1 else 1
        np.testing.assert_allclose(weights, kept * before[name], rtol=1e-6, err_msg=name)


@given(st.lists(st.integers(-4, 4), min_size=6, max_size=6), st.sampled_from([0.5, 3.0, 1e9]))
def test_clipping_does_what_pytorch_does(exponents, most):
    """For long and short gradients; a parameter without one stays without."""
    sizes = [(3, 2), (4,), (5, 1), (), (2,), (7, 3)]
    generator = torch.Generator().manual_seed(sum(exponents))
    ours = [torch.nn.Parameter(torch.zeros(size)) for size in sizes]
    for weight, exponent in zip(ours[1:], exponents, strict=False):
        weight.grad = torch.randn(weight.shape, generator=generator) * 10.0**exponent
    theirs = copy.deepcopy(ours)
    for copied, weight in zip(theirs[1:], ours[1:], strict=True):
        copied.grad = weight.grad.clone()
    before = [weight.grad.clone() for weight in ours[1:]]
    whole = torch.cat([gradient.flatten() for gradient in before]).norm()
    torch.testing.assert_close(clip(ours, None), whole)
    assert all(map(torch.equal, before, [weight.grad for weight in ours[1:]]))
    norm = clip(ours, most)
    torch.testing.assert_close(norm, torch.nn.utils.clip_grad_norm_(theirs, most))
    for copied, weight in zip(theirs[1:], ours[1:], strict=True):
        torch.testing.assert_close(weight.grad, copied.grad)
    assert ours[0].grad is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_the_norm_of_a_gradient_that_is_not_finite_is_not_finite(bad):
    weight = torch.nn.Parameter(torch.zeros(3))
    weight.grad = torch.tensor([1.0, bad, 0.0])
    assert not clip([weight], 1.0).isfinite()


@pytest.mark.parametrize(("step", "kept"), [(3, 4 / 13), (43, 44 / 53), (10_003, 0.9)])
def test_the_average_moves_in_every_fourth_step_as_far_as_in_four(step, kept):
    """In the first steps faster than its decay says."""
    average = CharModel(SIZES, 7, seed=1)
    model = CharModel(SIZES, 7, seed=2)
    before = average.to_arrays()
    for earlier in (step - 3, step - 2, step - 1):
        move_average(average, model, decay=0.9, step=earlier)
    np.testing.assert_equal(average.to_arrays(), before)
    move_average(average, model, decay=0.9, step=step)
    for name, weights in model.to_arrays().items():
        expected = kept**4 * before[name] + (1 - kept**4) * weights
        np.testing.assert_allclose(average.to_arrays()[name], expected, atol=1e-6, err_msg=name)
