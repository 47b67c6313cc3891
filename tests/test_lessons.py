"""Each lesson's notebook matches its source, is executed and small, and names no machine.

`test_browser.py` tests that the lessons run, see `.ci/run`.
"""

import json
import re
import runpy
import shutil
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
MOST_COLUMNS = 90
SOURCES = sorted((NOTEBOOKS / "lessons").glob("*.py"))


@pytest.fixture(scope="module")
def build():
    return runpy.run_path(str(NOTEBOOKS / "build.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_is_its_source_executed(source, build):
    assert build["stale"](source) is None
    text = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert len(text) <= build["MOST_BYTES"]
    words = re.sub(r'"[A-Za-z0-9+/=\\n]{60,}"', "", text)  # pictures can spell anything
    for trace in ("/root", "/home", "/tmp", "iopub.", "tqdm", "widget-view"):
        assert trace not in words
    code = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [o for cell in code for o in cell["outputs"] if o["output_type"] == "error"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_cells_are_short(source, build):
    import jupytext

    for cell in jupytext.read(source).cells:
        if cell.cell_type == "code":
            most = 40 if build["folded"](cell) else 14
            assert len(cell.source.splitlines()) <= most, cell.source


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_sentence_becomes_a_list(source):
    """A line that begins with "1. " begins a list, even if the number ends a sentence."""
    import jupytext

    for cell in jupytext.read(source).cells:
        if cell.cell_type == "markdown":
            assert not re.findall(r"^[A-Za-z(*].*\n\d+\. .*", cell.source, re.M)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_folded_cell_says_what_it_is(source, build):
    """GitHub shows its code, and JupyterLab its first line."""
    import nbformat

    code = [
        cell
        for cell in nbformat.read(source.with_suffix(".ipynb"), as_version=4).cells
        if cell.cell_type == "code"
    ]
    told = [cell.source.startswith("# Folded: ") for cell in code]
    assert told == [build["folded"](cell) for cell in code]
    assert any(told)


def test_little_code_stands_before_the_staircase(build):
    import jupytext

    (source,) = (path for path in SOURCES if "truncated" in path.stem)
    cells = jupytext.read(source).cells
    (begin,) = (n for n, cell in enumerate(cells) if "## Window against delay" in cell.source)
    (end,) = (n for n, cell in enumerate(cells) if "cover" in cell.metadata.get("tags", ()))
    shown = [c for c in cells[begin:end] if c.cell_type == "code" and not build["folded"](c)]
    assert sum(len(cell.source.splitlines()) for cell in shown) <= 25


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_lesson_opens_with_goals_and_an_honest_time_to_read(source, build):
    import jupytext

    first = " ".join(jupytext.read(source).cells[0].source.split())
    found = re.search(
        r"Afterwards you can( - [^;]+;){2} - [^.]+\. \*Know before: .+ Takes (\d+) minutes to read,"
        r" without solving the exercises, and \d minutes? to run\.\*",
        first,
    )
    assert found, first
    assert abs(int(found[2]) / build["minutes"](source) - 1) < 0.1
    assert int(found[2]) <= 45


def test_a_notebook_that_is_not_its_source_is_found(tmp_path, build):
    for kind in (".py", ".ipynb", ".png"):
        shutil.copy(SOURCES[0].with_suffix(kind), tmp_path)
    source = tmp_path / SOURCES[0].name
    assert build["stale"](source) is None
    shutil.copy(SOURCES[1].with_suffix(".png"), source.with_suffix(".png"))
    assert build["stale"](source) == "the cover"
    source.write_text(source.read_text(encoding="utf-8") + "\n# %%\n1 + 1\n", encoding="utf-8")
    assert build["stale"](source).startswith("cell")
    shutil.copy(SOURCES[0], tmp_path)
    text = source.read_text(encoding="utf-8")
    fold = '# %% jupyter={"source_hidden": true}'
    assert fold in text
    source.write_text(text.replace(fold, "# %%"), encoding="utf-8")
    assert build["stale"](source).startswith("cell")
    source.with_suffix(".ipynb").unlink()
    assert build["stale"](source) == "no notebook"


def test_the_readme_lists_the_lessons_as_they_are(build):
    for page, made in (("README", "table"), ("PLAN", "plan")):
        text = build[page].read_text(encoding="utf-8")
        assert build["with_table"](text, build[made](SOURCES)) == text


def test_the_table_is_made_from_first_cells_covers_and_times(tmp_path, build):
    source = tmp_path / "07-test.py"
    shutil.copy(SOURCES[0].with_suffix(".ipynb"), source.with_suffix(".ipynb"))
    first = (
        "# %% [markdown]\n# # 7. A test\n#\n# *What it shows: one thing;\n# another.*\n#\n# Text.\n"
    )
    cover = '\n# %% tags=["cover"] alt="a line"\n1\n'
    source.write_text(first + cover, encoding="utf-8")
    *_, row = build["table"]([source]).splitlines()
    seconds = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))["metadata"][
        "seconds"
    ]
    place = "notebooks/lessons/07-test"
    assert row == (
        f'| <img src="{place}.png" width="280" alt="a line"> | [7. A test]({place}.ipynb)'
        f" | one thing; another | {seconds} s |"
    )
    for incomplete in (first, first.replace("*What", "What") + cover):
        source.write_text(incomplete, encoding="utf-8")
        with pytest.raises(SystemExit, match=r"07-test\.py: the first cell needs"):
            build["table"]([source])


def test_a_table_stands_between_its_marks(build):
    start, end = build["TABLE"]
    assert (
        build["with_table"](f"a\n{start}\nold\n{end}\nb\n", "new")
        == f"a\n{start}\n\nnew\n\n{end}\nb\n"
    )
    with pytest.raises(SystemExit, match="are gone"):
        build["with_table"](f"a\n{start}\nold\n", "new")


def test_a_build_keeps_the_time_of_a_quiet_machine(tmp_path, build):
    """It executes a tiny notebook, with and without `--time`."""
    import nbformat

    source = tmp_path / "tiny.py"
    figure = "from charlstm.notebook import plots\n\nplots.curves({}, 'x', 'y')"
    source.write_text(
        f'# %% tags=["cover"] alt="a"\n# %matplotlib inline\n{figure}\n', encoding="utf-8"
    )

    def seconds():
        return nbformat.read(source.with_suffix(".ipynb"), as_version=4).metadata.get("seconds")

    build["build"](source)
    assert seconds() is None
    ((_, output),) = outputs(source)
    assert output["metadata"]["image/png"]["alt"] == "x; y."
    notebook = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    notebook.metadata["seconds"] = 1234
    nbformat.write(notebook, source.with_suffix(".ipynb"))
    build["build"](source)
    assert seconds() == 1234
    build["build"](source, timed=True)
    assert seconds() < 1000


def outputs(source):
    """Yield each output of a lesson's notebook, with the number of its code cell, from 1."""
    cells = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for count, cell in enumerate(code, 1):
        for output in cell["outputs"]:
            yield count, output


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_printed_lines_fit_beside_the_file_browser(source):
    """JupyterLab breaks longer lines inside words and numbers."""
    wide = []
    for count, output in outputs(source):
        data = output.get("data", {})
        told = output.get("text", [] if "image/png" in data else data.get("text/plain", []))
        lines = "".join(told).splitlines()
        wide += [(count, len(line), line) for line in lines if len(line) > MOST_COLUMNS]
    assert not wide, "\n".join(f"code cell {n}, {size}: {line}" for n, size, line in wide)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_picture_is_told_in_words(source):
    pictures = [(n, o) for n, o in outputs(source) if "image/png" in o.get("data", {})]
    assert pictures
    for count, output in pictures:
        assert output["metadata"].get("image/png", {}).get("alt"), f"code cell {count}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_saving_a_lesson_writes_no_source(source):
    """Jupytext writes into the .py beside a notebook if the notebook's metadata name that file."""
    notebook = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
    assert set(notebook["metadata"]) <= {"kernelspec", "seconds"}
