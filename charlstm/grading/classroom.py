"""A course in a folder: build its sets, collect notebooks, and grade them.

| in the folder | what |
| --- | --- |
| `nbgrader_config.py` | the course's settings, which you may change |
| `source/ps1/` | the set `ps1` with solutions |
| `release/ps1/`, `ps1.zip` | the set without solutions, and the same packed to hand out |
| `submitted/STUDENT/ps1/` | a student's notebook, and the files that the set asks for beside it |
| `autograded/...`, `feedback/...` | what nbgrader makes of it: a graded notebook, an HTML page |
| `gradebook.db` | nbgrader's gradebook: every point |
| `course.json` | from which file each submission came, and what was graded last |
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from charlstm.collecting import attached
from charlstm.collecting.attached import digest
from charlstm.collecting.downloads import File
from charlstm.collecting.repair import repair
from charlstm.collecting.submissions import Submission, sort_out
from charlstm.errors import UserError
from charlstm.grading import record
from charlstm.grading.jobs import job_for, replay
from charlstm.grading.nbgrader import (
    CONFIG,
    CONFIG_TEXT,
    NbgraderError,
    cell_grades,
    cell_texts,
    gradebook,
    run_nbgrader,
    to_notebook,
    what_happened,
)
from charlstm.grading.record import Entry, Record
from charlstm.judging.apart import Job
from charlstm.machine.atomic_file import write_atomically
from charlstm.quoting import invocation

FATAL = {"DeadKernelError": "the kernel died", "CellTimeoutError": "a cell could not be stopped"}


def assignments_folder() -> Path:
    """Return the folder of our problem sets, py:percent files with solutions and hidden tests.

    Only a clone has them, and no installation, so that they are not on a student's computer.
    """
    return Path(__file__).parents[2] / "notebooks" / "assignments"


class Classroom:
    """A course's folder.

    Raises:
        UserError: it holds no course, and `make` is false or the folder is not empty.
    """

    def __init__(self, folder: str | Path, make: bool = False):
        self.path = Path(folder).resolve()
        if set("*?[]") & set(str(self.path)):
            raise UserError(f"{folder}: nbgrader takes * ? [ ] for patterns; name it without them")
        if not (self.path / CONFIG).exists():
            if not make:
                raise UserError(
                    f"{folder}: no course, {CONFIG} is missing; make one with"
                    f" {invocation('course', 'build', Path(folder))}"
                )
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise UserError(f"{folder}: neither empty nor a course; name a new folder")
            write_atomically(self.path / CONFIG, CONFIG_TEXT.encode())
            # students' work, solutions and points: nothing for the repository around it
            write_atomically(self.path / ".gitignore", b"*\n")
        self.record = Record.load(self.path / record.FILE)

    def entries(self, assignment: str) -> dict[str, Entry]:
        """Return what is known about each student who handed a set in, by student."""
        return self.record.entries.setdefault(assignment, {})

    def assignments(self) -> list[str]:
        """Return the names of the sets."""
        folders = [path.name for path in self.path.glob("release/*")]
        return sorted(name for name in folders if self.notebook("release", name).exists())

    def require(self, assignment: str) -> None:
        """Check that the course has a set.

        Raises:
            UserError: it does not; the message names the sets that it has.
        """
        if assignment not in (names := self.assignments()):
            raise UserError(f"{assignment}: no set of this course; it has {', '.join(names)}")

    def notebook(self, step: str, assignment: str, student: str = ".") -> Path:
        """Return the path where nbgrader keeps a notebook at a step, such as "submitted"."""
        return self.path / step / student / assignment / f"{assignment}.ipynb"

    def students_at(self, step: str, assignment: str) -> list[str]:
        """Return the students who have a notebook at a step."""
        notebooks = self.path.glob(f"{step}/*/{assignment}/{assignment}.ipynb")
        return sorted(path.parent.parent.name for path in notebooks)

    def vary(self, edition: int) -> None:
        """Let `build` make another edition of all sets from now on.

        Raises:
            UserError: something was handed in, whose tests would change under it.
        """
        handed_in = [name for name in self.assignments() if self.students_at("submitted", name)]
        if handed_in and edition != self.record.edition:
            raise UserError(
                f"{', '.join(handed_in)}: handed in already, with the tests of edition"
                f" {self.record.edition}; make another edition in a folder of its own"
            )
        self.record.edition = edition
        self.record.save()

    def build(self, originals: Sequence[Path]) -> Iterator[tuple[str, str]]:
        """Make the notebooks to hand out; yield each set, and what was done.

        If somebody has changed a notebook in `source/`, it stays as it is.

        Args:
            originals: py:percent files, `ps1.py` for the set `ps1`. Sets that are only in
                `source/` are made, too.

        Raises:
            UserError: nbgrader refused some sets; the others are made.
        """
        refused = []
        files = {original.stem: original for original in originals}
        own = {path.name for path in self.path.glob("source/*") if path.is_dir()}
        for name in sorted(own | set(files)):
            try:
                yield name, self._build(name, files.get(name))
            except NbgraderError as error:
                refused.append(f"{name}: nbgrader refused it: {error}")
        self.record.save()
        if refused:
            reasons = "; ".join(refused)
            raise UserError(f"{reasons}; the set is handed out and graded as it was")

    def _build(self, name: str, original: Path | None) -> str:
        """Make a set from its original, or from `source/` if somebody changed it there."""
        source = self.notebook("source", name)
        handout = self.path / f"{name}.zip"
        before = source.read_bytes() if source.exists() else None
        ours = {d.get(name) for d in (self.record.written_sources, self.record.writing_sources)}
        by_hand = before is not None and digest(source) not in ours
        kept = f"; source/{name} was changed by hand and is kept" if by_hand and original else ""
        if original and not by_hand:
            content = to_notebook(original, self.record.edition).encode()  # alike on every system
            if content != before:
                self.record.writing_sources[name] = hashlib.sha256(content).hexdigest()
                self.record.save()  # first: a kill must not make it look changed by hand
            write_atomically(source, content)
        released = self.record.released_sources.get(name)
        if released == digest(source) and handout.exists() and self._in_gradebook(name):
            return "unchanged" + kept
        try:
            run_nbgrader("release", self.path, name)
        except NbgraderError:
            if handout.exists():
                with zipfile.ZipFile(handout) as archive:  # nbgrader has removed the folder
                    archive.extractall(self.path / "release")
            if before is not None:
                write_atomically(source, before)
            raise
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted((self.path / "release" / name).rglob("*")):
                archive.write(path, path.relative_to(self.path / "release"))
        write_atomically(handout, zipped.getvalue())
        if not by_hand:
            self.record.written_sources[name] = digest(source)
        self.record.released_sources[name] = digest(source)
        return f"{'made anew' if released is not None else 'made'}: {handout.name}{kept}"

    def _in_gradebook(self, assignment: str) -> bool:
        if not (self.path / "gradebook.db").exists():
            return False
        with gradebook(self.path) as book:
            return assignment in [known.name for known in book.assignments]

    def collect(self, assignment: str, files: Sequence[File]) -> Iterator[tuple[str, str, str]]:
        """Take notebooks in; yield each file's name, its student, and a remark.

        The student is "" for a file that is left out.
        """
        others = [name for name in self.assignments() if name != assignment]
        names = attached.asked_for(self.notebook("release", assignment))
        taken, left = sort_out(files, assignment, others, names)
        for submission in taken:
            yield submission.file.name, submission.student, self._take_in(assignment, submission)
            for name, file in submission.beside.items():
                target = self.notebook("submitted", assignment, submission.student).with_name(name)
                yield file.name, submission.student, attached.put(file, target)
        notebooks = {s: self.notebook("submitted", assignment, s) for s in self.entries(assignment)}
        for student, remark in attached.remarks(notebooks, names).items():
            self.entries(assignment)[student].beside = remark
        for name, why in left:
            yield name, "", why
        self.record.save()

    def _take_in(self, assignment: str, submission: Submission) -> str:
        """Repair a notebook and put it into `submitted/`; return a remark for a person."""
        entry = self.entries(assignment).setdefault(submission.student, Entry())
        entry.file = submission.file.name
        entry.late = submission.late
        try:
            text, remark = repair(submission.file.read(), self.notebook("release", assignment))
        except (OSError, ValueError) as error:
            entry.problem = str(error)
            return entry.problem
        target = self.notebook("submitted", assignment, submission.student)
        write_atomically(target, text.encode())
        entry.problem = ""
        entry.repaired = remark
        return remark

    def waiting(self, assignment: str, again: bool = False) -> list[str]:
        """Return the students to grade: those whose notebook or tests changed, or all (`again`).

        A notebook that lies in `submitted/` and cannot be read is not graded.
        """
        entries = self.entries(assignment)
        return [
            s
            for s in self.students_at("submitted", assignment)
            if (again or not self.up_to_date(assignment, s))
            and not (s in entries and entries[s].problem and not entries[s].file)
        ]

    def up_to_date(self, assignment: str, student: str) -> bool:
        """Return whether a student's notebook and the tests are those of the last grading."""
        entry = self.entries(assignment).get(student)
        graded = self.notebook("autograded", assignment, student).exists()
        return graded and entry is not None and entry.graded == self.to_grade(assignment, student)

    def to_grade(self, assignment: str, student: str) -> tuple[str, str]:
        """Return digests of what is behind a grade: the notebook with its files, and the source."""
        notebook = self.notebook("submitted", assignment, student)
        names = attached.asked_for(self.notebook("release", assignment))
        submitted = digest(notebook, *(notebook.with_name(name) for name in names))
        return submitted, self.record.released_sources.get(assignment, "")

    def job(self, assignment: str, student: str, seconds: int | None = None) -> Job:
        """Return what is to be run for a student. A job changes nothing in the course."""
        return job_for(self.path, assignment, student, seconds)

    def put(self, assignment: str, student: str, result: dict[str, Any]) -> Entry:
        """Let nbgrader give the points for a result; return the new entry in `course.json`.

        Points that a person gave stay. If the answer has changed, a person is asked to look again.

        Args:
            assignment: name of the set.
            student: the student's id.
            result: what running the student's job gave.
        """
        autograded = self.notebook("autograded", assignment, student)
        before = cell_texts(autograded) if autograded.exists() else {}
        with cell_grades(self.path, assignment, student) as grades:
            by_hand = [g for g in grades if g.manual_score is not None]
            done = {g.name: before.get(g.name) for g in by_hand if not g.needs_manual_grade}
            for grade in grades:
                grade.auto_score = None  # or points of an earlier file would stay
        entry = self.entries(assignment).setdefault(student, Entry())
        entry.note = ""
        try:
            run_nbgrader("autograded", self.path, assignment, student, replay(result))
        except NbgraderError as error:
            why = str(result.get("reason") or error).removeprefix("NotRunError: ")
            entry.note = f"not graded: {FATAL.get(result.get('error', ''), why)}"
        else:
            entry.note = what_happened(autograded)
            after = cell_texts(autograded)
            with cell_grades(self.path, assignment, student) as grades:
                for grade in grades:  # nbgrader asks a person again, even for the same answer
                    if grade.name in done and done[grade.name] == after[grade.name]:
                        grade.needs_manual_grade = False
        entry.graded = self.to_grade(assignment, student)
        self.record.save()
        return entry
