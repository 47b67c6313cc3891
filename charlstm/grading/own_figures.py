"""The figures of a student's own model, measured again on the held-out part of the text.

A student reports what was measured. A grader measures it again, with these functions and on the
same characters, so that typed figures must be the model's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlstm.errors import UserError, option
from charlstm.grading.own_model import OwnModel, compared
from charlstm.insight.activations import check_place
from charlstm.insight.features import Floats
from charlstm.insight.following import correlations
from charlstm.insight.neurons import Unit, search, untrained
from charlstm.measuring.scores import score_carried
from charlstm.model.network import CharModel
from charlstm.options import SampleOptions
from charlstm.sampling.sampler import Sampler, generate
from charlstm.text.baselines import ngram_bits
from charlstm.text.novelty import Novelty
from charlstm.text.vocabulary import Ids

WRITTEN = (5_000, 10_000)  # characters that a model may be asked to write
Feature = Callable[[str], Any]


@dataclass(frozen=True)
class Bits:
    """Bits per character. All predict the same held-out characters, except for `training`.

    Attributes:
        model: of the model, the state carried.
        ngram: of the 5-gram, which has read all before the held-out part, and learns on.
        training: of the model on as many characters of the text's start, which it was trained on.
            An honest model is better there: it is for a grader to look at.
    """

    model: float
    ngram: float
    training: float


def bits(own: OwnModel) -> Bits:
    """Measure the model and the 5-gram on the held-out characters.

    Raises:
        UserError: as for the properties of `OwnModel`.
    """
    model = CharModel.from_checkpoint(own.checkpoint)
    ids = own.held_out_ids
    both = np.concatenate((own.history_ids, ids))
    total = ngram_bits(both, len(own.checkpoint.vocabulary), len(own.history_ids))
    return Bits(
        score_carried(model, ids, threads=1).bits_per_char,
        total / len(ids),
        score_carried(model, own.history_ids[: len(ids)], threads=1).bits_per_char,
    )


@dataclass(frozen=True)
class Followed:
    """How well a unit follows a feature, and how well two controls do that have learnt nothing.

    All but `first` are correlations on the second half of the held-out characters.

    Attributes:
        trained: of the student's unit.
        first: of the student's unit, on the first half. Both controls are fitted there, so a
            feature that changes its meaning in the middle fools them. It does not fool this one.
        control: the unit of an untrained model that the first half chose among all; its figure is
            `tested`.
        character: of the best guess from the present character alone: the mean of the feature
            over the places of the first half that have this character. A feature such as "is this
            a space" is known from the character, and no unit need remember anything to follow it.
    """

    trained: float
    first: float
    control: Unit
    character: float


def followed(own: OwnModel, feature: Feature, layer: int, name: str, unit: int) -> Followed:
    """Measure how well a unit follows a feature.

    Args:
        own: the model and the text.
        feature: returns a number for each character of a text, (T,).
        layer: number of the unit's layer, from 0.
        name: which of its values, such as "c" or "f".
        unit: its number in the layer, from 0.

    Raises:
        UserError: there is no such unit, or the feature does not give a number for each character;
            and as for the properties of `OwnModel`.
    """
    text = own.held_out
    try:
        numbers = np.asarray(feature(text), float)
    except (TypeError, ValueError) as error:
        raise UserError(f"the feature: {error}; return a number for each character") from None
    if numbers.shape != (len(text),) or not np.isfinite(numbers).all():
        raise UserError(
            f"the feature has the shape {numbers.shape} for {len(text)} characters; return a finite"
            " number for each character"
        )
    check_place(own.checkpoint, (layer, name, unit))
    half = len(text) // 2
    first, second = (
        correlations(own.checkpoint, text[part], numbers[None, part])
        for part in (slice(half), slice(half, None))
    )
    control = search(untrained(own.checkpoint), text, {"": numbers})[""]
    ids, size = own.held_out_ids, len(own.checkpoint.vocabulary)
    guess = _mean_by_character(ids[:half], numbers[:half], size)[ids[half:]]
    return Followed(
        float(second[layer, name][0, unit]),
        float(first[layer, name][0, unit]),
        control,
        _correlation(guess, numbers[half:]),
    )


def _mean_by_character(ids: Ids, numbers: Floats, size: int) -> Floats:
    """Return for each id below `size` the mean of the numbers where it stands; 0 if nowhere."""
    sums = np.bincount(ids, numbers, size)
    return sums / np.maximum(np.bincount(ids, minlength=size), 1)


def _correlation(first: Floats, second: Floats) -> float:
    """Return the correlation of two rows of numbers; 0 if one never changes."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def written(own: OwnModel, options: SampleOptions) -> tuple[str, Novelty]:
    """Let the model write, and compare it with what stands before the held-out part.

    Args:
        own: the model and the text.
        options: how it writes; with a seed, so that it writes the same again.

    Raises:
        UserError: no seed, or a length out of range; and as for the properties of `OwnModel`.
    """
    least, most = WRITTEN
    if options.seed is None or not least <= options.length <= most:
        raise UserError(
            f"{option('length')} is {options.length} and {option('seed')} is {options.seed}; give a"
            f" length from {least:,} to {most:,}, and a seed"
        )
    text = "".join(generate(Sampler(own.checkpoint), "", options, threads=1))
    return text, compared(text, own.history)
