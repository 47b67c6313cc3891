"""The tests of the assignments accept every right answer in the gallery, and no wrong one.

`gallery/ps1/NAME.py` holds answers to the graded part NAME of `ps1`, each under a heading
`# %% right: how` or `# %% wrong: what is wrong`. Here the answers run in this process. Those to a
set that asks for files find good ones, and may change them. `test_classroom.py` lets nbgrader grade
some of them.
"""

import ast
import re
import shutil
from pathlib import Path

import jupytext
import matplotlib
import pytest

from charlstm.grading.nbgrader import part_of

ROOT = Path(__file__).parents[2]
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
CASES = [
    pytest.param(
        *(source, name, kind, text),
        id=f"{source.stem}-{name}-{kind}: {what}",
        # each trains, or measures a model, for seconds
        marks=[pytest.mark.slow] if name == "experiment" or source in ASK_FOR_FILES else [],
    )
    for source, name in EACH
    for kind, what, text in answers(source, name)
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


@pytest.fixture
def beside(request, tmp_path, monkeypatch):
    """A folder of its own; for a set that asks for files, with good ones."""
    monkeypatch.chdir(tmp_path)
    if request.node.callspec.params["source"] in ASK_FOR_FILES:
        shutil.copytree(request.getfixturevalue("good_files"), tmp_path, dirs_exist_ok=True)


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize(("source", "name", "kind", "answer"), CASES)
def test_right_answers_pass_and_wrong_ones_do_not(source, name, kind, answer):
    assert judge(source, name, answer) is (kind == "right")


@pytest.mark.slow
@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize(("source", "name"), [each for each in EACH if each[0] in ASK_FOR_FILES])
def test_a_solution_passes_beside_good_files(source, name):
    """Where no hidden tests are, so that a solution can be tried here at once."""
    (solution,) = (text for grade_id, _, text in cells(source) if grade_id == name)
    assert judge(source, name, solution)


@pytest.mark.parametrize(("source", "name"), EACH, ids=lambda v: getattr(v, "stem", v))
def test_hidden_tests_change_no_name_of_the_notebook(source, name):
    """Else a student's own cell further down would show other figures when it is graded."""
    hidden = "".join(text for grade_id, _, text in cells(source) if grade_id == f"{name}-hidden")
    for statement in ast.parse(hidden).body:
        if isinstance(statement, ast.FunctionDef):
            assert statement.name == "tests"
        else:
            assert isinstance(statement, ast.Import | ast.ImportFrom | ast.With | ast.Expr)


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize(("source", "name"), EACH, ids=lambda v: getattr(v, "stem", v))
def test_the_gallery_has_two_right_answers_and_four_wrong_ones(source, name):
    kinds = [kind for kind, _, _ in answers(source, name)]
    assert kinds.count("right") >= 2
    assert kinds.count("wrong") >= 4
    assert not judge(source, name, "raise NotImplementedError")
