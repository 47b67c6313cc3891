"""A course in a folder: made, handed in, graded, handed back.

| in the folder | what |
| --- | --- |
| `nbgrader_config.py` | the course's settings, yours to change |
| `source/ps1/`, `release/ps1/`, `ps1.zip` | with solutions, without, and packed to hand out |
| `submitted/STUDENT/ps1/`, `autograded/...`, `feedback/...` | nbgrader's steps of each submission |
| `gradebook.db` | nbgrader's gradebook: every point |
| `course.json` | from which file each submission came, and what was graded when |
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from charlstm.errors import UserError
from charlstm.grading.nbgrader import (
    CONFIG,
    CONFIG_TEXT,
    NbgraderError,
    cell_grades,
    gradebook,
    mended,
    part_of,
    run_nbgrader,
    sources,
    timed_out,
    to_notebook,
)
from charlstm.grading.submissions import File, sort_out

STATE = "course.json"
FATAL = {"DeadKernelError": "the kernel died", "CellTimeoutError": "a cell could not be stopped"}


def assignments_folder() -> Path:
    """Return where the sources of the problem sets are: in the wheel, or in the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "assignments"
    return installed if installed.is_dir() else package.parent / "notebooks" / "assignments"


@dataclass(frozen=True)
class Row:
    """What a student got for a set.

    Attributes:
        student: id.
        points: by part; None waits for a person, or was not graded.
        total: the sum; None if nothing was graded.
        note: what a person should look at.
    """

    student: str
    points: dict[str, float | None]
    total: float | None
    note: str


class Classroom:
    """A course's folder.

    Raises:
        UserError: it holds no course, and none may be made there.
    """

    def __init__(self, folder: str | Path, make: bool = False):
        self.path = Path(folder).resolve()
        if set("*?[]") & set(str(self.path)):
            raise UserError(f"{folder}: nbgrader takes * ? [ ] for patterns; name it without them")
        if not (self.path / CONFIG).exists():
            if not make:
                raise UserError(
                    f"{folder}: no course, {CONFIG} is missing; make one with"
                    f" python -m charlstm.course build {folder}"
                )
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise UserError(f"{folder}: neither empty nor a course; name a new folder")
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / CONFIG).write_text(CONFIG_TEXT)
        saved = self.path / STATE
        self.state = json.loads(saved.read_text()) if saved.exists() else {}
        self.written = self.state.setdefault("written", {})
        self.released = self.state.setdefault("released", {})

    def students(self, assignment: str) -> dict[str, dict[str, Any]]:
        """Return what `course.json` says of each student who handed a set in."""
        known: dict[str, dict[str, Any]] = self.state.setdefault("students", {})
        return known.setdefault(assignment, {})

    def save(self) -> None:
        """Write `course.json`, whole or not at all."""
        new = self.path / (STATE + ".new")
        new.write_text(json.dumps(self.state, indent=1, sort_keys=True) + "\n")
        os.replace(new, self.path / STATE)

    def assignments(self) -> list[str]:
        """Return the names of the sets."""
        folders = [path.name for path in self.path.glob("release/*")]
        return sorted(name for name in folders if self.notebook("release", name).exists())

    def check(self, assignment: str) -> None:
        """Refuse a set that this course does not have.

        Raises:
            UserError: with those that it has.
        """
        if assignment not in (names := self.assignments()):
            raise UserError(f"{assignment}: no set of this course; it has {', '.join(names)}")

    def notebook(self, step: str, assignment: str, student: str = ".") -> Path:
        """Return where nbgrader keeps a notebook at a step."""
        return self.path / step / student / assignment / f"{assignment}.ipynb"

    def found(self, step: str, assignment: str) -> list[str]:
        """Return the students of whom there is a notebook at a step."""
        notebooks = self.path.glob(f"{step}/*/{assignment}/{assignment}.ipynb")
        return sorted(path.parent.parent.name for path in notebooks)

    def build(self, sources: Sequence[Path]) -> Iterator[tuple[str, str]]:
        """Make the notebooks to hand out; yield each set, and what was done.

        A source notebook that somebody has changed in the course's folder is kept.

        Raises:
            UserError: nbgrader refused some; the others are made.
        """
        refused = []
        names = {path.name for path in self.path.glob("source/*") if path.is_dir()}
        new = {source.stem: source for source in sources}
        for name in sorted(names | set(new)):
            try:
                yield name, self._build(name, new.get(name))
            except NbgraderError as error:
                refused.append(f"{name}: nbgrader refused it: {error}")
        self.save()
        if refused:
            told = "; ".join(refused)
            raise UserError(f"{told}; the set is handed out and graded as it was")

    def _build(self, name: str, new: Path | None) -> str:
        """Make a set from its new source, or from what somebody made of it in the folder."""
        source, handout = self.notebook("source", name), self.path / f"{name}.zip"
        before = source.read_bytes() if source.exists() else None
        by_hand = before is not None and _digest(source) != self.written.get(name)
        kept = f"; source/{name} was changed by hand and is kept" if by_hand and new else ""
        if new and not by_hand:
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(to_notebook(new), encoding="utf-8")
        if self.released.get(name) == _digest(source) and handout.exists() and self._known(name):
            return "unchanged" + kept
        try:
            run_nbgrader("release", self.path, name)
        except NbgraderError:
            if handout.exists():
                with zipfile.ZipFile(handout) as archive:  # what nbgrader has removed
                    archive.extractall(self.path / "release")
            if before is not None:
                source.write_bytes(before)
            raise
        with zipfile.ZipFile(handout, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted((self.path / "release" / name).rglob("*")):
                archive.write(path, path.relative_to(self.path / "release"))
        if not by_hand:
            self.written[name] = _digest(source)
        done = "made anew" if name in self.released else "made"
        self.released[name] = _digest(source)
        return f"{done}: {handout.name}{kept}"

    def _known(self, assignment: str) -> bool:
        if not (self.path / "gradebook.db").exists():
            return False
        with gradebook(self.path) as book:
            return assignment in [known.name for known in book.assignments]

    def collect(self, assignment: str, files: Sequence[File]) -> Iterator[tuple[str, str, str]]:
        """Take notebooks in; yield each file, its student ("" if it is left out), and a remark."""
        others = [name for name in self.assignments() if name != assignment]
        taken, left = sort_out(files, assignment, others)
        release = self.notebook("release", assignment)
        for submission in taken:
            entry = self.students(assignment).setdefault(submission.student, {})
            entry["file"], entry["late"] = submission.file.name, submission.late
            entry["problem"], remark = "", ""
            try:
                text, remark = mended(submission.file.read(), release)
            except (OSError, ValueError) as error:
                entry["problem"] = str(error)
            else:
                target = self.notebook("submitted", assignment, submission.student)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
                entry["mended"] = remark
            yield submission.file.name, submission.student, entry["problem"] or remark
        for name, why in left:
            yield name, "", why
        self.save()

    def waiting(self, assignment: str, again: bool = False) -> list[str]:
        """Return the students to grade: whose notebook, or whose tests, changed; or all."""
        students = self.found("submitted", assignment)
        return [s for s in students if again or not self._up_to_date(assignment, s)]

    def _up_to_date(self, assignment: str, student: str) -> bool:
        if not self.notebook("autograded", assignment, student).exists():
            return False
        graded = self.students(assignment).get(student, {}).get("graded")
        return bool(graded == self._state_of(assignment, student))

    def _state_of(self, assignment: str, student: str) -> list[str]:
        submitted = _digest(self.notebook("submitted", assignment, student))
        return [submitted, self.released.get(assignment, "")]

    def grade(self, assignment: str, student: str, seconds: int | None = None) -> None:
        """Let nbgrader grade a student's notebook; what went wrong is noted in `course.json`."""
        autograded = self.notebook("autograded", assignment, student)
        before = sources(autograded) if autograded.exists() else {}
        with cell_grades(self.path, assignment, student) as grades:
            by_hand = [g for g in grades if g.manual_score is not None]
            done = {g.name: before.get(g.name) for g in by_hand if not g.needs_manual_grade}
            for grade in grades:
                grade.auto_score = None  # else those of an earlier file would stand
        entry = self.students(assignment).setdefault(student, {})
        entry["note"] = ""
        try:
            run_nbgrader("autograded", self.path, assignment, student, seconds)
        except NbgraderError as error:
            reason = next((why for name, why in FATAL.items() if name in str(error)), str(error))
            entry["note"] = f"not graded: {reason}"
        else:
            parts, after = timed_out(autograded), sources(autograded)
            entry["note"] = f"over the time limit: {', '.join(parts)}" if parts else ""
            with cell_grades(self.path, assignment, student) as grades:
                for grade in grades:  # nbgrader would have each answer looked at again
                    if grade.name in done and done[grade.name] == after[grade.name]:
                        grade.needs_manual_grade = False
        entry["graded"] = self._state_of(assignment, student)
        self.save()

    def results(self, assignment: str) -> tuple[dict[str, float], list[Row]]:
        """Return the most points of each part, in the set's order, and each student's."""
        with gradebook(self.path) as book:
            cells = book.find_notebook(assignment, assignment).grade_cells
            most: dict[str, float] = {}
            for cell in cells:
                most[part_of(cell.name)] = most.get(part_of(cell.name), 0) + cell.max_score
            handed = {s.student.id: s for s in book.assignment_submissions(assignment)}
            students = sorted({*self.students(assignment), *handed})
            return most, [self._row(assignment, s, most, handed.get(s)) for s in students]

    def _row(self, assignment: str, student: str, parts: Any, submission: Any) -> Row:
        entry = self.students(assignment).get(student, {})
        points: dict[str, float | None] = dict.fromkeys(parts)
        notes = [entry.get("problem"), "late" if entry.get("late") else ""]
        notes += [entry.get("note"), entry.get("mended")]
        graded = submission and self.notebook("autograded", assignment, student).exists()
        for grade in submission.notebooks[0].grades if graded else ():
            part = part_of(grade.name)
            if grade.needs_manual_grade:
                by_hand = grade.manual_score is not None
                notes.append(f"{part}: {'look again' if by_hand else 'waits for a person'}")
                if not by_hand:
                    continue
            points[part] = (points[part] or 0) + grade.score
        total = submission.score if graded else None
        return Row(student, points, total, "; ".join(filter(None, notes)))

    def feedback(self, assignment: str) -> Iterator[tuple[str, Path]]:
        """Make the HTML pages; yield each under the name that its notebook was handed in by.

        Raises:
            UserError: nothing is graded, or nbgrader refused.
        """
        students = self.found("autograded", assignment)
        if not students:
            raise UserError(f"{assignment}: nothing is graded; run the verb grade first")
        try:
            run_nbgrader("feedback", self.path, assignment)
        except NbgraderError as error:
            raise UserError(f"{assignment}: nbgrader refused it: {error}") from None
        used: set[str] = set()
        for student in students:
            file = self.students(assignment).get(student, {}).get("file", f"{student}.ipynb")
            name = str(PurePosixPath(file).with_suffix(".html"))
            name = f"{student}/{name}" if name in used else name
            used.add(name)
            yield name, self.notebook("feedback", assignment, student).with_suffix(".html")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
