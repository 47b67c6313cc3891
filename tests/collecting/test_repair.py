"""A notebook that was handed in gets nbgrader's cells back, and keeps its answers."""

import copy
import json
import re
import time

import nbformat
import pytest
from toy import by_id

from charlstm.collecting.repair import grade_id, repair


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


@pytest.mark.parametrize("turned", [False, True])
def test_a_set_up_cell_runs_before_all_that_needs_it(turned, toy_release, tmp_path):
    """A test that ran before it would take from the student the names that it defines."""
    released = nbformat.read(toy_release, as_version=4)
    further = copy.deepcopy(by_id(released)["setup"])
    further["id"] = further.metadata.nbgrader.grade_id = "further"
    released.cells.insert(5, further)  # before `half`
    nbformat.write(released, tmp_path / "two.ipynb")
    order = ["setup", *map(grade_id, released.cells[2:])]
    notebook = copy.deepcopy(released)
    if turned:
        notebook.cells.reverse()
    else:
        notebook.cells.append(notebook.cells.pop(1))
    text, remark = repair(nbformat.writes(notebook).encode(), tmp_path / "two.ipynb")
    after = [grade_id(cell) for cell in nbformat.reads(text, as_version=4).cells]
    if turned:
        assert remark == "moved up: setup, further"
        rest = [name for name in reversed(order) if name not in ("setup", "further")]
        assert after == ["setup", "further", *rest, None]
    else:
        assert remark == "moved up: setup"
        assert after == [None, *order]


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


def cells(*many, **notebook):
    """Return the bytes of a notebook of these cells."""
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": [*many], **notebook}).encode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html>", "no JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[3]", "no object in it"),
        (b"{}", "its cells are no list"),
        (cells(cells={}), "its cells are no list"),
        (json.dumps({"nbformat": 3, "worksheets": {}}).encode(), "its worksheets are no list"),
        (cells(3), "a cell that is no object"),
        (cells({}), "a cell of no known kind"),
        (cells({"cell_type": ["code"], "source": ""}), "a cell of no known kind"),
        (cells({"cell_type": "code", "source": {}}), "a cell whose source is no text"),
        (cells(*[{}] * 1001), "1,001 cells; at most 1,000 are read"),
    ],
)
def test_the_reason_why_it_is_no_notebook_is_told(content, why, toy_release):
    with pytest.raises(ValueError, match=re.escape(f"not a notebook ({why})")):
        repair(content, toy_release)


def test_a_notebook_of_tiny_cells_is_refused_at_once(toy_release):
    many = cells(*[{"cell_type": "code", "source": ""}] * 100_000)
    start = time.monotonic()
    with pytest.raises(ValueError, match="100,000 cells; at most 1,000"):
        repair(many, toy_release)
    with pytest.raises(ValueError, match="16,000,001 brackets; at most 500,000"):
        repair(b"[" + b"[]," * 16_000_000, toy_release)
    assert time.monotonic() - start < 5
    with pytest.raises(ValueError, match=r"more than 2,000,000 characters"):
        repair(cells({"cell_type": "code", "source": "x" * 2_000_001}), toy_release)


ODD = [
    {"id": None}, {"outputs": {}}, {"outputs": [3]}, {"execution_count": "x"}, {"metadata": [3]},
    {"attachments": {"a.png": 3}}, {"source": ["a", "b"]}, {"source": "\ud800"}, {"more": "x"},
    {"metadata": {"nbgrader": {"grade_id": ["half"]}}},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("kind", ["code", "markdown", "raw"])
def test_what_is_odd_in_a_cell_does_not_matter(kind, odd, toy_release):
    text, _ = repair(cells({"cell_type": kind, "source": "ab", **odd}), toy_release)
    nbformat.validate(nbformat.reads(text, as_version=4))
    text.encode()


@pytest.mark.parametrize("version", [None, "4", 3, 5, [], 10**30])
def test_a_notebook_of_an_odd_version_is_read_by_its_cells(version, toy_release):
    one = {"cell_type": "markdown", "source": "mine"}
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": "mine"}]}], "nbformat": 3}
    for content in (cells(one, nbformat=version, nbformat_minor=version), json.dumps(old).encode()):
        text, _ = repair(content, toy_release)
        assert nbformat.reads(text, as_version=4).cells[1].source == "mine"


FUNCTION = "def double(x):\n    two = 2"
REST = "    return two * x"
OTHER = "def double(x):\n    return x + x"


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        ([OTHER, OTHER], [OTHER]),  # copied
        ([OTHER, None], [OTHER]),  # a copy that was left as it was handed out
        ([None, OTHER], [OTHER]),
        ([None, None], [None]),
        ([FUNCTION, REST], [f"{FUNCTION}\n{REST}"]),  # split within a function
        (["a = 1", OTHER], ["a = 1", OTHER]),  # split between statements
        ([OTHER, "def double(x):"], [OTHER, "def double(x):"]),  # an attempt with a mistake
        ([OTHER, FUNCTION, OTHER], [FUNCTION, OTHER]),
    ],
)
def test_of_an_answer_that_was_copied_or_split_one_cell_keeps_the_name(parts, kept, toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    place = notebook.cells.index(by_id(notebook)["double"])
    was = notebook.cells.pop(place)
    for part in reversed(parts):
        copied = copy.deepcopy(was)
        copied.source = was.source if part is None else part
        notebook.cells.insert(place, copied)
    text, remark = repair(json.dumps(notebook).encode(), toy_release)
    assert remark == "copied or split: double"
    after = nbformat.reads(text, as_version=4).cells[place : place + len(kept)]
    assert [c.source for c in after] == [was.source if part is None else part for part in kept]
    assert [grade_id(c) for c in after] == [None] * (len(kept) - 1) + ["double"]
    assert len(nbformat.reads(text, as_version=4).cells) == len(notebook.cells) + len(kept) - len(
        parts
    )


def test_of_a_test_that_was_copied_one_stays_and_words_are_put_together(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    test, why = (copy.deepcopy(by_id(notebook)[name]) for name in ("half-hidden", "why"))
    test.source, why.source = "pass", "And so."
    by_id(notebook)["why"].source = "It is so."
    notebook.cells += [test, why]
    text, remark = repair(json.dumps(notebook).encode(), toy_release)
    assert remark == "copied or split: half-hidden, why; edited, and put back: half-hidden"
    after = nbformat.reads(text, as_version=4)
    names = [name for cell in after.cells if (name := grade_id(cell))]
    assert len(names) == len(set(names))
    assert by_id(after)["why"].source == "It is so.\n\nAnd so."


def test_an_answer_that_became_text_by_a_key_is_code_again(toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    answer = by_id(notebook)["double"]
    as_text = nbformat.v4.new_markdown_cell(OTHER, metadata=answer.metadata)
    notebook.cells[notebook.cells.index(answer)] = as_text
    text, _ = repair(nbformat.writes(notebook).encode(), toy_release)
    after = by_id(nbformat.reads(text, as_version=4))["double"]
    assert (after.cell_type, after.source) == ("code", OTHER)


@pytest.mark.parametrize("marks", [3, None, [], {}, {"grade_id": []}, {"grade_id": "another"}])
def test_marks_that_nobody_has_given_are_dropped(marks, toy_release):
    notebook = nbformat.read(toy_release, as_version=4)
    own = nbformat.v4.new_code_cell("print(1)", metadata={"nbgrader": marks})
    notebook.cells.append(own)
    text, remark = repair(nbformat.writes(notebook).encode(), toy_release)
    assert remark == ""
    assert nbformat.reads(text, as_version=4).cells[-1].metadata == {}
