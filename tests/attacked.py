"""A small set whose tests are written as those of our sets are, and the attacks on it.

Each file of `gallery/attacks` is an answer to it. Its first line says what the answer does, and its
second what that gives: the points ("none" if nothing could be graded), and what the note says. The
third, where it was tried, what it gave when tests ran in the process of the answers. With a line
`# the set-up cell: last` that cell is moved to the end of the notebook.
"""

import re
from pathlib import Path

import nbformat
from toy import TOY, by_id, handed_in_by

ATTACKS = sorted((Path(__file__).parent / "gallery" / "attacks").glob("*.py"))
IMPORTS = """\
from contextlib import redirect_stderr
from io import StringIO

import numpy as np


def tests():
"""
RUN = "\n\n\nwith redirect_stderr(StringIO()):\n    tests()"
VISIBLE = """\
    wanted = [2, 4]
    got = double(np.array([1.0, 2.0]))
    expect("double([1, 2])", got, wanted)"""
HIDDEN = """\
    for N in (1, 3, 4):
        x = np.random.default_rng(N).normal(size=N)
        wanted = 2 * x
        got = double(x)
        expect(f"double({N} numbers)", got, wanted)
        assert np.allclose(got, wanted), f"double({N} numbers) is wrong"
        assert (np.asarray(got, float) == wanted).all(), f"double({N} numbers) is wrong"
        expect("the argument after the call", 2 * x, wanted, 0)"""
SET = TOY.replace('expect("double(2)", double(2), 4)', IMPORTS + VISIBLE + RUN)
SET = SET.replace('expect("double(-3)", double(-3), -6)', IMPORTS + HIDDEN + RUN)


def declared(attack):
    """Return the points of an attack, None if it ends the grading, and what the note says."""
    head = attack.read_text(encoding="utf-8").splitlines()[1]
    points, told = re.fullmatch(r"# points: (\w+), told: ?(.*)", head).groups()
    return (None if points == "none" else int(points)), told


def hand_in(folder, attack, release):
    """Write the notebook of a student who answers with an attack."""
    answer = attack.read_text(encoding="utf-8")
    handed_in_by(folder, f"{attack.stem}.ipynb", release, double=answer)
    if "# the set-up cell: last\n" in answer:
        notebook = nbformat.read(folder / f"{attack.stem}.ipynb", as_version=4)
        setup = by_id(notebook)["setup"]
        notebook.cells.remove(setup)
        notebook.cells.append(setup)
        nbformat.write(notebook, folder / f"{attack.stem}.ipynb")
