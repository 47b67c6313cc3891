"""Turning problem sets into notebooks for nbgrader."""

import nbformat
import pytest
from answers import SOURCES
from toy import by_id

from charlstm.collecting.repair import grade_id
from charlstm.grading.nbgrader import to_notebook


def test_the_same_source_gives_the_same_notebook(toy):
    text = to_notebook(toy)
    assert text == to_notebook(toy)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
    }
    assert by_id(notebook)["setup"].source.startswith("from charlstm.notebook.exercises")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_set_becomes_a_notebook_whose_cells_have_ids_of_their_own(source):
    cells = nbformat.reads(to_notebook(source), as_version=4).cells
    ids = [name for cell in cells if (name := grade_id(cell))]
    assert len(ids) == len(set(ids))
