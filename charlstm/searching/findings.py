"""What a search has found: the table, the importance of each option, how far the best is apart."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import TrialState as State

from charlstm.errors import counted, option, printable
from charlstm.measuring.comparison import difference, interval
from charlstm.searching.dimension import rounded, written
from charlstm.searching.plan import Plan
from charlstm.searching.setting import best_of
from charlstm.searching.study import folder_of, is_settled, live, origin

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.study import Study
    from optuna.trial import FrozenTrial

ROWS = 20  # of the table; --json has all
NEEDED = 5  # settings for each option, so that its importance says something
EQUAL = {
    "minutes": "equal time on the machine; weights and characters differ",
    "epochs": "equal characters (passes over the text); time and weights differ",
    "steps": "equal steps; time and weights differ",
}


@dataclass(frozen=True)
class Results:
    """What a study has found so far."""

    plan: Plan
    study: Study

    @cached_property
    def settled(self) -> list[FrozenTrial]:
        """All settings that have ended: the best first, then those pruned, then those failed."""
        ended = live(self.study.get_trials(deepcopy=False)).values()
        return sorted(filter(is_settled, ended), key=_rank)

    @property
    def complete(self) -> list[FrozenTrial]:
        """The settings that were trained to their end, the best first."""
        return [trial for trial in self.settled if trial.state == State.COMPLETE]

    def is_done(self) -> bool:
        """Whether all settings have ended."""
        return len(self.settled) >= self.plan.trials

    def best_run(self) -> Path | None:
        """Return the folder of the best setting's best run; None if there is none here."""
        best = best_of(self.study)
        if best is None:
            return None
        seed = min(best.user_attrs["seeds"], key=lambda each: each["nats"])["seed"]
        return folder_of(self.plan.folder, best) / f"seed-{seed}"

    def command(self) -> str:
        """Return the command that trains the best setting."""
        best = self.complete[0]
        seed = min(best.user_attrs["seeds"], key=lambda each: each["nats"])["seed"]
        return self.plan.command(best.params, seed)

    def importances(self) -> dict[str, float]:
        """Return the share of each option in how the scores differ, by functional ANOVA.

        Optuna's evaluator fits a forest of trees to the scores (Hutter, Hoos & Leyton-Brown 2014).
        Empty if there are too few settings, or nothing differs.
        """
        names = {name for trial in self.complete for name in trial.params}
        tried = [n for n in names if len({written(t.params[n]) for t in self.complete}) > 1]
        if len(tried) < 2 or len(self.complete) < NEEDED * len(tried):
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
            found = optuna.importance.get_param_importances(
                self.study, evaluator=evaluator, params=sorted(tried)
            )
        return {name: float(share) for name, share in found.items()}

    def table(self) -> Iterator[str]:
        """Yield the lines of the table, and of what can be said about it."""
        if not self.settled:
            yield "no setting has ended yet"
            return
        names = [dimension.name for dimension in self.plan.space.dimensions]
        several = self.plan.repeat > 1
        score = ["mean nats", "95 % interval"] if several else ["nats"]
        rows = [["", *names, *score, "weights", "characters", "seconds"]]
        rows += [
            self._row(place, trial, names) for place, trial in enumerate(self.settled[:ROWS], 1)
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
            yield printable("  ".join(cells)).rstrip()
        if len(self.settled) > ROWS:
            yield f"... and {counted(len(self.settled) - ROWS, 'setting')} more; --json has all"
        yield f"nats: cold, on validation, as evaluate measures them; {self.held_equal()}"
        yield from self._verdict()
        if shares := self.importances():
            told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
            yield f"importance (fANOVA, {counted(len(self.complete), 'setting')}): {told}"
        elif len(names) > 1:
            yield (
                f"importance: not shown; it needs {NEEDED} finished settings for each option, and"
                " two options that differ"
            )

    def held_equal(self) -> str:
        """Say what all trainings had alike."""
        unit = self.plan.budget.unit
        told = EQUAL[unit]
        names = {dimension.name for dimension in self.plan.space.dimensions}
        if unit == "steps" and names & {"batch_size", "window"}:
            told = "equal steps; characters, time and weights differ"
        if unit == "minutes" and self.plan.workers > 1:
            told += f"; {self.plan.workers} workers shared it"
        return f"{self.plan.budget} each: {told}"

    def _row(self, place: int, trial: FrozenTrial, names: Sequence[str]) -> list[str]:
        values = [rounded(trial.params[name]) if name in trial.params else "-" for name in names]
        seeds = trial.user_attrs.get("seeds", [])
        several = self.plan.repeat > 1
        if trial.state != State.COMPLETE:
            cut = trial.user_attrs.get("pruned")
            why = "failed" if "error" in trial.user_attrs else f"pruned at {cut} %"
            return [str(place), *values, why, *[""] * (several + 3)]
        nats = [each["nats"] for each in seeds]
        found = interval(nats)
        score = [f"{found.mean:.4f}"]
        score += [f"{found.low:.4f} to {found.high:.4f}"] if several else []
        weights, characters = seeds[0]["weights"], _mean(seeds, "characters")
        return [str(place), *values, *score, f"{weights:,}", f"{characters:,.0f}",
                f"{_mean(seeds, 'seconds'):,.0f}"]  # fmt: skip

    def _verdict(self) -> Iterator[str]:
        """Say whether the best is apart from the second, as far as the seeds tell."""
        if len(self.complete) < 2:
            return
        if self.plan.repeat == 1:
            yield (
                "one seed each: what another seed would change is not known;"
                f" {option('repeat', 5)} ranks settings by the mean of five"
            )
            return
        first, second = (
            [each["nats"] for each in trial.user_attrs["seeds"]] for trial in self.complete[:2]
        )
        found = difference(first, second)
        told = "is apart from" if found.apart else "is not apart from"
        yield (
            f"the best {told} the second: {found.mean:.4f} nats lower, {found.low:.4f} to"
            f" {found.high:.4f} (95 %, Student's t, paired by seed, {self.plan.repeat} seeds; the"
            f" best of {len(self.complete)} was chosen by these seeds, so its mean is a little too"
            " low)"
        )

    def to_json(self) -> dict[str, Any]:
        """Return all by name."""
        best = best_of(self.study)
        return {
            "facts": self.plan.facts(),
            "done": self.is_done(),
            "held_equal": self.held_equal(),
            "settings": [self._json(trial) for trial in self.settled],
            "importances": self.importances(),
            "best": None if best is None else self._json(best),
            "command": None if best is None else self.command(),
            "run": None if best is None else str(self.best_run()),
            "storage": self.plan.url,
        }

    def _json(self, trial: FrozenTrial) -> dict[str, Any]:
        seeds = trial.user_attrs.get("seeds", [])
        ended = trial.state == State.COMPLETE
        found = interval([each["nats"] for each in seeds]) if ended else None
        return {
            "trial": origin(trial),
            "setting": trial.params,
            "state": "failed" if trial.state == State.FAIL else trial.state.name.lower(),
            "nats": None if found is None else found.mean,
            "interval": None if found is None or found.seeds < 2 else [found.low, found.high],
            "seeds": seeds,
            "error": trial.user_attrs.get("error"),
            "pruned_at": trial.user_attrs.get("pruned"),
        }


def _rank(trial: FrozenTrial) -> tuple[int, float, int]:
    order = [State.COMPLETE, State.PRUNED, State.FAIL]
    nats = trial.value if trial.state == State.COMPLETE else math.inf
    return order.index(trial.state), nats if nats is not None else math.inf, trial.number


def _mean(seeds: Sequence[dict[str, Any]], name: str) -> float:
    return math.fsum(each[name] for each in seeds) / len(seeds)
