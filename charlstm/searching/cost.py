"""How long a search will take, before it begins: known for minutes, else estimated."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import optuna

from charlstm.errors import counted
from charlstm.machine.devices import find_device
from charlstm.model.network import CharModel
from charlstm.searching.plan import Plan
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.material import trainer_for
from charlstm.training.place import Place

TIMED = 5  # settings, drawn from the space
STEPS = 5  # of each that are timed, after one that is not


def lines_of_cost(plan: Plan, left: int) -> Iterator[str]:
    """Yield lines that tell what the search will cost.

    Args:
        plan: the search.
        left: how many settings are still to be tried.
    """
    trainings = left * plan.repeat
    seeds = f" x {counted(plan.repeat, 'seed')}" if plan.repeat > 1 else ""
    told = f"{counted(left, 'setting')}{seeds} x {plan.budget} / {counted(plan.workers, 'worker')}"
    if plan.budget.unit == "minutes":
        minutes = trainings * plan.budget.amount / plan.workers
        yield f"cost: {told} = {duration(60 * minutes)}, and some seconds to measure each"
    else:
        found = seconds_per_training(plan, _drawn(plan))
        low, high = min(found), max(found)
        mean = statistics.fmean(found)
        yield (
            f"cost: {told}: about {duration(trainings * mean / plan.workers)}, estimated from"
            f" {counted(STEPS, 'step')} of {counted(len(found), 'setting')} ({duration(low)} to"
            f" {duration(high)} each; validating and measuring come on top)"
        )
    if plan.prune:
        yield "pruning makes it shorter: Optuna's median pruner ends trainings that are behind"


def seconds_per_training(plan: Plan, settings: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return how long a training of each setting would take, by the speed of its first steps."""
    found = []
    vocabulary = Vocabulary.of(
        plan.text.text, min_count=plan.data.min_count, bytewise=plan.data.bytes
    )
    place = Place(find_device(plan.device), plan.threads)
    for setting in settings:
        sizes, training = plan.options(setting)
        model = CharModel(sizes, len(vocabulary), training.seed)
        trainer = trainer_for(plan.text, vocabulary, model, training, place)
        with closing(trainer.fit()) as reports:
            first = next(reports).step
            begun = time.perf_counter()
            last = max((report.step for report in islice(reports, STEPS)), default=first)
            taken = time.perf_counter() - begun
        each = taken / max(1, last - first)  # a GPU reports now and then only
        steps = plan.budget.amount
        if plan.budget.unit == "epochs":
            steps *= trainer.streams.windows
        found.append(each * steps)
    return found


def _drawn(plan: Plan) -> list[dict[str, Any]]:
    """Draw some settings of the space."""
    if plan.sampler == "grid":
        settings = list(plan.space.grid())
        return random.Random(0).sample(settings, min(TIMED, len(settings)))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [plan.space.suggest(study.ask()) for _ in range(TIMED)]


def duration(seconds: float) -> str:
    """Write a time as a person would.

    Example:
        >>> duration(40), duration(150), duration(40_000)
        ('40 s', '2.5 min', '11.1 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:,.1f} h"
