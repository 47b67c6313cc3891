"""Items, one a line: names, tunes, recipes. All different, and held against the text they imitate.

A model of a list has learned what an item looks like, and some of the items by heart. So each line
is looked up among the lines of the text.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from charlstm.errors import UserError, counted, option
from charlstm.fields import LARGEST_COUNT
from charlstm.options import SampleOptions
from charlstm.sampling.sampler import Sampler, generate_many
from charlstm.text.encoded import Text, stretches

TOGETHER = 64  # lines that are written side by side; a fixed number, so that a seed fixes them
IN_VAIN = 500  # lines in a row without a new one, after which the model is taken to have no more


class TextLines(Container[object]):
    r"""The lines of a text, of which only hashes are kept: 8 bytes a line.

    Args:
        text: any text. CR LF ends a line as LF does.
        left_out: characters that are left out of it, because the model does not know them.

    Example:
        >>> names = TextLines("anna\nberta\n")
        >>> "anna" in names, "ann" in names
        (True, False)
    """

    def __init__(self, text: Text, left_out: str = "") -> None:
        absent = dict.fromkeys(map(ord, left_out))
        hashes = (hash(line.translate(absent)) for line in _lines(text))
        self._hashes = np.unique(np.fromiter(hashes, np.int64))

    def __contains__(self, line: object) -> bool:
        place = self._hashes.searchsorted(hash(line))
        return bool(place < len(self._hashes) and self._hashes[place] == hash(line))


def _lines(text: Text) -> Iterator[str]:
    begun = ""
    for stretch in stretches(text):
        *whole, begun = (begun + str(stretch)).split("\n")
        for line in whole:
            yield line.removesuffix("\r")
    yield begun.removesuffix("\r")


@dataclass(frozen=True)
class Line:
    """A line that a model wrote.

    Attributes:
        number: its place among those that are given out, from 1.
        prime: what the user began it with.
        text: how the model went on.
        in_text: whether it is a line of the text, prime included; None if there is no text.
    """

    number: int
    prime: str
    text: str
    in_text: bool | None


def check_lines(sampler: Sampler) -> None:
    """Refuse a model that writes no lines.

    Raises:
        UserError: it knows no line end.
    """
    if "\n" not in sampler.vocabulary.characters:
        raise UserError(
            f"{option('lines')}: the model knows no line end, so it writes no lines; leave it"
            f" out, or use {option('number')}"
        )


@dataclass
class Lines:
    """Different lines that a model writes, and a count of those that it left out.

    Args:
        sampler: the model.
        known: the lines of the text; None if there is no text.
        new_only: leave out the lines of the text.
    """

    sampler: Sampler
    known: Container[object] | None = None
    new_only: bool = False
    given: int = field(default=0, init=False)
    in_text: int = field(default=0, init=False)
    repeated: int = field(default=0, init=False)
    empty: int = field(default=0, init=False)
    unfinished: int = field(default=0, init=False)
    gave_up: bool = field(default=False, init=False)

    def write(
        self,
        number: int,
        prime: str = "",
        options: SampleOptions | None = None,
        threads: int | None = None,
    ) -> Iterator[Line]:
        """Write up to `number` different lines, each from a fresh start, as after a line end.

        The first lines of a seed are the same, however many are asked for.

        Args:
            number: how many to give out. There are fewer if the model has no more: if 500 in a row
                brought no new one.
            prime: how each line begins. If it has several lines, the model reads all of them, and
                the last one begins each line.
            options: how to choose characters. A line of `length` characters or more is left out.
            threads: as for `generate_many`.

        Raises:
            UserError: the model knows no line end.
        """
        options = options or SampleOptions()
        check_lines(self.sampler)
        return self._write(number, prime, options, threads)

    def _write(
        self, number: int, prime: str, options: SampleOptions, threads: int | None
    ) -> Iterator[Line]:
        begun = prime.rpartition("\n")[2]
        seen: set[str] = set()
        in_vain = 0
        for text in self._texts("\n" + prime, replace(options, stop="\n"), threads):
            in_vain += 1
            rest = text.removesuffix("\r")
            whole = begun + rest
            if len(text) == options.length:
                self.unfinished += 1
            elif not whole.strip():
                self.empty += 1
            elif whole in seen:
                self.repeated += 1
            else:
                seen.add(whole)
                in_text = None if self.known is None else whole in self.known
                self.in_text += bool(in_text)
                if not (in_text and self.new_only):
                    in_vain = 0
                    self.given += 1
                    yield Line(self.given, begun, rest, in_text)
            if self.given == number:
                return
            if in_vain == IN_VAIN:
                self.gave_up = True
                return

    def told(self, asked: int, length: int) -> str:
        """Return the counts as a line for a person.

        Args:
            asked: how many lines were asked for.
            length: of a line, from which on it was taken for unfinished.
        """
        told = counted(self.given, "new line" if self.new_only else "line")
        if self.gave_up:
            told += f" of {asked:,} (the model has no more: {IN_VAIN} in a row brought no new one)"
        if self.known is not None and not self.new_only:
            told += f"; in the text: {self.in_text:,}{self._share(self.given)}"
        left_out = []
        if self.new_only:
            share = self._share(self.given + self.in_text)
            left_out.append(f"{self.in_text:,} in the text{share}")
        left_out += [
            f"{n:,} {why}"
            for n, why in (
                (self.repeated, "repeated"),
                (self.empty, "empty"),
                (self.unfinished, f"unfinished after {option('length', length)}"),
            )
            if n
        ]
        return told + (f"; left out: {', '.join(left_out)}" if left_out else "")

    def _share(self, number: int) -> str:
        return f" ({self.in_text / number:.0%} of the different ones)" if number else ""

    def _texts(self, prime: str, options: SampleOptions, threads: int | None) -> Iterator[str]:
        """Yield texts without end, a batch of them after the other, each with its own seed."""
        seeds = np.random.default_rng(options.seed)
        while True:
            if options.seed is not None:
                options = replace(options, seed=int(seeds.integers(LARGEST_COUNT)))
            rows = list(generate_many(self.sampler, TOGETHER, prime, options, threads))
            yield from map("".join, zip(*rows, strict=True))
