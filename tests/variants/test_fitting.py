"""The loop: its path against plain torch, its budget, its answer to what is not finite."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from small import randomize
from torch import nn

from charlstm.errors import UserError
from charlstm.training.budget import learning_rate
from charlstm.variants.fitting import FitOptions, fit_batches, fit_next


def squares(network):
    """Return a loss that draws its batch, as a network's own fit does."""

    def loss_of(rng):
        x = torch.from_numpy(rng.normal(size=(5, 3)))
        return (network(x) - x[:, :2]).square().mean()

    return loss_of


def test_steps_are_those_of_adamw_with_clipping_and_decaying_rate():
    network = randomize(nn.Linear(3, 2).double())
    naive = copy.deepcopy(network)
    options = FitOptions(steps=7, learning_rate=0.1, clip=0.5, weight_decay=0.2, beta1=0.3, seed=4)
    reports = list(fit_batches(network, squares(network), options))
    groups = [{"params": [naive.weight], "weight_decay": 0.2}, {"params": [naive.bias]}]
    adamw = torch.optim.AdamW(groups, lr=0.1, betas=(0.3, 0.99), weight_decay=0.0)
    clipped = 0
    for step, report in enumerate(reports):
        adamw.zero_grad()
        loss = squares(naive)(np.random.default_rng((4, step)))
        loss.backward()
        norm = math.sqrt(sum(p.grad.square().sum().item() for p in naive.parameters()))
        clipped += norm > 0.5
        for p in naive.parameters():
            p.grad *= min(1, 0.5 / (norm + 1e-6))  # as PyTorch has it
        for group in adamw.param_groups:
            group["lr"] = learning_rate(0.1, step / 7, step)
        adamw.step()
        assert report.step == step + 1
        assert report.fraction == (step + 1) / 7
        assert report.loss == pytest.approx(loss.item(), rel=1e-9)
        assert report.grad_norm == pytest.approx(norm, rel=1e-9)
        assert report.learning_rate == learning_rate(0.1, step / 7, step)
    assert len(reports) == 7
    assert clipped > 0
    torch.testing.assert_close(network.weight, naive.weight, rtol=0, atol=1e-9)
    torch.testing.assert_close(network.bias, naive.bias, rtol=0, atol=1e-9)


def test_a_seed_repeats_its_batches_and_another_draws_others():
    def losses(seed):
        network = randomize(nn.Linear(3, 2).double())
        options = FitOptions(steps=3, seed=seed)
        return [report.loss for report in fit_batches(network, squares(network), options)]

    assert losses(1) == losses(1) != losses(2)


def test_minutes_are_a_budget_and_a_break_keeps_the_weights():
    network = randomize(nn.Linear(3, 2).double())
    reports = list(fit_batches(network, squares(network), FitOptions(minutes=0.005)))
    assert reports[-1].fraction == 1
    assert reports[-1].seconds >= 0.3
    before = network.weight.detach().clone()
    fit = fit_batches(network, squares(network), FitOptions(steps=10))
    assert len(list(itertools.islice(fit, 2))) == 2
    assert not torch.equal(network.weight, before)


def test_what_is_not_finite_ends_it_before_the_weights_are_touched():
    network = randomize(nn.Linear(3, 2).double())
    before = network.weight.detach().clone()
    with pytest.raises(UserError, match=r"step 1: loss nan, .* smaller learning_rate than 0.01"):
        list(fit_batches(network, lambda _: network.weight.sum() * math.nan, FitOptions(steps=3)))
    assert torch.equal(network.weight, before)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"steps": 0}, "steps is 0; it must be above 0"),
        ({"minutes": 1.0, "steps": 2}, "minutes and steps are both budgets"),
        ({"learning_rate": math.inf}, "learning_rate is inf"),
        ({"batch_size": 0}, "batch_size is 0; it must be at least 1"),
        ({"clip": "no"}, "clip is 'no'; it must be a number"),
    ],
)
def test_options_out_of_range_are_refused_by_name(given, told):
    with pytest.raises(UserError, match=told):
        FitOptions(**given)


def test_windows_of_a_text_are_drawn_by_the_seed_and_predicted_one_ahead():
    ids = np.arange(30)
    read = []

    class Table(nn.Module):
        """Predicts from the last letter alone, and notes what it reads."""

        def __init__(self):
            super().__init__()
            self.table = nn.Parameter(torch.eye(30).double())

        def forward(self, inputs):
            read.append(inputs)
            return self.table[inputs], None

    (report,) = fit_next(Table(), ids, 6, FitOptions(steps=1, batch_size=400, seed=4))
    (inputs,) = read
    assert inputs.shape == (400, 6)
    assert torch.equal(inputs, inputs[:, :1] + torch.arange(6))
    assert set(inputs[:, 0].tolist()) == set(range(24))  # the last target is the last letter
    assert report.loss == pytest.approx(math.log(29 + math.e))  # the next letter has logit 0
    list(fit_next(Table(), ids, 6, FitOptions(steps=1, batch_size=400, seed=4)))
    assert torch.equal(read[1], read[0])
    with pytest.raises(UserError, match="6 characters, but a window needs 7"):
        fit_next(Table(), ids[:6], 6)
    with pytest.raises(UserError, match="window is 0"):
        fit_next(Table(), ids, 0)
