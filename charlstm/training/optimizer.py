"""A step's change of the weights: the gradient is clipped, AdamW moves, the average follows."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from charlstm.model.network import CharModel
from charlstm.options import TrainOptions

BETA2 = 0.99
AVERAGED_STEPS = 4  # from one move of the average to the next


def adamw(model: nn.Module, options: TrainOptions) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov & Hutter 2019) with weight decay on matrices only.

    By default it has no momentum. Melis, Dyer & Blunsom 2018 train language models in this way, and
    `pretrained/README.md` shows how much it helps.
    """
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": options.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    betas = options.beta1, BETA2
    return torch.optim.AdamW(groups, lr=options.learning_rate, betas=betas, fused=True)


def clip(weights: Sequence[nn.Parameter], most: float | None) -> Tensor:
    """Scale the gradient down to a global norm of `most` if it is longer; return its norm before.

    On a CPU this leaves a short gradient alone; `nn.utils.clip_grad_norm_` multiplies it by 1.
    A GPU would have to be waited for to learn whether it is short.

    Args:
        weights: with their gradients, one at least.
        most: None clips nothing.
    """
    if not weights[0].is_cpu:
        return nn.utils.clip_grad_norm_(weights, most or math.inf)
    norms = [torch.linalg.vector_norm(w.grad) for w in weights if w.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack(norms))
    if most and not norm < most:  # NaN is not short
        nn.utils.clip_grad_norm_(weights, most)
    return norm


@torch.no_grad()
def move_average(average: CharModel, model: CharModel, decay: float, step: int) -> None:
    """Move averaged weights a little towards a model's weights: average += (1 - d^4) (w - average).

    The mean of the weights over many steps is often better than the weights of any one
    (Polyak & Juditsky 1992). From one step to the next the weights change little. So the average
    moves in every fourth step only, as far as it would in four.

    Args:
        average: holds the averaged weights; it changes in place.
        model: the model whose weights are averaged.
        decay: d, per step, close to 1. In the first steps (1 + step) / (10 + step) is smaller and
            takes its place, so that the average soon forgets the initial weights.
        step: steps done before this one.
    """
    if (step + 1) % AVERAGED_STEPS:
        return
    decay = min(decay, (1 + step) / (10 + step)) ** AVERAGED_STEPS
    for mean, weight in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(weight, 1 - decay)
