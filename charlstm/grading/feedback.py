"""The pages that students get back, each under the name of the notebook that was handed in."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath

from charlstm.errors import UserError
from charlstm.grading.classroom import Classroom
from charlstm.grading.nbgrader import NbgraderError, run_nbgrader
from charlstm.grading.record import Entry
from charlstm.machine.atomic_file import write_atomically

LONGEST_PART = 200  # bytes of a name in a path; most systems allow 255


def write_pages(room: Classroom, assignment: str, to: Path) -> list[str]:
    """Make the HTML pages. Each has the name under which its notebook was handed in.

    Args:
        room: the course.
        assignment: name of the set.
        to: the zip or the folder to write the pages to.

    Returns:
        the students who have a page; a notebook of which none can be made stops no other.

    Raises:
        UserError: nothing is graded yet, or nbgrader refused all.
    """
    students = room.students_at("autograded", assignment)
    if not students:
        raise UserError(f"{assignment}: nothing is graded; run the verb grade first")
    found = {s: room.notebook("feedback", assignment, s).with_suffix(".html") for s in students}
    for page in found.values():
        page.unlink(missing_ok=True)
    refused = ""
    try:
        run_nbgrader("feedback", room.path, assignment)
    except NbgraderError as error:  # of some students; the others have their pages
        refused = str(error)
    made = [student for student in students if found[student].exists()]
    if not made:
        raise UserError(f"{assignment}: nbgrader refused it: {refused}")
    pages: dict[str, Path] = {}
    for student in made:
        file = room.entries(assignment).get(student, Entry()).file or f"{student}.ipynb"
        # the name may have come from a system that writes other bytes than UTF-8
        path = PurePosixPath(file.encode(errors="replace").decode()).with_suffix(".html")
        if any(len(part.encode()) > LONGEST_PART for part in path.parts):
            path = PurePosixPath(f"{student}.html")
        name = str(path)
        pages[f"{student}/{name}" if name in pages else name] = found[student]
    if to.suffix == ".zip":
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, page in pages.items():
                archive.write(page, name)
        write_atomically(to, zipped.getvalue())
    else:
        for name, page in pages.items():
            write_atomically(to / name, page.read_bytes())
    return made
