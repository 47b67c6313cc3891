"""The command that generates text: `python -m charlstm.sample --temp 0.8`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from charlstm.errors import UserError, command, option, say, unreadable
from charlstm.fields import check_ranges
from charlstm.flags import Positional, parse
from charlstm.options import CellOptions, MachineOptions, SampleOptions, Unknown

if TYPE_CHECKING:
    from charlstm.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Sample:
    r"""Generate text with a trained model.

    python -m charlstm.sample --temp 0.8

    python -m charlstm.sample runs/my-text --prime "Once upon a time" --length 1000

    python -m charlstm.sample --number 64 --length 200 --stop $'\n\n' > samples.txt

    The text goes to standard output while it is made, in UTF-8 on every system. Without a prime the
    model starts as if it had just read a line end. A model that knows no line end starts after its
    first character.
    """

    model: Annotated[str | None, Positional("[MODEL]")] = None
    """A model file, a run folder, or a shipped model's name (default: the shipped model)."""
    prime: str | None = None
    """Text that the model reads first and goes on from."""
    prime_file: str | None = None
    """File (UTF-8) that holds the prime; - is standard input."""
    echo: bool = True
    """Print the prime before the text that the model makes."""
    unknown: Unknown = "error"
    """What to do with characters of the prime that the model does not know."""
    number: int = 1
    """Samples to make side by side; several are printed when all are done."""
    sampling: SampleOptions = SampleOptions()
    cell: CellOptions = CellOptions()
    machine: MachineOptions = MachineOptions()

    def __post_init__(self) -> None:
        if self.prime is not None and self.prime_file is not None:
            raise UserError(
                f"{option('prime')} and {option('prime_file')} both give the prime; leave one of"
                " them out"
            )
        check_ranges(self, number=(1, None))


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, _ = parse(Sample, argv)

    from charlstm.model.checkpoint import open_model
    from charlstm.sampling.sampler import Sampler, generate, generate_many

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
        options = dataclasses.replace(options, stop=vocabulary.from_user(options.stop))
    threads = given.machine.threads
    sampler = Sampler(checkpoint)
    echo = prime if given.echo else ""
    if given.number == 1:
        _stream(echo, generate(sampler, prime, options, threads), vocabulary.to_user)
        return 0
    samples = [[echo] for _ in range(given.number)]
    try:
        for pieces in generate_many(sampler, given.number, prime, options, threads):
            for sample, piece in zip(samples, pieces, strict=True):
                sample.append(piece)  # a text would be copied at each character
    finally:  # print what there is, also after Ctrl-C
        for index, sample in enumerate(samples, 1):
            _write(f"--- {index} of {given.number} ---\n".encode())
            _write(vocabulary.to_user("".join(sample)) + b"\n")
    return 0


def _prime(given: Sample, vocabulary: Vocabulary) -> str:
    if given.prime_file is None:
        return vocabulary.from_user(given.prime or "")

    from charlstm.text.pieces import standard_input

    try:
        from_pipe = given.prime_file == "-"
        content = standard_input().read() if from_pipe else Path(given.prime_file).read_bytes()
        return content.decode("latin-1" if vocabulary.bytewise else "utf-8")
    except OSError as error:
        raise unreadable(
            given.prime_file, error, f"give a UTF-8 file for {option('prime_file')}"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{given.prime_file}: byte 0x{content[error.start]:02x} at offset {error.start} is not"
            " UTF-8; convert the file"
        ) from None


def _stream(echo: str, characters: Iterable[str], encode: Callable[[str], bytes]) -> None:
    """Write to a terminal character by character, and to anything else word by word."""
    terminal = sys.stdout.isatty()
    _write(encode(echo))
    for character in characters:
        word_ends = character.isspace() or not character.isascii()  # not all scripts have spaces
        _write(encode(character), flush=terminal or word_ends)
    _write(b"\n" if terminal else b"")


def _write(content: bytes, flush: bool = True) -> None:
    sys.stdout.buffer.write(content)
    if flush:
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
