"""The answers of the gallery, and the parts of the problem sets that they belong to.

`gallery/ps1/NAME.py` holds answers to the graded part NAME of `ps1`, each under a heading
`# %% right: how` or `# %% wrong: what is wrong`.
"""

import re
from datetime import date
from pathlib import Path

import jupytext
import matplotlib
import pytest

from charlstm.grading.nbgrader import part_of

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "notebooks" / "assignments").glob("ps*.py"))
GALLERY = ROOT / "tests" / "gallery"


def cells(source):
    """Code cells of an assignment: grade id or None, whether it is graded, source."""
    for cell in jupytext.read(source).cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code":
            yield about.get("grade_id"), about.get("grade", False), cell.source


def answers(source, name):
    """Answers to a graded function: "right" or "wrong", how or what, source."""
    text = (GALLERY / source.stem / f"{name}.py").read_text(encoding="utf-8")
    parts = re.split(r"^# %% (right|wrong): (.+)\n", text, flags=re.M)
    return [tuple(parts[i : i + 3]) for i in range(1, len(parts), 3)]


def graded(source):
    """Names of the graded parts: a cell NAME, its tests NAME-visible and, in most, NAME-hidden."""
    return list(dict.fromkeys(part_of(i) for i, is_test, _ in cells(source) if is_test))


def files_of(source):
    """Names of the files that a set asks for beside the notebook."""
    return [name for cell in jupytext.read(source).cells for name in cell.metadata.get("files", ())]


ASK_FOR_FILES = [source for source in SOURCES if files_of(source)]
EACH = [(source, name) for source in SOURCES for name in graded(source)]


def marks(source, name, place):
    """Of answers that train, or measure a model, for seconds, every other one is slow; tomorrow
    the others are."""
    if name != "experiment" and source not in ASK_FOR_FILES:
        return []
    return [pytest.mark.slow if place % 2 == date.today().toordinal() % 2 else pytest.mark.long]


CASES = [
    pytest.param(
        *(source, name, kind, text),
        id=f"{source.stem}-{name}-{kind}: {what}",
        marks=marks(source, name, k),
    )
    for source, name in EACH
    for k, (kind, what, text) in enumerate(answers(source, name))
]


def judge(source, name, answer):
    """Put an answer in the place of the solution, and say whether its tests pass."""
    matplotlib.use("agg")
    space = {}
    tests = [i for i, is_test, _ in cells(source) if is_test and part_of(i) == name]
    for grade_id, is_test, text in cells(source):
        if grade_id == name:
            text = answer
        elif is_test and grade_id not in tests:
            continue
        try:
            exec(re.sub(r"^%.*$", "", text, flags=re.M), space)
        except Exception:
            if grade_id == name or is_test:
                return False
            raise
        if grade_id == tests[-1]:
            return True
    raise AssertionError(f"{source.stem} has no tests of {name}")
