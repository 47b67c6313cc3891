"""Samples on standard output, in UTF-8: as they come, one after the other, or as lines of JSON."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from charlstm.sampling.items import Line
from charlstm.sampling.reading import surprise
from charlstm.sampling.sampler import Sampler
from charlstm.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Printer:
    """Prints samples in the way that was asked for.

    Args:
        sampler: the model that wrote them.
        seed: of the command, for JSON.
        echo: whether the prime stands before a sample.
        json: whether each sample is a line of JSON.
        surprise: whether that line has the surprise of each character.
    """

    sampler: Sampler
    seed: int | None
    echo: bool
    json: bool
    surprise: bool

    def stream(self, prime: str, characters: Iterable[str]) -> int:
        """Print one sample while it is made.

        To a terminal it goes character by character, and to anything else word by word.

        Returns:
            how many characters were written, the prime not counted.
        """
        terminal = sys.stdout.isatty()
        _write(self._encoded(self._echoed(prime)))
        length = 0
        for character in characters:
            length += 1
            word_ends = (
                character.isspace() or not character.isascii()
            )  # not all scripts have spaces
            _write(self._encoded(character), flush=terminal or word_ends)
        _write(b"\n" if terminal else b"")
        return length

    def one_of(self, number: int, index: int, prime: str, text: str, stopped: bool | None) -> None:
        """Print one of several samples; `index` begins at 1."""
        if self.json:
            self._print_json(index, prime, prime, text, stopped=stopped)
        else:
            _write(f"--- {index} of {number} ---\n".encode())
            _write(self._encoded(self._echoed(prime) + text) + b"\n")

    def item(self, prime: str, line: Line) -> None:
        """Print a line, with a mark behind a tab if it stands in the text."""
        if self.json:  # each line begins as after a line end
            self._print_json(line.number, line.prime, "\n" + prime, line.text, in_text=line.in_text)
        else:
            mark = b"\t(in the text)\n" if line.in_text else b"\n"
            _write(self._encoded(self._echoed(line.prime) + line.text) + mark)

    def _print_json(self, index: int, prime: str, read: str, text: str, **more: Any) -> None:
        """Print a sample as JSON; `read` is what the model read before it wrote."""
        if self.surprise:
            more["nats"] = surprise(self.sampler, read, text).round(6).tolist()
        line = record(index, self.seed, prime, text, self.sampler.vocabulary, **more)
        _write(line.encode() + b"\n")

    def _echoed(self, prime: str) -> str:
        return prime if self.echo else ""

    def _encoded(self, text: str) -> bytes:
        return self.sampler.vocabulary.to_user(text)


def _write(content: bytes, flush: bool = True) -> None:
    sys.stdout.buffer.write(content)
    if flush:
        sys.stdout.buffer.flush()


def record(
    index: int, seed: int | None, prime: str, text: str, vocabulary: Vocabulary, **more: Any
) -> str:
    r"""Return a sample as one line of JSON.

    Args:
        index: its number, from 1.
        seed: the seed of the command; None if there was none.
        prime: what the model read first, in its vocabulary's characters.
        text: what it wrote after that.
        vocabulary: the model's. Bytes become the characters that they are in UTF-8. A byte that is
            part of none is written as Python does it (PEP 383), from \udc80 to \udcff.
        more: what else is known of the sample.

    Example:
        >>> record(1, 5, "He", "llo", Vocabulary("Helo"), stopped=True)
        '{"index": 1, "seed": 5, "prime": "He", "text": "llo", "stopped": true}'
    """

    def shown(characters: str) -> str:
        if not vocabulary.bytewise:
            return characters
        return vocabulary.to_user(characters).decode("utf-8", "surrogateescape")

    facts = {"index": index, "seed": seed, "prime": shown(prime), "text": shown(text)}
    return json.dumps(facts | more)
