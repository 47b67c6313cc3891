"""What a course remembers from one command to the next, in `course.json`.

The file says from which file each submission came, and which version of it was graded last. The
points are in nbgrader's gradebook.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from charlstm.errors import UserError
from charlstm.machine.atomic_file import write_atomically

FILE = "course.json"
Value = TypeVar("Value", str, bool, int)


@dataclass
class Entry:
    """What is known about a student's submission to a set.

    Attributes:
        file: the name of the file that was handed in; "" if it did not come through `grade`.
        late: whether the learning-management system marks the submission as late.
        problem: why the last file could not be read; "" if it could.
        repaired: what was restored in the notebook before grading; "" if nothing was.
        note: what went wrong during grading; "" if nothing did.
        graded: digests of the notebook, with the files beside it, and of the set's source at the
            last grading; None before the first.
        beside: what a person should know of the files beside the notebook; "" if nothing.
    """

    file: str = ""
    late: bool = False
    problem: str = ""
    repaired: str = ""
    note: str = ""
    graded: tuple[str, str] | None = None
    beside: str = ""

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Entry:
        """Check what the file says about a student. Missing values are those of a new entry.

        Raises:
            ValueError: a value is of the wrong type.
        """
        graded = values.get("graded")
        if graded is not None:
            if not isinstance(graded, list) or [type(digest) for digest in graded] != [str, str]:
                raise ValueError(f"graded is {graded!r}")
            graded = (graded[0], graded[1])
        return cls(
            file=_checked(values, "file", ""),
            late=_checked(values, "late", False),
            problem=_checked(values, "problem", ""),
            repaired=_checked(values, "mended", ""),  # the name in the file since the first version
            note=_checked(values, "note", ""),
            graded=graded,
            beside=_checked(values, "beside", ""),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads, without empty values."""
        values = asdict(self)
        values["mended"] = values.pop("repaired")
        return {key: value for key, value in values.items() if value}


@dataclass
class Record:
    """The content of `course.json`.

    Attributes:
        path: the file.
        written_sources: by set, the digest of `source/SET/SET.ipynb` as `build` wrote it. If the
            notebook there has another digest, a person has changed it.
        released_sources: by set, the digest of the source that `release/SET` was made from.
        entries: by set, what is known about each student who handed it in.
        edition: which seeds and sizes the tests have, see `edition.py`.
        writing_sources: by set, the digest of the source that `build` set out to write. If it was
            killed then, this is in `source/` and no person's change.
    """

    path: Path
    written_sources: dict[str, str] = field(default_factory=dict)
    released_sources: dict[str, str] = field(default_factory=dict)
    entries: dict[str, dict[str, Entry]] = field(default_factory=dict)
    edition: int = 0
    writing_sources: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Record:
        """Read the file and check it; return an empty record if there is no file.

        Raises:
            UserError: the file is damaged.
        """
        if not path.exists():
            return cls(path)
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                path,
                _digests(saved, "written"),
                _digests(saved, "released"),
                {
                    assignment: {name: Entry.from_json(entry) for name, entry in students.items()}
                    for assignment, students in saved.get("students", {}).items()
                },
                _checked(saved, "edition", 0),
                _digests(saved, "writing"),
            )
        except (ValueError, AttributeError, TypeError, RecursionError) as error:  # or other types
            raise UserError(
                f"{path}: damaged ({error}); put a copy of it back, or delete it and run build,"
                " then grade with the whole download"
            ) from None

    def save(self) -> None:
        """Write the whole file.

        Raises:
            UserError: as for `write_atomically`.
        """
        content = {
            "edition": self.edition,
            "writing": self.writing_sources,
            "written": self.written_sources,
            "released": self.released_sources,
            "students": {
                assignment: {name: entry.to_json() for name, entry in entries.items()}
                for assignment, entries in self.entries.items()
            },
        }
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        write_atomically(self.path, text.encode())


def _checked(values: dict[str, Any], key: str, default: Value) -> Value:
    value = values.get(key, default)
    if type(value) is not type(default):
        raise ValueError(f"{key} is {value!r}")
    return value


def _digests(saved: dict[str, Any], key: str) -> dict[str, str]:
    """Return the part of the file that has a digest for each set, checked."""
    digests = saved.get(key, {})
    return {assignment: _checked(digests, assignment, "") for assignment in digests}
