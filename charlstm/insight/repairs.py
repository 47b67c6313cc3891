"""Typing errors that a model finds, each with the repair that makes the text likelier.

An unusual word surprises a model, and so does a typing error. The letters after it tell them
apart. Put the letter there that the model expected, and read on. After a typing error the next
letters then become much likelier. After an unusual word they do not. So a repair is judged by the
nats that it saves, from the place of the error to `AHEAD` characters after it. This is the
noisy-channel model of spelling (Kernighan, Church & Gale 1990), with a character model in place of
a dictionary.

Repairs are tried only where the model is surprised, and one character before. One is given up as
soon as it cannot save enough any more, or if it has saved nothing after three letters. And what
comes again is meant: a repair of a longer word that the text asks for twice, such as that of a name
which the model has never read, is none.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from charlstm.errors import UserError
from charlstm.machine.cpus import blas_threads
from charlstm.text.novelty import A_WORD
from charlstm.text.typos import NEAR, Kind
from charlstm.text.vocabulary import Ids, Vocabulary, check_ids

Array = np.ndarray[Any, Any]
Floats = np.ndarray[Any, np.dtype[np.float64]]
PARTS = 32  # of a long text, read side by side
BEFORE = 200  # characters that are read before each of them but the first
SURPRISING = 4.0  # nats of a character near which repairs are tried
GUESSES = 3  # letters tried in place of each such character, and before it
AHEAD = 8  # characters after an error that judge its repair
SOON = 3  # letters after which a repair must have saved something
AGAIN = 5  # letters of a word that is meant if it needs the same repair twice
LEAST = 4.0  # nats that a repair must save to be told at all
OTHERS = np.log(25)  # a letter can be changed into 25 others; the other errors have one form each
TOGETHER = 64  # places that are repaired at once


class Reader(Protocol):
    """What can read a text: `charlstm.Sampler` for a network, or `text.baselines.Ngram`."""

    vocabulary: Vocabulary

    def zero_state(self) -> list[Any]:
        """Return the state at the start of a text: for each layer, arrays (H,)."""

    def step(self, ids: Any, state: list[Any]) -> tuple[Array, list[Any]]:
        """Read a character of each of N texts, (N,); return logits (N, V), and the new state."""


@dataclass(frozen=True)
class Repair:
    """A likely typing error.

    Attributes:
        start: where the wrong letters begin. If a letter is left out, the one that follows it.
        end: one past the last of them.
        kind: what has happened to the right ones.
        instead: what should stand there.
        expected: the letter that the model expected first, and its probability.
        saved: how many nats less the text costs with the repair.
    """

    start: int
    end: int
    kind: Kind
    instead: str
    expected: tuple[str, float]
    saved: float


@dataclass(frozen=True, eq=False)
class _Place:
    """A place where repairs are tried: log p of its character, (V,), and the state before it."""

    at: int
    logs: Array
    state: list[Any]


@dataclass(frozen=True, eq=False)
class _Try:
    """A repair to be tried: what the model reads instead of the text from `place` on."""

    place: _Place
    start: int
    end: int
    kind: Kind
    instead: list[int]
    rest: list[int]


def read(reader: Reader, ids: Ids) -> Iterator[tuple[Any, Array, list[Any]]]:
    """Predict every character of a text.

    The model starts as it does when it writes: as if it had just read a line end. A text of 1,600
    characters or more is read as several parts side by side, up to 32. Each but the first is read
    after the 200 characters before it, from the zero state.

    Args:
        reader: the model.
        ids: the text, (T,).

    Yields:
        places (B,), log p of all characters there, (B, V), and the state before these places,
        arrays (B, H). Every place comes once. Near the end some parts are over: there are fewer
        places then, but as many rows of the state as before.

    Raises:
        UserError: an id is not from 0 to V - 1.
    """
    ids = check_ids(ids, len(reader.vocabulary), "ids")
    T = len(ids)
    B = max(1, min(PARTS, T // (4 * BEFORE)))
    size = -(-T // B)
    starts = np.arange(B) * size
    zero = reader.zero_state()
    newline = np.full(1, max(0, reader.vocabulary.characters.find("\n")))
    one_thread = blas_threads(1)
    with one_thread:
        logits, state = reader.step(newline, tile(zero, 1))
        if B > 1:
            others = tile(zero, B - 1)
            for k in range(BEFORE):
                more, others = reader.step(ids[starts[1:] - BEFORE + k], others)
            logits = np.concatenate([logits, more])
            state = _join(np.concatenate, [state, others])
    for k in range(size):
        places = starts + k
        count = int((places < T).sum())
        yield places[:count], log_softmax(logits[:count]), state
        with one_thread:
            logits, state = reader.step(ids[np.minimum(places, T - 1)], state)


def read_and_repair(reader: Reader, text: str) -> tuple[Floats, list[Repair]]:
    """Return the nats of each character, (T,), and the likely typing errors.

    Of several repairs within two characters, there is only the one that saves most.

    Args:
        reader: the model.
        text: T characters, at least one.

    Raises:
        UserError: the text is empty, or has a character that the model does not know.

    Example:
        >>> from charlstm import Checkpoint, Sampler, find_model
        >>> sampler = Sampler(Checkpoint.load(find_model("tinyshakespeare")))
        >>> _, (repair,) = read_and_repair(sampler, "What shall the king do withuot him?")
        >>> repair.start, repair.kind, repair.instead
        (27, 'swapped', 'ou')
    """
    if not text:
        raise UserError("the text is empty; give at least one character")
    ids = reader.vocabulary.encode(text)
    nats = np.full(len(ids), np.nan)
    waiting: dict[int, _Place] = {}
    found: list[Repair] = []
    before: tuple[Any, Array, list[Any]] | None = None
    for places, logs, state in read(reader, ids):
        nats[places] = -logs[np.arange(len(places)), ids[places]]
        for row in np.flatnonzero(nats[places] > SURPRISING):
            for at, now in ((-1, before), (0, (places, logs, state))):
                if now is not None:
                    place = int(places[row]) + at
                    waiting.setdefault(place, _Place(place, now[1][row], _row(now[2], row)))
        before = places, logs, state
        if len(waiting) >= 2 * TOGETHER:
            ready = [p for p in waiting if not np.isnan(nats[p : p + AHEAD + 1]).any()]
            for k in range(0, len(ready), TOGETHER):
                group = [waiting.pop(p) for p in ready[k : k + TOGETHER]]
                found += _repaired(reader, ids, nats, group)
    last = list(waiting.values())
    for k in range(0, len(last), TOGETHER):
        found += _repaired(reader, ids, nats, last[k : k + TOGETHER])
    found = _meant_once(found, text)
    kept: list[Repair] = []
    taken = np.zeros(len(ids) + 1, bool)
    for repair in sorted(found, key=lambda r: (-r.saved, r.start)):
        if not taken[repair.start : repair.end].any():
            kept.append(repair)
            taken[max(0, repair.start - NEAR) : repair.end + NEAR] = True
    return nats, sorted(kept, key=lambda r: r.start)


def _repaired(reader: Reader, ids: Ids, nats: Floats, group: Sequence[_Place]) -> list[Repair]:
    """Return all repairs that save enough."""
    tries = [t for place in group for t in _tries(ids, place)]
    if not tries:
        return []
    lengths = np.array([len(t.instead) + len(t.rest) for t in tries])
    seqs = np.zeros((len(tries), lengths.max()), ids.dtype)
    for seq, t, length in zip(seqs, tries, lengths, strict=True):
        seq[:length] = t.instead + t.rest
    before: Array = np.zeros(seqs.shape)  # what the text costs in place of the letters so far
    letters = np.arange(1, seqs.shape[1] + 1)
    for total, t, length in zip(before, tries, lengths, strict=True):
        costs = np.cumsum([0.0, *nats[t.start : t.end + len(t.rest)]])
        shorter = len(costs) - 1 - length  # than with the repair: -1, 0 or 1
        total[:] = costs[np.clip(letters + shorter, 0, len(costs) - 1)]
        total -= OTHERS * (t.kind == "changed")
    most = before[:, -1]
    cost = np.array([-t.place.logs[seq[0]] for t, seq in zip(tries, seqs, strict=True)])
    left = np.flatnonzero(most - cost > LEAST)
    state = _join(np.stack, [t.place.state for t in tries])
    state = _row(state, left)
    one_thread = blas_threads(1)
    for k in range(1, seqs.shape[1]):
        with one_thread:
            logits, state = reader.step(seqs[left, k - 1], state)
        more = -log_softmax(logits)[np.arange(len(left)), seqs[left, k]]
        cost[left] += np.where(k < lengths[left], more, 0.0)
        still = most[left] - cost[left] > LEAST
        if k >= SOON:
            still &= before[left, k] > cost[left]
        left, state = left[still], _row(state, still)
        if not len(left):
            break
    decode = reader.vocabulary.decode
    return [
        Repair(
            (t := tries[k]).start,
            t.end,
            t.kind,
            decode(t.instead),
            (decode(t.instead[:1]), float(np.exp(t.place.logs[t.instead[0]]))),
            float(most[k] - cost[k]),
        )
        for k in left
    ]


def _meant_once(found: list[Repair], text: str) -> list[Repair]:
    """Leave out the repairs that the text asks for again, in the same longer word."""
    words = [w.span() for w in A_WORD.finditer(text) if w.end() - w.start() >= AGAIN]
    ends = np.array([end for _, end in words])
    keys: list[Any] = []
    for repair in found:
        k = int(np.searchsorted(ends, repair.start, "right"))
        start, end = words[k] if k < len(words) else (len(text), 0)
        place = repair.start - start
        again = (text[start:end], place, repair.kind, repair.instead) if place >= 0 else repair
        keys.append(again)
    counts = Counter(keys)
    return [repair for repair, key in zip(found, keys, strict=True) if counts[key] == 1]


def _tries(ids: Ids, place: _Place) -> Iterator[_Try]:
    """Yield the repairs of the text from one place on."""
    at = place.at
    seen = ids[at : at + AHEAD + 1].tolist()
    first, *rest = seen
    likely = np.argsort(-place.logs, kind="stable")[: GUESSES + 1].tolist()
    for guess in [i for i in likely if i != first][:GUESSES]:
        yield _Try(place, at, at + 1, "changed", [guess], rest)
        yield _Try(place, at, at + 1, "left out", [guess, first], rest)
    if rest and rest[0] != first:
        yield _Try(place, at, at + 2, "swapped", [rest[0], first], rest[1:])
    if rest and rest[0] == first:
        yield _Try(place, at, at + 2, "doubled", [first], rest[1:])


def tile(state: list[Any], count: int) -> list[Any]:
    """Return the state of one text, (H,), as that of several, (count, H)."""
    return [tuple(np.tile(s, (count, 1)) for s in layer) for layer in state]


def _row(state: list[Any], row: Any) -> list[Any]:
    """Return the state of one text, or of some of them. Copies, so that the others can go."""
    return [tuple(s[row].copy() for s in layer) for layer in state]


def _join(how: Callable[[Any], Array], states: Sequence[list[Any]]) -> list[Any]:
    return [
        tuple(how([state[k][j] for state in states]) for j in range(len(layer)))
        for k, layer in enumerate(states[0])
    ]


def log_softmax(logits: Array) -> Array:
    """Return the logarithms of probabilities, (..., V)."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
