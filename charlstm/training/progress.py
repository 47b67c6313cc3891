"""How far a training has come: the numbers that it counts, and its report of each step."""

import math
import time
from dataclasses import dataclass

from charlstm.model.section import Section

ROLLBACKS = 3  # steps back before a training gives up
MOST_SECONDS = 1e9  # 30 years; far beyond, a clock that begins there stands still


@dataclass(frozen=True)
class Report:
    """What one step did; on a GPU, what all steps since the last report did.

    Attributes:
        step: steps done, this one included.
        epoch: passes over the training text, counted in fractions.
        fraction: share of the budget used, 0 to 1.
        loss: nats per character of this step's window, before its update; on a GPU the mean over
            these steps.
        train_loss: mean of `loss` since the last validation.
        grad_norm: global norm of the gradient before clipping.
        clipped: share of all steps so far whose gradient was clipped.
        learning_rate: the rate of this step.
        chars_per_second: characters trained on per second, since `fit` was called or the last step
            back.
        validation: nats per character of the validation text, cold, over at most 64 windows. The
            averaged and the raw weights are scored, and the better score counts. None if no
            validation followed this step.
        improved: whether this validation is the best so far.
        note: something the user should know, such as another number of threads, or a step back
            after a non-finite loss.
        mean_grad_norm: mean of `grad_norm` since the last validation.
        seconds: time used so far, validations included.
        characters: how many were trained on so far, those of each epoch counted again.
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
    mean_grad_norm: float = 0.0
    seconds: float = 0.0
    characters: int = 0


@dataclass
class Progress:
    """The numbers of a training that change from step to step.

    Attributes:
        step: steps done.
        seconds: time used, validations included.
        best: nats per character of the best validation; None before the first.
        stale: number of validations since the best one.
        clipped: steps whose gradient was clipped.
        loss_sum: sum of the losses since the last validation, nats per character.
        loss_steps: steps in that sum, and in `norm_sum`.
        best_step: steps done at the best validation.
        rate_scale: factor of the learning rate, halved by each step back.
        rollbacks: number of steps back.
        begun_step: steps done when the present budget began: 0, or more if a finished training was
            given another one.
        begun_seconds: time used by then.
        norm_sum: sum of the gradients' norms since the last validation, before clipping.
    """

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
    begun_step: int = 0
    begun_seconds: float = 0.0
    norm_sum: float = 0.0

    @classmethod
    def from_json(cls, saved: Section) -> "Progress":
        """Read what `dataclasses.asdict` made, as a run saves it.

        Raises:
            UserError: a number is garbled, or no training has these numbers together.
        """
        step = saved.count("step")
        seconds = saved.number("seconds", most=MOST_SECONDS)
        rollbacks = saved.count("rollbacks", most=ROLLBACKS)
        begun = "begun_seconds" in saved
        return cls(
            step=step,
            seconds=seconds,
            best=None if saved.values.get("best") is None else saved.number("best"),
            stale=saved.count("stale", most=step),
            clipped=saved.count("clipped", most=step),
            loss_sum=saved.number("loss_sum"),
            norm_sum=saved.number("norm_sum") if "norm_sum" in saved else 0.0,
            loss_steps=saved.count("loss_steps", most=step),
            best_step=saved.count("best_step", most=step),
            rate_scale=float(saved.one_of("rate_scale", [0.5**rollbacks])),
            rollbacks=rollbacks,
            begun_step=saved.count("begun_step", most=step) if "begun_step" in saved else 0,
            begun_seconds=saved.number("begun_seconds", most=seconds) if begun else 0.0,
        )

    def begin_budget(self) -> None:
        """Let another budget begin now."""
        self.begun_step = self.step
        self.begun_seconds = self.seconds
        self.stale = 0

    def count_loss(self, loss: float, norm: float, clipped: bool) -> None:
        """Count a step: its loss, nats per character, and its gradient's norm before clipping."""
        self.clipped += clipped
        self.loss_sum += loss
        self.norm_sum += norm
        self.loss_steps += 1

    def count_validation(self, nats: float) -> bool:
        """Count a validation, and return whether it is the best so far.

        Args:
            nats: per character; NaN if no score was finite.
        """
        improved = nats < (math.inf if self.best is None else self.best)
        if improved:
            self.best = nats
            self.best_step = self.step
        self.stale = 0 if improved else self.stale + 1
        self.loss_sum = self.norm_sum = 0.0
        self.loss_steps = 0
        return improved


class Clock:
    """Measures the time that a training has used, and its speed since the clock was made."""

    def __init__(self, progress: Progress) -> None:
        self._first_step = progress.step
        self._first_seconds = progress.seconds
        self._begun = time.monotonic() - progress.seconds  # as if it had never stopped

    def read(self) -> float:
        """Return the seconds that the training has used, also in earlier calls and sessions."""
        return time.monotonic() - self._begun

    def steps_per_second(self, progress: Progress) -> float:
        """Return the speed since the clock was made; 0 before the first step."""
        seconds = progress.seconds - self._first_seconds
        return (progress.step - self._first_step) / seconds if seconds else 0.0
