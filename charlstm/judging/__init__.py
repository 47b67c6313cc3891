"""Running a student's notebook, and judging its answers where its code cannot reach.

- `former`: the names that problem sets from before version 0.2 use for the package
- `outputs`: how much a notebook may print and show while it is graded
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
"""
