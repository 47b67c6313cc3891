"""All figures of one model on one part of a text: computed, as JSON, and as a table."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch

from charlstm.errors import counted, figure, option, printable
from charlstm.machine.waiting import unheard
from charlstm.measuring import sampled
from charlstm.measuring.mixture import Mixture
from charlstm.measuring.passage import Passage
from charlstm.measuring.scores import COLD_WINDOW, Scores
from charlstm.measuring.writing import Writing
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.facts import Calibration, Measured, Score
from charlstm.model.network import CharModel
from charlstm.options import Part, Unknown
from charlstm.text.baselines import ngram_bits, xz_bits
from charlstm.text.corpus import Corpus

BASELINE = 2**18  # characters of a part that xz and the 5-gram model predict at most
BEFORE = 2**20  # characters that they read before


@dataclass(frozen=True)
class Baselines:
    """What a compressor and a 5-gram model reach on the same part.

    Both first read the text before the part, up to a million characters. They also predict the
    part's first character, which the network does not. Of a long part they read the beginning.

    Attributes:
        xz_bits_per_char: bits per character of the compressor xz.
        ngram_bits_per_char: bits per character of the 5-gram model.
        read_first: number of characters read before the part.
        characters: number of characters predicted.
    """

    xz_bits_per_char: float
    ngram_bits_per_char: float
    read_first: int
    characters: int

    @classmethod
    def of(cls, passage: Passage) -> "Baselines":
        """Measure both baselines on a passage."""
        ids = passage.ids[:BASELINE].astype(np.int32)
        history = passage.history[-BEFORE:]
        vocabulary = passage.vocabulary
        text, before = (vocabulary.to_user(vocabulary.decode(piece)) for piece in (ids, history))
        both = np.concatenate((history, ids))
        return cls(
            xz_bits(text, before) / len(ids),
            ngram_bits(both, len(vocabulary), len(history)) / len(ids),
            len(history),
            len(ids),
        )


@dataclass(frozen=True)
class Evaluation:
    """All that was measured of one model on one part of a text.

    Attributes:
        passage: the part of the text.
        scores: the model's scores, in both protocols.
        baselines: what a compressor and a 5-gram model reach, for scale.
        dynamic: what a copy that learns while it reads reaches, alone and mixed with n-grams.
        novelty: how much of what the model writes is copied from what it has read.
        calibration: what the model's logits were divided by after the training.
    """

    passage: Passage
    scores: Scores
    baselines: Baselines | None = None
    dynamic: Mixture | None = None
    novelty: Writing | None = None
    calibration: Calibration | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the figures by name; one that is not finite is None, because JSON has no NaN."""
        passage = self.passage
        where = passage.where
        figures = {
            "corpus": passage.name,
            "sha256": passage.corpus.sha256,
            "part": passage.part,
            "from": where.start,
            "to": where.stop,
            "of": len(passage.corpus.text),
            "left_out": passage.left_out,
            "carried": self.scores.carried.to_json(),
            "cold": self.scores.cold.to_json(),
            "chars_per_second": self.scores.chars_per_second,
            "threads": self.scores.threads,
            "device": self.scores.device,
        }
        if self.calibration:
            figures["calibration"] = self.calibration.to_json()
        if self.dynamic:
            figures["dynamic"] = self.dynamic.alone.to_json()
            figures["mixture"] = self.dynamic.to_json()
        if self.novelty:
            figures["novelty"] = self.novelty.to_json()
        if self.baselines:
            figures["xz_bits_per_char"] = self.baselines.xz_bits_per_char
            figures["5gram_bits_per_char"] = self.baselines.ngram_bits_per_char
            figures["baselines_read_first"] = self.baselines.read_first
            figures["baselines_characters"] = self.baselines.characters
        return cast(dict[str, Any], _finite(figures))

    def measured(self) -> Measured | None:
        """Return what a model file notes of it; None if a score is not finite: JSON has no NaN."""
        scores = self.scores
        if not math.isfinite(scores.carried.nats + scores.cold.nats):
            return None
        where = self.passage.where
        return Measured(
            part=self.passage.part,
            start=where.start,
            stop=where.stop,
            carried=scores.carried,
            cold=scores.cold,
            calibration=self.calibration,
        )

    def table(self) -> str:
        """Lay the figures out for a person."""
        return f"{self.scores_table()}\n{self.rest_of_table()}"

    def scores_table(self) -> str:
        """Lay the scores out for a person: the beginning of `table`."""
        return "\n".join(map(printable, self._score_lines()))

    def rest_of_table(self) -> str:
        """Lay out what `scores_table` leaves."""
        return "\n".join(map(printable, self._other_lines()))

    def _score_lines(self) -> Iterator[str]:
        samples = self.scores.cold.interval is not None
        yield self._heading()
        yield f"{'':22} {'nats/char':>10} {'bits/char':>10} {'perplexity':>12} {'characters':>11}"
        way = f"after {sampled.BEFORE} others" if samples else "one pass"
        yield _row(f"carried ({way})", self.scores.carried)
        yield _row(f"cold ({COLD_WINDOW} characters)", self.scores.cold)
        if samples:
            yield from self._interval_lines()

    def _other_lines(self) -> Iterator[str]:
        if self.baselines:
            yield from self._baseline_lines(self.baselines)
        on = self.scores.device
        on = counted(self.scores.threads, "thread") if on == "cpu" else f"on {on}"
        yield f"{self.scores.chars_per_second:,.0f} characters a second, {on}."
        if self.calibration:
            yield str(self.calibration)
        if self.dynamic:
            yield ""
            yield from self._dynamic_lines(self.dynamic)
        if self.novelty:
            yield ""
            yield from self.novelty.lines()

    def _heading(self) -> str:
        passage = self.passage
        where = passage.where
        length = len(passage.corpus.text)
        heading = (
            f"{passage.name}: {passage.part}, characters {where.start:,} to {where.stop:,} of"
            f" {length:,} ({(where.stop - where.start) / length:.1%})"
        )
        if passage.corpus.ends and passage.part != "all":
            by = passage.corpus.options.split_by
            heading = (
                f"{passage.name}: {passage.part}, {where.stop - where.start:,} of {length:,}"
                f" characters ({(where.stop - where.start) / length:.1%}), drawn by {by}"
            )
        if passage.left_out:
            heading += f", {passage.left_out:,} unknown ones left out"
        return heading

    def _interval_lines(self) -> Iterator[str]:
        carried, cold = self.scores.carried.interval, self.scores.cold.interval
        count, length = sampled.STRETCHES, sampled.LENGTH
        yield (
            f"Of this long part, {count} stretches of {length:,} characters were scored;"
            f" {option('whole')} scores all of it."
        )
        yield (
            f"The scores of the whole part lie within {carried:.4f} (carried) and {cold:.4f} (cold)"
            " of these, with 95 % confidence."
        )

    def _dynamic_lines(self, dynamic: Mixture) -> Iterator[str]:
        yield "Apart from these, a copy that learns from what it has been scored on:"
        way = "one pass" if dynamic.streams == 1 else counted(dynamic.streams, "stream")
        yield _row(f"dynamic ({way})", dynamic.alone)
        yield _row("mixed with n-grams", dynamic.mixed)
        shares = [f"{name} {share:.0%}" for name, share in dynamic.shares.items()]
        yield f"Shares in the mixture: {', '.join(shares)}."
        if dynamic.alone.characters + 1 < len(self.passage.ids):
            yield f"(the first characters of the part; {option('whole')} reads it all)"
        yield f"{dynamic.chars_per_second:,.0f} characters a second."

    def _baseline_lines(self, baselines: Baselines) -> Iterator[str]:
        for name, bits in (
            ("5-gram", baselines.ngram_bits_per_char),
            ("xz", baselines.xz_bits_per_char),
        ):
            yield _row(name, Score(bits * math.log(2), baselines.characters))
        told = "The 5-gram model (Witten-Bell) and xz learn while they read"
        if baselines.read_first:
            told += f", having read the {baselines.read_first:,} characters before"
        if baselines.characters < len(self.passage.ids):
            told += f"; only the first {baselines.characters:,} characters of the part"
        yield f"{told}."


def measure(
    checkpoint: Checkpoint,
    corpus: Corpus,
    part: Part | None = None,
    unknown: Unknown | None = None,
    device: str | torch.device = "cpu",
    threads: int | None = None,
    seen: Callable[[int], object] = unheard,
) -> Evaluation:
    """Score a model on a part of a text, in both protocols; of a long part, samples.

    Args:
        checkpoint: the model.
        corpus: the text.
        part: see `Passage.of`.
        unknown: see `Passage.of`.
        device: where to compute.
        threads: see `score_some`.
        seen: see `score_some`.

    Raises:
        UserError: the part has fewer than two characters, or an unknown one.

    Example:
        >>> from charlstm import Checkpoint, Corpus, DataOptions, find_model
        >>> text = "To be, or not to be, that is the question."
        >>> corpus = Corpus(("hamlet",), text, "", DataOptions())
        >>> evaluation = measure(Checkpoint.load(find_model("tinyshakespeare")), corpus)
        >>> f"{evaluation.scores.cold.nats:.1f} nats, {evaluation.passage.part} of it"
        '1.3 nats, all of it'
    """
    passage = Passage.of(checkpoint, corpus, part, unknown)
    model = CharModel.from_checkpoint(checkpoint).to(device)
    scores = sampled.score_some(model, passage.ids, threads=threads, seen=seen)
    return Evaluation(passage, scores, calibration=checkpoint.calibration)


def _finite(value: Any) -> Any:
    """Return JSON values with None in place of each number that is not finite."""
    if isinstance(value, dict):
        return {key: _finite(inside) for key, inside in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _row(name: str, score: Score) -> str:
    return (
        f"{name:22} {figure(score.nats, 4):>10} {figure(score.bits_per_char, 4):>10}"
        f" {figure(score.perplexity, 3):>12}"
        f" {score.characters:11,}"
    )
