"""The judge asks a student's process: every answer of the gallery gets what it gets in one process.

Here both sides run in this process, each with names and objects of its own, and send each other the
messages that they send between kernels.
"""

import re
from types import SimpleNamespace

import matplotlib
import pytest
from test_assignments import CASES, cells, part_of

from charlstm.grading import answering, asking


@pytest.fixture
def student(monkeypatch):
    """The names of a student's notebook, which the judge can ask for."""
    names = {}
    monkeypatch.setattr(answering, "_names", lambda: names)
    monkeypatch.setattr(answering, "_table", answering.Answers(-1))
    monkeypatch.setattr(asking, "_judge", asking._Judge())

    def sent(expression):
        reply = answering.answer(re.fullmatch(r".*answer\('(.*)'\)", expression)[1])
        return {"user_expressions": {"answer": {"data": {"text/plain": repr(reply)}}}}

    monkeypatch.setattr(asking, "_sent", sent)
    return names


def judged(source, name, answer, student):
    """Run an answer on the student's side and its tests in the judge; say whether they pass."""
    matplotlib.use("agg")
    shell = SimpleNamespace(user_ns={})
    stub = f"def {name}(): ..."
    for grade_id, is_test, text in cells(source):
        text = re.sub(r"^%.*$", "", text, flags=re.M)
        if grade_id == name:
            text = answer
        if is_test and part_of(grade_id) == name:
            asking.begin(shell, text, [stub])
            try:
                exec(text, shell.user_ns)
            except Exception:
                return False
            if "HIDDEN" not in text:
                asking.publish(shell, text)
        elif not is_test:
            exec(text, student)
            if grade_id not in (name, None) and "BEGIN SOLUTION" not in text:
                exec(text, shell.user_ns)
    return True


@pytest.mark.parametrize(("source", "name", "kind", "answer"),
                         [case for case in CASES if case.values[0].stem != "ps4"])  # fmt: skip
def test_every_answer_gets_what_it_gets_in_one_process(source, name, kind, answer, student):
    try:
        passed = judged(source, name, answer, student)
    except NotImplementedError:
        passed = False
    assert passed is (kind == "right")
