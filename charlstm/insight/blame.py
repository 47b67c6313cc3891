"""Why this letter? What is asked of a model, and how an answer looks.

**What is explained** is the score of a target letter: its logit minus the mean of all logits; or,
with `instead`, minus the logit of another letter. Then the question is "why this letter and not
that one?". The score is linear in the outputs of the layers, so relevance propagation can start
with it. A log-probability is not: in it, what speaks for a letter is mixed with what speaks against
all others. And a logit alone means nothing, because the same number can be added to all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlstm.errors import UserError
from charlstm.model.checkpoint import Checkpoint

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Blame:
    """How much each letter of a text speaks for the letters that came later.

    Attributes:
        text: T characters.
        targets: (N,), places of the letters that are explained, in order.
        score: (N,), of each of them.
        relevance: (N, T), of each letter for each target. A letter above 0 speaks for the target, a
            letter below 0 against it. It is 0 from the target on.
    """

    text: str
    targets: Array
    score: Array
    relevance: Array

    def share(self, places: Array) -> Array:
        """Return which part of the relevance, by size, lies on some places, (N,).

        Args:
            places: bool, (T,), or (N, T) if each target has its own.
        """
        size = np.abs(self.relevance)
        return (size * places).sum(1) / np.maximum(size.sum(1), np.finfo(size.dtype).tiny)


def ask(
    checkpoint: Checkpoint, text: str, targets: Iterable[int] | None, instead: str | None
) -> tuple[Array, Array, Array]:
    """Return what the methods of blame need to begin.

    Args:
        checkpoint: the model.
        text: T characters.
        targets: places of letters to explain, from 1 to T - 1; None takes all.
        instead: letters that the model might have said, one for all targets or one for each;
            None compares with the mean of all letters.

    Returns:
        the ids (T,); the targets in order (N,); and for each of them the direction (N, V) whose
        product with the logits is the score.

    Raises:
        UserError: the text is too short or has a letter that the model does not know, or there is
            no such target.
    """
    T = len(text)
    if T < 2:
        raise UserError(f"the text is {text!r}; give at least one letter, and one to explain")
    ids = checkpoint.vocabulary.encode(text)
    wanted = range(1, T) if targets is None else targets
    places = np.array(sorted(set(wanted)), dtype=int)
    odd = places[(places < 1) | (places >= T)]
    if odd.size or not places.size:
        what = f"target {odd[0]}" if odd.size else "no targets"
        raise UserError(f"{what}: in a text of {T} letters give places from 1 to {T - 1}")
    N = len(places)
    V = len(checkpoint.vocabulary)
    rows = np.arange(N)
    direction = np.zeros((N, V), checkpoint.weights["head.weight"].dtype)
    direction[rows, ids[places]] = 1.0
    if instead is None:
        direction -= 1 / V
        return ids, places, direction
    if len(instead) not in (1, N):
        raise UserError(
            f"instead has {len(instead)} letters; give one, or one for each of the {N} targets"
        )
    direction[rows, checkpoint.vocabulary.encode(instead)] -= 1.0  # one, or one for each
    return ids, places, direction
