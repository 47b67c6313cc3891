"""Units that follow something in the text, such as the position in the line.

Among thousands of units some follow any feature by chance. So `search` chooses a unit on one half
of a text, and tests it on the other half. And some units follow a feature although they have never
learned anything: a forget gate reads each line end as it comes in. So `survey` shows two controls:
the same search for shuffled features, and in an untrained model of the same sizes (`untrained`).

The README, in *Look inside*, has the table for the shipped model and the command that makes it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from charlstm.errors import UserError
from charlstm.insight.features import FEATURES, Floats
from charlstm.insight.following import AREA, CORRELATION, SKIPPED, STREAMS, Measure
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel

SHUFFLES = 5


@dataclass(frozen=True)
class Unit:
    """A unit, and how well it follows a feature of the text.

    Attributes:
        layer: number of its layer, from 0.
        name: which of its values: a state (h, c) or a gate (i, f, g, o for the LSTM).
        unit: its number in the layer, from 0.
        chosen: its correlation with the feature, -1 to 1, on the text that chose it; the area under
            the ROC curve, 0 to 1, if the search was one for that.
        tested: the same on a text that did not choose it.
    """

    layer: int
    name: str
    unit: int
    chosen: float
    tested: float

    def __str__(self) -> str:
        return f"layer {self.layer + 1}, {self.name} of unit {self.unit}"


def search(
    checkpoint: Checkpoint,
    text: str,
    features: Mapping[str, Floats],
    measure: Measure = CORRELATION,
) -> dict[str, Unit]:
    """Find for each feature the unit that follows it best, in any layer, state or gate.

    The first half of the text chooses the units. The second half tests them.

    Args:
        checkpoint: the model.
        text: T characters that the model knows.
        features: numbers by name, (T,), such as those of `FEATURES`. A feature that never changes
            in one of the halves gets the figure of chance.
        measure: how well a unit follows a feature: `CORRELATION`, or `AREA` for yes and no.

    Returns:
        the best unit for each feature.

    Raises:
        UserError: the text is too short, or has a character that the model does not know.
    """
    T = len(text)
    least = 2 * STREAMS * 2 * SKIPPED
    if least > T:
        raise UserError(f"the text has {T} characters; the search needs at least {least}")
    names = list(features)
    table = np.stack([np.asarray(features[name], float) for name in names])  # (F, T)
    if table.shape[1] != T:
        raise UserError(f"the features have {table.shape[1]} numbers, but the text has {T}")
    first, second = (
        measure.of(checkpoint, text[part], table[:, part])
        for part in (slice(T // 2), slice(T // 2, None))
    )
    units = {}
    for k, name in enumerate(names):
        far = {place: np.abs(figures[k] - measure.chance) for place, figures in first.items()}
        layer, value = max(far, key=lambda place: far[place].max())
        unit = int(far[layer, value].argmax())
        chosen, tested = (float(half[layer, value][k, unit]) for half in (first, second))
        units[name] = Unit(layer, value, unit, chosen, tested)
    return units


@dataclass(frozen=True)
class Finding:
    """The unit that follows a feature best, and what the search finds where there is nothing.

    Attributes:
        feature: its name.
        measure: `AREA` if the feature says yes or no, else `CORRELATION`.
        unit: the unit.
        shuffled: what the same search finds for each of the shuffled features.
        untrained: what it finds in an untrained model.
    """

    feature: str
    measure: Measure
    unit: Unit
    shuffled: tuple[Unit, ...]
    untrained: Unit

    def rises(self, unit: Unit) -> bool:
        """Tell whether a unit rises with the feature, on the text that chose it."""
        return unit.chosen >= self.measure.chance

    def strength(self, unit: Unit) -> float:
        """Return what a unit reaches on the text that did not choose it, whether it rises or falls.

        Above chance it is the size of the correlation, or the AUC of the unit or of its opposite.
        It is below chance if the unit rises in one half of the text and falls in the other.
        """
        return unit.tested if self.rises(unit) else 2 * self.measure.chance - unit.tested


def survey(
    checkpoint: Checkpoint,
    text: str,
    features: Mapping[str, Callable[[str], Any]] = FEATURES,
    seed: int = 0,
) -> list[Finding]:
    """Find the unit that follows each feature best, beside two controls.

    A shuffled feature is the feature of another place of the same text: all its numbers move by the
    same random distance, at least a quarter of the text, and what falls off the end comes in at the
    start. So it changes as slowly as the feature does, which matters: numbers in random order would
    follow nothing, and a slow feature may follow a slow unit by chance.

    Args:
        checkpoint: the model.
        text: T characters that the model knows, best ones that it was not trained on.
        features: functions by name. A feature that never changes in a half is left out.
        seed: of the shuffles, and of the untrained model.

    Returns:
        a finding for each feature, the strongest first.

    Raises:
        UserError: as for `search`.
    """
    half = len(text) // 2
    numbers = {name: np.asarray(feature(text), float) for name, feature in features.items()}
    changing = [name for name, x in numbers.items() if np.ptp(x[:half]) and np.ptp(x[half:])]
    rng = np.random.default_rng(seed)
    shifts = rng.integers(len(text) // 4, 3 * len(text) // 4, SHUFFLES)
    fresh = untrained(checkpoint, seed)
    findings = []
    for measure in (CORRELATION, AREA):
        own = {x: numbers[x] for x in changing if _says_yes_or_no(numbers[x]) == (measure is AREA)}
        if not own:
            continue
        moved = {f"{x} {k}": np.roll(own[x], shift) for x in own for k, shift in enumerate(shifts)}
        found = search(checkpoint, text, own | moved, measure)
        control = search(fresh, text, own, measure)
        for x in own:
            shuffled = tuple(found[f"{x} {k}"] for k in range(SHUFFLES))
            findings.append(Finding(x, measure, found[x], shuffled, control[x]))
    return sorted(findings, key=lambda finding: -finding.strength(finding.unit))


def table(findings: Sequence[Finding]) -> list[str]:
    """Return a table of findings, one line for each, at most 90 columns wide.

    The measure is r, the correlation, or AUC. All figures are strengths on the half that did not
    choose the unit; of the shuffled features it is the strongest.
    """
    lines = [f"{'feature':24} {'unit':24} measure {'':5} trained shuffled untrained"]
    for found in findings:
        way = "rises" if found.rises(found.unit) else "falls"
        shuffled = max(map(found.strength, found.shuffled))
        figures = f"{found.strength(found.unit):7.2f} {shuffled:8.2f}"
        figures += f" {found.strength(found.untrained):9.2f}"
        lines.append(f"{found.feature:24} {found.unit!s:24} {found.measure.name:7} {way} {figures}")
    return lines


def untrained(checkpoint: Checkpoint, seed: int = 0) -> Checkpoint:
    """Return a model of the same cell, sizes and characters, with the weights of a fresh start."""
    model = CharModel(checkpoint.options, len(checkpoint.vocabulary), seed)
    return replace(
        checkpoint, weights=model.to_arrays(), provenance=None, training=None, measured=None
    )


def _says_yes_or_no(numbers: Floats) -> bool:
    return bool(np.isin(numbers, (0, 1)).all())
