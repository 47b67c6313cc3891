"""The command that compresses a file: `python -m charlstm.compress my-text.txt`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from charlstm.errors import UserError, command, option, say
from charlstm.flags import Positional, parse
from charlstm.machine.atomic_file import check_target, write_atomically
from charlstm.options import CellOptions, MachineOptions
from charlstm.quoting import quoted

if TYPE_CHECKING:
    from charlstm.coding.packed import Packed

ENDING = ".charlstm"


@dataclass(frozen=True)
class Compress:
    """Compress a file with a trained model; --decompress brings it back, bit for bit.

    python -m charlstm.compress my-text.txt

    python -m charlstm.compress my-text.txt.charlstm --decompress

    python -m charlstm.compress my-text.txt --model runs/my-text --out small.charlstm

    cat my-text.txt | python -m charlstm.compress - > my-text.txt.charlstm

    To predict is to compress: a text becomes as small as evaluate says (carried). Any file can be
    compressed. But only a text like the one that the model was trained on becomes much smaller.
    Keep the model: without it the file cannot come back. It does come back on another machine,
    with another number of threads and another BLAS. FILE itself stays as it is. A character takes
    about three times as long as one that sample makes.
    """

    file: Annotated[str, Positional("FILE")]
    """The file, or - for standard input."""
    decompress: bool = False
    """Bring back a file that was compressed."""
    model: str | None = None
    """A model file, a run folder, or a shipped model's name (default: the shipped model)."""
    out: str | None = None
    """Where the result goes; - is standard output (default: FILE.charlstm, back to FILE without
    that ending; for standard input standard output)."""
    force: bool = False
    """Replace a file that is there already."""
    cell: CellOptions = CellOptions()
    machine: MachineOptions = MachineOptions()


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, _ = parse(Compress, argv)
    out = _out(given)
    if out != "-":
        check_target(Path(out), given.force)
    try:
        from charlstm.coding.packed import pack, unpack
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed; compression needs the compress extra:"
            f" pip install -c constraints.txt -e {quoted('.[compress]')}"
        ) from None
    from charlstm.model.checkpoint import open_model
    from charlstm.text.pieces import standard_input
    from charlstm.text.registry import content

    read = standard_input().read() if given.file == "-" else content(Path(given.file))
    checkpoint = open_model(given.model, given.cell.cell)
    threads = given.machine.threads
    if given.decompress:
        where = "standard input" if given.file == "-" else given.file
        _write(out, unpack(read, checkpoint, where, threads))
        return 0
    packed = pack(read, checkpoint, threads)
    _write(out, packed.content)
    report = "\n".join(_lines(given.file, read, out, packed))
    if out == "-":
        say(report)
    else:
        print(report)
    return 0


def _out(given: Compress) -> str:
    """Return where the result goes: a path, or - for standard output."""
    if given.out is not None or given.file == "-":
        return given.out or "-"
    if not given.decompress:
        return given.file + ENDING
    if given.file.endswith(ENDING) and Path(given.file).name != ENDING:
        return given.file.removesuffix(ENDING)
    raise UserError(
        f"{given.file}: its name does not end in {ENDING}, so the result has no name; give one with"
        f" {option('out')}"
    )


def _write(out: str, content: bytes) -> None:
    if out == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        write_atomically(
            Path(out), content, f"free some space, or name another place with {option('out')}"
        )


def _lines(file: str, read: bytes, out: str, packed: Packed) -> list[str]:
    """Say how large the file was and is, and how large xz makes it."""
    from charlstm.text.baselines import xz_bits

    def row(name: str, size: int) -> str:
        share = f"{size / max(1, len(read)):8.1%}"
        bits = 8 * size / max(1, packed.characters)
        return f"{name:{width}} {size:12,} bytes {share} {bits:8.4f} bits a character"

    names = (file, out, "xz -9e")
    width = max(map(len, names))
    sizes = (len(read), len(packed.content), round(xz_bits(read) / 8))
    lines = [row(name, size) for name, size in zip(names, sizes, strict=True)]
    if packed.unknown:
        lines.append(f"The model does not know {packed.unknown:,} bytes of it.")
    if not packed.coded:
        lines.append("The model would make it longer, so it is stored as it was.")
    return lines


if __name__ == "__main__":
    sys.exit(main())
