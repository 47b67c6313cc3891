"""Who handed in what: finds the student to whom each file of a download belongs.

Learning-management systems put the student into the name of the file or of its folder:

| system | name | student |
| --- | --- | --- |
| Moodle | `Ada Lovelace_12345_assignsubmission_file_/ps1.ipynb` | `Ada-Lovelace_12345` |
| Canvas | `lovelaceada_LATE_12345_67890_ps1-2.ipynb` | `lovelaceada_12345`, late, version 2 |
| folders | `ada/ps1.ipynb`, `ada/anything.ipynb`, `ada/ps1/ps1.ipynb` | `ada` |
| files | `ada.ipynb`, `ada (1).ipynb`, `ada_ps1.ipynb` | `ada` |

`sort_out` finds one file for each student in three steps:

1. It leaves out every file that is no notebook of this set: other kinds of files, paths that lead
   out of the folder, and notebooks that have the name of another set, or whose folder has it.
2. It reads the student from the name, by the first row of the table that fits. A folder that has
   the name of the set is no student. A folder around all the files is no student either, because a
   download is often unpacked into one. But if nothing else names the student, that folder does:
   `ada/ps1.ipynb` alone is Ada's.
3. If a student has several files, it takes the latest; `Order` says which that is.

A set may ask for more than a notebook, such as a text and a model. These files have names of their
own, `ada/text.txt` or `ada_text.txt`. They go the same way, and lie beside their student's notebook
in the end. If a student has several, `Fit` says which counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import PurePosixPath
from typing import NamedTuple

from charlstm.grading.downloads import File

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


class Order(NamedTuple):
    """Orders the files of one student: the file with the larger order is the later one.

    The first field that differs decides.

    Attributes:
        named: whether the file has the name of the set; other names may be scratch work.
        version: the number that a browser, Canvas or JupyterLab put behind the name; 0 if none.
            It counts before the time, because unpacking and copying change the time.
        time: when the file was changed.
        name: the file's name. It decides if all else is equal, so that the order of the files in
            the download does not matter.
    """

    named: bool
    version: int
    time: float
    name: str


class Fit(NamedTuple):
    """Orders the files of one student that could be the same one of those that a set asks for.

    The first field that differs decides.

    Attributes:
        near: whether the file lies in the folder of the notebook that is taken.
        exact: whether it has the very name; `train_text.txt` may be another text.
        order: which is the later one.
    """

    near: bool
    exact: bool
    order: Order

    def than(self, other: Fit) -> str:
        """Say why this one is taken instead of the other, in words that follow its name."""
        if self.near != other.near:
            return "lies in the notebook's folder"
        return "has the name asked for" if self.exact != other.exact else "is later"


@dataclass(frozen=True)
class Submission:
    """A file and the student it belongs to.

    Attributes:
        student: the student's id, made of letters, digits and `_ . @ -`.
        file: the file that was handed in.
        late: whether the system marked the file as late.
        order: of a student's files, the one with the largest order counts.
        beside: the other files that the set asks for, by the name that it gives them; those that
            the student handed in.
    """

    student: str
    file: File
    late: bool
    order: Order
    beside: dict[str, File] = field(default_factory=dict)


def sort_out(
    files: Sequence[File],
    assignment: str,
    others: Collection[str] = (),
    asked_for: Collection[str] = (),
) -> tuple[list[Submission], list[tuple[str, str]]]:
    """Find each student's file.

    Args:
        files: the files that were handed in.
        assignment: name of the set, such as `ps1`.
        others: names of other sets; their notebooks are left out.
        asked_for: names of the files that the set asks for beside the notebook.

    Returns:
        one submission for each student, sorted by student; and each file that was left out, with
        the reason.

    Example:
        >>> names = ["ada.ipynb", "ada (1).ipynb", "bob_LATE_12_34_ps1.ipynb", "bob/ps2.ipynb"]
        >>> taken, left = sort_out([File(name, 0, bytes) for name in names], "ps1", ["ps2"])
        >>> [(s.student, s.file.name, s.late) for s in taken]
        [('ada', 'ada (1).ipynb', False), ('bob_12', 'bob_LATE_12_34_ps1.ipynb', True)]
        >>> left
        [('bob/ps2.ipynb', 'looks like ps2'), ('ada.ipynb', 'ada (1).ipynb is later')]
    """
    assignment = assignment.lower()
    others = [other.lower() for other in others]
    candidates: list[File] = []
    left: list[tuple[str, str]] = []
    beside: list[tuple[str, File]] = []
    for file in files:
        if name := _which(file, asked_for):
            beside.append((name, file))
        elif reason := _not_of_this_set(file, assignment, others, asked_for):
            left.append((file.name, reason))
        else:
            candidates.append(file)
    around = _folders_around_all(candidates, assignment)
    taken: dict[str, Submission] = {}
    for file in candidates:
        submission = _submission(file, assignment, around)
        if submission is None:
            left.append((file.name, "its name does not say whose it is"))
            continue
        former = taken.setdefault(submission.student, submission)
        if former is not submission:
            earlier, later = sorted((former, submission), key=lambda s: s.order)
            taken[submission.student] = later
            left.append((earlier.file.name, f"{later.file.name} is later"))
    left += _put_beside(beside, taken, assignment, around)
    return sorted(taken.values(), key=lambda s: s.student), left


def _which(file: File, asked_for: Collection[str]) -> str | None:
    """Return which of the files that a set asks for this is; None if it is none of them."""
    path = PurePosixPath(file.name)
    for name in asked_for:
        wanted = PurePosixPath(name)
        own_name = _own_name(path, wanted.stem)
        ends = re.search(rf"(^|[-_ ]){re.escape(wanted.stem)}$", own_name, re.IGNORECASE)
        if ends and path.suffix.lower() == wanted.suffix and ".." not in path.parts:
            return name
    return None


def _own_name(path: PurePosixPath, wanted: str) -> str:
    """Return a file's stem without what a system put before it and a version behind it."""
    _, stem, _ = _named_by_a_system(path)
    own_name, _ = _version(stem, wanted, by_a_system=True)
    return own_name


def _put_beside(
    files: Sequence[tuple[str, File]], taken: dict[str, Submission], assignment: str, around: int
) -> list[tuple[str, str]]:
    """Give each student's submission the files that the set asks for; `Fit` says which.

    Returns:
        each file that was left out, with the reason.
    """
    left: list[tuple[str, str]] = []
    fits: dict[tuple[str, str], Fit] = {}
    for name, file in files:
        path = PurePosixPath(file.name)
        own = replace(file, name=str(PurePosixPath(*_folders(path, assignment), path.name)))
        stem = PurePosixPath(name).stem
        found = _submission(own, stem, around)
        if found is None or found.student not in taken:
            left.append((file.name, "its student handed in no notebook"))
            continue
        notebook, beside = taken[found.student].file, taken[found.student].beside
        place = (found.student, name)
        fit = Fit(
            path.parent == PurePosixPath(notebook.name).parent,
            _own_name(path, stem).lower() == stem.lower(),
            found.order,
        )
        if place not in fits:
            beside[name], fits[place] = file, fit
            continue
        (worse, loser), (better, winner) = sorted(
            ((fit, file), (fits[place], beside[name])), key=lambda each: each[0]
        )
        left.append((loser.name, f"{winner.name} {better.than(worse)}"))
        beside[name], fits[place] = winner, better
    return left


def _not_of_this_set(
    file: File, assignment: str, others: Collection[str], asked_for: Collection[str]
) -> str | None:
    """Return why a file cannot be a notebook of the set; None if it can."""
    path = PurePosixPath(file.name)
    if path.is_absolute() or ".." in path.parts:
        return "its path leads out of the folder"
    if not file.name.lower().endswith(".ipynb"):
        names = " or ".join(asked_for)
        return f"neither a notebook nor named {names}" if names else "no notebook"
    for part in (path.stem, path.parent.name):
        words = _words(part)
        if assignment in words:
            return None
        for other in others:
            if other in words:
                return f"looks like {other}"
    return None


def _folders_around_all(files: Sequence[File], assignment: str) -> int:
    """Count the outermost folders that all files share."""
    folders = [_folders(PurePosixPath(file.name), assignment) for file in files]
    levels = zip(*folders, strict=False)
    return len(list(takewhile(lambda level: len(set(level)) == 1, levels)))


def _submission(file: File, assignment: str, around: int) -> Submission | None:
    """Read from a file's name which student it belongs to; return None if the name does not say.

    Args:
        file: the file that was handed in.
        assignment: name of the set, in small letters.
        around: number of folders that lie around all files, and so name no student.
    """
    path = PurePosixPath(file.name)
    student, stem, late = _named_by_a_system(path)
    stem, version = _version(stem, assignment, by_a_system=bool(student))
    student = _safe(student or _named_by_hand(path, stem, assignment, around))
    if not student:
        return None
    order = Order(assignment in _words(stem), version, file.time, file.name)
    return Submission(student, file, late, order)


def _named_by_a_system(path: PurePosixPath) -> tuple[str, str, bool]:
    """Return the student, the name that the student gave the file, and whether it is late.

    The student is "" if no system named the file.
    """
    places = (
        path.stem,
        *reversed(path.parts[:-1]),
    )  # from the inside: the innermost that Moodle named counts
    for moodle in filter(None, map(_MOODLE.fullmatch, places)):
        return moodle["student"], moodle["rest"] or path.stem, False
    if canvas := _CANVAS.fullmatch(path.stem):
        return f"{canvas['name']}_{canvas['user']}", canvas["rest"], bool(canvas["late"])
    return "", path.stem, False


def _version(stem: str, assignment: str, by_a_system: bool) -> tuple[str, int]:
    """Split off the number that tells versions of a file apart; 0 if there is none."""
    numbered = _VERSION.fullmatch(stem)
    if not numbered:
        return stem, 0
    number = int(numbered["browser"] or numbered["canvas"] or numbered["lab"])
    own_name = numbered["canvas"] and numbered["stem"].lower() != assignment
    if own_name and not by_a_system:
        return stem, 0  # class-7.ipynb belongs to class-7; it is not version 7 of class
    return numbered["stem"], number


def _named_by_hand(path: PurePosixPath, stem: str, assignment: str, around: int) -> str:
    """Return the student: the folder, or the file's name without the set's name.

    If neither names a student, the folder around all files does.
    """
    folders = _folders(path, assignment)
    if folders[around:]:
        return folders[around]
    if stem.lower() != assignment:
        name = re.escape(assignment)
        return re.sub(rf"^{name}[-_ ]|[-_ ]{name}$", "", stem, flags=re.IGNORECASE)
    return folders[-1] if folders else ""


def _folders(path: PurePosixPath, assignment: str) -> list[str]:
    """Return a file's folders, the outermost first, without those that have the set's name."""
    return [part for part in path.parts[:-1] if part.lower() != assignment]


def _words(text: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", text.lower())


def _safe(name: str) -> str:
    """Turn a name into an id that can name a folder, and is the same on every system."""
    safe = re.sub(r"[^\w.@-]+", "-", unicodedata.normalize("NFC", name))
    return safe.strip("-._@")[-MAX_ID:].lstrip("-._@")  # the end, as a system's number stands there
