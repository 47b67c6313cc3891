"""The slides of a lesson hold its headings and all that it shows, and no solution."""

import re
import runpy
import subprocess
import sys

import nbformat
import pytest
from test_lessons import NOTEBOOKS, SOURCES

SCRIPT = NOTEBOOKS / "slides.py"


@pytest.fixture(scope="module")
def slides():
    before, known = [*sys.path], sys.modules.pop("build", None)
    sys.path.insert(0, str(NOTEBOOKS))  # as Python does for a script
    try:
        return runpy.run_path(str(SCRIPT))["slides"]
    finally:
        sys.path[:] = before
        sys.modules.pop("build", None)  # a package has this name, too
        if known is not None:
            sys.modules["build"] = known


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_slides_hold_all_that_a_lesson_shows_and_no_solution(source, slides):
    lesson = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    made = slides(lesson)
    nbformat.validate(made)

    def pictures(notebook):
        outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
        return [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]

    def words(notebook):
        text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
        return re.sub(r"<details>.*?</details>", "", text, flags=re.S).split()

    assert pictures(made) == pictures(lesson)
    assert words(made) == words(lesson)  # on a slide or in the notes
    assert "<details>" not in str(made)
    kinds = [cell.metadata["slideshow"]["slide_type"] for cell in made.cells]
    assert kinds[0] == "slide"
    assert {*kinds} <= {"slide", "subslide", "-", "notes"}
    headings = [c for c in made.cells if re.match("##? ", c.source) and c.cell_type == "markdown"]
    assert all(c.metadata["slideshow"]["slide_type"] == "slide" for c in headings)


def test_no_slide_is_longer_than_the_wall(slides):
    for source in SOURCES:
        lines = most = 0
        for cell in slides(nbformat.read(source.with_suffix(".ipynb"), as_version=4)).cells:
            if cell.metadata["slideshow"]["slide_type"] != "-":
                lines = 0
            printed = [o.text for o in cell.get("outputs", ()) if o.output_type == "stream"]
            if cell.cell_type == "code":
                lines += len("\n".join([cell.source, *printed]).strip().split("\n"))
            most = max(most, lines)
        assert most <= 26, source.name


def test_the_script_makes_a_page_with_slides_below_slides(tmp_path):
    name = SOURCES[2].stem
    words = [sys.executable, str(SCRIPT), name, "--to", str(tmp_path / "wall")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    page = (tmp_path / "wall" / f"{name}.html").read_text(encoding="utf-8")
    assert f"{name}.html: " in done.stdout
    assert page.count("<section>") > 40
    assert 'class="notes"' in page
    assert "data:image/svg+xml" in page  # drawings are inside
    refused = subprocess.run([*words[:2], "no-such"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "error: no lesson no-such; there are 01-start-here" in refused.stderr
