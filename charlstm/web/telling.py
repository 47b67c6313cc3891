"""The units of a model that follow something in a text, for a page that colours letters by them."""

from dataclasses import dataclass

from charlstm.insight.neurons import Finding, survey
from charlstm.model.checkpoint import Checkpoint

CHARACTERS = 10_000  # of the text that is searched
WEIGHTS = 2_500_000  # a larger model gets a shorter text
FEWEST = 2_560  # what `insight.neurons.search` needs
CLOSER = 2 / 3  # a unit must come so much closer to 1 than what the controls reach


@dataclass(frozen=True)
class Telling:
    """A unit that follows something, as the page shows it.

    Attributes:
        follows: the feature of the text.
        layer: number of its layer, from 0.
        value: which of its values, such as c.
        unit: its number in the layer, from 0.
        how: a figure for how well, beside that of an untrained model.
    """

    follows: str
    layer: int
    value: str
    unit: int
    how: str


def readable(checkpoint: Checkpoint, text: str) -> str:
    """Return what a model can read of a text: the characters that it knows.

    It is empty if the model knows less than nine tenths of them. What is left of a text in another
    script is no text.
    """
    known = set(checkpoint.vocabulary.characters)
    kept = "".join(character for character in text if character in known)
    return kept if len(kept) >= 0.9 * len(text) else ""


def telling_units(checkpoint: Checkpoint, text: str) -> list[Telling]:
    """Search for the units that follow the features of `insight.features`.

    A unit is shown if it follows its feature clearly better than the best unit of an untrained
    model does, and the best unit for the shuffled feature. All is measured on the half of the text
    that did not choose the unit.

    With the shipped model, `charlstm page` takes about 20 seconds on one CPU, most of them here. A
    larger model gets a shorter text, down to the shortest that can be searched.

    Args:
        checkpoint: the model.
        text: what it can read. A text that is too short gives no units.

    Returns:
        the units, the one that follows best first.
    """
    weights = sum(array.size for array in checkpoint.weights.values())
    searched = max(FEWEST, CHARACTERS * WEIGHTS // max(WEIGHTS, weights))
    if len(text) < FEWEST:
        return []
    return [_shown(found) for found in survey(checkpoint, text[:searched]) if _tells(found)]


def _tells(found: Finding) -> bool:
    chance = max(map(found.strength, (*found.shuffled, found.untrained)))
    return 1 - found.strength(found.unit) <= CLOSER * (1 - chance)


def _shown(found: Finding) -> Telling:
    unit = found.unit
    way = "rises" if found.rises(unit) else "falls"
    trained, untrained = map(found.strength, (unit, found.untrained))
    how = f"{way} with it, {found.measure.name} {trained:.2f} (untrained {untrained:.2f})"
    return Telling(found.feature, unit.layer, unit.name, unit.unit, how)
