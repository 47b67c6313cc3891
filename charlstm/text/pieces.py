"""What a user names becomes pieces of bytes: files, folders, archives, names or "-"."""

import errno
import os
import sys
from pathlib import Path
from typing import BinaryIO

from charlstm.errors import UserError, say, unreadable
from charlstm.options import DataOptions
from charlstm.text.archives import Held, held, held_in_stream
from charlstm.text.chunks import Piece
from charlstm.text.folders import folder_pieces, looked_at, texts
from charlstm.text.marks import MARKS, mark_of
from charlstm.text.registry import named

STANDARD_INPUT = "standard input"


def pieces_of(source: str, options: DataOptions) -> list[Piece]:
    """Return what a file, a folder, a name or "-" stands for.

    A folder stands for the text files in it and below it, in sorted order. A line on standard error
    says which were read and which were not, and what a text is that is more than plain text.

    Raises:
        UserError: there is no such thing, it cannot be read, or it has no text.
    """
    if source == "-":
        return _texts(STANDARD_INPUT, held_in_stream(STANDARD_INPUT, standard_input()), options)
    if not source:
        raise UserError("a CORPUS is empty; give a file, a folder or a name")
    path = Path(source)
    if not is_there(source):
        return [piece for path in named(source) for piece in file_pieces(path, options)]
    if path.is_dir():
        return folder_pieces(path, options)
    if path.is_char_device():  # some never end
        raise UserError(f"{source}: a device, no text; give a file, or - for standard input")
    return file_pieces(path, options)


def is_there(source: str) -> bool:
    """Whether a path is that of a file or folder.

    Raises:
        UserError: nobody can tell, because a folder above it may not be entered, or because links
            lead round in a circle.
    """
    try:
        os.stat(source)
        return True
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.ELOOP):
            raise unreadable(source, error, "give a text that can be read") from None
        return False
    except ValueError:  # no path has a zero character
        return False


def standard_input() -> BinaryIO:
    """Return standard input, as bytes.

    Raises:
        UserError: it is closed.
    """
    if sys.stdin is None:
        raise UserError("standard input is closed; name a file instead of -")
    return sys.stdin.buffer


def file_pieces(path: Path, options: DataOptions) -> list[Piece]:
    """Return a file, or the text files in an archive, and say what these are.

    Raises:
        NoTextError: it is no text, or an archive that cannot be read.
        UserError: it cannot be read.
    """
    return _texts(str(path), held(path), options)


def _texts(name: str, found: Held, options: DataOptions) -> list[Piece]:
    """Return what is text, and say what it is."""
    if found.archive:
        return texts(name, "archive", found.pieces, options)
    (piece,) = found.pieces
    if kind := looked_at(piece, options):
        say(f"{name}: {kind.name}, learnt as it stands; {kind.advice}")
    if not options.bytes and (mark := mark_of(piece.start())) and MARKS[mark] != "utf-8":
        say(f"{name}: read as {MARKS[mark]}, as its mark says")
    return found.pieces
