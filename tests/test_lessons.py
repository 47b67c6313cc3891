"""Lessons: notebooks are those of their sources, executed, small and without traces of a machine.

That they run is tested by nbmake, see `.ci/run`.
"""

import json
import runpy
import shutil
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SOURCES = sorted((NOTEBOOKS / "lessons").glob("*.py"))


@pytest.fixture(scope="module")
def build():
    return runpy.run_path(str(NOTEBOOKS / "build.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_is_its_source_executed(source, build):
    assert build["stale"](source) is None
    text = source.with_suffix(".ipynb").read_text()
    assert len(text) <= build["MOST_BYTES"]
    for trace in ("/root", "/home", "/tmp", "iopub.", "tqdm", "widget-view"):
        assert trace not in text
    code = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [o for cell in code for o in cell["outputs"] if o["output_type"] == "error"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_cells_are_short(source, build):
    import jupytext

    for cell in jupytext.read(source).cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 16, cell.source


def test_a_notebook_that_is_not_its_source_is_found(tmp_path, build):
    for kind in (".py", ".ipynb", ".png"):
        shutil.copy(SOURCES[0].with_suffix(kind), tmp_path)
    source = tmp_path / SOURCES[0].name
    assert build["stale"](source) is None
    shutil.copy(SOURCES[1].with_suffix(".png"), source.with_suffix(".png"))
    assert build["stale"](source) == "the cover"
    source.write_text(source.read_text() + "\n# %%\n1 + 1\n")
    assert build["stale"](source).startswith("cell")
    source.with_suffix(".ipynb").unlink()
    assert build["stale"](source) == "no notebook"
