"""How much a training may use, and the learning rate that follows from it.

A budget is a number of minutes, epochs (passes over the training text) or steps. The learning rate
depends on the share of the budget that is used. So it is low at the end of every training.
"""

import math
from dataclasses import dataclass

from charlstm.errors import counted
from charlstm.options import DEFAULT_MINUTES, UNITS, MoreOptions, TrainOptions, Unit

WARMUP_STEPS = 100
WARMUP_SHARE = 0.05  # of the budget
LAST_RATE = 0.02  # share of the highest learning rate that is left when the budget is used up

# Scoring a character takes a third of the time of training on it, and both the averaged and the raw
# weights are scored. So validation takes 2 * 1/3 * 1/30 of the time, about 2 %.
TRAINED_PER_SCORED = 30  # characters trained on, for each that a validation scores
SHORTEST_INTERVAL = 25  # steps between two validations


@dataclass(frozen=True)
class Budget:
    """How long a training goes on.

    Attributes:
        amount: number of minutes, epochs or steps.
        unit: which of the three.

    Example:
        >>> budget = Budget.of(TrainOptions(epochs=2))
        >>> str(budget), budget.fraction(step=50, seconds=9.0, steps_per_epoch=100)
        ('2 epochs', 0.25)
    """

    amount: float
    unit: Unit

    @classmethod
    def of(cls, options: TrainOptions) -> "Budget":
        """Return the budget that the options name, or the default one if they name none."""
        if options.steps is not None:
            return cls(options.steps, "steps")
        if options.epochs is not None:
            return cls(options.epochs, "epochs")
        return cls(options.minutes or DEFAULT_MINUTES, "minutes")

    @classmethod
    def more(cls, options: MoreOptions) -> "Budget | None":
        """Return the budget that a training gets in addition; None for none."""
        for unit in UNITS:
            if (amount := getattr(options, f"more_{unit}")) is not None:
                return cls(amount, unit)
        return None

    def __str__(self) -> str:
        whole = round(self.amount)
        amount = whole if whole == self.amount else self.amount  # "2 epochs" for 2.0
        return counted(amount, self.unit.removesuffix("s"))

    def fraction(self, step: int, seconds: float, steps_per_epoch: int) -> float:
        """Return the share of the budget that is used after these steps and seconds, 0 to 1."""
        if self.unit == "steps":
            used = step / self.amount
        elif self.unit == "epochs":
            used = step / (self.amount * steps_per_epoch)
        else:
            used = seconds / (60 * self.amount)
        return min(1.0, used)

    def characters(self, length: int, chars_per_step: int, chars_per_second: float) -> float:
        """Return how many characters a training reads, summed over all its passes over a text.

        Args:
            length: number of characters in the text.
            chars_per_step: characters that a step trains on, in all streams together.
            chars_per_second: speed of the training; it matters only for a budget in minutes.
        """
        if self.unit == "steps":
            return self.amount * chars_per_step
        if self.unit == "epochs":
            return self.amount * length
        return 60 * self.amount * chars_per_second


def validation_interval(scored: int, chars_per_step: int) -> int:
    """Return the number of steps between two validations.

    Args:
        scored: characters that each validation scores.
        chars_per_step: characters that a step trains on.
    """
    return max(SHORTEST_INTERVAL, math.ceil(TRAINED_PER_SCORED * scored / chars_per_step))


def learning_rate(highest: float, fraction: float, step: int) -> float:
    """Return the learning rate of a step: a linear warm-up, then a cosine down to 2 %.

    The warm-up takes 100 steps or 5 % of the budget, whichever is over first. The cosine runs over
    the whole budget; it is equation 5 of Loshchilov & Hutter 2017 (SGDR), without restarts.

    Args:
        highest: the learning rate of the options. Each step back after a failure halves it.
        fraction: share of the budget that is used, 0 to 1.
        step: steps done before this one.

    Example:
        >>> [round(learning_rate(1.0, step / 1000, step), 3) for step in (0, 49, 500, 1000)]
        [0.01, 0.974, 0.51, 0.02]
    """
    warm = min(1.0, max((step + 1) / WARMUP_STEPS, fraction / WARMUP_SHARE))
    decay = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * fraction))
    return highest * warm * decay
