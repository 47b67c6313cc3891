"""The tests of the assignments accept every right answer in the gallery, and no wrong one.

Here the answers run in this process. Those to a set that asks for files find good ones, and may
change them. `test_classroom.py` lets nbgrader grade
some of them.
"""

import ast
import shutil

import pytest
from answers import (
    ASK_FOR_FILES,
    CASES,
    EACH,
    answers,
    cells,
    judge,
)


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
