"""A folder stands for the text files in it and below it; a line tells which were read, which not.

What cannot be read stops the reading: a part of the text would be missing. What is no text is left
out, and so are the folders that trainings wrote: else a second training would learn from the
files of the first, and the first one's text would be another.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from charlstm.errors import UserError, counted, say, unreadable
from charlstm.machine.signed import is_signed
from charlstm.options import DataOptions
from charlstm.text.archives import held
from charlstm.text.chunks import LOOKED_AT, NoTextError, Piece
from charlstm.text.kinds import Kind, kind_of, why_no_text

SHOWN = 3  # names of left out files that are told
RUN = ("model.safetensors", "resume.safetensors", "log.jsonl", "lock")
OTHERS = "make it readable, or leave it out: name the other files and folders instead"


def looked_at(piece: Piece, options: DataOptions) -> Kind | None:
    """Return what a text is, if it is more than plain text.

    With the option `bytes` everything is as it is.

    Raises:
        NoTextError: it is no text.
        UserError: it cannot be read.
    """
    if options.bytes:
        return None
    start = piece.start()
    kind = kind_of(start, piece.name)
    refused = kind if kind and not kind.text else None
    refused = refused or why_no_text(start, len(start) < LOOKED_AT, options)
    if refused:
        raise NoTextError(piece.name, refused.name, f"; {refused.advice}")
    return kind


def is_run(folder: Path) -> bool:
    """Whether a training wrote in a folder."""
    weights, state, *others = (folder / name for name in RUN)
    return state.exists() or (weights.exists() and any(path.exists() for path in others))


def folder_pieces(folder: Path, options: DataOptions, most: int | None = None) -> list[Piece]:
    """Return the text files in a folder and below it, sorted; say what they are.

    Args:
        folder: where to look.
        options: encoding, and whether bytes are wanted.
        most: so many files and folders are looked at.

    Raises:
        UserError: there is no text file, one cannot be read, or there are more than `most`.
    """
    left: dict[str, list[str]] = {}
    paths: list[Path] = []
    seen = 0

    def refuse(error: OSError) -> None:
        raise unreadable(error.filename, error, OTHERS)

    for place, folders, files in os.walk(folder, onerror=refuse):
        seen += len(folders) + len(files)
        if most is not None and seen > most:
            raise UserError(
                f"{folder}: holds more than {most:,} files and folders; name the text as CORPUS"
            )
        unread = {name: _unread(Path(place, name)) for name in [*folders, *files]}
        if place == str(folder) and is_run(folder):  # the texts are the user's, all the same
            own = [name for name in files if name in RUN or is_signed(Path(place, name))]
            unread |= dict.fromkeys(own, "of the run in this folder")
        for name, reason in unread.items():
            if reason:
                left.setdefault(reason, []).append(str(Path(place, name)))
            elif name in files:
                paths.append(Path(place, name))
        folders[:] = [name for name in folders if not unread[name]]
    pieces = []
    for path in sorted(paths):
        with _leaving_out(left, str(path)):
            pieces += held(path, OTHERS).pieces
    return texts(str(folder), "folder", pieces, options, left)


def _unread(path: Path) -> str:
    """Return why a file or a folder in a folder is not read; empty if it is.

    Raises:
        UserError: nobody tells, because the folder may not be entered.
    """
    if path.name.startswith("."):
        return "hidden"
    try:
        if path.is_dir():
            if path.is_symlink():
                return "a link to a folder"
            return "a run of charlstm" if is_run(path) else ""
        if not path.is_file():
            return "not a file"
        # some of the kernel's files have no size, and wait for news when they are read
        return "" if path.stat().st_size else "empty"
    except OSError as error:
        raise unreadable(path, error, OTHERS) from None


@contextlib.contextmanager
def _leaving_out(left: dict[str, list[str]], name: str) -> Iterator[None]:
    """Add a file to those that are left out, by the reason, if it is no text."""
    try:
        yield
    except NoTextError as error:
        left.setdefault(error.reason, []).append(name)


def texts(
    name: str,
    kind: str,
    pieces: Sequence[Piece],
    options: DataOptions,
    left: dict[str, list[str]] | None = None,
) -> list[Piece]:
    """Leave out what is not text, and say what was taken and what was not.

    Args:
        name: of the folder or archive.
        kind: "folder" or "archive".
        pieces: what is in it.
        options: encoding, and whether bytes are wanted.
        left: names of what was left out already, by the reason.

    Raises:
        UserError: nothing is left.
    """
    left = left or {}
    found = []
    special: Counter[str] = Counter()
    for piece in pieces:
        with _leaving_out(left, piece.name):
            if more := looked_at(piece, options):
                special[more.name] += 1
            found.append(piece)
    out = ""
    for why, names in sorted(left.items(), reverse=True):
        shown = ", ".join(os.path.relpath(each, name) for each in sorted(names)[:SHOWN])
        more_names = " ..." if len(names) > SHOWN else ""
        out += f"; {len(names):,} left out, {why}: {shown}{more_names}"
    if not found:
        raise UserError(f"{name}: no text file in this {kind}{out}; name a file, or another folder")
    endings = Counter(PurePosixPath(piece.name).suffix or "without ending" for piece in found)
    told = ", ".join(f"{count:,} {ending}" for ending, count in endings.most_common())
    kinds = ", ".join(f"{each} ({count:,})" for each, count in special.most_common())
    marked = f"; as they stand: {kinds}" if kinds else ""
    say(f"{name}: {counted(len(found), 'file')} read: {told}{marked}{out}")
    return found
