"""A name, a path, a folder or "-" becomes text.

If a word is both a path and a name in `registry.py`, the path wins. `read_corpus` decodes the bytes
strictly by the encoding that it was given. It guesses nothing.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from charlstm.errors import UserError, option, say, unreadable
from charlstm.options import DataOptions
from charlstm.text.registry import content, named

LOOKED_AT = 8192  # first bytes of a file; a zero byte among them marks a binary file


@dataclass(frozen=True)
class Corpus:
    """A text and where it came from.

    Attributes:
        sources: what the user named, in order.
        text: the characters; with the option `bytes`, a character U+0000 to U+00FF for each byte.
        sha256: digest of the files' bytes, one file after the other. If a limit cut the text, it is
            the digest of the rest, in UTF-8.
        options: how the bytes were turned into `text`.
    """

    sources: tuple[str, ...]
    text: str
    sha256: str
    options: DataOptions

    def parts(self) -> dict[str, slice]:
        """Return the positions of `train`, `validation`, `test` and `all`.

        Example:
            >>> Corpus(("x",), "0123456789", "", DataOptions(split=(0.6, 0.3))).parts()["test"]
            slice(9, 10, None)
        """
        return parts(len(self.text), self.options.split)


def parts(length: int, split: tuple[float, float]) -> dict[str, slice]:
    """Return where `train`, `validation`, `test` and `all` lie in a text of this length.

    Example:
        >>> parts(10, (0.6, 0.3))["validation"]
        slice(6, 9, None)
    """
    train, validation = split
    first = int(length * train)
    nothing_left = train + validation > 1 - 1e-9  # such as 0.9 + 0.1, up to rounding
    second = length if nothing_left else int(length * (train + validation))
    return {
        "train": slice(0, first),
        "validation": slice(first, second),
        "test": slice(second, length),
        "all": slice(0, length),
    }


def standard_input() -> bytes:
    """Read all of standard input.

    Raises:
        UserError: it is closed.
    """
    if sys.stdin is None:
        raise UserError("standard input is closed; name a file instead of -")
    return sys.stdin.buffer.read()


def read_corpus(sources: str | Sequence[str], options: DataOptions | None = None) -> Corpus:
    """Read files, folders, named corpora or "-" (standard input) as one text.

    Args:
        sources: a path, a name or "-", or several of them; a folder stands for its text
            files in sorted order.
        options: encoding, line ends and split.

    Raises:
        UserError: a source does not exist, cannot be read, or is not text in this encoding; or the
            text is empty.
    """
    options = options or DataOptions()
    if isinstance(sources, str):
        sources = [sources]
    return join(sources, (piece for s in sources for piece in _files(s, options)), options)


def join(
    sources: Sequence[str], pieces: Iterable[tuple[str, bytes]], options: DataOptions
) -> Corpus:
    """Make one text of what was read.

    Args:
        sources: what was named.
        pieces: the name and the content of each file, in their order.
        options: encoding, line ends and split.

    Raises:
        UserError: a piece is not text in this encoding, or all together are empty.
    """
    texts = []
    digest = hashlib.sha256()
    for name, read in pieces:
        digest.update(read)
        texts.append(_decode(name, read, options))
    text = "".join(texts)
    if options.newlines == "lf":
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if options.limit is not None and len(text) > options.limit:
        text = text[: options.limit]
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    if not text:
        raise UserError(
            f"{' '.join(sources)}: empty; give a text of at least a few dozen characters"
        )
    return Corpus(tuple(sources), text, digest.hexdigest(), options)


def _files(source: str, options: DataOptions) -> list[tuple[str, bytes]]:
    if source == "-":
        return [("standard input", standard_input())]
    path = Path(source)
    if not path.exists():
        return named(source)
    paths = text_files(path, options) if path.is_dir() else [path]
    return [(str(path), content(path)) for path in paths]


def text_files(folder: Path, options: DataOptions, most: int | None = None) -> list[Path]:
    """Return the text files in a folder and in those below it, sorted. Hidden ones do not count.

    A file with a zero byte at its start is no text, unless the options say otherwise. A line on
    standard error tells that it is left out.

    Args:
        folder: where to look.
        options: encoding, and whether bytes are wanted.
        most: so many files and folders are looked at.

    Raises:
        UserError: there is no text file, or there are more than `most` files and folders.
    """
    wide = codecs.lookup(options.encoding).name.startswith(("utf-16", "utf-32"))
    found = []
    for path in sorted(_visible(folder, most)):
        if not path.is_file():
            continue
        if options.bytes or wide or not _is_binary(path):
            found.append(path)
        else:
            say(f"{path}: left out, it is not text")
    if not found:
        raise UserError(f"{folder}: no text file in this folder; name a file, or another folder")
    return found


def _visible(folder: Path, most: int | None) -> Iterator[Path]:
    seen = 0
    for place, folders, files in os.walk(folder):
        seen += len(folders) + len(files)
        if most is not None and seen > most:
            raise UserError(
                f"{folder}: holds more than {most:,} files and folders; name the text as CORPUS"
            )
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in files if not name.startswith("."))


def _is_binary(path: Path) -> bool:
    try:
        if not path.stat().st_size:  # some of the kernel's files wait for news when they are read
            return False
        with path.open("rb") as file:
            return b"\0" in file.read(LOOKED_AT)
    except OSError as error:
        raise unreadable(path, error, "give a text that can be read") from None


def _decode(name: str, read: bytes, options: DataOptions) -> str:
    if options.bytes:
        return read.decode("latin-1")
    try:
        return read.decode(options.encoding)
    except UnicodeDecodeError as error:
        wrong = read[error.start]
        raise UserError(
            f"{name}: byte 0x{wrong:02x} at offset {error.start} is not {options.encoding}; name"
            f" the encoding with {option('encoding')} (latin-1, cp1252, utf-16 ...), or model bytes"
            f" with {option('bytes')}"
        ) from None
    except (LookupError, UnicodeError) as error:  # a codec for something other than text
        given = option("encoding", options.encoding)
        raise UserError(f"{given}: {error}; name a text encoding") from None
