"""Who sent what in an export from Gradescope.

*Download Submissions* gives a zip `assignment_123_export` with a folder for each submission, such
as `submission_111/`, and one file beside the folders, `submission_metadata.yml`:

    submission_111:
      :submitters:
      - :name: Ada Lovelace
        :sid: '4711'
        :email: ada@example.org
      :created_at: 2026-11-02 23:59:59.0 Z

We know this form from programs that read it, such as `gradescope_preprocessor` of a course on
GitHub and the web viewers that load `submissions/submission_metadata.yml`; Gradescope's own pages
describe only the file inside its containers
(https://gradescope-autograders.readthedocs.io/en/latest/submission_metadata/). No running
Gradescope was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any

import yaml

from charlstm.collecting.downloads import File
from charlstm.collecting.students import named_by_a_system, student_id

METADATA = "submission_metadata.yml"
# reads data only, as yaml.safe_load; in C where that is installed
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def with_submitters(files: Sequence[File]) -> tuple[list[File], list[tuple[str, str]]]:
    """Say for each file of an export who sent it, and when.

    A group's file comes once for each of the group. The name of a student is the number that the
    university gave (`sid`), or else the e-mail address, or else the name.

    Returns:
        the files without the metadata, and the metadata, with what was made of it. Files of
        anything but an export are returned as they are.
    """
    found = next(filter(None, (_of_an_export(file, files) for file in files)), None)
    if found is None:
        return [*files], []
    try:
        submissions = _submissions(found)
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        why = f"does not say who sent what: {' '.join(str(error).split())[:200]}"
        return [file for file in files if file is not found], [(found.name, why)]
    folder = PurePosixPath(found.name).parent
    named: list[File] = []
    for file in files:
        if file is found:
            continue
        inside = PurePosixPath(file.name).relative_to(folder).parts[0]
        submitters, attempt = submissions.get(inside, ([], 0))
        if submitters:
            named += [replace(file, student=each, attempt=attempt) for each in submitters]
        else:
            named.append(file)
    return named, [(found.name, "it says who sent what")]


def _of_an_export(file: File, files: Sequence[File]) -> File | None:
    """Return the file if it is the metadata of an export; a student's own file is not.

    All that was downloaded lies in the folder of the metadata, and no system named that folder.
    """
    path = PurePosixPath(file.name)
    if path.name != METADATA or named_by_a_system(path):
        return None
    around = path.parent
    return file if all(PurePosixPath(f.name).is_relative_to(around) for f in files) else None


def _submissions(metadata: File) -> dict[str, tuple[list[str], int]]:
    """Return the students and the time of each submission, by the name of its folder."""
    content = yaml.load(metadata.read(), LOADER)
    if not isinstance(content, dict):
        raise ValueError("it is no list of submissions")
    found = {
        str(folder): (_students(facts.get(":submitters")), _time(facts.get(":created_at")))
        for folder, facts in content.items()
        if isinstance(facts, dict)
    }
    if not any(students for students, _ in found.values()):
        raise ValueError("nobody is named in it")
    return found


def _students(submitters: Any) -> list[str]:
    found: list[str] = []
    for submitter in submitters if isinstance(submitters, list) else ():
        facts = submitter if isinstance(submitter, dict) else {}
        names = (str(facts.get(key) or "").strip() for key in (":sid", ":email", ":name"))
        if student := next(filter(None, map(student_id, names)), ""):
            found.append(student)
    return list(dict.fromkeys(found))


def _time(created: Any) -> int:
    """Return a time as a number that orders attempts; 0 if there is none."""
    if isinstance(created, datetime):
        if created.tzinfo:
            created = created.astimezone(UTC)
        return int(created.strftime("%Y%m%d%H%M%S"))
    return int(created.strftime("%Y%m%d000000")) if isinstance(created, date) else 0
