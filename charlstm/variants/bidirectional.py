"""A network that fills a blank: one stack reads forwards, one backwards, and both meet there.

The character at place t is predicted from the forward features after t - 1 and the backward
features after t + 1 (the backward stack begins at the end of the text), so never from itself:

    ids (B, T) -> embedding (B, T, E) -> two stacks, each (B, T, H) -> logits (B, T, V)

Every place is a blank at once: one pass predicts all T (Schuster & Paliwal 1997, section II). The
two stacks meet only before the softmax. In ELMo (Peters et al. 2018, section 3.1) they never meet:
each predicts alone, and the log-likelihoods are added. In `torch.nn.LSTM(bidirectional=True)` they
also meet between its layers. There the second layer has read the character itself, from both sides,
and a blank would be no blank.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charlstm.errors import UserError, counted
from charlstm.fields import to_json
from charlstm.model.dropout import Rng, generator_for, locked_dropout
from charlstm.model.initial import seeded
from charlstm.model.named_cells import find_cell
from charlstm.model.section import Section
from charlstm.model.stack import Stack, embed
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Ids, Vocabulary, check_ids
from charlstm.text.writer import LARGEST_SEED, check_sizes
from charlstm.variants.fitting import FitOptions, FitReport, fit_batches
from charlstm.variants.saving import load_network, save_network

KIND = "bidirectional"
READS = ("both", "forwards", "backwards")
PIECE = 192  # places that `chances` predicts from one reading
MARGIN = 64  # more characters on both sides of them, which are only read
ROWS = 64  # pieces that are read side by side

Floats = np.ndarray[Any, np.dtype[np.float32]]


class Bidirectional(nn.Module):
    """Predicts each character from all others: those before it, those after it, or both.

    Beside the vocabulary it reads one more id, V: a blank, of which it knows nothing.

    Args:
        options: cell and sizes of each stack, and dropout rates.
        vocabulary: V characters.
        reads: "both", "forwards" (only what stands before a place) or "backwards".
        seed: seed of the initial weights.

    Raises:
        UserError: there is no such direction, or the seed is out of its range.

    Example:
        >>> options = ModelOptions(hidden_size=16, embedding_size=8)
        >>> model = Bidirectional(options, Vocabulary("abc"))
        >>> model(torch.tensor([[0, 1, 2, 0]])).shape
        torch.Size([1, 4, 3])
    """

    def __init__(
        self, options: ModelOptions, vocabulary: Vocabulary, reads: str = "both", seed: int = 0
    ) -> None:
        super().__init__()
        if reads not in READS:
            raise UserError(f"reads is {reads!r}; it must be one of {', '.join(READS)}")
        check_sizes(seed=(seed, 0, LARGEST_SEED))
        self.options = options
        self.vocabulary = vocabulary
        self.reads = reads
        V = len(vocabulary)
        width = options.embedding_size
        size = width or V + 1
        with seeded(seed):
            self.embedding = nn.Embedding(V + 1, width) if width else None
            self.forwards = Stack(options, size) if reads != "backwards" else None
            self.backwards = Stack(options, size) if reads != "forwards" else None
            self.head = nn.Linear(options.hidden_size * (1 + (reads == "both")), V)
            nn.init.zeros_(self.head.bias)

    def forward(self, ids: Tensor, rng: Rng | None = None) -> Tensor:
        """Return the logits of every place, (B, T, V), each from the other places of its row.

        Args:
            ids: integers, 0 to V, (B, T), on the model's device; V is a blank.
            rng: source of the dropout masks, made by `generator_for` the model's device; None turns
                dropout off.
        """
        # in memory T stands before B, as the kernels need it
        size = len(self.vocabulary) + 1
        x = embed(self.embedding, ids.T, size, self.head.weight.dtype).transpose(0, 1)  # (B, T, E)
        known = []
        if self.forwards is not None:
            features, _ = self.forwards(x, None, rng)  # at t: has read 0 to t
            known.append(F.pad(features[:, :-1], (0, 0, 1, 0)))  # 0 to t - 1; zeros: nothing read
        if self.backwards is not None:
            features, _ = self.backwards(x.flip(1), None, rng)
            known.append(F.pad(features[:, :-1].flip(1), (0, 0, 0, 1)))  # at t: T - 1 to t + 1
        return self.head(locked_dropout(torch.cat(known, 2), self.options.dropout, rng))

    @property
    def device(self) -> torch.device:
        """Where the weights are; `model.to("cuda")` moves them, as for any module."""
        return self.head.weight.device

    def save(self, path: Path | str) -> None:
        """Write the network to a file; see `save_network`.

        Raises:
            UserError: the place cannot be written, or a weight is not finite.
        """
        save_network(
            path,
            KIND,
            self,
            model=to_json(self.options),
            vocabulary=dataclasses.asdict(self.vocabulary),
            reads=self.reads,
        )

    @classmethod
    def load(cls, path: Path | str) -> "Bidirectional":
        """Read what `save` wrote; see `load_network`.

        Raises:
            UserError: the file is missing, damaged or of another kind, or does not fit.
        """

        def build(saved: Section) -> Bidirectional:
            options = saved.options("model", ModelOptions)
            find_cell(options.cell, saved.file)
            return cls(options, saved.vocabulary("vocabulary"), saved.one_of("reads", READS))

        return load_network(path, KIND, build)


def fit_bidirectional(
    model: Bidirectional,
    ids: Ids,
    window: int = 64,
    options: FitOptions | None = None,
    hidden: float = 0.3,
) -> Iterator[FitReport]:
    """Train on random windows of a text, and yield a report for each step.

    Every place of a window is predicted. The network also has to learn what a blank is, for texts
    with several of them. So in each window it reads a blank in place of some characters, drawn at
    random. Their share is drawn, too, evenly between 0 and `hidden`.

    Args:
        model: trained in place, where it lies.
        ids: the text, (N,).
        window: characters in a window.
        options: budget and optimiser.
        hidden: the largest share of a window that is read as blanks. 0 gives a network for single
            blanks.

    Raises:
        UserError: the window or the share is out of its range, an id is not from 0 to V - 1, or
            the text is shorter than a window.

    Example:
        >>> vocabulary = Vocabulary("ab")
        >>> model = Bidirectional(ModelOptions(hidden_size=8, embedding_size=4), vocabulary)
        >>> reports = fit_bidirectional(
        ...     model, vocabulary.encode("ab" * 40), 16, FitOptions(steps=60)
        ... )
        >>> list(reports)[-1].loss < 0.2
        True
    """
    options = options or FitOptions()
    check_sizes(window=(window, 2))
    if not isinstance(hidden, int | float | np.number) or not 0 <= hidden < 1:
        raise UserError(f"hidden is {hidden!r}; it must be a number, at least 0 and below 1")
    if len(ids) < window:
        raise UserError(
            f"the text has {counted(len(ids), 'character')}, but a window is {window} long; give a"
            " longer text or a smaller window"
        )
    blank = len(model.vocabulary)
    ids = check_ids(ids, blank, "ids").astype(np.int64)

    def loss_of(rng: np.random.Generator) -> Tensor:
        starts = rng.integers(len(ids) - window + 1, size=(options.batch_size, 1))
        targets = ids[starts + np.arange(window)]
        shares = rng.uniform(0, hidden, starts.shape)
        read = np.where(rng.random(targets.shape) < shares, blank, targets)
        masks = generator_for(model.device, [int(rng.integers(2**32))])
        logits = model(torch.from_numpy(read).to(model.device), masks)
        labels = torch.from_numpy(targets).to(model.device)
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten())

    return fit_batches(model, loss_of, options)


@torch.inference_mode()
def chances(model: Bidirectional, ids: Ids) -> Floats:
    """Return ln P of each character at each place of a text, from the rest of the text, (N, V).

    The text is read in overlapping pieces: at each place at least 64 characters on each side are
    read, as far as the text has them.

    Args:
        model: the network.
        ids: the text, 0 to V, (N,); V is a blank.

    Raises:
        UserError: the text is empty, or an id is not from 0 to V.

    Example:
        >>> vocabulary = Vocabulary("ab")
        >>> model = Bidirectional(ModelOptions(hidden_size=8, embedding_size=4), vocabulary)
        >>> ids = vocabulary.encode("ab" * 40)
        >>> reports = list(fit_bidirectional(model, ids, 16, FitOptions(steps=60)))
        >>> chances(model, np.array([0, 2, 0])).argmax(1)  # 2 is a blank
        array([0, 1, 0])
    """
    if not len(ids):
        raise UserError("the text has 0 characters; at least 1 is needed")
    ids = check_ids(ids, len(model.vocabulary) + 1, "ids")
    length = min(len(ids), PIECE + 2 * MARGIN)
    starts = np.unique(np.minimum(np.arange(0, len(ids), PIECE), len(ids) - length))
    found = np.empty((len(ids), len(model.vocabulary)), np.float32)
    for first in range(0, len(starts), ROWS):
        some = starts[first : first + ROWS]
        pieces = torch.from_numpy(ids[some[:, None] + np.arange(length)]).long().to(model.device)
        logs = model(pieces).log_softmax(2).float().cpu().numpy()
        for start, log in zip(some, logs, strict=True):
            skipped = MARGIN if start else 0  # the piece before has read more on the left
            found[start + skipped : start + length] = log[skipped:]
    return found


@dataclass(frozen=True)
class BlankScore:
    """How well single blanks are filled, if all the rest of the text is known.

    Attributes:
        right: share of the blanks at which the character given the highest chance was there.
        nats: mean of -ln P of the character that was there.
        places: number of blanks.
    """

    right: float
    nats: float
    places: int


def score_blanks(logs: Floats, ids: Ids) -> BlankScore:
    """Score what `chances` or `Ngram.from_both_sides` says of some places.

    Args:
        logs: ln P of each character at each place, (N, V).
        ids: what was there, 0 to V - 1, (N,).

    Raises:
        UserError: there is no place, the sizes do not fit, or an id is not from 0 to V - 1.

    Example:
        >>> score_blanks(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([1, 1])).right
        0.5
    """
    logs = np.asarray(logs)
    if logs.ndim != 2 or not 0 < len(logs) == len(ids):
        raise UserError(
            f"logs have the shape {logs.shape}, and there are {counted(len(ids), 'id')}; give"
            " (N, V) and (N,), for at least one place"
        )
    ids = check_ids(ids, logs.shape[1], "ids")
    there = logs[np.arange(len(ids)), ids]
    right = float((logs.argmax(1) == ids).mean())
    return BlankScore(right, float(-there.mean(dtype=np.float64)), len(ids))
