"""What surprises a model in a text, and why.

The surprise of a character is -ln p, in nats, where p is the probability that the model gave it.
Its mean is the score of `measuring/scores.py`. `stands_out` finds three things that stand out
against the running level of a text, each with a reason that names the numbers behind it:

- typing errors, by their repairs (`repairs.py`);
- passages in which the surprise adds up, such as a line of another language;
- words that the model did not expect, such as a wrong name.

A reason says what the model expected, not what is wrong. A rare word that is right looks the same.
README's "Look inside" says how much is found, and how much else is told.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlstm.insight.repairs import (
    BEFORE,
    Floats,
    Reader,
    Repair,
    log_softmax,
    read_and_repair,
    tile,
)
from charlstm.machine.cpus import blas_threads
from charlstm.text.novelty import A_WORD
from charlstm.text.vocabulary import Ids

SAVED = 5.5  # nats that a repair must save
PASSAGE = 40.0  # nats above the level that make a passage
USUAL = 1.5  # nats by which the characters of a passage must exceed the level, on average
CALM = 10.0  # nats by which the sum may fall again within a passage
SHORTEST = 20  # characters of a passage
WORD = 14.0  # nats above the level that make a word unexpected
BLOCK, BLOCKS = 100, 9  # characters of a block, and blocks whose median is the level
LONGEST = 20  # characters of what the model would have written
PAUSES = " \n\t.,;:!?"


@dataclass(frozen=True)
class Span:
    """A piece of a text that stands out.

    Attributes:
        start: its place in the text.
        end: one past its last character.
        text: the piece.
        nats: mean surprise of its characters.
        level: the running level of the text there, in nats per character.
        kind: "typing error", "passage" or "word".
        reason: why, for a person to read.
    """

    start: int
    end: int
    text: str
    nats: float
    level: float
    kind: str
    reason: str


def level(nats: Floats) -> Floats:
    """Return the usual surprise around each character, (T,).

    This is the median of the means of nine blocks of 100 characters: the character's own, and the
    nearest others. So a passage of up to 400 characters does not raise the level that it is
    compared with. A text of fewer than 900 characters has one level.

    Args:
        nats: the surprise of each character, (T,).

    Example:
        >>> nats = np.ones(1000)
        >>> nats[300:600] = 5.0
        >>> float(level(nats)[450])
        1.0
    """
    T = len(nats)
    means = np.array([nats[k : k + BLOCK].mean() for k in range(0, T - T % BLOCK or T, BLOCK)])
    width = min(BLOCKS, len(means))
    medians = np.median(np.lib.stride_tricks.sliding_window_view(means, width), axis=1)
    window = np.arange(T) // BLOCK - width // 2
    return medians[np.clip(window, 0, len(medians) - 1)]


def stands_out(reader: Reader, text: str) -> list[Span]:
    """Find what stands out in a text, in the order of the text.

    Nothing is told twice. What lies in a passage is left out. A word with a repair is unexpected
    only if it would still be so with the repair. Else it has a typing error.

    Args:
        reader: the model: `Sampler(checkpoint)`.
        text: T characters, at least one.

    Raises:
        UserError: the text is empty, or has a character that the model does not know.

    Example:
        >>> from charlstm import Checkpoint, Sampler, find_model
        >>> sampler = Sampler(Checkpoint.load(find_model("tinyshakespeare")))
        >>> (span,) = stands_out(sampler, "What shall the king do withuot him?")
        >>> span.text, span.kind
        ('uo', 'typing error')
    """
    nats, repairs = read_and_repair(reader, text)
    usual = level(nats)
    above = nats - usual
    spans: list[Span] = []
    taken = np.zeros(len(text), bool)

    def add(start: int, end: int, kind: str, reason: str) -> None:
        mean, there = float(nats[start:end].mean()), float(usual[start])
        spans.append(Span(start, end, text[start:end], mean, there, kind, reason))
        taken[start:end] = True

    for start, end in passages(above):
        mean = nats[start:end].mean()
        reason = (
            f"{end - start} characters at {mean:.1f} nats each, where {usual[start]:.1f} is usual:"
            " another language or style"
        )
        add(start, end, "passage", reason)
    mended = above.copy()
    for repair in repairs:
        mended[repair.start] -= repair.saved
    words = [
        found.span()
        for found in A_WORD.finditer(text)
        if mended[slice(*found.span())].sum() > WORD and not taken[slice(*found.span())].any()
    ]
    places = [start + int(nats[start:end].argmax()) for start, end in words]
    for (start, end), place, (rest, chance) in zip(
        words, places, _expected(reader, text, places), strict=True
    ):
        what = "name" if _is_name(text, start, end) else "word"
        expected = text[start:place] + rest
        reason = (
            f"an unexpected {what} of {nats[start:end].sum():.0f} nats: the model expected"
            f" {expected!r}, with {rest[0]!r} at {chance:.2f}"
        )
        add(start, end, "word", reason)
    for repair in repairs:
        if repair.saved > SAVED and not taken[repair.start : repair.end].any():
            add(repair.start, repair.end, "typing error", _reason(repair, text))
    return sorted(spans, key=lambda span: span.start)


def passages(above: Floats) -> list[tuple[int, int]]:
    """Return where passages begin and end in which the surprise adds up.

    A passage has at least 20 characters. They add up to 40 nats or more above the level, and to
    one and a half each. It ends where the sum has fallen by 10 nats from its top (CUSUM: Page
    1954).

    Args:
        above: surprise above the level, (T,).

    Example:
        >>> above = np.full(100, -0.5)
        >>> above[30:60] = 3.0
        >>> passages(above)
        [(30, 60)]
    """
    found = []
    start = end = 0
    total = top = 0.0
    for t, excess in enumerate([*(above - USUAL), -np.inf]):
        total += excess
        if total > top:
            top, end = total, t + 1
        elif total <= 0 or total < top - CALM:
            if top + USUAL * (end - start) >= PASSAGE and end - start >= SHORTEST:
                found.append((start, end))
            start, total, top = t + 1, 0.0, 0.0
    return found


def _reason(repair: Repair, text: str) -> str:
    letter, chance = repair.expected
    seen = text[repair.start : repair.end]
    what = {
        "changed": f"{letter!r} changed into {seen!r}",
        "swapped": f"{repair.instead!r} swapped into {seen!r}",
        "left out": f"{letter!r} left out before {seen!r}",
        "doubled": f"{letter!r} doubled",
    }[repair.kind]
    return (
        f"a typing error? Perhaps {what}: the model expected {letter!r} at {chance:.2f}, and with"
        f" {repair.instead!r} this and the next letters cost {repair.saved:.1f} nats less"
    )


def _is_name(text: str, start: int, end: int) -> bool:
    """Whether a word has a capital that is not due to the start of a sentence or a line.

    In a play the names of speakers are written in capitals.
    """
    word = text[start:end]
    before = text[:start].rstrip(" \"'\u201c\u2018(")
    begins = not before or before[-1] in ".!?\n"
    return word[0].isupper() and (not begins or word[1:].isupper())


def _expected(reader: Reader, text: str, places: Sequence[int]) -> list[tuple[str, float]]:
    """Return how the model would have gone on at each place, and the chance of the first letter.

    It takes the most likely letter each time, up to the end of the word. It reads the 200
    characters before the place; line ends stand before the text.
    """
    if not places:
        return []
    ids = reader.vocabulary.encode(text)
    newline = max(0, reader.vocabulary.characters.find("\n"))
    padded = np.concatenate([np.full(BEFORE, newline, ids.dtype), ids])
    state = tile(reader.zero_state(), len(places))
    windows: Ids = padded[np.asarray(places)[:, None] + np.arange(BEFORE)]  # (N, 200)
    written: list[Any] = []
    with blas_threads(1):
        for column in windows.T:
            logits, state = reader.step(column, state)
        chances = np.exp(log_softmax(logits).max(-1))
        for _ in range(LONGEST):
            written.append(logits.argmax(-1))
            logits, state = reader.step(written[-1], state)
    texts = [reader.vocabulary.decode(row) for row in np.array(written).T]
    words = [re.match(f"[^{PAUSES}]*", row[1:]) for row in texts]
    return [
        (row[0] + word[0], float(chance))
        for row, word, chance in zip(texts, words, chances, strict=True)
        if word
    ]
