"""Courses: who handed in what, and how many points it is worth.

- `downloads`: the files in a download from a learning-management system: a folder, zip or notebook
- `students`: reads the student from the name of a file that was handed in
- `gradescope`: who sent what in an export from Gradescope
- `submissions`: finds one notebook for each student, and the files beside it
- `repair`: gives a notebook nbgrader's cells back, as they were released
- `former`: the names that problem sets from before version 0.2 use for the package
- `edition`: other seeds and sizes in the tests, for a term's own edition
- `attached`: the files that a set asks for beside its notebook
- `outputs`: how much a notebook may print and show while it is graded
- `pages`: the pages of feedback: a notebook as HTML that runs nothing
- `arrays`: arrays, tensors and random generators as JSON, without pickle
- `values`: values that pass between the judge and a student's process
- `answering`: the student's side of the judging: calls the functions that a test asks for
- `asking`: the judge's side: stands in a test for what a student's notebook defines
- `runner`: runs the cells of a notebook so that no student loses points for what is no mistake
- `judge`: runs a notebook in one process, and its tests in another
- `tampering`: what a person should look at in a student's code
- `alone`: the process that runs one student's notebook, and ends what that has started
- `sandbox`: the sandbox in which a student's code runs, by bubblewrap
- `apart`: starts that process in a folder of its own, and reads back what cells put out
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
