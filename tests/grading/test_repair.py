"""A notebook that was handed in gets nbgrader's cells back, and keeps its answers."""

import nbformat
import pytest
from toy import by_id

from charlstm.grading.repair import grade_id, repair


def test_a_whole_notebook_keeps_its_answers(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    by_id(notebook)["half"].source = "mine"
    notebook.cells.insert(3, nbformat.v4.new_code_cell("print(1)", metadata={"tags": ["a"]}))
    by_id(notebook)["double"].outputs = [nbformat.v4.new_output("stream", text="x" * 10**6)]
    text, remark = repair(nbformat.writes(notebook).encode(), toy_release)
    assert remark == ""
    assert len(text) < 20_000
    after = nbformat.reads(text, as_version=4)
    assert [c.source for c in after.cells] == [c.source for c in notebook.cells]
    assert after.cells[3].metadata == {}


def test_what_was_deleted_is_put_back_where_it_can_run(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    order = [grade_id(cell) for cell in notebook.cells]
    lost = ("setup", "double", "double-hidden", "why")
    notebook.cells = [c for c in notebook.cells if grade_id(c) not in lost]
    text, remark = repair(nbformat.writes(notebook).encode(), toy_release)
    assert remark == "put back: setup, double-hidden, why"
    after = [grade_id(cell) for cell in nbformat.reads(text, as_version=4).cells]
    assert after == ["setup", None, "double-visible", *order[5:8], "double-hidden", "why"]


def test_what_was_edited_is_told(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    for name in ("setup", "double", "half-visible", "why"):
        by_id(notebook)[name].source += "\nprint(1)"
    by_id(notebook)["half-hidden"].source += "\n"  # an editor may do this
    _, remark = repair(nbformat.writes(notebook).encode(), toy_release)
    assert remark == "edited, and put back: setup, half-visible"


def test_marks_that_would_spare_a_test_are_undone(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    test = by_id(notebook)["half-hidden"]
    test.metadata.tags = ["skip-execution"]  # nbgrader gives full points to a test without output
    test.metadata.nbgrader.update(grade=False, points=100, schema_version=1)
    text, _ = repair(nbformat.writes(notebook).encode(), toy_release)
    marks = by_id(nbformat.reads(text, as_version=4))["half-hidden"].metadata
    assert "tags" not in marks
    assert (marks.nbgrader.grade, marks.nbgrader.points) == (True, 2)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"{}", b"[]", b"\xff\xfe", b'{"nbformat": 4, "nbformat_minor": 5, "cells": 3}',
     b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]}', b"[" * 100_000],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_notebook_is_told(content, toy_release):
    with pytest.raises(ValueError, match=r"^not a notebook"):
        repair(content, toy_release)


@pytest.mark.parametrize("marks", [3, None, [], {}, {"grade_id": []}, {"grade_id": "another"}])
def test_marks_that_nobody_has_given_are_dropped(marks, toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    own = nbformat.v4.new_code_cell("print(1)", metadata={"nbgrader": marks})
    notebook.cells.append(own)
    text, remark = repair(nbformat.writes(notebook).encode(), toy_release)
    assert remark == ""
    assert nbformat.reads(text, as_version=4).cells[-1].metadata == {}
