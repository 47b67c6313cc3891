import dataclasses

import numpy as np
import pytest

from charlstm.insight.following import AREA
from charlstm.insight.neurons import Finding, Unit, untrained
from charlstm.web import telling
from charlstm.web.telling import Telling, readable, telling_units


def found(trained, shuffled, untrained, rises=True):
    """A finding whose units reach these areas under the curve."""

    def unit(area):
        return Unit(1, "c", 7, area, area) if rises else Unit(1, "c", 7, 1 - area, 1 - area)

    return Finding("upper case", AREA, unit(trained), (unit(0.5), unit(shuffled)), unit(untrained))


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        (found(0.99, 0.6, 0.9), "rises with it, AUC 0.99 (untrained 0.90)"),
        (found(0.99, 0.6, 0.9, rises=False), "falls with it, AUC 0.99 (untrained 0.90)"),
        (found(0.94, 0.6, 0.9), "rises with it, AUC 0.94 (untrained 0.90)"),
        (found(0.93, 0.6, 0.9), None),  # an untrained model has such a unit, too
        (found(0.93, 0.9, 0.6), None),  # it follows the shuffled feature just as well
        (found(0.6, 0.5, 0.5), None),
    ],
)
def test_a_unit_tells_if_it_beats_both_controls(finding, told, checkpoint, text, monkeypatch):
    monkeypatch.setattr(telling, "survey", lambda *_: [finding])
    units = telling_units(checkpoint, text * 4)
    assert units == ([Telling("upper case", 1, "c", 7, told)] if told else [])


def test_the_units_of_an_untrained_model_tell_nothing(checkpoint, text):
    assert telling_units(untrained(checkpoint), text * 4) == []


def test_a_larger_model_gets_a_shorter_text_and_a_short_text_gives_nothing(
    checkpoint, text, monkeypatch
):
    seen = []
    monkeypatch.setattr(telling, "survey", lambda _, part: seen.append(len(part)) or [])
    telling_units(checkpoint, text * 20)
    weights = {"one": np.zeros(2 * telling.WEIGHTS, np.float32)}
    telling_units(dataclasses.replace(checkpoint, weights=weights), text * 20)
    weights = {"one": np.zeros(99 * telling.WEIGHTS, np.float32)}
    telling_units(dataclasses.replace(checkpoint, weights=weights), text * 20)
    telling_units(checkpoint, "a" * (telling.FEWEST - 1))
    assert seen == [10_000, 5_000, 2_560]


def test_readable_is_what_the_model_knows_unless_that_is_too_little(checkpoint):
    assert readable(checkpoint, "The fox €") == ""
    assert readable(checkpoint, "The quick brown fox€") == "The quick brown fox"
    assert readable(checkpoint, "лиса") == ""
