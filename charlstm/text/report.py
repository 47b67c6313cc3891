"""What can be known about a text before a model is trained on it."""

import math
from dataclasses import dataclass

import numpy as np

from charlstm.errors import UserError, counted
from charlstm.text.baselines import ngram_bits, xz_bits
from charlstm.text.encoded import Text, occurring, to_text
from charlstm.text.novelty import longest_repeat
from charlstm.text.vocabulary import Vocabulary

MOST = 300_000  # characters that the slower figures read at most, so that they take 1 or 2 seconds
RARE = 10  # a character that occurs less often is rare: a model learns little about it


@dataclass(frozen=True)
class TextReport:
    """Facts about a text.

    Attributes:
        characters: its length.
        vocabulary: how many different characters it has.
        rare: the characters that occur fewer than `RARE` times, the rarest first.
        measured: how many characters, from the start, the figures below are computed from.
        lines: how many lines are not empty.
        duplicate_lines: share of these lines that occurred before.
        longest_repeat: the longest piece that occurs twice.
        xz: bits per character of xz, at its highest setting.
        ngram: bits per character of the adaptive 5-gram model.
    """

    characters: int
    vocabulary: int
    rare: str
    measured: int
    lines: int
    duplicate_lines: float
    longest_repeat: str
    xz: float
    ngram: float


def text_report(text: Text, bytewise: bool = False) -> TextReport:
    r"""Collect the facts about a text.

    Args:
        text: the characters.
        bytewise: whether each character stands for a byte.

    Raises:
        UserError: the text is empty.

    Example:
        >>> report = text_report("tick tock\ntick tock\n" * 20)
        >>> report.vocabulary, report.lines, report.duplicate_lines
        (7, 40, 0.975)
    """
    if not text:
        raise UserError("an empty text has nothing to report; give one of at least one character")
    points, counts = occurring(text)
    rarest = np.lexsort((points, counts))
    start = str(text[:MOST])
    lines = [line for line in start.split("\n") if line.strip()]
    vocabulary = Vocabulary.of(start, bytewise=bytewise)
    ids = vocabulary.encode(start)
    return TextReport(
        characters=len(text),
        vocabulary=len(points),
        rare=to_text(points[rarest[counts[rarest] < RARE]]),
        measured=len(start),
        lines=len(lines),
        duplicate_lines=1 - len(set(lines)) / len(lines) if lines else 0.0,
        longest_repeat=longest_repeat(start),
        xz=xz_bits(vocabulary.to_user(start)) / len(start),
        ngram=abs(ngram_bits(ids, len(vocabulary)) / len(start)),  # abs turns -0.0 into 0.0
    )


def report_lines(report: TextReport) -> list[str]:
    """Lay a report out for a person."""
    rare = f"; {len(report.rare)} of them rare: {report.rare[:40]!r}" if report.rare else ""
    part = f" of the first {report.measured:,}" if report.measured < report.characters else ""
    repeat = report.longest_repeat
    shown = repr(repeat) if len(repeat) <= 60 else f"{repeat[:40]!r} ... {repeat[-12:]!r}"
    return [
        f"{counted(report.characters, 'character')}, {report.vocabulary:,} different{rare}",
        f"lines with text{part}: {report.lines:,}, {report.duplicate_lines:.1%} occurred before",
        f"longest repeated piece{part}: {counted(len(repeat), 'character')}, {shown}",
        f"bits per character{part}: xz {report.xz:.3f}, 5-gram {report.ngram:.3f}"
        f" ({report.ngram * math.log(2):.3f} nats)",
    ]
