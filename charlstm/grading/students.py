"""Reads from the name of a file that was handed in which student it belongs to.

Learning-management systems put the student into the name of the file or of its folder:

| system | name | student |
| --- | --- | --- |
| Moodle | `Ada Lovelace_12345_assignsubmission_file_/ps1.ipynb` | `Ada-Lovelace_12345` |
| Canvas | `lovelaceada_LATE_12345_67890_ps1-2.ipynb` | `lovelaceada_12345`, late, version 2 |
| folders | `ada/ps1.ipynb`, `ada/anything.ipynb`, `ada_ps1/ps1/ps1.ipynb` | `ada` |
| files | `ada.ipynb`, `ada (1).ipynb`, `ada_ps1.ipynb` | `ada` |

A student's zip counts as a folder: `ada_ps1.zip` is Ada's. The first row that fits counts. A folder
that has the name of the set is no student. A folder around all the files is no student either,
because a download is often unpacked into one. But if nothing else names the student, that folder
does: `ada/ps1.ipynb` alone is Ada's.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import NamedTuple

MAX_ID = 60  # characters of a student's id, which names a folder: most systems allow 255 bytes

# Moodle names a folder, or a file without one: NAME_NUMBER_assignsubmission_KIND_, then the
# student's own name for the file.
_MOODLE = re.compile(r"(?P<student>.+_\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)")
# Canvas names a file: NAME_LATE_USER_UPLOAD_, then the student's own name for it. Each file has
# another number of upload, so the id leaves that number out.
_CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<user>\d+)_(?P<upload>\d+)_(?P<rest>.+)")
# A later version: a browser calls a second download "ps1 (1)", Canvas calls a second upload
# "ps1-1", and JupyterLab calls a duplicate "ps1-Copy1".
_VERSION = re.compile(r"(?P<stem>.*?)(?: ?\((?P<browser>\d+)\)|-(?P<canvas>\d+)|-Copy(?P<lab>\d+))")


class Name(NamedTuple):
    """What a file's name says.

    Attributes:
        student: the student's id, made of letters, digits and `_ . @ -`; "" if the name names none.
        own: the student's own name for the file: without its ending, without what a system put
            before it, and without the version behind it.
        version: the number that a browser, Canvas or JupyterLab put behind the name; 0 if none.
        late: whether the system marked the file as late.
    """

    student: str
    own: str
    version: int
    late: bool


def read_name(path: PurePosixPath, wanted: str, assignment: str, around: int = 0) -> Name:
    """Read what a file's name says.

    Args:
        path: the file's path in the download.
        wanted: the name that is asked for, without its ending: that of the set, or that of a file
            beside the notebook.
        assignment: name of the set, in small letters; a folder may have it, too.
        around: number of folders that lie around all files, and so name no student.

    Example:
        >>> read_name(PurePosixPath("lovelaceada_LATE_12345_67890_ps1-2.ipynb"), "ps1", "ps1")
        Name(student='lovelaceada_12345', own='ps1', version=2, late=True)
    """
    student, stem, late = _named_by_a_system(path)
    stem, version = _version(stem, wanted, by_a_system=bool(student))
    student = _safe(student or _named_by_hand(path, stem, wanted, assignment, around))
    return Name(student, stem, version, late)


def own_name(path: PurePosixPath, wanted: str) -> str:
    """Return a file's stem without what a system put before it and any version behind it."""
    _, stem, _ = _named_by_a_system(path)
    own, _ = _version(stem, wanted, by_a_system=True)
    return own


def folders(path: PurePosixPath, assignment: str) -> list[str]:
    """Return a file's folders, the outermost first, without the set's name."""
    parts = (part for part in path.parts[:-1] if part.lower() != assignment)
    return [_without(assignment, part) for part in parts]


def words(text: str) -> list[str]:
    """Return the words of a name, in small letters."""
    return re.split(r"[^a-z0-9]+", text.lower())


def _named_by_a_system(path: PurePosixPath) -> tuple[str, str, bool]:
    """Return the student, the name that the student gave the file, and whether it is late.

    The student is "" if no system named the file.
    """
    places = (path.stem, *reversed(path.parts[:-1]))  # the innermost that a system named counts
    for moodle in filter(None, map(_MOODLE.fullmatch, places)):
        return moodle["student"], _own(moodle, path), False
    for canvas in filter(None, map(_CANVAS.fullmatch, places)):
        return f"{canvas['name']}_{canvas['user']}", _own(canvas, path), bool(canvas["late"])
    return "", path.stem, False


def _own(named: re.Match[str], path: PurePosixPath) -> str:
    """Return the student's name for a file, if a system has named the file or a folder of it."""
    of_the_file = named.string == path.stem
    return (of_the_file and named["rest"]) or path.stem


def _version(stem: str, wanted: str, by_a_system: bool) -> tuple[str, int]:
    """Split off the number that tells versions of a file apart; 0 if there is none."""
    numbered = _VERSION.fullmatch(stem)
    if not numbered:
        return stem, 0
    number = int(numbered["browser"] or numbered["canvas"] or numbered["lab"])
    of_the_student = numbered["canvas"] and numbered["stem"].lower() != wanted
    if of_the_student and not by_a_system:
        return stem, 0  # class-7.ipynb belongs to class-7; it is not version 7 of class
    return numbered["stem"], number


def _named_by_hand(
    path: PurePosixPath, stem: str, wanted: str, assignment: str, around: int
) -> str:
    """Return the student: the folder, or the file's name without the name that is asked for.

    If neither names a student, the folder around all files does.
    """
    named = folders(path, assignment)
    if named[around:]:
        return named[around]
    if stem.lower() != wanted:
        return _without(wanted, stem)
    return named[-1] if named else ""


def _without(name: str, text: str) -> str:
    """Take a name off the beginning or the end of a text."""
    name = re.escape(name)
    return re.sub(rf"^{name}[-_ ]|[-_ ]{name}$", "", text, flags=re.IGNORECASE)


def _safe(name: str) -> str:
    """Turn a name into an id that can name a folder, and is the same on every system."""
    safe = re.sub(r"[^\w.@-]+", "-", unicodedata.normalize("NFC", name))
    return safe.strip("-._@")[-MAX_ID:].lstrip("-._@")  # the end, as a system's number stands there
