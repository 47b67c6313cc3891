"""Runs nbgrader, and reads its gradebook and the notebooks that it has graded.

`judge` changes how nbgrader runs a notebook, so that every student gets the points that are due.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from traitlets.config.loader import PyFileConfigLoader

from charlstm.collecting.repair import grade_id, marked_cells, write_notebook
from charlstm.grading.edition import varied
from charlstm.grading.pages import Feedback
from charlstm.judging.judge import TIMED_OUT, CutExecute
from charlstm.judging.tampering import UNREADABLE, signs

CONFIG = "nbgrader_config.py"
STEPS = {"release": GenerateAssignment, "autograded": Autograde, "feedback": Feedback}


PREPROCESSORS = [
    CutExecute if kind is Execute else kind for kind in Autograde.autograde_preprocessors.default()
]

CONFIG_TEXT = """\
# Made by `python -m charlstm.course build`. Yours to change: it is not written again.
from charlstm.grading.nbgrader import PREPROCESSORS

c = get_config()
c.CourseDirectory.course_id = "charlstm"
c.ExecutePreprocessor.timeout = 60  # seconds for each cell
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\\nraise NotImplementedError"}
c.Autograde.autograde_preprocessors = PREPROCESSORS
"""


class NbgraderError(Exception):
    """nbgrader failed; the message is the error that it logged."""


def run_nbgrader(
    step: str,
    course: Path,
    assignment: str,
    student: str = "*",
    execute: Callable[[Any, Any], tuple[Any, Any]] | None = None,
) -> None:
    """Let nbgrader make one of its folders anew: `release`, `autograded` or `feedback`.

    Args:
        step: name of the folder.
        course: the course's folder, with its configuration.
        assignment: name of the set.
        student: the student's id; "*" stands for all.
        execute: gets a student's notebook and nbgrader's `resources`, and returns both with the
            outputs; for the step `autograded`.

    Raises:
        NbgraderError: nbgrader failed. Then `autograded` has nothing from this student.
    """
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(record.getMessage())  # type: ignore[method-assign]
    with quietly():
        converter = converter_for(step, course, assignment, student)
        if execute:
            converter.autograde_preprocessors = [
                execute if _runs(kind) else kind for kind in converter.autograde_preprocessors
            ]
        converter.log.addHandler(handler)
        try:
            converter.start()
        except NbGraderException as error:
            raise NbgraderError(_reason(logged) or str(error)) from None


def converter_for(step: str, course: Path, assignment: str, student: str) -> Any:
    """Return nbgrader's converter for a step, which replaces what it has made before."""
    config = PyFileConfigLoader(CONFIG, path=str(course)).load_config()
    where = CourseDirectory(
        config=config, root=str(course), assignment_id=assignment, student_id=student
    )
    converter = STEPS[step](coursedir=where, config=config)
    converter.force = True
    converter.log = logging.Logger("nbgrader")  # its own, so that nothing goes to the terminal
    converter.log.addHandler(logging.NullHandler())
    return converter


def _runs(kind: Any) -> bool:
    """Whether a preprocessor runs the notebook."""
    return isinstance(kind, type) and issubclass(kind, Execute)


def _reason(logged: list[str]) -> str:
    """Return the last error that nbgrader logged; it is at the end of a traceback."""
    found = re.findall(r"^[\w.]*?(\w+(?:Error|Exception|Interrupt)\b.*)$", "\n".join(logged), re.M)
    return found[-1].strip() if found else ""


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Let nbgrader find the program `alembic`, which makes its gradebook, and hide its warnings."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), before])
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"nbgrader\.")  # of SQLAlchemy 2.1
            yield
    finally:
        os.environ["PATH"] = before


@contextlib.contextmanager
def gradebook(course: Path) -> Iterator[Any]:
    """Open a course's gradebook, nbgrader's `Gradebook`; make it if it does not exist."""
    config = PyFileConfigLoader(CONFIG, path=str(course)).load_config()
    with quietly():
        where = CourseDirectory(config=config, root=str(course))
        with Gradebook(where.db_url, where.course_id) as opened:
            yield opened


@contextlib.contextmanager
def cell_grades(course: Path, assignment: str, student: str) -> Iterator[list[Any]]:
    """Yield a student's grades, one for each cell, and save the changes that the caller makes.

    The list is empty if nothing is graded.
    """
    with gradebook(course) as book:
        grades: list[Any] = []
        with contextlib.suppress(MissingEntry):
            grades = list(book.find_submission(assignment, student).notebooks[0].grades)
        yield grades
        book.db.commit()


def to_notebook(source: Path, edition: int = 0) -> str:
    """Return a notebook, as text, made from a py:percent source; equal sources give equal texts.

    Args:
        source: of a set, named after it.
        edition: which seeds and sizes its tests have, see `edition.py`.
    """
    notebook = varied(jupytext.read(source), source.stem, edition)
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata = nbformat.from_dict({"kernelspec": python})
    return write_notebook(notebook)


def part_of(grade_id: str) -> str:
    """Return the part that a test belongs to: `step` for `step-visible` and `step-hidden`."""
    return re.sub("-(visible|hidden)$", "", grade_id)


def cell_texts(notebook: Path) -> dict[str, str]:
    """Return the source of each cell that nbgrader knows, by grade id."""
    cells = marked_cells(nbformat.read(notebook, as_version=4))
    return {name: cell.source for name, cell in cells.items()}


def what_happened(autograded: Path) -> str:
    """Return what a person should know of a graded notebook; "" if nothing.

    That is what ran over the time limit, which answers could not be read, and what in the student's
    own code a person should look at.
    """
    cells = [c for c in nbformat.read(autograded, as_version=4).cells if c.cell_type == "code"]
    own = [cell.source for cell in cells if not utils.is_locked(cell)]
    told = {
        "over the time limit": _parts_that_raised(cells, TIMED_OUT),
        "no readable answer": _parts_that_raised(cells, UNREADABLE),
        "look at the code": signs(own),
    }
    return "; ".join(f"{what}: {', '.join(found)}" for what, found in told.items() if found)


def _parts_that_raised(cells: list[Any], error: str) -> list[str]:
    """Return the parts, or "an ungraded cell", with such an error in their outputs, each once."""
    parts = [
        part_of(grade_id(cell) or "an ungraded cell")
        for cell in cells
        if any(output.get("ename") == error for output in cell.get("outputs", ()))
    ]
    return list(dict.fromkeys(parts))
