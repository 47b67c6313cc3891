"""A course in a folder: how many points each submission is worth, and who gets to know.

- `edition`: other seeds and sizes in the tests, for a term's own edition
- `pages`: the pages of feedback: a notebook as HTML that runs nothing
- `nbgrader`: runs nbgrader, and reads its gradebook and the notebooks that it has graded
- `jobs`: what is to be run for a student, and what becomes of the result
- `record`: what a course remembers from one command to the next
- `classroom`: a course in a folder: build it, collect, grade
- `watch`: notices what somebody else changes in a course while students' code runs
- `side_by_side`: grades several students at once; this process alone writes the points
- `submitted`: takes what nbgrader's own collect has laid into the course's folder
- `feedback`: the pages that students get back
- `results`: what each student got, as rows and as a CSV file
- `roster`: the list of a class, from Moodle or Canvas, and whose submission is whose
- `system_file`: the file of points that Moodle or Canvas imports
- `own_model`: a text and a model of a student's own: read safely, and refused if they prove nothing
- `own_figures`: the figures of such a model, measured again
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """Return `PREPROCESSORS`, which the `nbgrader_config.py` of older courses imports from here.

    Those are courses made before version 0.2.
    """
    if name != "PREPROCESSORS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from charlstm.grading.nbgrader import PREPROCESSORS

    return PREPROCESSORS
