"""Filling: the blanks of a text, one or several, by a network that reads in both directions.

The network says of every blank how likely each character is. The surest blank is filled first,
since what stands there helps with the others. A beam keeps the best few fillings so far. Each
choice is made knowing the choices before it, so that the probabilities of all fillings sum to 1
(the chain rule; the order is the network's own choice).
"""

from dataclasses import dataclass

import numpy as np
import torch

from charlstm.errors import UserError
from charlstm.text.vocabulary import Ids, check_ids, describe
from charlstm.text.writer import check_sizes
from charlstm.variants.bidirectional import MARGIN, Bidirectional, Floats

SIGNS = "_?*#@~□"  # what may stand for a blank


@dataclass(frozen=True)
class Filled:
    """One way to fill all blanks, and its probability."""

    text: str
    probability: float


@dataclass(frozen=True)
class Filling:
    """What `fill` found.

    Attributes:
        texts: the fillings that the beam kept, the likeliest first.
        alternatives: for each blank, from left to right, the likeliest characters and their
            probabilities, if all other blanks are filled as in the first text.
    """

    texts: tuple[Filled, ...]
    alternatives: tuple[dict[str, float], ...]


@torch.inference_mode()
def fill(
    model: Bidirectional, text: str, blank: str = "_", beam: int = 8, shown: int = 5
) -> Filling:
    """Fill the blanks of a text.

    Of a long text the network reads only what is between the first blank and the last, and 64
    characters before and behind.

    Args:
        model: the network.
        text: with at least one blank.
        blank: the character that stands for a blank. The model must not know it as a character,
            because one that is meant literally could not be told from a blank.
        beam: how many fillings are kept after each blank.
        shown: how many alternatives are given for each blank.

    Raises:
        UserError: there is no blank, it is not one character or one that the model knows, another
            character is unknown, or a number is below 1 or not whole.

    Example:
        >>> from charlstm import ModelOptions, Vocabulary
        >>> from charlstm.variants.bidirectional import fit_bidirectional
        >>> from charlstm.variants.fitting import FitOptions
        >>> known = Vocabulary("abc")
        >>> model = Bidirectional(ModelOptions(hidden_size=12, embedding_size=4), known)
        >>> ids = known.encode("abc" * 40)
        >>> for report in fit_bidirectional(model, ids, 16, FitOptions(steps=80)):
        ...     pass
        >>> fill(model, "ab_ab__bc").texts[0].text
        'abcabcabc'
    """
    ids, blanks = _blanks(model, text, blank)
    check_sizes(beam=(beam, 1), shown=(shown, 1))
    V = len(model.vocabulary)
    start = max(0, int(blanks[0]) - MARGIN)
    near = torch.from_numpy(ids[None, start : blanks[-1] + MARGIN + 1]).long().to(model.device)
    places = torch.from_numpy(blanks - start).long().to(model.device)
    total = near.new_zeros(1, dtype=torch.double)  # ln P of each of K fillings so far
    for _ in places:
        logs = model(near)[:, places].double().log_softmax(2)  # (K, blanks, V)
        logs[near[:, places] != V] = -torch.inf  # already filled
        surest = logs.amax(2).argmax(1)  # (K,)
        rows = torch.arange(len(near), device=model.device)
        reached = (total[:, None] + logs[rows, surest]).flatten()
        total, best = reached.topk(min(beam, len(reached)))
        rows = best // V
        near = near[rows]
        near.scatter_(1, places[surest[rows]][:, None], (best % V)[:, None])
    last = model(near[:1])[0, places].double().softmax(1).cpu().numpy()
    characters = model.vocabulary.characters
    texts = []
    for row, log in zip(near.cpu().numpy(), total.tolist(), strict=True):
        ids[start : start + len(row)] = row
        texts.append(Filled(model.vocabulary.decode(ids), float(np.exp(log))))
    ordered = [np.argsort(-row, kind="stable")[:shown] for row in last]
    return Filling(
        tuple(texts),
        tuple(
            {characters[k]: float(row[k]) for k in order}
            for order, row in zip(ordered, last, strict=True)
        ),
    )


@torch.inference_mode()
def try_each(model: Bidirectional, ids: Ids, place: int, ahead: int = 16) -> Floats:
    """Return ln P of each character at a place, (V,), by a network that only reads forwards.

    Such a network can use what stands after a blank, too. It puts each of the V characters there,
    reads on, and adds up ln P of the character and of those after it. Divided by the sum over all
    V, that is what it says of the blank (Bayes' rule). It costs V readings in place of one.

    Args:
        model: reads forwards.
        ids: the text, 0 to V - 1, (N,); what it has at the place is not read.
        place: of the blank, 0 to N - 1.
        ahead: characters after the blank that are read, as far as the text has them.

    Raises:
        UserError: the network also reads backwards, the place is not in the text, `ahead` is below
            0, or an id elsewhere is not from 0 to V - 1.

    Example:
        >>> from charlstm import ModelOptions, Vocabulary
        >>> from charlstm.variants.bidirectional import fit_bidirectional
        >>> from charlstm.variants.fitting import FitOptions
        >>> known = Vocabulary("abc")
        >>> options = ModelOptions(hidden_size=12, embedding_size=4)
        >>> model = Bidirectional(options, known, "forwards")
        >>> ids = known.encode("abc" * 40)
        >>> for report in fit_bidirectional(model, ids, 16, FitOptions(steps=80)):
        ...     pass
        >>> int(try_each(model, known.encode("abcaacabc"), 4).argmax())  # b, as in abc
        1
    """
    if model.reads != "forwards":
        raise UserError(f"reads is {model.reads!r}; only a network that reads 'forwards' can try")
    V = len(model.vocabulary)
    check_sizes(place=(place, 0, len(ids) - 1), ahead=(ahead, 0))
    ids = np.array(ids)
    ids[place] = 0  # each character in turn, below
    check_ids(ids, V, "ids")
    start = max(0, place - MARGIN)
    rows = torch.from_numpy(ids[start : place + 1 + ahead]).long().to(model.device).repeat(V, 1)
    rows[:, place - start] = torch.arange(V, device=model.device)
    logs = model(rows).log_softmax(2).gather(2, rows[:, :, None])  # (V, characters, 1)
    scores: Floats = logs[:, place - start :].sum((1, 2)).log_softmax(0).float().cpu().numpy()
    return scores


def _blanks(model: Bidirectional, text: str, blank: str) -> tuple[Ids, Ids]:
    """Return the ids of a text, V for a blank, and the places of its blanks."""
    known = model.vocabulary.characters
    free = next((sign for sign in SIGNS if sign not in known), "another character")
    if not isinstance(text, str):
        raise UserError(f"text is {text!r}; it must be a text with a blank")
    if not isinstance(blank, str) or len(blank) != 1:
        raise UserError(f"blank is {blank!r}; it must be one character, such as {free!r}")
    if blank in known:
        raise UserError(
            f"blank is {describe(blank)}, which is a character that the model knows, so that no"
            f" blank could be told from it; write the blanks as {free!r} and pass blank={free!r}"
        )
    if blank not in text:
        raise UserError(f"text: it has no blank; put a {blank!r} where a character is missing")
    strange = [k for k, x in enumerate(text) if x != blank and x not in known]
    if strange:
        raise UserError(
            f"text: character {describe(text[strange[0]])} at position {strange[0]} is not among"
            f" the model's {len(known)} characters; remove it, or put {blank!r} in its place"
        )
    blanks = np.array([k for k, x in enumerate(text) if x == blank], np.int32)
    ids = model.vocabulary.encode(text.replace(blank, known[0]))
    ids[blanks] = len(known)
    return ids, blanks
