"""What students hand in: whose each file is, and which counts.

- `downloads`: the files in a download from a learning-management system: a folder, zip or notebook
- `students`: reads the student from the name of a file that was handed in
- `gradescope`: who sent what in an export from Gradescope
- `submissions`: finds one notebook for each student, and the files beside it
- `attached`: the files that a set asks for beside its notebook
- `repair`: gives a notebook nbgrader's cells back, as they were released
"""
