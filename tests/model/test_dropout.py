"""Masks: the share that they drop, the scale of the rest, and the generator that draws them."""

import numpy as np
import pytest
import torch

from charlstm.model.dropout import (
    Generators,
    dropped,
    dropped_weights,
    generator_for,
    kept,
    locked_dropout,
)


def test_locked_dropout_keeps_its_mask_over_time_and_the_mean_over_units():
    x = torch.ones(50, 4, 60)
    dropped = locked_dropout(x, 0.3, np.random.default_rng(0))
    assert torch.equal(dropped[:, 0], dropped[:, 3])
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert dropped.mean() == pytest.approx(1, abs=0.05)
    assert locked_dropout(x, 0.3, None) is x


@pytest.mark.parametrize("rng", [np.random.default_rng(4), torch.Generator().manual_seed(4)])
def test_both_kinds_of_generator_keep_the_same_share(rng):
    x = torch.full((300, 200), 2.0, dtype=torch.float64)
    after = dropped(x, (300, 1), 0.2, rng)
    assert after.dtype == torch.float64
    assert set(after.unique().tolist()) == {0, 2 / 0.8}
    assert torch.equal(after, after[:, :1].expand(300, 200))
    assert after.ne(0).double().mean() == pytest.approx(0.8, abs=0.1)


def test_a_cpu_draws_what_numpy_draws_and_the_same_seeds_draw_the_same():
    mask = kept((5, 7), 0.4, generator_for(torch.device("cpu"), (1, 2, 3)))
    assert np.array_equal(
        mask.numpy(), np.random.default_rng((1, 2, 3)).random((5, 7), np.float32) >= 0.4
    )


def test_a_steps_generator_is_the_same_whatever_was_taken_before():
    """In order, with gaps, back again, and the same step twice."""
    made = Generators(torch.device("cpu"), (7, 1), (5,))
    for step in (0, 1, 2, 19, 20, 3, 3, 4, 17, 18, 0):
        expected = np.random.default_rng((7, 1, step, 5)).random(5)
        np.testing.assert_equal(made.take(step).random(5), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("rate", "zeros"), [(0.3, 77), (0.2, 51), (0.99, 253), (0.001, 1)])
def test_a_byte_decides_on_each_weight_and_the_mean_stays(rate, zeros, dtype):
    weights = torch.full((301, 203), 3.0, dtype=dtype, requires_grad=True)
    after = dropped_weights(weights, rate, np.random.default_rng(3))
    (gradient,) = torch.autograd.grad(after.sum(), weights)
    assert after.dtype == dtype
    scale = 256 / (256 - zeros)
    torch.testing.assert_close(after.unique(), torch.tensor([0, 3 * scale], dtype=dtype))
    torch.testing.assert_close(gradient, after.detach() / 3)
    drawn = np.random.default_rng(3).bit_generator.random_raw(301 * 203 // 8 + 1)
    low_bytes_first = b"".join(int(word).to_bytes(8, "little") for word in drawn[:100])
    assert after.flatten()[:800].ne(0).tolist() == [byte >= zeros for byte in low_bytes_first]
    share = after.eq(0).double().mean().item()
    assert share == pytest.approx(zeros / 256, abs=4.5 * (zeros / 256 / after.numel()) ** 0.5)


def test_pytorchs_generator_drops_weights_at_the_very_rate():
    weights = torch.full((300, 200), 2.0)
    after = dropped_weights(weights, 0.2, torch.Generator().manual_seed(4))
    assert torch.equal(after, dropped(weights, (300, 200), 0.2, torch.Generator().manual_seed(4)))


def test_other_devices_get_a_generator_of_their_own_seeded_by_all_numbers(monkeypatch):
    made = []
    plain = torch.Generator

    class Fake(plain):
        def __new__(cls, device):
            made.append(device)
            return plain.__new__(plain)

    monkeypatch.setattr(torch, "Generator", Fake)
    device = torch.device("cuda")
    seeds = [(0, 1, 5), (0, 1, 6), (1, 1, 5), (0, 1, 5)]
    numbers = [torch.rand(8, generator=generator_for(device, s)).tolist() for s in seeds]
    assert made == [device] * 4
    assert numbers[0] == numbers[3]
    assert numbers[0] != numbers[1] != numbers[2] != numbers[0]
