"""Fitting: the loop that trains the networks of this folder, and yields a report for each step.

A network's own `fit_...` says what a batch is and what it costs. Budget, warm-up, decay, clipping
and AdamW are those of every other training here. Batches are drawn at random, so there are no
epochs. A step's batch depends on the seed and on the number of the step alone.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charlstm.errors import UserError, counted, option
from charlstm.options import TrainOptions
from charlstm.text.vocabulary import Ids
from charlstm.text.writer import check_sizes
from charlstm.training.budget import Budget, learning_rate
from charlstm.training.optimizer import adamw, clip
from charlstm.training.progress import Clock, Progress

Draw = Callable[[np.random.Generator], Tensor]


@dataclass(frozen=True)
class FitOptions:
    """One training on random batches. Names, ranges and messages are those of `TrainOptions`.

    Attributes:
        minutes: budget in minutes; 3 if no budget is given.
        steps: budget in steps.
        batch_size: examples in a batch.
        learning_rate: the highest one; it decays to 2 % of this over the budget.
        beta1: AdamW's momentum.
        weight_decay: AdamW's decay of the weight matrices.
        clip: largest global norm of the gradient; None turns clipping off.
        seed: of the batches. The weights have a seed of their own, where the network is made.

    Raises:
        UserError: a value out of its range, or two budgets.

    Example:
        >>> FitOptions(steps=0)
        Traceback (most recent call last):
        charlstm.errors.UserError: steps is 0; it must be above 0 and finite
    """

    minutes: float | None = None
    steps: int | None = None
    batch_size: int = 64
    learning_rate: float = 1e-2
    beta1: float = 0.0
    weight_decay: float = 0.0
    clip: float | None = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        self.of_training()

    def of_training(self) -> TrainOptions:
        """Return the same options as those of a character model's training."""
        return TrainOptions(**dataclasses.asdict(self))


@dataclass(frozen=True)
class FitReport:
    """What one step did.

    Attributes:
        step: steps done, this one included.
        fraction: share of the budget used, 0 to 1.
        loss: of this step's batch, before its update, in the units of the network's own loss.
        grad_norm: global norm of the gradient before clipping.
        learning_rate: the rate of this step.
        seconds: used so far.
    """

    step: int
    fraction: float
    loss: float
    grad_norm: float
    learning_rate: float
    seconds: float


def fit_batches(model: nn.Module, loss_of: Draw, options: FitOptions) -> Iterator[FitReport]:
    """Train a network until the budget is used up, and yield a report for each step.

    Leave by `break` at any time: the network keeps the weights of the last step.

    Args:
        model: trained in place, where it lies.
        loss_of: draws a batch with a random generator and returns its mean loss.
        options: budget and optimiser.

    Raises:
        UserError: the loss or the gradient is not finite. The weights are those of the step before.

    Example:
        >>> import torch
        >>> line = nn.Linear(1, 1)
        >>> def loss_of(rng):
        ...     x = torch.tensor(rng.normal(size=(8, 1)), dtype=torch.float32)
        ...     return (line(x) - 3 * x).square().mean()
        >>> options = FitOptions(steps=300, learning_rate=0.1)
        >>> report = list(fit_batches(line, loss_of, options))[-1]
        >>> report.step, round(line.weight.item(), 1)
        (300, 3.0)
    """
    training = options.of_training()
    budget = Budget.of(training)
    optimizer = adamw(model, training)
    weights = list(model.parameters())
    progress = Progress()
    clock = Clock(progress)
    while (fraction := budget.fraction(progress.step, clock.read(), 1)) < 1:
        rate = learning_rate(options.learning_rate, fraction, progress.step)
        optimizer.zero_grad()
        loss = loss_of(np.random.default_rng((options.seed, progress.step)))
        loss.backward()
        norm = clip(weights, options.clip).item()
        if not math.isfinite(loss.item() + norm):
            raise UserError(
                f"step {progress.step + 1}: loss {loss.item():g}, norm of the gradient {norm:g};"
                f" train again with a smaller {option('learning_rate')}"
                f" than {options.learning_rate:g}"
            )
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        progress.step += 1
        seconds = clock.read()
        yield FitReport(
            step=progress.step,
            fraction=budget.fraction(progress.step, seconds, 1),
            loss=loss.item(),
            grad_norm=norm,
            learning_rate=rate,
            seconds=seconds,
        )


def fit_next(
    model: nn.Module, ids: Ids, window: int = 128, options: FitOptions | None = None
) -> Iterator[FitReport]:
    """Train a network to predict the next character, and yield a report for each step.

    A batch is random windows of the text, each read from the start state. So networks with a state
    and without one read the same.

    Args:
        model: returns logits (B, T, V) and a state for ids (B, T); it is trained in place, where it
            lies.
        ids: the text, (N,).
        window: characters that are predicted in a window.
        options: budget and optimiser.

    Raises:
        UserError: the window is below 1, or the text does not have one character more than it. At a
            step: the model refuses an id, or as for `fit_batches`.

    Example:
        >>> from charlstm import CharModel, ModelOptions
        >>> ids = np.array([0, 1, 2] * 40)
        >>> model = CharModel(ModelOptions(hidden_size=16), vocabulary_size=3)
        >>> list(fit_next(model, ids, 16, FitOptions(steps=40)))[-1].loss < 0.2
        True
    """
    options = options or FitOptions()
    check_sizes(window=(window, 1))
    if len(ids) <= window:
        raise UserError(
            f"the text has {counted(len(ids), 'character')}, but a window needs {window + 1}; give"
            " a longer text or a smaller window"
        )
    device = next(model.parameters()).device

    def loss_of(rng: np.random.Generator) -> Tensor:
        starts = rng.integers(len(ids) - window, size=(options.batch_size, 1))
        pieces = torch.from_numpy(ids[starts + np.arange(window + 1)].astype(np.int64)).to(device)
        logits, _ = model(pieces[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), pieces[:, 1:].flatten())

    return fit_batches(model, loss_of, options)
