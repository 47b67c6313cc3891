"""A name, a path, a folder or "-" becomes text; `python -m charlstm.corpora` shows what there is.

A path wins over a name of `registry.py`. Text is decoded strictly, never guessed at.
"""

from __future__ import annotations

import codecs
import dataclasses
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Optional

from charlstm.errors import UserError, command, say
from charlstm.options import (
    DataOptions,
    Sources,
    SourcesArgument,
    TrainOptions,
    parse,
)
from charlstm.presets import choose_preset, expectation
from charlstm.registry import (
    PYTHON,
    SHIPPED,
    SHIPPED_LICENCE,
    content,
    corpus_folder,
    named,
    others,
    registry,
    shipped,
)


@dataclass(frozen=True)
class Corpora:
    """List the texts that have a name, or look one text over.

    python -m charlstm.corpora

    python -m charlstm.corpora tales

    python -m charlstm.corpora my-text.txt --encoding latin-1
    """

    corpus: SourcesArgument = Sources()
    """Files, folders, named corpora, or - for standard input."""
    encoding: str = "utf-8"
    """Codec of the files."""
    newlines: Literal["keep", "lf"] = "keep"
    """Line ends: keep them, or turn CR LF and CR into LF."""
    bytes: bool = False
    """Look at bytes instead of Unicode characters."""
    limit: Optional[int] = None
    """Keep no more than this many characters, from the start."""
    json: bool = False
    """Print one JSON object on standard output."""


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = parse(Corpora, argv)
    options = DataOptions(
        encoding=given.encoding, newlines=given.newlines, bytes=given.bytes, limit=given.limit
    )
    if not given.corpus:
        rows = [dataclasses.asdict(row) for row in _names()]
        print(json.dumps(rows) if given.json else _list(rows))
        return 0

    from charlstm.report import report_lines, text_report

    corpus = read_corpus(given.corpus, options)
    report, length = text_report(corpus.text, options.bytes), len(corpus.text)
    expected = expectation(length, TrainOptions())
    if given.json:
        found = {"preset": choose_preset(length, TrainOptions()), "expected": expected}
        print(json.dumps({"sha256": corpus.sha256, **dataclasses.asdict(report), **found}))
    else:
        print("\n".join([*report_lines(report), expected]))
    return 0


@dataclass(frozen=True)
class _Named:
    """A row of the list; None is not known, as the text is not UTF-8."""

    name: str
    characters: int | None
    vocabulary: int | None
    here: str
    licence: str
    what: str


def _names() -> Iterator[_Named]:
    for name in shipped():
        yield _Named(name, *_sizes(name), "comes with it", SHIPPED_LICENCE, SHIPPED[name])
    about = "the standard library of this Python (see --limit)"
    yield _Named(PYTHON, *_sizes(PYTHON), "yes", "PSF", about)
    for name, entry in registry().items():
        here = "yes" if (corpus_folder() / entry.file).exists() else "to download"
        yield _Named(name, entry.characters, entry.vocabulary, here, entry.licence, entry.title)
    for name, path in others().items():
        yield _Named(name, *_sizes(name), "yes", "", str(path))


def _sizes(name: str) -> tuple[int | None, int | None]:
    """Return the characters and the vocabulary of a text that is here, None if it is no UTF-8."""
    try:
        text = "".join(read.decode("utf-8") for _, read in named(name))
    except UnicodeDecodeError:
        return None, None
    return len(text), len(set(text))


def _list(rows: Sequence[dict[str, Any]]) -> str:
    names = ["name", "characters", "vocabulary", "here", "licence", "what"]
    cells = [[_cell(row[name]) for name in names] for row in rows]
    return "\n".join(
        f"{a:16} {b:>10} {c:>10}  {d:13}  {e:17}  {f}" for a, b, c, d, e, f in [names, *cells]
    )


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else value


@dataclass(frozen=True)
class Corpus:
    """A text and where it came from.

    Attributes:
        sources: what the user named, in order.
        text: the characters; with `--bytes` one character U+0000 to U+00FF for each byte.
        sha256: digest of the files' bytes, one after the other; of the text kept (in UTF-8) where a
            limit cut it.
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
    """Cut a text of a length by position into `train`, `validation` and `test`; `all` is all.

    Example:
        >>> parts(10, (0.6, 0.3))["validation"]
        slice(6, 9, None)
    """
    train, validation = split
    first = int(length * train)
    second = length if train + validation > 1 - 1e-9 else int(length * (train + validation))
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


def read_corpus(sources: Sequence[str], options: DataOptions | None = None) -> Corpus:
    """Read files, folders, named corpora or "-" (standard input) as one text.

    Args:
        sources: paths, names or "-"; a folder stands for its text files in sorted order.
        options: encoding, line ends and split.

    Raises:
        UserError: nothing there, not readable, not text in this encoding, or empty.
    """
    options = options or DataOptions()
    texts, digest = [], hashlib.sha256()
    for source in sources:
        for name, read in _files(source, options):
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
    if path.is_dir():
        return _folder(path, options)
    return [(str(path), content(path))]


def _folder(folder: Path, options: DataOptions) -> list[tuple[str, bytes]]:
    found = []
    wide = codecs.lookup(options.encoding).name.startswith(("utf-16", "utf-32"))
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            read = content(path)
            if options.bytes or wide or b"\0" not in read[:8192]:  # the sign of a binary file
                found.append((str(path), read))
            else:
                say(f"{path}: left out, it is not text")
    if not found:
        raise UserError(f"{folder}: no text file in this folder; name a file, or another folder")
    return found


def _decode(name: str, read: bytes, options: DataOptions) -> str:
    if options.bytes:
        return read.decode("latin-1")
    try:
        return read.decode(options.encoding)
    except UnicodeDecodeError as error:
        wrong = read[error.start]
        raise UserError(
            f"{name}: byte 0x{wrong:02x} at offset {error.start} is not {options.encoding}; name"
            " the encoding with --encoding (latin-1, cp1252, utf-16 ...), or model bytes with"
            " --bytes"
        ) from None
    except (LookupError, UnicodeError) as error:  # a codec that is not of texts
        raise UserError(f"--encoding {options.encoding}: {error}; name a text encoding") from None


if __name__ == "__main__":
    sys.exit(main())
