"""The files that a set asks for beside its notebook, such as a text and a model.

A set names them in the metadata of one of its cells: `files=["text.txt"]` in a py:percent source.
They lie beside the notebook in `submitted/STUDENT/SET/`, and nbgrader copies them from there to
where it runs the notebook.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import nbformat

from charlstm.collecting.downloads import File
from charlstm.machine.atomic_file import write_atomically


def asked_for(release: Path) -> list[str]:
    """Return the names of the files that a set asks for; its notebook is `release`."""
    cells = nbformat.read(release, as_version=4).cells
    given = [cell.metadata.get("files", ()) for cell in cells]
    lists = ([names] if isinstance(names, str) else names for names in given)
    return [PurePath(name).name for names in lists for name in names]


def put(file: File, target: Path) -> str:
    """Write a file that was handed in; return why that failed, "" if it did not.

    If it fails, the file that was handed in before goes, so that nobody grades it instead.
    """
    try:
        content = file.read()
    except (OSError, ValueError) as error:
        target.unlink(missing_ok=True)
        return str(error)
    write_atomically(target, content)
    return ""


def remarks(notebooks: Mapping[str, Path], names: Sequence[str]) -> dict[str, str]:
    """Return for each student which files are missing, and which another student has, too.

    Args:
        notebooks: the notebook that each student handed in.
        names: the files that the set asks for.
    """
    found: dict[str, list[str]] = {student: [] for student in notebooks}
    for name in names:
        having: dict[str, list[str]] = {}  # by digest, the students who have that file
        for student, notebook in notebooks.items():
            having.setdefault(digest(notebook.with_name(name)), []).append(student)
        for of_all, students in having.items():
            for student in students:
                other = next((s for s in students if s != student), None)
                if not of_all:
                    found[student].append(f"missing: {name}")
                elif other:
                    found[student].append(f"same {name} as {other}")
    return {student: "; ".join(lines) for student, lines in found.items()}


def digest(*paths: Path) -> str:
    """Return a digest of those of the files that are there; "" if none is."""
    there = [path.read_bytes() for path in paths if path.exists()]
    return hashlib.sha256(b"".join(there)).hexdigest() if there else ""
