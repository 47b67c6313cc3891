"""How good a model is: nats and bits per character, perplexity, in two protocols.

- *carried*: one pass over the whole text, the state carried from the first character to the last;
- *cold*: windows of 256 characters, each from the zero state (nanoGPT's protocol).

Both predict every character but the first. Nats and characters are summed and divided once.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.model.network import CharModel
from charlstm.text.vocabulary import Ids

COLD_WINDOW = 256
ROWS = 64  # windows read side by side in the cold protocol


@dataclass(frozen=True)
class Score:
    """Nats summed over characters.

    Example:
        >>> score = Score(total_nats=20.0, characters=10)
        >>> score.nats, round(score.bits_per_char, 4), round(score.perplexity, 4)
        (2.0, 2.8854, 7.3891)
    """

    total_nats: float
    characters: int

    @property
    def nats(self) -> float:
        """Nats per character."""
        return self.total_nats / self.characters

    @property
    def bits_per_char(self) -> float:
        """Bits per character."""
        return self.nats / math.log(2)

    @property
    def perplexity(self) -> float:
        """exp(nats): the number of equally likely characters that would be as hard to guess."""
        return math.exp(self.nats) if self.nats < 700 else math.inf

    def to_json(self) -> dict[str, Any]:
        """Return the figures by name."""
        return {
            "nats": self.nats,
            "bits_per_char": self.bits_per_char,
            "perplexity": self.perplexity if self.nats < 700 else None,  # JSON has no infinity
            "characters": self.characters,
        }

    def __add__(self, other: "Score") -> "Score":
        return Score(self.total_nats + other.total_nats, self.characters + other.characters)


def carried(model: CharModel, ids: Ids, chunk: int = 1024) -> Score:
    """Score a text in one pass, the state carried.

    Args:
        model: the model.
        ids: the text, (N,); N - 1 characters are predicted.
        chunk: characters per call; the figure does not depend on it.

    Raises:
        UserError: fewer than two characters.
    """
    check_predictable(ids)
    total, state = Score(0.0, 0), None
    for start in range(0, len(ids) - 1, chunk):
        piece = ids[start : start + chunk + 1]
        score, state = _score(model, piece[None, :-1], piece[None, 1:], state)
        total += score
    return total


def cold(
    model: CharModel, ids: Ids, window: int = COLD_WINDOW, most_windows: int | None = None
) -> Score:
    """Score a text in windows that each start from the zero state; the last may be shorter.

    Args:
        model: the model.
        ids: the text, (N,).
        window: characters predicted from one zero state.
        most_windows: score only so many whole windows, spread evenly over the text.

    Raises:
        UserError: fewer than two characters.
    """
    check_predictable(ids)
    whole = (len(ids) - 1) // window
    rows = ids[: whole * window].reshape(whole, window)
    after = ids[1 : whole * window + 1].reshape(whole, window)
    if most_windows is not None and whole > most_windows:
        chosen = np.linspace(0, whole - 1, most_windows).round().astype(int)
        rows, after = rows[chosen], after[chosen]
    elif (tail := ids[whole * window :]).size > 1:
        return _cold(model, rows, after) + _cold(model, tail[None, :-1], tail[None, 1:])
    return _cold(model, rows, after)


def _cold(model: CharModel, rows: Ids, after: Ids) -> Score:
    total = Score(0.0, 0)
    for start in range(0, len(rows), ROWS):
        score, _ = _score(model, rows[start : start + ROWS], after[start : start + ROWS], None)
        total += score
    return total


@torch.inference_mode()
def _score(model: CharModel, inputs: Ids, targets: Ids, state: Any) -> tuple[Score, Any]:
    logits, state = model(torch.from_numpy(inputs), state)
    labels = torch.from_numpy(targets).long().flatten()
    nats = F.cross_entropy(logits.flatten(0, 1), labels, reduction="none")
    return Score(float(nats.double().sum()), len(labels)), state


def check_predictable(ids: Ids) -> None:
    """Refuse a text of which no character can be predicted.

    Raises:
        UserError: fewer than two characters.
    """
    if len(ids) < 2:
        raise UserError(f"{len(ids)} characters to evaluate; at least 2 are needed to predict one")
