"""The command that shows which texts there are: `python -m charlstm.corpora`."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from charlstm.errors import UserError, command
from charlstm.flags import Only, Positional, parse
from charlstm.options import DataOptions, Sources, TrainOptions
from charlstm.text.registry import (
    PYTHON,
    SHIPPED,
    SHIPPED_LICENCE,
    corpus_folder,
    named,
    others,
    registry,
    shipped,
)
from charlstm.training.presets import choose_preset, expectation


@dataclass(frozen=True)
class Corpora:
    """List the texts that have a name, or look one text over.

    python -m charlstm.corpora

    python -m charlstm.corpora tales

    python -m charlstm.corpora my-text.txt --encoding latin-1
    """

    corpus: Annotated[Sources, Positional("[CORPUS ...]")] = Sources()
    """Files, folders, named corpora, or - for standard input."""
    json: bool = False
    """Print one JSON object on standard output."""
    data: Annotated[DataOptions, Only(("encoding", "newlines", "bytes", "limit"))] = DataOptions()


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, _ = parse(Corpora, argv)
    if not given.corpus:
        rows = [dataclasses.asdict(row) for row in _names()]
        print(json.dumps(rows) if given.json else _list(rows))
        return 0

    from charlstm.text.corpus import read_corpus
    from charlstm.text.order import told_of_end
    from charlstm.text.report import report_lines, text_report

    corpus = read_corpus(given.corpus, given.data)
    report = text_report(corpus.text, given.data.bytes)
    length = len(corpus.text)
    preset = choose_preset(length, TrainOptions())
    expected = expectation(preset, length)
    end = told_of_end(corpus.text)
    if given.json:
        found = {"preset": preset, "expected": expected, "end": end}
        print(json.dumps({"sha256": corpus.sha256, **dataclasses.asdict(report), **found}))
    else:
        print("\n".join([*report_lines(report), *filter(None, [end]), expected]))
    return 0


@dataclass(frozen=True)
class _Named:
    """A row of the list. Both sizes are None if the text is long, or cannot be read as UTF-8."""

    name: str
    characters: int | None
    vocabulary: int | None
    here: str
    licence: str
    what: str


def _names() -> Iterator[_Named]:
    for name in shipped():
        yield _row(name, "comes with it", SHIPPED_LICENCE, SHIPPED[name])
    about = "the standard library of this Python (see --limit)"
    yield _row(PYTHON, "yes", "PSF", about)
    for name, text in registry().items():
        here = "yes" if (corpus_folder() / text.file).exists() else "to download"
        yield _Named(name, text.characters, text.vocabulary, here, text.licence, text.title)
    for name, path in others().items():
        yield _row(name, "yes", "", str(path))


def _row(name: str, here: str, licence: str, what: str) -> _Named:
    """Return the row of a text on this machine; if it cannot be read, the row says so."""
    try:
        return _Named(name, *_sizes(name), here, licence, what)
    except UserError as error:
        return _Named(name, None, None, "unreadable", licence, str(error))


def _sizes(name: str) -> tuple[int | None, int | None]:
    """Return the length and vocabulary size of a text on this machine.

    They are None if it is an archive, or so long that counting would take long.

    Raises:
        UserError: it cannot be read, or is not text in UTF-8.
    """
    from charlstm.text.archives import held
    from charlstm.text.corpus import IN_MEMORY
    from charlstm.text.decoded import decoded
    from charlstm.text.folders import looked_at

    options = DataOptions()
    files = [held(path) for path in named(name)]
    if any(file.archive for file in files):
        return None, None
    pieces = [piece for file in files for piece in file.pieces]
    for piece in pieces:
        looked_at(piece, options)
    if sum(piece.size for piece in pieces) > IN_MEMORY:
        return None, None
    length, characters = 0, set[str]()
    for text in decoded(pieces, options, lambda _: None):
        length += len(text)
        characters.update(text)
        if length > IN_MEMORY:
            return None, None
    return length, len(characters)


def _list(rows: Sequence[dict[str, Any]]) -> str:
    names = ["name", "characters", "vocabulary", "here", "licence", "what"]
    cells = [[_cell(row[name]) for name in names] for row in rows]
    return "\n".join(
        f"{a:16} {b:>10} {c:>10}  {d:13}  {e:17}  {f}" for a, b, c, d, e, f in [names, *cells]
    )


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else value


if __name__ == "__main__":
    sys.exit(main())
