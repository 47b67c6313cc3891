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
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from charlstm.errors import UserError, option, say
from charlstm.model.array_file import read_header
from charlstm.model.checkpoint import DEFAULT, Checkpoint, find_model
from charlstm.model.facts import Provenance
from charlstm.model.section import Section
from charlstm.options import DataOptions
from charlstm.quoting import invocation
from charlstm.text.chunks import Piece
from charlstm.text.corpus import Corpus, join, read_corpus
from charlstm.text.decoded import Reading, widest
from charlstm.text.folders import folder_pieces
from charlstm.text.pieces import file_pieces, pieces_of
from charlstm.text.registry import is_named, named

MOST_FILES = 200_000  # files and folders in a folder
BESIDE = 128  # bytes that a file may hold beside its text: a byte order mark, how it was packed
_ONCE = re.compile(r"-|/dev/(stdin|fd/\d+)|/proc/[^/]+/fd/\d+")  # what is gone once it was read


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
    again: str = "",
) -> Corpus:
    """Read the text that a user named; without one, the text that a model was trained on.

    Args:
        given: the model as the user named it, as for `find_model`.
        checkpoint: this model.
        named: files, folders or names; empty for the model's own text. If they are that text, its
            parts are those of the training; any other text is cut by position.
        options: how to read the text; by default as the training did, and all of a text that the
            user named.
        again: as for `own_text`.

    Raises:
        UserError: as for `own_text`, or the text that was named cannot be read.
    """
    trained_on = checkpoint.provenance
    if options is None:
        options = DataOptions() if trained_on is None else trained_on.options
        limit = None if named else options.limit
        options = replace(options, limit=limit, bytes=checkpoint.vocabulary.bytewise)
    if named:
        in_order = read_corpus(named, replace(options, split_by="position"))
        own = trained_on is not None and in_order.sha256 == trained_on.sha256
        return in_order.drawn(options) if own else in_order
    where = given or DEFAULT
    if trained_on is None:
        raise UserError(
            f"{where}: does not name the text it was trained on; give it as"
            f" CORPUS{again and f': {again}'}"
        )
    return own_text(trained_on, where, in_its_run(find_model(given), trained_on), options, again)


def own_text(
    trained_on: Provenance,
    where: str,
    in_run: bool,
    options: DataOptions | None = None,
    again: str = "",
) -> Corpus:
    """Read the text that a model was trained on.

    Args:
        trained_on: the text that the file names.
        where: the file, for messages.
        in_run: whether it stands in the run that made it. Else it may be from elsewhere.
        options: how to read the text; by default as the training did.
        again: the command that takes the text as `CORPUS`, for messages.

    Raises:
        UserError: the file names no text, or one that it may not choose; or what is found there is
            another text, or cannot be read.
    """
    options = options or trained_on.options
    sources = trained_on.sources
    there = f"give it as CORPUS{again and f': {again}'}"
    if not sources or any(map(_ONCE.fullmatch, sources)):
        raise UserError(
            f"{where}: the text it was trained on has no name, for it came through a pipe; {there}"
        )
    if not in_run and not all(map(is_named, sources)):
        raise UserError(
            f"{where}: no run stands beside it (resume.safetensors), so it may be from elsewhere,"
            f" and what it names is not read ({' '.join(sources)}); if that is your text, {there}"
        )
    if lost := [
        source for source in sources if not os.path.exists(source) and not is_named(source)
    ]:
        raise UserError(
            f"{', '.join(lost)}: not there any more, or not from this folder, and {where} was"
            f" trained on it; {there}"
        )
    pieces = [piece for source in sources for piece in _pieces(source, where, in_run, options)]
    asked = _Asked(trained_on, where, options, again, tuple(pieces))
    return join(sources, asked.bounded(), options, asked.check)


def same_text(
    sources: Sequence[str], trained_on: Provenance, where: str, again: str = ""
) -> Corpus:
    """Read the text that a model was trained on from where it is now, which the user tells.

    Args:
        sources: files, folders, named corpora or "-".
        trained_on: the text that the model names.
        where: the model, for messages.
        again: as for `own_text`.

    Raises:
        UserError: they are another text, or cannot be read.
    """
    options = trained_on.options
    pieces = [piece for source in sources for piece in pieces_of(source, options)]
    now = replace(trained_on, sources=tuple(sources))
    return join(sources, pieces, options, _Asked(now, where, options, again, tuple(pieces)).check)


def _pieces(source: str, where: str, in_run: bool, options: DataOptions) -> list[Piece]:
    if not in_run or not os.path.exists(source):  # Path.exists refuses names that are too long
        return [piece for path in named(source) for piece in file_pieces(path, options)]
    say(f"reading {source}, which {where} names")
    path = Path(source)
    if path.is_dir():
        return folder_pieces(path, options, MOST_FILES)
    if not path.is_file():
        raise UserError(
            f"{path}: neither a file nor a folder, so it is not read because {where} names it;"
            " give the text as CORPUS"
        )
    return (
        file_pieces(path, options) if path.stat().st_size else []
    )  # the kernel's files have no size


@dataclass(frozen=True)
class _Asked:
    """A text that must be the one that a model was trained on.

    Attributes:
        trained_on: that text, and where it is now.
        where: the model, for messages.
        options: how to read it.
        again: as for `own_text`.
        pieces: what is there now.
    """

    trained_on: Provenance
    where: str
    options: DataOptions
    again: str
    pieces: tuple[Piece, ...]

    def check(self, sha256: str) -> None:
        """Refuse another text, and say what it is instead, if that can be told.

        Raises:
            UserError: it is another text.
        """
        if sha256 != self.trained_on.sha256:
            raise self._another("another sha256")

    def bounded(self) -> list[Piece]:
        """Let no piece have more bytes than the whole text can have had, also when it is unpacked.

        Raises:
            UserError: all together have more.
        """
        length, limit = self.trained_on.characters, self.options.limit
        most = self._most()
        cut = limit is not None and limit <= length
        longer = f"it had {length:,} characters; this is longer"
        if not cut and sum(p.size for p in self.pieces) > most + BESIDE * len(self.pieces):
            raise self._another(longer)

        def chunks(piece: Piece) -> Iterator[bytes]:
            left = most
            for chunk in piece.chunks():
                yield chunk[:left]
                left -= len(chunk)
                if left < 0:
                    if cut:  # the limit left out what comes now
                        return
                    raise self._another(longer)

        return [replace(piece, opened=partial(chunks, piece)) for piece in self.pieces]

    def _most(self) -> int:
        return (self.trained_on.characters + 1) * widest(self.options) + BESIDE

    def _another(self, reason: str) -> UserError:
        name = " ".join(self.trained_on.sources)
        start = option("init_from", Path(self.where))
        anew = f"{invocation('train', *self.trained_on.sources)} {start}"
        if self._begins_so():
            return UserError(
                f"{name}: has grown since {self.where} was trained on it, on its first"
                f" {self.trained_on.characters:,} characters; {anew}  goes on with all of it, or"
                f" give what it was as CORPUS{self.again and f': {self.again}'}"
            )
        if self._was_read_so():
            return UserError(
                f"{name}: {self.where} was trained on it as an earlier charlstm read it, with its"
                f" byte order marks as characters and no line ends between files; begin anew by"
                f"  {anew}"
            )
        return UserError(
            f"{name}: not the text that {self.where} was trained on ({reason}); give that text as"
            f" CORPUS{self.again and f': {self.again}'}"
        )

    def _begins_so(self) -> bool:
        """Whether its beginning is the text that was trained on; what follows is not read."""
        length = self.trained_on.characters
        reading = Reading(self.pieces, replace(self.options, limit=length))
        with contextlib.suppress(UserError):
            start = "".join(reading.characters())
            encoding = "latin-1" if self.options.bytes else self.options.encoding
            encoding = "utf-8" if codecs.lookup(encoding).name == "utf-8-sig" else encoding
            digest = hashlib.sha256(start.encode(encoding, "surrogatepass")).hexdigest()
            return reading.cut and digest == self.trained_on.sha256
        return False

    def _was_read_so(self) -> bool:
        """Whether all bytes, with their marks and without line ends between, are that text."""
        digest = hashlib.sha256()
        length = 0
        with contextlib.suppress(UserError):
            for piece in self.pieces:
                for chunk in piece.chunks():
                    digest.update(chunk)
                    length += len(chunk)
                    if length > self._most():
                        return False
        return digest.hexdigest() == self.trained_on.sha256
