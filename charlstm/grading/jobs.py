"""What is to be run for a student, and what becomes of the result.

The job holds the notebook as nbgrader would run it: the released cells are in their places. The
result holds outputs only, so a student's process can change no cell.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbgrader import utils
from nbgrader.api import Gradebook
from traitlets.config import Config

from charlstm.grading.nbgrader import converter_for, quietly
from charlstm.judging.apart import Job
from charlstm.judging.judge import CutExecute
from charlstm.judging.runner import SECONDS_TO_START

FATAL = (DeadKernelError, CellTimeoutError)
OPTIONS = [kind.__name__ for kind in CutExecute.mro()]  # sections of nbgrader_config.py
SPARE = 120  # seconds to start, stop and interrupt
Result = dict[str, Any]


class NotRunError(Exception):
    """A notebook could not be run to its end; the message says why."""


def job_for(course: Path, assignment: str, student: str, seconds: int | None) -> Job:
    """Return what is to be run for a student.

    Args:
        course: the course's folder.
        assignment: name of the set.
        student: the student's id.
        seconds: limit for each cell; None takes the configuration's limit.
    """
    with quietly():
        nbgrader = converter_for("autograded", course, assignment, student)
        path = course / "submitted" / student / assignment / f"{assignment}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        url = nbgrader.coursedir.db_url
        about = {"student": student, "assignment": assignment, "notebook": assignment}
        resources: Any = {"nbgrader": {**about, "db_url": url}}
        for kind in nbgrader.sanitize_preprocessors:
            notebook, resources = kind(parent=nbgrader).preprocess(notebook, resources)
        with Gradebook(url, nbgrader.coursedir.course_id) as book:
            cells = book.find_notebook(assignment, assignment).source_cells
            sources = {cell.name: cell.source for cell in cells if cell.cell_type == "code"}
    files = {**_beside(path.parent), **_beside(course / "source" / assignment)}
    config = {name: dict(nbgrader.config[name]) for name in OPTIONS if name in nbgrader.config}
    if seconds:
        config["Execute"] = {**config.get("Execute", {}), "timeout": seconds}
        config["CutExecute"] = {**config.get("CutExecute", {}), "timeout": seconds}
    return Job(course, notebook, sources, files, config, _limit(notebook, config))


def _beside(folder: Path) -> dict[str, Path]:
    """Return the files in a folder that are no notebooks and no links, by their path in it."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.suffix != ".ipynb"
    }


def _limit(notebook: Any, config: dict[str, Any]) -> float | None:
    """Return how long a notebook may run: the answers, the tests, and ten cells of its own."""
    each = CutExecute(config=Config(config)).timeout
    if each is None or each <= 0:
        return None
    marked = sum(utils.is_grade(cell) or utils.is_solution(cell) for cell in notebook.cells)
    return float(SECONDS_TO_START + SPARE + each * (marked + 10))


def replay(result: Result) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return what stands for running a notebook: it puts a result's outputs into the cells.

    It raises what has stopped the notebook, if anything has.
    """

    def put(notebook: Any, resources: Any) -> tuple[Any, Any]:
        if error := result.get("error"):
            kind = next((kind for kind in FATAL if kind.__name__ == error), NotRunError)
            raise kind(str(result.get("reason", "")))
        outputs = result.get("outputs")
        if not isinstance(outputs, list) or len(outputs) != len(notebook.cells):
            raise NotRunError("its process gave other cells back")
        for cell, of_cell in zip(notebook.cells, outputs, strict=True):
            if cell.cell_type == "code":
                cell.outputs = nbformat.from_dict(of_cell)
        nbformat.validate(notebook)
        return notebook, resources

    return put
