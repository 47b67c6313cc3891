"""Truncated back-propagation through time: `fit` is a generator of reports.

Everything random in a step is drawn from its seed and number alone, so that a training that is
stopped and resumed needs no random states to go on as if it had never stopped.
"""

import copy
import dataclasses
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.measuring.scores import COLD_WINDOW, cold
from charlstm.model.cells import CELLS
from charlstm.model.checkpoint import Arrays
from charlstm.model.network import CharModel, ModelState
from charlstm.options import DEFAULT_MINUTES, TrainOptions
from charlstm.text.streams import streams_for
from charlstm.text.vocabulary import Ids

WARMUP_STEPS = 100
LAST_RATE = 0.02  # share of the learning rate at the end of the budget
VALIDATION_WINDOWS = 64  # of 256 characters, spread over the validation text
ROLLBACKS = 3


@dataclass(frozen=True)
class Report:
    """What one step did.

    Attributes:
        step: steps done, this one included.
        epoch: passes over the training text, a fraction.
        fraction: share of the budget used, 0 to 1.
        loss: nats per character of this step's window, before its update.
        train_loss: mean of `loss` since the last validation.
        grad_norm: global norm of the gradient before clipping.
        clipped: share of all steps so far whose gradient was clipped.
        learning_rate: that of this step.
        chars_per_second: characters trained on per second, since `fit` was called.
        validation: nats per character of the validation text (cold, at most 64 windows) by the
            averaged weights or the raw ones, whichever are better, where this step ended with one.
        improved: whether that is the best so far.
        note: something the user should know, such as a step back after a non-finite loss.
    """

    step: int
    epoch: float
    fraction: float
    loss: float
    train_loss: float
    grad_norm: float
    clipped: float
    learning_rate: float
    chars_per_second: float
    validation: float | None = None
    improved: bool = False
    note: str = ""


@dataclass
class Progress:
    """The numbers of a training that change from step to step."""

    step: int = 0
    seconds: float = 0.0
    best: float | None = None
    stale: int = 0
    clipped: int = 0
    loss_sum: float = 0.0
    loss_steps: int = 0
    best_step: int = 0
    rate_scale: float = 1.0
    rollbacks: int = 0


class Trainer:
    """A training: a model, the text it reads, and all that changes while it does.

    Args:
        model: trained in place.
        train_ids: the training text, int32, (N,).
        validation_ids: the validation text, int32, (M,).
        options: budget, windows, optimiser.

    Raises:
        UserError: a text of fewer than two characters.
    """

    def __init__(
        self, model: CharModel, train_ids: Ids, validation_ids: Ids, options: TrainOptions
    ) -> None:
        self.model = model
        self.options = options
        self.validation_ids = validation_ids
        self.streams = streams_for(train_ids, options.batch_size, options.window)
        self.optimizer = _optimizer(model, options)
        self.average = copy.deepcopy(model) if options.ema else model
        self.best = model.to_arrays()
        self.hidden: ModelState | None = None
        self.progress = Progress()
        validated = min(len(validation_ids) - 1, VALIDATION_WINDOWS * COLD_WINDOW)
        self.chars_per_step = self.streams.batch_size * self.streams.window
        # scoring costs a third of training on as many characters, twice: about 2 % in all
        self.validate_every = max(25, math.ceil(30 * validated / self.chars_per_step))
        self._good = self._snapshot()

    def fit(self) -> Iterator[Report]:
        """Train until the budget or the patience is used up, a report for each step.

        When it ends, or is left by `break`, the model still holds its raw weights; the best ones
        on validation are in `best`.

        Raises:
            UserError: loss or gradient are not finite, the fourth time.
        """
        run, progress = self.options, self.progress
        started, first = time.monotonic() - progress.seconds, progress.step
        fresh = time.monotonic()
        while self._fraction() < 1 and not self.out_of_patience():
            epoch, index = divmod(progress.step, self.streams.windows)
            rng = np.random.default_rng((run.seed, 1, progress.step))
            state = None if index == 0 else _reset(self.hidden, run.reset, rng)
            inputs, targets = self.streams.read(index, self._offset(epoch))
            rate = self._learning_rate()
            for group in self.optimizer.param_groups:
                group["lr"] = rate

            logits, state = self.model(torch.from_numpy(inputs), state, rng)
            loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
            self.optimizer.zero_grad()
            loss.backward()
            norm = float(nn.utils.clip_grad_norm_(self.model.parameters(), run.clip or math.inf))
            if not (math.isfinite(norm) and math.isfinite(loss.item())):
                yield self._step_back(loss.item(), norm, rate)
                progress = self.progress
                continue
            self.optimizer.step()
            self.hidden = [tuple(s.detach() for s in layer) for layer in state]
            self._update_average()

            progress.step += 1
            progress.clipped += bool(run.clip) and norm > run.clip
            progress.loss_sum += loss.item()
            progress.loss_steps += 1
            progress.seconds = time.monotonic() - started
            report = Report(
                step=progress.step,
                epoch=progress.step / self.streams.windows,
                fraction=min(1.0, self._fraction()),
                loss=loss.item(),
                train_loss=progress.loss_sum / progress.loss_steps,
                grad_norm=norm,
                clipped=progress.clipped / progress.step,
                learning_rate=rate,
                chars_per_second=(progress.step - first)
                * self.chars_per_step
                / (time.monotonic() - fresh),
            )
            if progress.step % self.validate_every == 0 or report.fraction == 1:
                report = self._validate(report)
                progress.seconds = time.monotonic() - started
                report = dataclasses.replace(report, fraction=min(1.0, self._fraction()))
            yield report

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """Return copies of all that a training needs to go on: arrays, and plain numbers.

        The last good state, to which a non-finite loss leads back, is part of it.
        """
        arrays, numbers = self._snapshot()
        good_arrays, good_numbers = self._good
        arrays |= {f"good.{name}": array for name, array in good_arrays.items()}
        return arrays, {"now": numbers, "good": good_numbers}

    def load_state(self, arrays: Arrays, numbers: dict[str, Any]) -> None:
        """Go on from what `state` returned.

        Raises:
            UserError: the arrays are not those of this model and optimiser.
        """
        try:
            self._good = _under("good.", arrays), numbers["good"]
            self._load_snapshot(*self._good)  # it must fit, too
            self._load_snapshot(arrays, numbers["now"])
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise UserError(f"the saved training does not fit its own options: {error}") from None

    def _snapshot(self) -> tuple[Arrays, dict[str, Any]]:
        arrays = {f"model.{name}": array for name, array in self.model.to_arrays().items()}
        if self.options.ema:
            arrays |= {f"average.{name}": a for name, a in self.average.to_arrays().items()}
        arrays |= {f"best.{name}": array.copy() for name, array in self.best.items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            for name, tensor in moments.items():
                arrays[f"optimizer.{index}.{name}"] = tensor.numpy().copy()
        for index, layer in enumerate(self.hidden or ()):
            for part, tensor in enumerate(layer):
                arrays[f"hidden.{index}.{part}"] = tensor.numpy().copy()
        return arrays, dataclasses.asdict(self.progress)

    def _load_snapshot(self, arrays: Arrays, numbers: dict[str, Any]) -> None:
        self.model.load_arrays(_under("model.", arrays))
        if self.options.ema:
            self.average.load_arrays(_under("average.", arrays))
        best = _under("best.", arrays)
        shapes = {name: array.shape for name, array in self.best.items()}
        if shapes != {name: array.shape for name, array in best.items()}:
            raise ValueError("its best weights have other shapes")
        self.best = best
        moments: dict[int, dict[str, Tensor]] = {}
        for name, array in _under("optimizer.", arrays).items():
            index, moment = name.split(".")
            moments.setdefault(int(index), {})[moment] = torch.from_numpy(array.copy())
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        hidden, cell = _under("hidden.", arrays), CELLS[self.model.options.cell]
        self.hidden = [
            tuple(torch.from_numpy(hidden[f"{layer}.{k}"].copy()) for k in range(cell.states))
            for layer in range(self.model.options.layers if hidden else 0)
        ] or None
        self.progress = Progress(**numbers)

    def _fraction(self) -> float:
        run, progress = self.options, self.progress
        if run.steps is not None:
            return progress.step / run.steps
        if run.epochs is not None:
            return progress.step / (run.epochs * self.streams.windows)
        return progress.seconds / (60 * (run.minutes or DEFAULT_MINUTES))

    def out_of_patience(self) -> bool:
        """Whether so many validations in a row were not better that training stops."""
        return 0 < self.options.patience <= self.progress.stale

    def _offset(self, epoch: int) -> int:
        rng = np.random.default_rng((self.options.seed, 0, epoch))
        return int(rng.integers(self.streams.dropped + 1))

    def _learning_rate(self) -> float:
        """Warm up over 100 steps or 5 % of the budget, then follow a cosine down to 2 %."""
        fraction = self._fraction()
        warm = min(1.0, max((self.progress.step + 1) / WARMUP_STEPS, fraction / 0.05))
        decay = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * fraction))
        return self.options.learning_rate * self.progress.rate_scale * warm * decay

    @torch.no_grad()
    def _update_average(self) -> None:
        """Move the average towards the weights, faster in the first steps."""
        if not self.options.ema:
            return
        step = self.progress.step
        decay = min(self.options.ema, (1 + step) / (10 + step))
        for mean, weight in zip(self.average.parameters(), self.model.parameters(), strict=True):
            mean.lerp_(weight, 1 - decay)

    def _validate(self, report: Report) -> Report:
        """Score the averaged weights and the raw ones, and keep the better."""
        progress = self.progress
        models = [self.average, self.model] if self.options.ema else [self.model]
        scores = [self._score(model) for model in models]
        finite = [score if math.isfinite(score) else math.inf for score in scores]
        nats = min(finite)
        improved = nats < (math.inf if progress.best is None else progress.best)
        if improved:
            progress.best, progress.best_step = nats, progress.step
            self.best = models[finite.index(nats)].to_arrays()
        progress.stale = 0 if improved else progress.stale + 1
        progress.loss_sum, progress.loss_steps = 0.0, 0
        if all(map(math.isfinite, scores)):
            self._good = self._snapshot()
        shown = nats if math.isfinite(nats) else math.nan
        return dataclasses.replace(report, validation=shown, improved=improved)

    def score_training(self) -> float:
        """Score the best weights on the training text as validation is scored: cold, no dropout."""
        best = CharModel(self.model.options, self.model.vocabulary_size).load_arrays(self.best)
        return cold(best, self.streams.ids, most_windows=VALIDATION_WINDOWS).nats

    def _score(self, model: CharModel) -> float:
        in_bf16, model.bf16 = model.bf16, False  # figures are those of fp32
        nats = cold(model, self.validation_ids, most_windows=VALIDATION_WINDOWS).nats
        model.bf16 = in_bf16
        return nats

    def _step_back(self, loss: float, norm: float, rate: float) -> Report:
        """Return to the last good state with half the learning rate."""
        failed, rollbacks = self.progress.step + 1, self.progress.rollbacks + 1
        seen = f"step {failed}: loss {loss:.4g}, gradient norm {norm:.4g}"
        if rollbacks > ROLLBACKS:
            raise UserError(
                f"{seen}, after {ROLLBACKS} times half the learning rate; the best model so far is"
                " kept; train again with a smaller --learning-rate or --clip"
            )
        scale, seconds = self.progress.rate_scale / 2, self.progress.seconds
        self._load_snapshot(*self._good)
        progress = self.progress
        progress.rate_scale, progress.rollbacks, progress.seconds = scale, rollbacks, seconds
        return Report(
            step=progress.step,
            epoch=progress.step / self.streams.windows,
            fraction=min(1.0, self._fraction()),
            loss=loss,
            train_loss=loss,
            grad_norm=norm,
            clipped=progress.clipped / max(1, progress.step),
            learning_rate=rate,
            chars_per_second=0.0,
            note=f"{seen}; back to step {progress.step} with {scale:g} times the learning rate",
        )


def fit(
    model: CharModel, train_ids: Ids, validation_ids: Ids, options: TrainOptions
) -> Iterator[Report]:
    """Train a model, a report for each step; stop early with `break`.

    When it ends, or is left early, the model holds the weights that were best on validation; left
    before the first validation, their average so far.

    Args:
        model: trained in place.
        train_ids: the training text, int32, (N,).
        validation_ids: the validation text, int32, (M,).
        options: budget, windows, optimiser.

    Yields:
        A `Report` per step.

    Example:
        >>> from charlstm import CharModel, ModelOptions, TrainOptions, Vocabulary, fit
        >>> text = "to be or not to be. " * 20
        >>> vocabulary = Vocabulary.of(text)
        >>> ids = vocabulary.encode(text)
        >>> model = CharModel(ModelOptions(hidden_size=16, dropout=0), len(vocabulary))
        >>> reports = list(fit(model, ids[:360], ids[360:], TrainOptions(steps=50)))
        >>> reports[-1].loss < reports[0].loss
        True
    """
    trainer = Trainer(model, train_ids, validation_ids, options)
    try:
        yield from trainer.fit()
    finally:
        measured = trainer.progress.best is not None
        model.load_arrays(trainer.best if measured else trainer.average.to_arrays())


def _optimizer(model: CharModel, options: TrainOptions) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019), the decay on matrices only.

    By default without momentum, as Melis, Dyer & Blunsom 2018 train language models;
    `pretrained/README.md` tells what that brings.
    """
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": options.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    betas = options.beta1, 0.99
    return torch.optim.AdamW(groups, lr=options.learning_rate, betas=betas, fused=True)


def _reset(state: ModelState | None, chance: float, rng: np.random.Generator) -> ModelState | None:
    """Start each stream again from zeros with some chance, as sampling will."""
    if state is None or not chance:
        return state
    keep = torch.from_numpy(rng.random((len(state[0][0]), 1)) >= chance)
    return [tuple(s * keep for s in layer) for layer in state]


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
