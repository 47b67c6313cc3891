"""What can be known about a text before a model is trained on it."""

import math
from collections import Counter
from dataclasses import dataclass

from charlstm.baselines import ngram_bits, xz_bits
from charlstm.novelty import longest_repeat
from charlstm.vocabulary import Vocabulary

MOST = 300_000  # characters that the slower figures are taken from
RARE = 10  # a model learns little of a character that it meets less often


@dataclass(frozen=True)
class TextReport:
    """Facts about a text.

    Attributes:
        characters: its length.
        vocabulary: different characters.
        rare: those that occur less than ten times, the rarest first.
        lines: its lines that are not empty.
        duplicate_lines: share of them that occurred before.
        measured: characters, from the start, that the following are taken from.
        longest_repeat: the longest piece that occurs twice.
        xz: bits per character of xz, at its highest setting.
        ngram: bits per character of the adaptive 5-gram model.
    """

    characters: int
    vocabulary: int
    rare: str
    lines: int
    duplicate_lines: float
    measured: int
    longest_repeat: str
    xz: float
    ngram: float


def text_report(text: str) -> TextReport:
    r"""Look a text over.

    Example:
        >>> report = text_report("tick tock\ntick tock\n" * 20)
        >>> report.vocabulary, report.lines, report.duplicate_lines
        (7, 40, 0.975)
    """
    counts = Counter(text)
    lines = [line for line in text.splitlines() if line.strip()]
    start = text[:MOST]
    vocabulary = Vocabulary.of(start)
    ids = vocabulary.encode(start)
    return TextReport(
        characters=len(text),
        vocabulary=len(counts),
        rare="".join(c for c, n in reversed(counts.most_common()) if n < RARE),
        lines=len(lines),
        duplicate_lines=1 - len(set(lines)) / len(lines) if lines else 0.0,
        measured=len(start),
        longest_repeat=longest_repeat(start),
        xz=xz_bits(start.encode("utf-8", "surrogatepass")) / len(start),
        ngram=ngram_bits(ids, len(vocabulary)) / len(start),
    )


def report_lines(report: TextReport) -> list[str]:
    """Lay a report out for a person."""
    rare = f"; {len(report.rare)} of them rare: {report.rare[:40]!r}" if report.rare else ""
    part = f" of the first {report.measured:,}" if report.measured < report.characters else ""
    repeat = report.longest_repeat
    shown = repr(repeat) if len(repeat) <= 60 else f"{repeat[:40]!r} ... {repeat[-12:]!r}"
    return [
        f"{report.characters:,} characters, {report.vocabulary:,} different{rare}",
        f"{report.lines:,} lines with text, {report.duplicate_lines:.1%} occurred before",
        f"longest repeated piece{part}: {len(repeat):,} characters, {shown}",
        f"bits per character{part}: xz {report.xz:.3f}, 5-gram {report.ngram:.3f}"
        f" ({report.ngram * math.log(2):.3f} nats)",
    ]
