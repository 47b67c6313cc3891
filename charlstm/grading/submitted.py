"""What nbgrader's own collect, or a person, has laid into a course's `submitted/`.

nbgrader's `collect` and `zip_collect` copy a student's files to `submitted/STUDENT/SET/` as they
are. `take_submitted` looks at them as `Classroom.collect` looks at a download.
"""

from __future__ import annotations

from collections.abc import Iterator

from charlstm.collecting import attached
from charlstm.collecting.downloads import read_limited
from charlstm.collecting.repair import repair
from charlstm.grading.classroom import Classroom
from charlstm.grading.record import Entry
from charlstm.machine.atomic_file import write_atomically

PATTERN = set("*?[]")  # nbgrader takes them in a student's name for a pattern


def take_submitted(room: Classroom, assignment: str) -> Iterator[tuple[str, str]]:
    """Prepare the notebooks in `submitted/` for grading; yield students, and what to tell of them.

    A notebook that was graded as it is stays as it is. Every other is repaired in its place, which
    changes nothing in one that has been repaired.
    """
    release = room.notebook("release", assignment)
    for folder in sorted(room.path.glob(f"submitted/*/{assignment}")):
        student = folder.parent.name
        notebook = room.notebook("submitted", assignment, student)
        if not notebook.exists() and not notebook.is_symlink():
            yield student, f"no {notebook.name} in {folder.relative_to(room.path)}"
            continue
        if room.up_to_date(assignment, student):
            continue
        entry = room.entries(assignment).setdefault(student, Entry())
        try:
            if PATTERN & set(student):
                raise ValueError("nbgrader takes * ? [ ] for patterns; rename the folder")
            handed_in = read_limited(notebook)
            text, remark = repair(handed_in, release)
        except (OSError, ValueError) as error:
            entry.problem = str(error)
            yield student, entry.problem
            continue
        was = entry.graded
        if was is None or was[0] != room.to_grade(assignment, student)[0]:
            entry.problem = (
                ""  # else the file that came last could not be read, and stands for this
            )
        if text.encode() != handed_in:
            write_atomically(notebook, text.encode())
            # a person may have edited a notebook that was repaired when it came through `grade`
            entry.repaired = remark or (entry.repaired if entry.file else "")
            if remark:
                yield student, remark
    names = attached.asked_for(release)
    entries = room.entries(assignment)
    notebooks = {student: room.notebook("submitted", assignment, student) for student in entries}
    for student, remark in attached.remarks(notebooks, names).items():
        entries[student].beside = remark
    room.record.save()
