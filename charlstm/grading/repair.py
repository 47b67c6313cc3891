"""Repairs the notebooks that students hand in, so that nbgrader can grade them.

nbgrader gives some cells a name, the grade id, and marks each as a test, as locked, or as an
answer. A student may have deleted or edited such a cell. Before grading, the notebook gets these
cells back as they were released. The student's answers stay as they are.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat


def grade_id(cell: Any) -> str | None:
    """Return a cell's grade id, its name in nbgrader; None if it has none."""
    marks = cell.metadata.get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else None  # a student's file may hold anything


def marked_cells(notebook: Any) -> dict[str, Any]:
    """Return the cells of a notebook that have a grade id, by that id."""
    return {name: cell for cell in notebook.cells if (name := grade_id(cell))}


def write_notebook(notebook: Any) -> str:
    """Return a notebook as text, always in the same format; cells get their places as ids."""
    notebook.nbformat = 4
    notebook.nbformat_minor = 5
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index:03}"
    text: str = nbformat.writes(notebook)
    return text + "\n"


def repair(handed_in: bytes, release: Path) -> tuple[str, str]:
    """Prepare a notebook for grading: restore nbgrader's cells as they were released.

    A deleted set-up cell comes back in its place. A deleted test or written answer comes back at
    the end. An edited cell is only named in the remark, because nbgrader itself restores it. The
    metadata of all cells becomes that of the release, because nbgrader and Jupyter act on it.
    Output is dropped.

    Args:
        handed_in: the student's file.
        release: the notebook that was handed out.

    Returns:
        the notebook's text, and a remark on what was repaired, "" if nothing was.

    Raises:
        ValueError: the file is no notebook.
    """
    notebook = _read(handed_in)
    released = marked_cells(nbformat.read(release, as_version=4))
    _restore_marks(notebook, released)
    edited = _edited(notebook, released)
    deleted = _put_back(notebook, released)
    remarks = []
    if deleted:
        remarks.append(f"put back: {', '.join(deleted)}")
    if edited:
        remarks.append(f"edited, and put back: {', '.join(edited)}")
    return write_notebook(notebook), "; ".join(remarks)


def _read(handed_in: bytes) -> Any:
    try:
        notebook = nbformat.reads(handed_in.decode("utf-8-sig"), as_version=4)
        for cell in notebook.cells:
            cell.source = str(cell.source)
            if not isinstance(cell.metadata, dict):
                raise TypeError("a cell without metadata")
    except Exception as error:  # a broken or made-up file may raise anything
        raise ValueError(f"not a notebook ({type(error).__name__})") from None
    return notebook


def _restore_marks(notebook: Any, released: dict[str, Any]) -> None:
    """Give each cell the metadata that it had in the release, and drop what it printed.

    A student's own cells have no metadata, because a tag such as `skip-execution` would change
    what nbgrader runs.
    """
    notebook.metadata = {}
    for cell in notebook.cells:
        name = grade_id(cell)
        cell.metadata = copy.deepcopy(released[name].metadata) if name in released else {}
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None


def _edited(notebook: Any, released: dict[str, Any]) -> list[str]:
    """Return the names of locked cells that differ from the release."""
    first: dict[str | None, Any] = {}
    for cell in notebook.cells:
        first.setdefault(grade_id(cell), cell)
    return [
        name
        for name, cell in released.items()
        if cell.metadata.nbgrader.locked
        and name in first
        and first[name].source.strip() != cell.source.strip()
    ]


def _put_back(notebook: Any, released: dict[str, Any]) -> list[str]:
    """Insert the tests, written answers and locked cells that are missing; return their names.

    A deleted code answer stays deleted, because its tests say what is missing.
    """
    names = [grade_id(cell) for cell in notebook.cells]
    deleted = []
    place = 0  # right behind the last released cell that the notebook has
    for name, cell in released.items():
        marks = cell.metadata.nbgrader
        if name in names:
            place = names.index(name) + 1
        elif marks.grade or marks.locked:
            at = len(names) if marks.grade else place
            notebook.cells.insert(at, copy.deepcopy(cell))
            names.insert(at, name)
            deleted.append(name)
    return deleted
