"""Who handed in what: a folder, a zip or one notebook becomes files by student.

Learning-management systems put the student into the file's name, or into its folder's:

| system | name | student |
| --- | --- | --- |
| Moodle | `Ada Lovelace_12345_assignsubmission_file_/ps1.ipynb` | `Ada-Lovelace_12345` |
| Canvas | `lovelaceada_LATE_12345_67890_ps1-2.ipynb` | `lovelaceada_12345`, late, version 2 |
| files | `ada.ipynb`, `ada (1).ipynb`, `ada_ps1.ipynb` | `ada` |
| folders | `ada/ps1.ipynb`, `ada/anything.ipynb`, `ada/ps1/ps1.ipynb` | `ada` |

Nothing is ever unpacked: what a zip holds is read into memory, file by file.
"""

from __future__ import annotations

import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath

from charlstm.errors import UserError, unreadable

MOST_BYTES = 50_000_000  # of one file; a notebook with all its figures has about one
_MOODLE = re.compile(r"(?P<student>.+_\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)")
_CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<user>\d+)_(?P<upload>\d+)_(?P<rest>.+)")
_VERSION = re.compile(r"(?P<stem>.*?)(?: ?\((?P<browser>\d+)\)|-(?P<canvas>\d+)|-Copy(?P<lab>\d+))")


@dataclass(frozen=True)
class File:
    """A file that was handed in.

    Attributes:
        name: its path in the folder or zip, with `/`.
        time: when it was changed; larger is later.
        read: returns its bytes, or raises `OSError` or `ValueError` with the reason.
    """

    name: str
    time: float
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Submission:
    """A file and the student it belongs to.

    Attributes:
        student: the id, of letters, digits and `_ . @ -`.
        file: what was handed in.
        late: whether the system marked it so.
        order: of two files of one student, the one with the larger order is taken.
    """

    student: str
    file: File
    late: bool
    order: tuple[bool, int, float, str]


def sort_out(
    files: Sequence[File], assignment: str, others: Collection[str] = ()
) -> tuple[list[Submission], list[tuple[str, str]]]:
    """Find each student's file.

    Args:
        files: that were handed in.
        assignment: to look for, such as `ps1`.
        others: names of other assignments, whose notebooks are left out.

    Returns:
        one submission for each student, sorted; and for each file that was left out, why.

    Example:
        >>> names = ["ada.ipynb", "ada (1).ipynb", "bob_LATE_12_34_ps1.ipynb", "bob/ps2.ipynb"]
        >>> taken, left = sort_out([File(name, 0, bytes) for name in names], "ps1", ["ps2"])
        >>> [(s.student, s.file.name, s.late) for s in taken]
        [('ada', 'ada (1).ipynb', False), ('bob_12', 'bob_LATE_12_34_ps1.ipynb', True)]
        >>> left
        [('bob/ps2.ipynb', 'looks like ps2'), ('ada.ipynb', 'ada (1).ipynb is later')]
    """
    left, found = [], []
    assignment, others = assignment.lower(), [other.lower() for other in others]
    for file in files:
        path = PurePosixPath(file.name)
        other = _other(path, assignment, others)
        if not file.name.lower().endswith(".ipynb"):
            left.append((file.name, "no notebook"))
        elif path.is_absolute() or ".." in path.parts:
            left.append((file.name, "its path leads out of the folder"))
        elif other:
            left.append((file.name, f"looks like {other}"))
        else:
            found.append(file)
    folders = [_folders(PurePosixPath(file.name), assignment) for file in found]
    common = len(list(takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))))
    best: dict[str, Submission] = {}
    for file in found:
        submission = _submission(file, assignment, common)
        if submission is None:
            left.append((file.name, "whose it is cannot be told from its name"))
            continue
        former = best.get(submission.student)
        worse = min(former, submission, key=lambda s: s.order) if former else None
        best[submission.student] = submission if former in (None, worse) else former
        if worse:
            left.append((worse.file.name, f"{best[submission.student].file.name} is later"))
    return sorted(best.values(), key=lambda s: s.student), left


def _submission(file: File, assignment: str, common: int) -> Submission | None:
    path = PurePosixPath(file.name)
    stem, version, late, student = path.stem, 0, False, ""
    moodle = [match for part in (*path.parts[:-1], path.stem) if (match := _MOODLE.fullmatch(part))]
    if moodle:
        student, stem = moodle[-1]["student"], moodle[-1]["rest"] or stem
    elif canvas := _CANVAS.fullmatch(stem):
        student, stem = f"{canvas['name']}_{canvas['user']}", canvas["rest"]
        late = bool(canvas["late"])
    numbered = _VERSION.fullmatch(stem)
    if numbered and (student or not numbered["canvas"] or numbered["stem"].lower() == assignment):
        stem = numbered["stem"]  # a plain name such as class-7 keeps its number
        version = int(next(filter(None, numbered.groups()[1:])))
    named = assignment in _words(stem)
    if not student:
        folders = _folders(path, assignment)
        if folders[common:]:
            student = folders[common]
        elif stem.lower() != assignment:
            name = re.escape(assignment)
            student = re.sub(rf"^{name}[-_ ]|[-_ ]{name}$", "", stem, flags=re.IGNORECASE)
        elif folders:
            student = folders[-1]
    student = _safe(student)
    return (
        Submission(student, file, late, (named, version, file.time, file.name)) if student else None
    )


def _folders(path: PurePosixPath, assignment: str) -> list[str]:
    return [part for part in path.parts[:-1] if part.lower() != assignment]


def _words(text: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", text.lower())


def _other(path: PurePosixPath, assignment: str, others: Collection[str]) -> str | None:
    """Return another assignment that the file or its folder is named after."""
    for part in (path.stem, path.parent.name):
        words = _words(part)
        if assignment in words:
            return None
        for other in others:
            if other in words:
                return other
    return None


def _safe(name: str) -> str:
    """Turn a name into an id that is also a folder's name, alike wherever it was unpacked."""
    safe = re.sub(r"[^\w.@-]+", "-", unicodedata.normalize("NFC", name))
    return safe.strip("-._@")[-60:].lstrip("-._@")  # a system's number stands at the end


def handed_in(path: Path) -> list[File]:
    """List the files in a folder, in a zip, or the one notebook itself.

    Raises:
        UserError: nothing there, not readable, or no zip.
    """
    try:
        if path.is_dir():
            return sorted(_in_folder(path), key=lambda file: file.name)
        if path.suffix.lower() == ".ipynb" and path.is_file():
            return [File(path.name, path.stat().st_mtime, lambda: _limited(path))]
        return sorted(_in_zip(path), key=lambda file: file.name)
    except zipfile.BadZipFile as error:
        raise UserError(
            f"{path}: neither a folder nor a zip ({error}); give what was downloaded"
        ) from None
    except OSError as error:
        raise unreadable(path, error, "give a folder or a zip of notebooks") from None


def _hidden(name: str) -> bool:
    """Whether a system or an editor made the file, not the student."""
    parts = PurePosixPath(name).parts
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts)


def _in_folder(folder: Path) -> Iterator[File]:
    for root, _, names in os.walk(folder):
        for path in (Path(root, name) for name in names):
            name = path.relative_to(folder).as_posix()
            if not _hidden(name):
                time = path.lstat().st_mtime
                yield File(name, time, lambda path=path: _limited(path))  # type: ignore[misc]


def _limited(path: Path) -> bytes:
    if path.is_symlink():
        raise ValueError("a link")
    with path.open("rb") as file:
        return _not_too_long(file.read(MOST_BYTES + 1))


def _not_too_long(read: bytes) -> bytes:
    if len(read) > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES // 1_000_000} MB")
    return read


def _in_zip(path: Path) -> Iterator[File]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.replace("\\", "/")
            if not info.is_dir() and not _hidden(name):
                stamp = info.date_time
                time = float("".join(f"{number:02}" for number in stamp))
                yield File(name, time, lambda info=info: _member(path, info))  # type: ignore[misc]


def _member(path: Path, info: zipfile.ZipInfo) -> bytes:
    """Read one file of a zip, however long its header says that it is."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(info) as file:
            return _not_too_long(file.read(MOST_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise ValueError(f"damaged or locked in the zip: {error}") from None
