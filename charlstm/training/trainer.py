"""Truncated back-propagation through time: `fit` trains a model and yields a report for each step.

Everything random in a step depends on the seed and the number of the step alone. So a training can
be stopped and resumed without saving any random state, and goes on as if it had never stopped.
"""

import copy
import math
import statistics
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charlstm.errors import UserError, option
from charlstm.machine.cpus import torch_threads
from charlstm.machine.threads import Threads
from charlstm.measuring.scores import COLD_WINDOW, check_predictable, score_cold
from charlstm.model.array_file import LARGEST_WEIGHT, Arrays
from charlstm.model.dropout import Generators
from charlstm.model.kernels import bf16_trouble
from charlstm.model.network import CharModel
from charlstm.model.stack import ModelState
from charlstm.options import UNITS, TrainOptions
from charlstm.text.vocabulary import Ids, check_ids
from charlstm.training.budget import Budget, learning_rate, validation_interval
from charlstm.training.distributed import Ranks
from charlstm.training.optimizer import adamw, clip, move_average
from charlstm.training.progress import Clock, Progress, Report
from charlstm.training.snapshot import (
    DivergedError,
    Numbers,
    Snapshot,
    left,
    pack,
    step_back,
    unpack,
    usable,
)
from charlstm.training.windows import Windows

VALIDATION_WINDOWS = 64  # of 256 characters, spread over the validation text
READ_EVERY = 20  # steps on a GPU between two readings of the loss: each waits for the GPU


class Trainer:
    """A training: a model, the text that it reads, and everything that changes from step to step.

    Args:
        model, train_ids, validation_ids, options: as for `fit`.
        validate_every: steps between two validations; by default they take 2 % of the time.
        bf16: whether to train in bfloat16. Validation is in fp32 even then. By default it is what
            `options.precision` says; "auto" is fp32 here.
        threads: PyTorch's threads. None measures while it trains how many are the fastest, if the
            budget is in minutes. A budget in steps or epochs keeps PyTorch's present number, so
            that it gives the same weights again, and so do several ranks, that must round alike.
        ranks: the processes that train together, this one among them; by default the only one.

    Raises:
        UserError: a text of fewer than two characters, or with an id that is not from 0 to V - 1,
            or no bfloat16 where that was asked for, or streams that the ranks cannot share equally.
    """

    def __init__(
        self,
        model: CharModel,
        train_ids: Ids,
        validation_ids: Ids,
        options: TrainOptions,
        validate_every: int | None = None,
        bf16: bool | None = None,
        threads: int | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        self.model = model
        self.ranks = ranks or Ranks()
        self.options = options
        self.bf16 = _asks_for_bf16(options, model) if bf16 is None else bf16
        V = model.vocabulary_size
        self.train_ids = check_ids(train_ids, V, "train_ids")
        self.validation_ids = check_predictable(validation_ids, V, "validation_ids")
        self._windows = Windows(self.train_ids, options, model.device, self.ranks)
        seeds = options.seed, 1
        self._generators = Generators(model.device, seeds)
        self._masks_of_rank = Generators(model.device, seeds, (self.ranks.rank,))
        self.streams = self._windows.streams
        self.chars_per_step = self.streams.batch_size * self.streams.window
        self.budget = Budget.of(options)
        self._asked_threads = threads
        self.threads = self._choose_threads()
        scored = min(len(validation_ids) - 1, VALIDATION_WINDOWS * COLD_WINDOW)
        interval = validation_interval(scored, self.chars_per_step)
        self.validate_every = validate_every or interval * self.ranks.size
        self.optimizer = adamw(model, options)
        self.average = copy.deepcopy(model) if options.ema else model
        self.best = model.to_arrays()
        self.hidden: ModelState | None = None
        self._unread: list[tuple[Tensor, Tensor]] = []  # losses and norms not read yet
        self.progress = Progress()
        self._clock = Clock(self.progress)
        self._network: nn.Module = model
        self._weights = list(model.parameters())
        self.good = Snapshot.of(self)

    def fit(self) -> Generator[Report, None, None]:
        """Train until the budget or the patience is used up, and yield a report for each step.

        On a GPU a report stands for all steps since the last one, and its loss is their mean.

        When it ends, or the caller leaves by `break`, the model holds the weights of the last step.
        `kept` returns the best ones.

        Whatever ends it, all weights are finite: if those of the last step are not, the training
        is at its last good state again.

        Raises:
            UserError: loss, gradient or weights are not finite, for the fourth time; or no
                validation was finite, so that nothing could be kept.
        """
        try:
            yield from self._fit()
        finally:
            if not usable(self.model, self.average):
                self.good.restore(self)

    def _fit(self) -> Generator[Report, None, None]:
        self._clock = Clock(self.progress)
        self._network = self.ranks.network(self.model)
        while not self.finished():
            with self.threads:
                state = self._back_propagate()
                due = self._due()
                losses, norms = self._read_losses() if due else ([], [])
                finite = all(map(math.isfinite, losses + norms))
                if finite:
                    self._update(state)
            if not finite:
                yield self._step_back_after(losses, norms)
                continue
            if not due:
                continue
            for loss, norm in zip(losses, norms, strict=True):
                self.progress.count_loss(loss, norm, clipped=norm > (self.options.clip or math.inf))
            report = self._report(statistics.fmean(losses), norms[-1])
            if report.step % self.validate_every == 0 or report.fraction == 1:
                report = self._validate(report)
            yield report
            if report.validation is not None and not usable(self.model, self.average):
                seen = f"step {report.step}: a weight is beyond {LARGEST_WEIGHT:,.0f} or not finite"
                yield self._step_back(seen, report.train_loss, report.grad_norm)
        if self.progress.best is None:
            raise DivergedError(f"no validation gave a finite loss; {left(None)}")

    def kept(self) -> Arrays:
        """Return the best weights, or before the first validation the average so far.

        An average that cannot be computed with is none. Then these are the weights of the start.
        """
        if self.progress.best is None and usable(self.average):
            return self.average.to_arrays()
        return self.best

    def score_training(self) -> float:
        """Score the best weights on the training text, as on validation: cold, without dropout."""
        best = copy.deepcopy(self.model).load_arrays(self.best)
        return self._score(best, self.train_ids)

    def finished(self) -> bool:
        """Whether the budget or the patience is used up."""
        return self._fraction() == 1 or self.out_of_patience()

    def train_on(self, budget: Budget) -> None:
        """Let another budget begin where the last one ended; the learning rate rises again."""
        amounts: dict[str, Any] = dict.fromkeys(UNITS)
        amounts[budget.unit] = budget.amount
        self.options = replace(self.options, **amounts)
        self.budget = budget
        self.threads = self._choose_threads()
        self.progress.begin_budget()
        self.good = Snapshot.of(self)

    def out_of_patience(self) -> bool:
        """Whether training stops because the last `patience` validations brought no new best."""
        return self.progress.stale >= (self.options.patience or math.inf)

    def state(self) -> tuple[Arrays, Numbers]:
        """Return copies of everything that a training needs to go on: arrays and plain numbers."""
        return pack(self)

    def load_state(self, arrays: Arrays, numbers: Numbers) -> None:
        """Go on from what `state` returned.

        Raises:
            UserError: the arrays do not belong to this model and optimiser.
        """
        unpack(self, arrays, numbers)

    def _choose_threads(self) -> Threads:
        threads = self._asked_threads
        if threads is None and (self.budget.unit != "minutes" or self.ranks.size > 1):
            threads = torch.get_num_threads()
        return torch_threads(threads, self.model.device)

    def _back_propagate(self) -> ModelState:
        """Read a window, and compute its gradient; return the state after it.

        Loss and norm stay on the device, in `_unread`. Of the B streams, each of N ranks reads its
        B/N; the gradient, the norm, the loss and the state that is returned are those of all.
        """
        rng = self._generators.take(self.progress.step)
        inputs, targets = self._windows.read(self.progress.step)  # (B/N, T) each
        state = self._windows.state_before(self.progress.step, self.hidden, rng)
        if self.ranks.rank:  # resets are the same numbers for all ranks, masks are not
            rng = self._masks_of_rank.take(self.progress.step)
        logits, state = self._network(inputs, state, rng, bf16=self.bf16)  # (B/N, T, V)
        loss = F.cross_entropy(logits.transpose(0, 1).flatten(0, 1), targets.T.flatten())
        for weight in self._weights:
            weight.grad = None  # what `zero_grad` does, in a tenth of its time
        self.ranks.backward(loss)
        norm = clip(self._weights, self.options.clip)
        state = [tuple(s.detach() for s in layer) for layer in state]
        self.progress.seconds, loss, state = self.ranks.agree(
            self._clock.read(), loss.detach(), state
        )
        self._unread.append((loss, norm))
        return state

    def _update(self, state: ModelState) -> None:
        """Move the weights and their average by the gradient, and go on to the next window."""
        self._set_learning_rate()
        self.optimizer.step()
        self.hidden = state
        if self.options.ema:
            move_average(self.average, self.model, self.options.ema, self.progress.step)
        self.progress.step += 1

    def _due(self) -> bool:
        """Whether the losses are read in this step.

        On a CPU they are read in every step. On a GPU a reading waits until the GPU has done all
        that was asked of it, so there it is rare. A validation and the last step need one, too.
        """
        if self.model.device.type == "cpu":
            return True
        step = self.progress.step + 1
        last = self._fraction(step) == 1
        return step % READ_EVERY == 0 or step % self.validate_every == 0 or last

    def _read_losses(self) -> tuple[list[float], list[float]]:
        """Fetch the losses and the norms since the last reading."""
        losses, norms = zip(*self._unread, strict=True)
        numbers = torch.stack([*losses, *norms]).tolist()  # one reading of the device
        self._unread.clear()
        return numbers[: len(losses)], numbers[len(losses) :]

    def _set_learning_rate(self) -> None:
        highest = self.options.learning_rate * self.progress.rate_scale
        for group in self.optimizer.param_groups:
            steps = self.progress.step - self.progress.begun_step
            group["lr"] = learning_rate(highest, self._fraction(), steps)

    def _fraction(self, step: int | None = None) -> float:
        """Return the share of the budget that is used after a step, by default the last one."""
        progress = self.progress
        return self.budget.fraction(
            (progress.step if step is None else step) - progress.begun_step,
            progress.seconds - progress.begun_seconds,
            self.streams.windows,
        )

    def _report(self, loss: float, norm: float) -> Report:
        progress = self.progress
        counted = progress.loss_steps
        return Report(
            step=progress.step,
            epoch=progress.step / self.streams.windows,
            fraction=self._fraction(),
            loss=loss,
            train_loss=progress.loss_sum / counted if counted else loss,
            grad_norm=norm,
            clipped=progress.clipped / max(1, progress.step),
            learning_rate=self.optimizer.param_groups[0]["lr"],
            chars_per_second=self.chars_per_step * self._clock.steps_per_second(progress),
            note=self.threads.news(),
            mean_grad_norm=progress.norm_sum / counted if counted else norm,
            seconds=progress.seconds,
            characters=progress.step * self.chars_per_step,
        )

    def _validate(self, report: Report) -> Report:
        """Score the averaged weights and the raw ones, and remember the better ones."""
        models = [self.average, self.model] if self.options.ema else [self.model]
        scores, seconds = self.ranks.first(
            lambda: ([self._score(m, self.validation_ids) for m in models], self._clock.read())
        )
        finite = [
            (nats, index)
            for index, nats in enumerate(scores)
            if math.isfinite(nats) and usable(models[index])
        ]
        nats, index = min(finite, default=(math.nan, 0))
        improved = self.progress.count_validation(nats)
        if improved:
            self.best = models[index].to_arrays()
        if len(finite) == len(models):
            self.good = Snapshot.of(self)
        self.progress.seconds = seconds
        return replace(
            report,
            validation=nats,
            improved=improved,
            fraction=self._fraction(),
            seconds=seconds,
        )

    def _score(self, model: CharModel, ids: Ids) -> float:
        threads = self.threads.number
        return score_cold(model, ids, most_windows=VALIDATION_WINDOWS, threads=threads).nats

    def _step_back_after(self, losses: list[float], norms: list[float]) -> Report:
        pairs = list(zip(losses, norms, strict=True))
        bad = next(i for i, pair in enumerate(pairs) if not all(map(math.isfinite, pair)))
        loss, norm = pairs[bad]
        step = self.progress.step + 2 - len(pairs) + bad
        seen = f"step {step}: loss {loss:.4g}, gradient norm {norm:.4g}"
        return self._step_back(seen, loss, norm)

    def _step_back(self, seen: str, loss: float, norm: float) -> Report:
        note = step_back(self, seen)
        self._clock = Clock(self.progress)
        report = self._report(loss, norm)
        return replace(report, note="; ".join(filter(None, (note, report.note))))


def _asks_for_bf16(options: TrainOptions, model: CharModel) -> bool:
    if options.precision != "bf16":
        return False
    if trouble := bf16_trouble(model.options.cell, model.device):
        raise UserError(f"{option('precision', 'bf16')}: {trouble}; fp32 works everywhere")
    return True
