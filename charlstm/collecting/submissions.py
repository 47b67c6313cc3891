"""Who handed in what: finds each student's notebook and the files beside it in a download.

`sort_out` finds one file for each student in three steps:

1. It leaves out every file that is no notebook of this set: other kinds of files, paths that lead
   out of the folder, and notebooks that have the name of another set, or whose folder has it.
2. It reads the student from the name, as `students.py` says.
3. If a student has several files, it takes the latest; `Order` says which that is.

A set may ask for more than a notebook, such as a text and a model. These files have names of their
own, `ada/text.txt` or `ada_text.txt`. They go the same way, and lie beside their student's notebook
in the end. If a student has several, `Fit` says which counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import PurePosixPath
from typing import NamedTuple

from charlstm.collecting.downloads import File
from charlstm.collecting.gradescope import with_submitters
from charlstm.collecting.students import folders, named_by_a_system, own_name, read_name, words


class Order(NamedTuple):
    """Orders the files of one student: the file with the larger order is the later one.

    The first field that differs decides.

    Attributes:
        attempt: when the system took it in: the newest attempt counts, whatever its name; 0 if
            the system does not say.
        named: whether the file has the name of the set; other names may be scratch work.
        version: the number that a browser, Canvas or JupyterLab put behind the name; 0 if none.
            It counts before the time, because unpacking and copying change the time.
        time: when the file was changed.
        name: the file's name. It decides if all else is equal, so that the order of the files in
            the download does not matter.
    """

    attempt: int
    named: bool
    version: int
    time: float
    name: str


class Layout(NamedTuple):
    """How a download is laid out: what `read_name` must know beside a path.

    Attributes:
        assignment: name of the set, in small letters.
        around: number of folders that lie around all files.
        inside: whether a system named all the notebooks, so that any other folder is a section.
        sections: the folders in there that are sections of a class.
    """

    assignment: str
    around: int
    inside: bool
    sections: frozenset[tuple[str, ...]]

    def sections_of(self, place: tuple[str, ...]) -> int:
        """Count the sections around a file that lies in such folders."""
        depths = range(1, len(place) + 1)
        return len(list(takewhile(lambda depth: place[:depth] in self.sections, depths)))


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
    files, left = with_submitters(files)
    beside: list[tuple[str, File]] = []
    for file in files:
        if name := _which(file, asked_for):
            beside.append((name, file))
        elif reason := _not_of_this_set(file, assignment, others, asked_for):
            left.append((file.name, reason))
        else:
            candidates.append(file)
    layout = _layout(candidates, assignment)
    taken: dict[str, Submission] = {}
    for file in candidates:
        submission = _submission(file, assignment, layout)
        if submission is None:
            left.append((file.name, "its name does not say whose it is"))
            continue
        former = taken.setdefault(submission.student, submission)
        if former is not submission:
            earlier, later = sorted((former, submission), key=lambda s: s.order)
            taken[submission.student] = later
            left.append((earlier.file.name, f"{later.file.name} is later"))
    left += _put_beside(beside, taken, layout)
    return sorted(taken.values(), key=lambda s: s.student), left


def _which(file: File, asked_for: Collection[str]) -> str | None:
    """Return which of the files that a set asks for this is; None if it is none of them."""
    path = PurePosixPath(file.name)
    for name in asked_for:
        wanted = PurePosixPath(name)
        own = own_name(path, wanted.stem)
        ends = re.search(rf"(^|[-_ ]){re.escape(wanted.stem)}$", own, re.IGNORECASE)
        if ends and path.suffix.lower() == wanted.suffix and ".." not in path.parts:
            return name
    return None


def _put_beside(
    files: Sequence[tuple[str, File]], taken: dict[str, Submission], layout: Layout
) -> list[tuple[str, str]]:
    """Give each student's submission the files that the set asks for; `Fit` says which.

    Returns:
        each file that was left out, with the reason.
    """
    left: list[tuple[str, str]] = []
    fits: dict[tuple[str, str], Fit] = {}
    for name, file in files:
        path = PurePosixPath(file.name)
        stem = PurePosixPath(name).stem
        found = _submission(file, stem, layout)
        if found is None or found.student not in taken:
            left.append((file.name, "its student handed in no notebook"))
            continue
        notebook, beside = taken[found.student].file, taken[found.student].beside
        place = (found.student, name)
        fit = Fit(
            path.parent == PurePosixPath(notebook.name).parent,
            own_name(path, stem).lower() == stem.lower(),
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
    if path.suffix.lower() == ".zip":
        return file.closed or "a zip that was not opened"
    if not file.name.lower().endswith(".ipynb"):
        names = " or ".join(asked_for)
        return f"neither a notebook nor named {names}" if names else "no notebook"
    for part in (path.stem, path.parent.name):
        named = words(part)
        if assignment in named:
            return None
        for other in others:
            if other in named:
                return f"looks like {other}"
    return None


def _layout(files: Sequence[File], assignment: str) -> Layout:
    """Find out how a download is laid out, from the files that may be somebody's notebook."""
    paths = [PurePosixPath(file.name) for file in files if not file.student]
    places = [folders(path, assignment) for path in paths]
    levels = zip(*places, strict=False)
    around = len(list(takewhile(lambda level: len(set(level)) == 1, levels)))
    by_hand = [p for p in paths if not named_by_a_system(p, assignment, around)]
    inner = [tuple(folders(path, assignment)[around:]) for path in by_hand]
    layout = Layout(assignment, around, not by_hand, frozenset(_sections(inner)))
    students = {place[: layout.sections_of(place) + 1] for place in inner if place}
    names = {student[-1] for student in students}
    return layout if len(names) == len(students) else layout._replace(sections=frozenset())


def _sections(places: Sequence[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Return the folders that are sections of a class, with a folder for each student in them.

    The folders of a level are sections if no notebook lies in any of them directly, and one of them
    has several folders with notebooks: `A/ada`, `A/cid`, `B/bob`.

    Args:
        places: for each notebook, its folders, the outermost first.
    """
    levels: dict[str, list[tuple[str, ...]]] = {}
    for place in filter(None, places):
        levels.setdefault(place[0], []).append(place[1:])
    several = any(len({rest[0] for rest in inside if rest}) > 1 for inside in levels.values())
    if not several or any(not rest for inside in levels.values() for rest in inside):
        return set()
    found: set[tuple[str, ...]] = {(name,) for name in levels}
    for name, inside in levels.items():
        found |= {(name, *deeper) for deeper in _sections(inside)}
    return found


def _submission(file: File, wanted: str, layout: Layout) -> Submission | None:
    """Return a file with its student; None if its name does not say who that is."""
    path = PurePosixPath(file.name)
    inner = folders(path, layout.assignment)[layout.around :]
    around = layout.around + layout.sections_of(tuple(inner))
    name = read_name(path, wanted, layout.assignment, around, layout.inside)
    student = file.student or name.student
    if not student:
        return None
    attempt = file.attempt or name.attempt
    order = Order(attempt, wanted in words(name.own), name.version, file.time, file.name)
    return Submission(student, file, name.late, order)
