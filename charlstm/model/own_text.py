"""The text that a file says its model was trained on, read again.

A model file does not choose what is read. Whoever made it may have written any path into it: of a
device that never ends, of a pipe that waits for ever, of the whole disk. So

- a model that stands beside the run that made it names paths, and they are read: regular files
  only, no more than the text can have been, and the path is told first;
- a model from elsewhere names texts of `text/registry.py`, and nothing else.

What a person names on the command line is read by `text/corpus.py`, without these bounds.
"""

import codecs
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from charlstm.errors import UserError, say, unreadable
from charlstm.model.array_file import read_header
from charlstm.model.facts import Provenance
from charlstm.model.section import Section
from charlstm.options import DataOptions
from charlstm.text.corpus import Corpus, join, text_files
from charlstm.text.registry import is_named, named

MOST_FILES = 20_000  # files and folders in a folder
BYTES = 4  # that a character takes at most: in UTF-8, UTF-16 and UTF-32
MARK = 4  # bytes that a file may hold before its first character, the byte order mark


def in_its_run(model: Path, trained_on: Provenance) -> bool:
    """Return whether a model file stands beside the run that made it.

    Args:
        model: the file.
        trained_on: the text that the file names; the run's file must name the same.
    """
    path = model.with_name("resume.safetensors")
    with contextlib.suppress(UserError):
        header = Section(read_header(path, kind="resume"), str(path))
        return Provenance.from_json(header.section("corpus")) == trained_on
    return False


def own_text(
    trained_on: Provenance, where: str, in_run: bool, options: DataOptions | None = None
) -> Corpus:
    """Read the text that a model was trained on.

    Args:
        trained_on: the text that the file names.
        where: the file, for messages.
        in_run: whether it stands in the run that made it. Else it may be from elsewhere.
        options: how to read the text; by default as the training did.

    Raises:
        UserError: the file names no text, or one that it may not choose; or what is found there is
            another text, or cannot be read.
    """
    options = options or trained_on.options
    sources = trained_on.sources
    if not sources or "-" in sources:
        raise UserError(f"{where}: the text it was trained on has no name; give a CORPUS")
    if not in_run and not all(map(is_named, sources)):
        raise UserError(
            f"{where}: no run stands beside it (resume.safetensors), so it may be from elsewhere,"
            f" and what it names is not read ({' '.join(sources)}); give that text as CORPUS"
        )
    corpus = join(sources, _pieces(trained_on, where, in_run, options), options)
    if corpus.sha256 != trained_on.sha256:
        raise _another(" ".join(sources), where, "another sha256")
    return corpus


def _pieces(
    trained_on: Provenance, where: str, in_run: bool, options: DataOptions
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file, no more bytes than the text can have had."""
    width = (1 if options.bytes else BYTES) * (2 if options.newlines == "lf" else 1)
    left = trained_on.characters * width
    cut = options.limit is not None and options.limit <= trained_on.characters
    for source in trained_on.sources:
        for name, content in _read(source, where, in_run, options, left):
            left += MARK
            if len(content) <= left:
                left -= len(content)
                yield name, content
            elif cut:  # the limit left out what comes now
                yield name, _whole_characters(content[:left], options)
                return
            else:
                reason = f"it had {trained_on.characters:,} characters; this is longer"
                raise _another(name, where, reason)


def _read(
    source: str, where: str, in_run: bool, options: DataOptions, left: int
) -> Iterator[tuple[str, bytes]]:
    if not in_run or not os.path.exists(source):  # Path.exists refuses names that are too long
        yield from named(source)
        return
    say(f"reading {source}, which {where} names")
    path = Path(source)
    for file in text_files(path, options, MOST_FILES) if path.is_dir() else [path]:
        yield str(file), _beginning(file, where, left + MARK + 1)


def _beginning(path: Path, where: str, most: int) -> bytes:
    """Read no more of a file than `most` bytes, and than it says that it has."""
    if not path.is_file():
        raise UserError(
            f"{path}: neither a file nor a folder, so it is not read because {where} names it;"
            " give the text as CORPUS"
        )
    try:
        with path.open("rb") as file:
            return file.read(min(most, os.fstat(file.fileno()).st_size))
    except OSError as error:
        raise unreadable(path, error, "give the text as CORPUS") from None


def _whole_characters(content: bytes, options: DataOptions) -> bytes:
    """Leave out a character at the end that is not whole."""
    if options.bytes or not (make := codecs.lookup(options.encoding).incrementaldecoder):
        return content
    decoder = make()
    with contextlib.suppress(UnicodeError):  # `join` tells what is wrong in the midst of it
        decoder.decode(content)
    return content[: len(content) - len(decoder.getstate()[0])]


def _another(name: str, where: str, reason: str) -> UserError:
    return UserError(
        f"{name}: not the text that {where} was trained on ({reason}); give that text as CORPUS"
    )
