"""Dropout: masks from the caller's random generator, made on the device where they are used.

On a CPU the generator is NumPy's. It draws masks faster than PyTorch's, and the same ones in every
version. On another device it is PyTorch's own generator for that device, so no mask travels there.

Units are few, and a random float decides on each. Weights are many, so that on a CPU drawing their
mask would take longer than anything but the recurrence itself. There a random byte decides on each.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

MADE_AT_ONCE = 16  # generators
Rng = np.random.Generator | torch.Generator


def generator_for(device: torch.device, seeds: Sequence[int]) -> Rng:
    """Return a new random generator for a device: NumPy's for a CPU, else PyTorch's.

    Args:
        device: where the masks are used.
        seeds: whole numbers of at least 0; the same ones give the same numbers.
    """
    if device.type == "cpu":
        return np.random.default_rng(seeds)
    generator = torch.Generator(device)
    (seed,) = np.random.SeedSequence(seeds).generate_state(1, np.uint64)
    return generator.manual_seed(int(seed) >> 1)  # PyTorch reads the highest bit as a sign


class Generators:
    """A random generator for each step of a training. It depends on the seeds and the step alone.

    They are made for several steps at once. To make one between two other works of a step takes ten
    times as long as to make one more.

    Args:
        device: where the masks are used.
        before, after: seeds before and after the step's number, whole numbers of at least 0.
    """

    def __init__(
        self, device: torch.device, before: tuple[int, ...], after: tuple[int, ...] = ()
    ) -> None:
        self._device = device
        self._before = before
        self._after = after
        self._made: dict[int, Rng] = {}

    def take(self, step: int) -> Rng:
        """Return a step's generator, new even if the training has been at this step before."""
        if step not in self._made:
            steps = range(step, step + MADE_AT_ONCE)
            self._made = {s: self._make(s) for s in steps}
        return self._made.pop(step)

    def _make(self, step: int) -> Rng:
        return generator_for(self._device, (*self._before, step, *self._after))


def kept(shape: Sequence[int], rate: float, rng: Rng, dtype: Any = np.float32) -> Tensor:
    """Draw which elements are kept, as a tensor of bool on the generator's device.

    Args:
        shape: of the mask.
        rate: share of the elements that is not kept.
        rng: source of the numbers.
        dtype: in which NumPy draws them.
    """
    if isinstance(rng, torch.Generator):
        return torch.rand(tuple(shape), generator=rng, device=rng.device) >= rate
    return torch.from_numpy(rng.random(tuple(shape), dtype) >= rate)


def dropped(x: Tensor, shape: Sequence[int], rate: float, rng: Rng) -> Tensor:
    """Set elements of `x` to zero, and scale the rest by 1 / (1 - rate).

    Args:
        x: any tensor.
        shape: of the mask, which is repeated where an axis is 1.
        rate: share of the elements that is set to zero.
        rng: source of the mask.
    """
    return x * (kept(shape, rate, rng).to(x.dtype) / (1.0 - rate))


def dropped_weights(weights: Tensor, rate: float, rng: Rng) -> Tensor:
    """Set single weights to zero, and scale the rest (DropConnect: Wan et al. 2013).

    With NumPy's generator the share that is set to zero is `rate` rounded to a whole number of
    256ths, at least one. The rest is scaled by what this share asks for, so that the mean stays.

    Args:
        weights: any tensor; on the CPU if the generator is NumPy's.
        rate: share of the weights that is set to zero.
        rng: source of the mask.
    """
    if not isinstance(rng, np.random.Generator):
        return dropped(weights, weights.shape, rate, rng)
    zeros = max(1, round(256 * rate))  # of the 256 values of a byte
    words = rng.bit_generator.random_raw(math.ceil(weights.numel() / 8))
    drawn = torch.from_numpy(words.astype("<u8", copy=False).view(np.uint8))[: weights.numel()]
    drawn = drawn.view(weights.shape)
    # straight into floats: PyTorch takes several times as long to convert a mask of bool
    mask = torch.ge(drawn, zeros, out=torch.empty_like(weights)).mul_(256 / (256 - zeros))
    return weights * mask


def locked_dropout(x: Tensor, rate: float, rng: Rng | None) -> Tensor:
    """Zero the same units at all time steps of a window (Gal & Ghahramani 2016).

    Args:
        x: (B, T, D).
        rate: share of units set to zero; the rest is scaled by 1 / (1 - rate).
        rng: source of the mask; None returns `x`.
    """
    if not rate or rng is None:
        return x
    return dropped(x, (x.shape[0], 1, x.shape[2]), rate, rng)
