"""Courses: who handed in what, and what it is worth.

- `submissions`: who handed in what, from a folder or a zip as a learning system names it
- `nbgrader`: nbgrader, and what is put around it so that every student gets what is due
- `classroom`: a course in a folder: made, handed in, graded, handed back
"""
