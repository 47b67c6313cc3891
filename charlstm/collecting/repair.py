"""Repairs the notebooks that students hand in, so that nbgrader can grade them.

nbgrader gives some cells a name, the grade id, and marks each as a test, as locked, or as an
answer. A student may have deleted or edited such a cell. Before grading, the notebook gets these
cells back as they were released. The student's answers stay as they are. An honest student may
also have copied such a cell, or split it in two; then both have its name, which nbgrader refuses.
"""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

MAX_CELLS = 1000  # of a notebook; our sets have fewer than a hundred
MAX_BRACKETS = 500_000  # of the file: json took 25 s and 1.2 GB for 16 million empty lists
MAX_SOURCE = 2_000_000  # characters in all cells together
MAKERS = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}


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

    A deleted set-up cell comes back in its place, and one that was moved down goes up again. A
    deleted test or written answer comes back at the end. An edited cell is only named in the
    remark, because nbgrader itself restores it. The metadata of all cells becomes that of the
    release, because nbgrader and Jupyter act on it. Of a cell that was copied or split, one keeps
    its name, as `_join` says. Output is dropped.

    Args:
        handed_in: the student's file.
        release: the notebook that was handed out.

    Returns:
        the notebook's text, and a remark on what was repaired, "" if nothing was.

    Raises:
        ValueError: the file is no notebook, or larger than any answer.
    """
    notebook = _read(handed_in)
    released = marked_cells(nbformat.read(release, as_version=4))
    copied = [name for name, cell in released.items() if _join(notebook, name, cell)]
    _restore_marks(notebook, released)
    edited = _edited(notebook, released)
    deleted = _put_back(notebook, released)
    moved = [name for name in _moved_up(notebook, released) if name not in deleted]
    remarks = []
    if copied:
        remarks.append(f"copied or split: {', '.join(copied)}")
    if deleted:
        remarks.append(f"put back: {', '.join(deleted)}")
    if moved:
        remarks.append(f"moved up: {', '.join(moved)}")
    if edited:
        remarks.append(f"edited, and put back: {', '.join(edited)}")
    text = write_notebook(notebook).encode(errors="replace").decode()  # JSON may hold half a pair
    return text, "; ".join(remarks)


def _read(handed_in: bytes) -> Any:
    """Read a notebook; only the kinds of its cells, their sources, marks and pictures are kept."""
    if (brackets := handed_in.count(b"[") + handed_in.count(b"{")) > MAX_BRACKETS:
        raise ValueError(
            f"not a notebook ({brackets:,} brackets; at most {MAX_BRACKETS:,} are read)"
        )
    try:
        content = json.loads(handed_in.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "no JSON"
        raise ValueError(f"not a notebook ({reason})") from None
    try:
        cells = [_cell(cell) for cell in _cells(content)]
    except (ValueError, TypeError) as error:  # made up, or damaged
        raise ValueError(f"not a notebook ({error})") from None
    if sum(len(cell.source) for cell in cells) > MAX_SOURCE:
        raise ValueError(f"not graded: more than {MAX_SOURCE:,} characters in its cells")
    return v4.new_notebook(cells=cells)


def _cells(content: Any) -> list[Any]:
    """Return a notebook's cells as they are in the file, in the form of version 4."""
    if not isinstance(content, dict):
        raise TypeError("no object in it")
    old = "worksheets" in content and "cells" not in content  # versions before 4, until 2015
    pages = content["worksheets"] if old else [content]
    if not isinstance(pages, list) or not all(isinstance(page, dict) for page in pages):
        raise TypeError("its worksheets are no list")
    cells = [page.get("cells") for page in pages]
    if not all(isinstance(each, list) for each in cells):
        raise TypeError("its cells are no list")
    flat = [cell for each in cells for cell in each]
    if not all(isinstance(cell, dict) for cell in flat):
        raise TypeError("a cell that is no object")
    if len(flat) > MAX_CELLS:
        raise ValueError(f"{len(flat):,} cells; at most {MAX_CELLS:,} are read")
    return [dict(cell, source=cell.get("source", cell.get("input"))) for cell in flat]


def _cell(given: dict[str, Any]) -> Any:
    """Make a cell that is valid whatever the file says.

    Raises:
        TypeError: it is of no kind that holds an answer, or its source is no text.
    """
    kind, source, metadata = given.get("cell_type"), given["source"], given.get("metadata")
    if not isinstance(kind, str) or kind not in MAKERS:
        raise TypeError("a cell of no known kind")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise TypeError("a cell whose source is no text")
    cell = MAKERS[kind](source, metadata=metadata if isinstance(metadata, dict) else {})
    pictures = given.get("attachments")
    if kind == "markdown" and isinstance(pictures, dict):
        cell.attachments = {
            name: bundle for name, bundle in pictures.items() if _is_picture(bundle)
        }
    return cell


def _is_picture(bundle: Any) -> bool:
    return isinstance(bundle, dict) and all(isinstance(data, str) for data in bundle.values())


def _join(notebook: Any, name: str, released: Any) -> bool:
    """If several cells have a name, let one keep it; return whether several had.

    Copies with the same source as another, or with that of the release, are removed. What is left
    of an answer in words is put together. So is code that can be compiled only together: a cell
    split in the middle of a function. Other code stays where it is, and the last of it has the
    name. Of a test or a locked cell, the last stays; its source is put back in any case.
    """
    cells = [cell for cell in notebook.cells if grade_id(cell) == name]
    if len(cells) < 2:
        return False
    sources = {cell.source.strip(): cell for cell in cells}  # by source, the last cell
    if len(sources) > 1:
        sources.pop(released.source.strip(), None)
    kept = [cell for cell in cells if any(cell is each for each in sources.values())]
    if not released.metadata.nbgrader.solution:
        kept = kept[-1:]
    elif released.cell_type != "code":
        kept[-1].source = "\n\n".join(cell.source for cell in kept)
        kept = kept[-1:]
    elif not all(_compiles(cell.source) for cell in kept):
        whole = "\n".join(cell.source for cell in kept)
        if _compiles(whole):
            kept[-1].source, kept = whole, kept[-1:]
    for cell in kept[:-1]:
        cell.metadata = {}
    notebook.cells = [
        cell
        for cell in notebook.cells
        if not any(cell is each for each in cells) or any(cell is each for each in kept)
    ]
    return True


def _compiles(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _restore_marks(notebook: Any, released: dict[str, Any]) -> None:
    """Give each cell the kind and the metadata that it had in the release.

    A student's own cells have no metadata, because a tag such as `skip-execution` would change
    what nbgrader runs.
    """
    for place, cell in enumerate(notebook.cells):
        if (name := grade_id(cell)) not in released:
            cell.metadata = {}
            continue
        was = released[name]
        metadata = copy.deepcopy(was.metadata)
        if cell.cell_type == was.cell_type:
            cell.metadata = metadata
        else:  # a key in JupyterLab turns code into text
            notebook.cells[place] = MAKERS[was.cell_type](cell.source, metadata=metadata)


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


def _moved_up(notebook: Any, released: dict[str, Any]) -> list[str]:
    """Move each set-up cell before all cells that follow it in the release; return the moved.

    A test that ran before it would take its names from the student's notebook.
    """
    moved: list[str] = []
    later: set[str | None] = set()
    for name, cell in reversed(released.items()):
        marks = cell.metadata.nbgrader
        if marks.locked and not marks.grade:
            names = [grade_id(each) for each in notebook.cells]
            at = min(
                (place for place, each in enumerate(names) if each in later), default=len(names)
            )
            if names.index(name) > at:
                notebook.cells.insert(at, notebook.cells.pop(names.index(name)))
                moved.insert(0, name)
        later.add(name)
    return moved
