"""How much of what a model writes is copied from what it has read, and how much is new."""

import dataclasses
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from charlstm.errors import figure
from charlstm.measuring.passage import Passage
from charlstm.measuring.scores import score_carried
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import SampleOptions
from charlstm.sampling.sampler import Sampler, generate
from charlstm.text.novelty import Novelty, novelty
from charlstm.text.vocabulary import Vocabulary

SHORT = reprlib.Repr()
SHORT.maxstring = 160  # of a piece: its beginning and its end
MOST = 2**22  # characters of the text read that are compared with; they take some 10 seconds


@dataclass(frozen=True)
class Compared:
    """A text, compared with the text that its writer has read.

    Attributes:
        characters: length of the first.
        novelty: what the two have in common.
    """

    characters: int
    novelty: Novelty

    @classmethod
    def of(cls, text: str, source: str, vocabulary: Vocabulary) -> "Compared":
        """Compare two texts in a vocabulary's characters, as a person would read them."""
        shown, read = (vocabulary.to_user(t).decode("utf-8", "replace") for t in (text, source))
        return cls(len(shown), novelty(shown, read))

    def to_json(self) -> dict[str, Any]:
        """Return the figures by name."""
        return {
            "characters": self.characters,
            "copied": {str(length): share for length, share in self.novelty.copied.items()},
            "longest": self.novelty.longest,
            "known_words": self.novelty.known_words,
        }


@dataclass(frozen=True)
class Writing:
    """What a model wrote, compared with what it has read.

    Attributes:
        options: how it wrote.
        written: the model's text, compared with what the model has read.
        surprise_nats: nats per character that the model gives its own text; None if that text has
            fewer than two characters.
        part: for scale, as many characters of the validation part, compared in the same way. None
            unless the passage is the validation part of the text that the model was trained on.
        left_out: how many characters of a long text were not compared with: all but the last
            `MOST` of what the model has read.
    """

    options: SampleOptions
    written: Compared
    surprise_nats: float | None
    part: Compared | None
    left_out: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the figures by name."""
        figures = {
            **self.options.manner,
            "seed": self.options.seed,
            **self.written.to_json(),
            "surprise_nats": self.surprise_nats,
        }
        if self.left_out:
            figures["left_out"] = self.left_out
        return figures if self.part is None else figures | {"part": self.part.to_json()}

    def lines(self) -> Iterator[str]:
        """Lay the figures out for a person."""
        heading = f"{self.written.characters:,} characters written with {self._how()}"
        if self.surprise_nats is not None:
            heading += f"; the model's own surprise: {figure(self.surprise_nats, 4)} nats/char"
        yield heading
        columns = {"written": self.written} | ({"part": self.part} if self.part else {})
        yield f"{'also in the text read':26}" + "".join(f"{name:>10}" for name in columns)
        rows = {
            f"pieces of {length} characters": [c.novelty.copied[length] for c in columns.values()]
            for length in self.written.novelty.copied
        }
        rows["words that it has"] = [c.novelty.known_words for c in columns.values()]
        for name, shares in rows.items():
            cells = ["-" if share is None else f"{share:.2%}" for share in shares]
            yield f"{name:26}" + "".join(f"{cell:>10}" for cell in cells)
        if self.left_out:
            yield f"(its last {MOST:,} characters; {self.left_out:,} before them were not compared)"
        for name, column in columns.items():
            longest = column.novelty.longest
            yield f"longest, {name}: {len(longest):,} characters, {SHORT.repr(longest)}"

    def _how(self) -> str:
        given = {name: value for name, value in self.options.manner.items() if value is not None}
        how = [f"{name.replace('_', '-')} {value:g}" for name, value in given.items()]
        return ", ".join([*how, f"seed {self.options.seed}"])


def measure_writing(
    checkpoint: Checkpoint,
    model: CharModel,
    passage: Passage,
    options: SampleOptions,
    threads: int | None = None,
) -> Writing:
    """Let a model write, compare its text with what it has read, and score it by the model itself.

    A model has read the training part of the text that it was trained on. If the passage is from
    another text, the model's writing is compared with the whole of that other text.

    Args:
        checkpoint: the model, which writes.
        model: the same model, which scores.
        passage: what is measured.
        options: how the model writes.
        threads: for both. None measures how many are the fastest.
    """
    vocabulary = checkpoint.vocabulary
    if options.stop is not None:
        options = dataclasses.replace(options, stop=vocabulary.from_user(options.stop))
    corpus = passage.corpus
    read = corpus.text[corpus.parts()["train"]] if passage.own else corpus.text
    original = None if options.no_copy is None else str(read)
    text = "".join(generate(Sampler(checkpoint), "", options, threads, original))
    surprise = None
    if len(text) > 1:
        surprise = score_carried(model, vocabulary.encode(text), threads=threads).nats
    source = str(read[-MOST:])
    part = None
    if passage.own and passage.part == "validation":
        part = Compared.of(str(passage.text[: options.length]), source, vocabulary)
    left_out = len(read) - len(source)
    return Writing(options, Compared.of(text, source, vocabulary), surprise, part, left_out)
