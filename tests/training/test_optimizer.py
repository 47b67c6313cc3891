"""The optimiser decays matrices only, and the average follows the weights."""

import numpy as np
import pytest
import torch

from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, TrainOptions
from charlstm.training.optimizer import adamw, move_average

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
