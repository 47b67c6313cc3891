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


@pytest.mark.parametrize(("step", "kept"), [(0, 1 / 10), (40, 41 / 50), (10_000, 0.9)])
def test_the_average_follows_the_weights_faster_in_the_first_steps(step, kept):
    average = CharModel(SIZES, 7, seed=1)
    model = CharModel(SIZES, 7, seed=2)
    before = average.to_arrays()
    move_average(average, model, decay=0.9, step=step)
    for name, weights in model.to_arrays().items():
        expected = kept * before[name] + (1 - kept) * weights
        np.testing.assert_allclose(average.to_arrays()[name], expected, atol=1e-6, err_msg=name)
