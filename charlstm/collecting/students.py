"""Reads from the name of a file that was handed in which student it belongs to.

Learning-management systems put the student into the name of the file or of its folder:

| system | name | student |
| --- | --- | --- |
| Moodle | `Ada Lovelace_12345_assignsubmission_file_/ps1.ipynb` | `Ada-Lovelace_12345` |
| Canvas | `lovelaceada_LATE_12345_67890_ps1-2.ipynb` | `lovelaceada_12345`, late, version 2 |
| Blackboard | `ps1_ada_attempt_2026-11-02-23-59-59_ps1.ipynb` | `ada`, handed in at that time |
| folders | `ada/ps1.ipynb`, `ada/anything.ipynb`, `ada_ps1/ps1/ps1.ipynb` | `ada` |
| files | `ada.ipynb`, `ada (1).ipynb`, `ada_ps1.ipynb` | `ada` |

nbgrader's zip-collect reads names as those of Blackboard. `gradescope` reads Gradescope's exports.

A student's zip counts as a folder: `ada_ps1.zip` is Ada's. The first row that fits counts, and of
several parts of a path the outermost: a student names the files inside. A folder that has the name
of the set is no student. A folder around all the files is no student either, because a download is
often unpacked into one. But if nothing else names the student, that folder does: `ada/ps1.ipynb`
alone is Ada's.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import PurePosixPath
from typing import NamedTuple

MAX_ID = 60  # characters of a student's id, which names a folder: most systems allow 255 bytes

# Moodle names a folder, or a file without one: NAME_NUMBER_assignsubmission_KIND_, then the
# student's own name for the file.
_MOODLE = re.compile(r"(?P<who>.+?_\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)", re.DOTALL)
# Canvas names a file: NAME_LATE_USER_UPLOAD_, then the student's own name for it. Each file has
# another number of upload, so the id leaves that number out.
_CANVAS = re.compile(
    r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<user>\d+)_(?P<upload>\d+)_(?P<rest>.+)", re.DOTALL
)
# Blackboard names a file: SET_STUDENT_attempt_TIME_, then the student's own name for it; a file
# that has no own name is a zip of all of them.
_ATTEMPT = re.compile(
    r"(?P<who>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<rest>.*))?", re.DOTALL
)
# A later version: a browser calls a second download "ps1 (1)", Canvas calls a second upload
# "ps1-1", and JupyterLab calls a duplicate "ps1-Copy1".
_VERSION = re.compile(
    r"(?P<stem>.*?)(?: ?\((?P<browser>\d+)\)|-(?P<canvas>\d+)|-Copy(?P<lab>\d+))", re.DOTALL
)


class Name(NamedTuple):
    """What a file's name says.

    Attributes:
        student: the student's id, as `student_id` makes it; "" if the name names none.
        own: the student's own name for the file: without its ending, without what a system put
            before it, and without the version behind it.
        version: the number that a browser, Canvas or JupyterLab put behind the name; 0 if none.
        late: whether the system marked the file as late.
        attempt: when the system took it in, as a number such as 20261102235959; 0 if the name
            does not say so.
    """

    student: str
    own: str
    version: int
    late: bool
    attempt: int = 0


class _Named(NamedTuple):
    """What a system says in a name: the student, the student's own name for the file, and more."""

    student: str
    own: str
    late: bool
    attempt: int


def read_name(
    path: PurePosixPath, wanted: str, assignment: str, around: int = 0, inside: bool = True
) -> Name:
    """Read what a file's name says.

    Args:
        path: the file's path in the download.
        wanted: the name that is asked for, without its ending: that of the set, or that of a file
            beside the notebook.
        assignment: name of the set, in small letters; a folder may have it, too.
        around: number of folders that lie around all files, and so name no student.
        inside: whether a system's name counts inside a folder that no system named, such as that
            of a section; if not, the folder is a student's, and so is every name in it.

    Example:
        >>> read_name(PurePosixPath("lovelaceada_LATE_12345_67890_ps1-2.ipynb"), "ps1", "ps1")
        Name(student='lovelaceada_12345', own='ps1', version=2, late=True, attempt=0)
    """
    named = named_by_a_system(path, assignment, around, inside)
    if named:
        own, version = _version(named.own, wanted, by_a_system=True)
        return Name(named.student, own, version, named.late, named.attempt)
    own, version = _version(path.stem, wanted, by_a_system=False)
    by_hand = _named_by_hand(path, own, wanted, assignment, around)
    return Name(student_id(by_hand), own, version, late=False)


def own_name(path: PurePosixPath, wanted: str) -> str:
    """Return a file's stem without what a system put before it and any version behind it."""
    named = named_by_a_system(path)
    own, _ = _version(named.own if named else path.stem, wanted, by_a_system=True)
    return own


def folders(path: PurePosixPath, assignment: str) -> list[str]:
    """Return a file's folders, the outermost first, without the set's name."""
    parts = (part for part in path.parts[:-1] if part.lower() != assignment)
    return [_without(assignment, part) for part in parts]


def words(text: str) -> list[str]:
    """Return the words of a name, in small letters."""
    return re.split(r"[^a-z0-9]+", text.lower())


def student_id(name: str) -> str:
    """Turn a name into an id that can name a folder; two names never have the same.

    It keeps letters with their accents and signs, digits, spaces and `_ . @ -`. If it must change
    or leave out anything else, or shorten the name, a digest of the whole name follows.

    Example:
        >>> student_id("ada b"), student_id("ada-b"), student_id("o'neil")
        ('ada b', 'ada-b', 'o-neil-eb1aed')
    """
    name = unicodedata.normalize("NFC", name)
    safe = _safe(name, " ")
    if safe == name or not safe:
        return safe
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:6]
    return f"{safe[: MAX_ID - 7].rstrip(' -._@')}-{digest}"


def _safe(name: str, more: str = "") -> str:
    """Keep what can stand in a folder's name on every system; a dash stands for the rest."""
    kept = (
        c if c.isalnum() or c in "_.@-" + more or unicodedata.category(c)[0] == "M" else "\0"
        for c in name
    )
    safe = re.sub(" *\0[\0 ]*", "-", "".join(kept)).strip("-._@ ")
    safe = safe[-MAX_ID:].lstrip("-._@ ")  # the end, as a system's number stands there
    while safe and unicodedata.category(safe[0])[0] == "M":  # a sign without its letter
        safe = safe[1:].lstrip("-._@ ")
    return safe


def named_by_a_system(
    path: PurePosixPath, assignment: str = "", around: int = 0, inside: bool = True
) -> _Named | None:
    """Return what a system's name says; None if no system named the file. See `read_name`."""
    places = [*path.parts[:-1], path.stem]
    for depth, place in enumerate(places):
        if depth > around and not inside:
            break
        if found := _read(place, path, assignment, only_moodle=depth < around):
            return found
    return next(filter(None, (_read(place, path, assignment) for place in places[:around])), None)


def _read(
    place: str, path: PurePosixPath, assignment: str, only_moodle: bool = False
) -> _Named | None:
    """Read one part of a path.

    `only_moodle` is for folders around all files: `submissions_2026_11_27` looks like Canvas's.
    """
    of_the_file = place == path.stem

    def own(named: re.Match[str]) -> str:
        return (of_the_file and named["rest"]) or path.stem

    if moodle := _MOODLE.fullmatch(place):
        return _Named(_numbered(moodle["who"]), own(moodle), late=False, attempt=0)
    if only_moodle:
        return None
    if attempt := _ATTEMPT.fullmatch(place):
        who = _without(assignment, attempt["who"]) if assignment else attempt["who"]
        if who == attempt["who"]:  # the set has another name there, which may hold any character
            who = who.rpartition("_")[2]
        time = int(attempt["time"].replace("-", ""))
        return _Named(student_id(who), own(attempt), late=False, attempt=time)
    if canvas := _CANVAS.fullmatch(place):
        who = _numbered(f"{canvas['name']}_{canvas['user']}")
        return _Named(who, own(canvas), bool(canvas["late"]), attempt=0)
    return None


def _numbered(name: str) -> str:
    """Return the id of a student whom a system numbers: the number tells two names apart."""
    return _safe(unicodedata.normalize("NFC", name))


def _version(stem: str, wanted: str, by_a_system: bool) -> tuple[str, int]:
    """Split off the number that tells versions of a file apart; 0 if there is none."""
    numbered = _VERSION.fullmatch(stem)
    if not numbered:
        return stem, 0
    digits = numbered["browser"] or numbered["canvas"] or numbered["lab"]
    of_the_student = numbered["canvas"] and numbered["stem"].lower() != wanted
    if len(digits) > 9 or (of_the_student and not by_a_system):
        return stem, 0  # class-7.ipynb belongs to class-7; it is not version 7 of class
    return numbered["stem"], int(digits)


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
