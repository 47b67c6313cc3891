"""The command that shows which texts there are: `python -m charlstm.corpora`."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from charlstm.errors import command
from charlstm.flags import Only, Positional, parse
from charlstm.options import DataOptions, Sources, TrainOptions
from charlstm.text.registry import (
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
    """A row of the list. Both sizes are None if the text is long, or not UTF-8."""

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
    for name, text in registry().items():
        here = "yes" if (corpus_folder() / text.file).exists() else "to download"
        yield _Named(name, text.characters, text.vocabulary, here, text.licence, text.title)
    for name, path in others().items():
        yield _Named(name, *_sizes(name), "yes", "", str(path))


def _sizes(name: str) -> tuple[int | None, int | None]:
    """Return the length and vocabulary size of a text on this machine.

    They are None if it is not UTF-8, and if it is so long that counting would take long.
    """
    from charlstm.text.corpus import IN_MEMORY

    paths = named(name)
    if sum(path.stat().st_size for path in paths) > IN_MEMORY:
        return None, None
    try:
        text = "".join(content(path).decode("utf-8") for path in paths)
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


if __name__ == "__main__":
    sys.exit(main())
