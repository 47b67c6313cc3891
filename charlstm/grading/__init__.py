"""Courses: who handed in what, and what it is worth.

- `downloads`: the files in what a learning-management system gives: a folder, a zip, a notebook
- `submissions`: whose each file is, by its name
- `repair`: a notebook gets nbgrader's cells back as they were released
- `former`: the names under which problem sets from before version 0.2 know the package
- `nbgrader`: nbgrader, and what it needs so that every student gets the points that are due
- `record`: what a course remembers from one command to the next
- `classroom`: a course in a folder: made, handed in, graded, handed back
- `results`: what each student got, as rows and as a CSV file
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """Give `PREPROCESSORS` to the `nbgrader_config.py` of a course from before version 0.2."""
    if name != "PREPROCESSORS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from charlstm.grading.nbgrader import PREPROCESSORS

    return PREPROCESSORS
