"""The command that generates text: `python -m charlstm.sample --temp 0.8`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from charlstm.errors import UserError, command, counted, option, say, unreadable
from charlstm.fields import check_ranges
from charlstm.flags import Positional, parse
from charlstm.options import CellOptions, MachineOptions, SampleOptions, Unknown
from charlstm.quoting import invocation
from charlstm.text.escapes import unescape

if TYPE_CHECKING:
    from charlstm.model.checkpoint import Checkpoint
    from charlstm.sampling.items import TextLines
    from charlstm.sampling.printed import Printer
    from charlstm.text.corpus import Corpus
    from charlstm.text.vocabulary import Vocabulary


AT_ONCE = 256  # samples; more side by side are no faster, and take more memory
# options that a mode has no use for, and those that do nothing without another
ALONE = {
    "interactive": (
        *("lines", "number", "length", "stop", "json", "surprise"),
        *("no_repeat", "no_copy", "temperature_in_words"),
    ),
    "lines": ("number", "stop", "no_copy"),
}
NEEDS = {"new_only": ("lines",), "corpus": ("lines", "no_copy"), "surprise": ("json",)}


@dataclass(frozen=True)
class Sample:
    r"""Generate text with a trained model.

    python -m charlstm.sample --temp 0.8

    python -m charlstm.sample runs/my-text --prime "Once upon a time" --length 1000

    python -m charlstm.sample --number 64 --length 200 --stop '\n\n' > samples.txt

    python -m charlstm.sample runs/names --lines 20 --new-only

    python -m charlstm.sample runs/my-text --interactive

    The text goes to standard output while it is made, in UTF-8 on every system. Without a prime the
    model starts as if it had just read a line end. A model that knows no line end starts after its
    first character.
    """

    model: Annotated[str | None, Positional("[MODEL]")] = None
    """A model file, a run folder, or a shipped model's name (default: the shipped model)."""
    prime: str | None = None
    r"""Text that the model reads first and goes on from. \n is a line end, \t a tab, \\ a
    backslash, \u00e9 any character, here and in --stop."""
    prime_file: str | None = None
    """File that holds the prime, in UTF-8 or with the mark of its encoding; - is standard input."""
    literal: bool = False
    r"""Take backslashes in --prime and --stop as they are."""
    echo: bool = True
    """Print the prime before the text that the model makes."""
    unknown: Unknown = "error"
    """What to do with characters of the prime that the model does not know."""
    number: int = 1
    """Samples to make; 256 are made side by side, and printed when these are done."""
    lines: int | None = None
    """Write so many different lines, each from a fresh start, and mark those that stand in the text
    that the model was trained on: a tab and a note follow them."""
    new_only: bool = False
    """Leave out lines that stand in that text."""
    corpus: str | None = None
    """Text that --lines and --no-copy compare with: a file, a folder, a name, or - (default: what
    the model was trained on)."""
    interactive: bool = False
    """Write together with the model, letter by letter, in a terminal."""
    json: bool = False
    """Print one JSON object a line for each sample."""
    surprise: bool = False
    """Add to it the surprise of each character, in nats at temperature 1."""
    sampling: SampleOptions = SampleOptions()
    cell: CellOptions = CellOptions()
    machine: MachineOptions = MachineOptions()

    def __post_init__(self) -> None:
        if self.prime is not None and self.prime_file is not None:
            raise UserError(
                f"{option('prime')} and {option('prime_file')} both give the prime; leave one of"
                " them out"
            )
        if self.prime_file == "":
            raise UserError(f"{option('prime_file')} is empty; name a file, or leave it out")
        check_ranges(self, number=(1, None), lines=(1, None))


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, names = parse(Sample, argv)
    _check_together(given, names)

    from charlstm.model.checkpoint import open_model
    from charlstm.sampling.printed import Printer
    from charlstm.sampling.sampler import Sampler, generate

    checkpoint = open_model(given.model, given.cell.cell)
    vocabulary = checkpoint.vocabulary
    prime = _prime(given, vocabulary)
    if given.unknown == "skip" and (unknown := vocabulary.unknown(prime)):
        say(f"left out of the prime: {unknown!r}")
        prime = prime.translate(dict.fromkeys(map(ord, unknown)))
    vocabulary.encode(
        prime, unknown="error", where="prime"
    )  # refuse unknown characters before printing
    options = given.sampling
    if options.stop is not None:
        stop = _typed(given, "stop", options.stop, vocabulary)
        options = dataclasses.replace(options, stop=stop)
        if len(stop) > options.length:
            say(
                f"{option('stop')} has {counted(len(stop), 'character')}, and {option('length')} is"
                f" {options.length}: no sample can end there"
            )
    original = _original(given, checkpoint)
    sampler = Sampler(checkpoint)
    printer = Printer(sampler, options.seed, given.echo, given.json, given.surprise)
    if given.interactive:
        _together(printer, prime, options)
    elif given.lines is not None:
        _lines(given, printer, prime, options, checkpoint)
    elif given.number > 1 or given.json:
        _several(given, printer, prime, options, original)
    else:
        characters = generate(sampler, prime, options, given.machine.threads, original)
        _tell_ended(int(printer.stream(prime, characters) < options.length), 1, options)
    return 0


def _check_together(given: Sample, names: Set[str]) -> None:
    """Refuse options that do nothing together, or nothing alone."""
    for mode, others in ALONE.items():
        odd = [name for name in others if name in names]
        if getattr(given, mode) and odd:
            raise UserError(
                f"{option(odd[0])} does nothing beside {option(mode)}; leave one of them out"
            )
    for name, needed in NEEDS.items():
        if getattr(given, name) and not names & set(needed):
            missing = " or ".join(map(option, needed))
            raise UserError(f"{option(name)} does nothing without {missing}; add it")


def _together(printer: Printer, prime: str, options: SampleOptions) -> None:
    """Let a person and the model write, and print the text when they have done, or after Ctrl-C."""
    from charlstm.sampling.interactive import Together
    from charlstm.sampling.terminal import check_terminal, write_together

    check_terminal()
    together = Together(printer.sampler, prime, options)
    try:
        write_together(together)
    finally:
        printer.stream(prime, together.text)


def _several(
    given: Sample, printer: Printer, prime: str, options: SampleOptions, original: str | None
) -> None:
    """Print samples, batch by batch; after Ctrl-C or without memory, what there is of the last."""
    from charlstm.sampling.sampler import generate, generate_many

    sampler, asked = printer.sampler, (options, given.machine.threads, original)
    early = 0
    for first in range(0, given.number, AT_ONCE):
        number = min(AT_ONCE, given.number - first)
        written: Iterable[Sequence[str]]
        if given.number == 1:  # rows of one character: a text is a sequence of its characters
            written = generate(sampler, prime, *asked)
        else:
            written = generate_many(sampler, number, prime, *asked, first)
        rows: list[Sequence[str]] = []
        done = False
        try:
            rows.extend(written)
            done = True
        finally:
            for n in range(number if rows or done else 0):
                text = "".join(row[n] for row in rows)
                early += len(text) < options.length
                stopped = len(text) < options.length if done else None
                printer.one_of(given.number, first + n + 1, prime, text, stopped)
    _tell_ended(early, given.number, options)


def _lines(
    given: Sample, printer: Printer, prime: str, options: SampleOptions, checkpoint: Checkpoint
) -> None:
    """Print different lines, each as soon as it is there, and tell what was left out."""
    from charlstm.sampling.items import Lines, check_lines

    assert given.lines is not None
    check_lines(printer.sampler)  # before a text is read for nothing
    lines = Lines(printer.sampler, _known_lines(given, checkpoint), given.new_only)
    written = lines.write(given.lines, prime, options, given.machine.threads)
    try:
        for line in written:
            printer.item(prime, line)
    finally:
        say(lines.told(given.lines, options.length))


def _known_lines(given: Sample, checkpoint: Checkpoint) -> TextLines | None:
    """Return the lines of the text to compare with; None if it cannot be found."""
    from charlstm.sampling.items import TextLines

    try:
        text = _text(given, checkpoint).text
    except UserError as missing:
        if given.corpus is not None or given.new_only:
            raise
        say(f"which lines are new is not known: {missing}")
        return None
    return TextLines(text, checkpoint.vocabulary.unknown(text))


def _original(given: Sample, checkpoint: Checkpoint) -> str | None:
    """Read what --no-copy keeps from being copied: what the model has read, or all of a text."""
    if given.sampling.no_copy is None:
        return None
    corpus = _text(given, checkpoint)
    part = "train" if given.corpus is None else "all"
    return str(corpus.text[corpus.parts()[part]])


def _text(given: Sample, checkpoint: Checkpoint) -> Corpus:
    from charlstm.model.own_text import find_text

    again = f"{invocation('sample', *filter(None, [given.model]))} {option('corpus', 'CORPUS')}"
    named = [] if given.corpus is None else [given.corpus]
    return find_text(given.model, checkpoint, named, again=again)


def _typed(given: Sample, name: str, text: str, vocabulary: Vocabulary) -> str:
    if not given.literal:
        text = unescape(text, option(name), vocabulary.bytewise)
    return vocabulary.from_user(text)


def _prime(given: Sample, vocabulary: Vocabulary) -> str:
    if given.prime_file is None:
        return _typed(given, "prime", given.prime or "", vocabulary)

    from charlstm.text.marks import encoding_of, mark_of
    from charlstm.text.pieces import standard_input

    try:
        from_pipe = given.prime_file == "-"
        content = standard_input().read() if from_pipe else Path(given.prime_file).read_bytes()
        if vocabulary.bytewise:
            return content.decode("latin-1")
        mark, encoding = mark_of(content), encoding_of(content, "utf-8", given.prime_file)
        return content.removeprefix(mark).decode(encoding)
    except OSError as error:
        raise unreadable(
            given.prime_file, error, f"give a UTF-8 file for {option('prime_file')}"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{given.prime_file}: byte 0x{error.object[error.start]:02x} at offset"
            f" {len(mark) + error.start} is not {encoding.upper()}; convert the file"
        ) from None


def _tell_ended(early: int, number: int, options: SampleOptions) -> None:
    """Say how many samples ended because every character was banned."""
    if early and options.stop is None:
        given = [name for name in ("no_repeat", "no_copy") if getattr(options, name) is not None]
        named = " and ".join(option(name, getattr(options, name)) for name in given)
        say(f"{early} of {number} ended early, where {named} left no character; raise it")


if __name__ == "__main__":
    sys.exit(main())
