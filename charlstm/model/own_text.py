"""The text that a file says its model was trained on, read again.

A model file does not choose what is read. Whoever made it may have written any path into it: of a
device that never ends, of a pipe that waits for ever, of the whole disk. So

- a model that stands beside the run that made it names paths, and they are read: regular files
  only, no more than the text can have been, and the path is told first;
- a model from elsewhere names texts of `text/registry.py`, and nothing else.

What a person names on the command line is read by `text/corpus.py`, without these bounds.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from charlstm.errors import UserError, say
from charlstm.model.array_file import read_header
from charlstm.model.checkpoint import DEFAULT, Checkpoint, find_model
from charlstm.model.facts import Provenance
from charlstm.model.section import Section
from charlstm.options import DataOptions
from charlstm.text.corpus import Corpus, join, read_corpus
from charlstm.text.decoded import widest
from charlstm.text.pieces import Piece, file_pieces, folder_pieces
from charlstm.text.registry import is_named, named

MOST_FILES = 200_000  # files and folders in a folder
BESIDE = 128  # bytes that a file may hold beside its text: a byte order mark, how it was packed


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


def find_text(
    given: str | None,
    checkpoint: Checkpoint,
    named: Sequence[str] = (),
    options: DataOptions | None = None,
) -> Corpus:
    """Read the text that a user named; without one, the text that a model was trained on.

    Args:
        given: the model as the user named it, as for `find_model`.
        checkpoint: this model.
        named: files, folders or names; empty for the model's own text.
        options: how to read the text; by default as the training did, and all of a text that the
            user named.

    Raises:
        UserError: as for `own_text`, or the text that was named cannot be read.
    """
    trained_on = checkpoint.provenance
    if options is None:
        options = DataOptions() if trained_on is None else trained_on.options
        limit = None if named else options.limit
        options = replace(options, limit=limit, bytes=checkpoint.vocabulary.bytewise)
    if named:
        return read_corpus(named, options)
    where = given or DEFAULT
    if trained_on is None:
        raise UserError(f"{where}: the text it was trained on has no name; give a CORPUS")
    return own_text(trained_on, where, in_its_run(find_model(given), trained_on), options)


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
    pieces = [piece for source in sources for piece in _pieces(source, where, in_run, options)]

    def check(sha256: str) -> None:
        if sha256 != trained_on.sha256:
            raise _another(" ".join(sources), where, "another sha256")

    return join(sources, _bounded(pieces, trained_on, where, options), options, check)


def _pieces(source: str, where: str, in_run: bool, options: DataOptions) -> list[Piece]:
    if not in_run or not os.path.exists(source):  # Path.exists refuses names that are too long
        return [piece for path in named(source) for piece in file_pieces(path)]
    say(f"reading {source}, which {where} names")
    path = Path(source)
    if path.is_dir():
        return folder_pieces(path, options, MOST_FILES)
    if not path.is_file():
        raise UserError(
            f"{path}: neither a file nor a folder, so it is not read because {where} names it;"
            " give the text as CORPUS"
        )
    return file_pieces(path) if path.stat().st_size else []  # the kernel's files have no size


def _bounded(
    pieces: list[Piece], trained_on: Provenance, where: str, options: DataOptions
) -> list[Piece]:
    """Let no piece have more bytes than the whole text can have had, also when it is unpacked.

    Raises:
        UserError: all together have more.
    """
    most = (trained_on.characters + 1) * widest(options) + BESIDE
    cut = options.limit is not None and options.limit <= trained_on.characters
    if not cut and sum(piece.size for piece in pieces) > most + BESIDE * len(pieces):
        raise _another(" ".join(trained_on.sources), where, _longer(trained_on))

    def chunks(piece: Piece) -> Iterator[bytes]:
        left = most
        for chunk in piece.chunks():
            yield chunk[:left]
            left -= len(chunk)
            if left < 0:
                if cut:  # the limit left out what comes now
                    return
                raise _another(piece.name, where, _longer(trained_on))

    return [replace(piece, opened=partial(chunks, piece)) for piece in pieces]


def _longer(trained_on: Provenance) -> str:
    return f"it had {trained_on.characters:,} characters; this is longer"


def _another(name: str, where: str, reason: str) -> UserError:
    return UserError(
        f"{name}: not the text that {where} was trained on ({reason}); give that text as CORPUS"
    )
