"""Make the notebooks from their sources: `python notebooks/build.py [--check] [--time] [NAME ...]`.

People edit and review the `.py` files (py:percent). This script makes two files beside each: an
executed `.ipynb`, so that a reader sees the figures without running anything, and a `.png`. The
`.png` is the lesson's cover: the figure of the cell with the tag "cover".

It also makes the table of lessons in README.md, and the one for lecturers in notebooks/README.md,
from three places:

- the first cell of a lesson has its title, the line "What it shows", goals and what to know before,
- the metadata of the cover's cell has `alt`, a text that describes the cover,
- the metadata of the notebook has the seconds that the whole lesson takes. `--time` measures them.
  Without it the old figure stays, so that a busy machine does not spoil it.

`--minutes` runs nothing. It prints how many minutes it takes to read each lesson aloud. The
first cell of the lesson says it, too.

A cell that begins `# %% jupyter={"source_hidden": true}` is *folded*: JupyterLab shows a line with
three dots in place of its code. GitHub shows the code, so a first line `# Folded: ...` says what
can be skipped.

`--check` runs nothing. It exits with 1 if a notebook's cells, its cover or the table are stale.
"""

import argparse
import base64
import itertools
import os
import re
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

LESSONS = Path(__file__).parent / "lessons"
README = Path(__file__).parent.parent / "README.md"
PLAN = Path(__file__).parent / "README.md"
TABLE = "<!-- lessons: made by notebooks/build.py -->", "<!-- end of lessons -->"
FIRST_CELL = re.compile(r"# (?P<title>.+)\n\n\*What it shows: (?P<shows>[^*]+)\.\*(?:\n|$)")
GOALS = re.compile(
    r"Afterwards you can\n\n(?P<goals>(?:- .+\n(?:  .+\n)*)+)"
    r"\n\*Know before: (?P<before>.+?)\. Takes (?P<read>\d+) minutes to read",
    re.S,
)
WIDGET = "application/vnd.jupyter.widget-view+json"
MOST_BYTES = 850_000  # largest size of a notebook with its figures


def build(source: Path, timed: bool = False) -> None:
    """Execute a source, and write its notebook and cover. Unchanged cells keep their ids.

    Args:
        source: a lesson's `.py` file.
        timed: store how long it took, in place of the figure from an earlier time.
    """
    target = source.with_suffix(".ipynb")
    notebook = jupytext.read(source)
    old = nbformat.read(target, as_version=4) if target.exists() else nbformat.v4.new_notebook()
    ids = {(cell.cell_type, cell.source): cell.id for cell in old.cells}
    taken = set(ids.values())
    fresh = (name for n in itertools.count() if (name := f"cell-{n:02}") not in taken)
    for cell in notebook.cells:
        cell.id = ids.pop((cell.cell_type, cell.source), None) or next(fresh)
    # no word of the source: jupytext would write into it whenever a reader saves the notebook
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    }
    client = NotebookClient(
        notebook, timeout=300, record_timing=False, resources={"metadata": {"path": str(LESSONS)}}
    )
    began = time.monotonic()
    client.execute()
    if timed:
        notebook.metadata["seconds"] = round(time.monotonic() - began)
    elif "seconds" in old.metadata:
        notebook.metadata["seconds"] = old.metadata["seconds"]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET, None)  # the picture of the panel stays
    notebook.metadata.pop("language_info", None)  # it names a version of Python
    notebook.metadata.pop("widgets", None)  # a panel does not work without its kernel
    nbformat.write(notebook, target)
    target.with_suffix(".png").write_bytes(cover(notebook))
    size = target.stat().st_size
    print(f"{target.name}: {len(notebook.cells)} cells, {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{target.name} has {size:,} bytes; at most {MOST_BYTES:,} are allowed")


def _joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join pieces of printed text, because a notebook shows each output in a block of its own."""
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def cover(notebook: nbformat.NotebookNode) -> bytes:
    """Return the figure, a PNG, of the one cell with the tag "cover"."""
    figures = [
        output.data["image/png"]
        for cell in notebook.cells
        if "cover" in cell.metadata.get("tags", ())
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    if len(figures) != 1:
        raise SystemExit(
            f"{len(figures)} figures in cells with the tag cover; one is needed (does the first"
            " code cell begin with %matplotlib inline?)"
        )
    return base64.b64decode(figures[0])


def stale(source: Path) -> str | None:
    """Return what is stale in a lesson: its notebook, a cell, or its cover; None if nothing is."""
    target = source.with_suffix(".ipynb")
    if not target.exists():
        return "no notebook"
    ours = [(c.cell_type, c.source, folded(c)) for c in jupytext.read(source).cells]
    theirs = [(c.cell_type, c.source, folded(c)) for c in nbformat.read(target, as_version=4).cells]
    for index in range(max(len(ours), len(theirs))):
        if ours[index : index + 1] != theirs[index : index + 1]:
            return f"cell {index + 1}"
    picture = target.with_suffix(".png")
    if not picture.exists() or picture.read_bytes() != cover(nbformat.read(target, as_version=4)):
        return "the cover"
    return None


def folded(cell: nbformat.NotebookNode) -> bool:
    """Return whether JupyterLab shows three dots in place of a cell's code."""
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def minutes(source: Path) -> float:
    """Return the minutes to read a lesson: 180 words each, 20 s for each code cell and figure.

    Solutions and folded cells are left out. A figure is a drawing, a plot or a panel.
    """
    cells = jupytext.read(source).cells
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    prose = re.sub(r"<details>.*?</details>", "", prose, flags=re.S)
    code = [c.source for c in cells if c.cell_type == "code" and not folded(c)]
    shown = re.compile(r"plots\.\w+\(|(Explorer|Panel|Monitor)\(")
    figures = prose.count("![") + sum(bool(shown.search(cell)) for cell in code)
    return len(prose.split()) / 180 + (len(code) + figures) / 3


def table(sources: list[Path]) -> str:
    """Return the table of lessons in Markdown, made from their first cells, covers and times."""
    rows = ["| | lesson | what it shows | takes |", "| --- | --- | --- | --- |"]
    for source in sources:
        first, *cells = jupytext.read(source).cells
        found = FIRST_CELL.match(first.source)
        alts = [c.metadata["alt"] for c in cells if "cover" in c.metadata.get("tags", ())]
        if not found or len(alts) != 1:
            raise SystemExit(
                f"{source.name}: the first cell needs a title and *What it shows: ...*, the cell"
                " with the tag cover needs an alt text"
            )
        target = source.with_suffix(".ipynb")
        seconds = nbformat.read(target, as_version=4).metadata.get("seconds", "?")
        place = f"notebooks/lessons/{source.stem}"
        image = f'<img src="{place}.png" width="280" alt="{alts[0]}">'
        shows = " ".join(found["shows"].split())
        rows.append(f"| {image} | [{found['title']}]({place}.ipynb) | {shows} | {seconds} s |")
    return "\n".join(rows)


def plan(sources: list[Path]) -> str:
    """Return the table for lecturers in Markdown: goals, what to know before, minutes."""
    rows = ["| lesson | afterwards students can | before it | read | run |"]
    rows += ["| --- | --- | --- | --- | --- |"]
    for source in sources:
        first = jupytext.read(source).cells[0].source
        title, found = FIRST_CELL.match(first), GOALS.search(first)
        if not title or not found:
            raise SystemExit(f"{source.name}: the first cell needs goals, and what to know before")
        goals = " ".join(found["goals"].replace("- ", "", 1).replace("\n- ", "<br>").split())
        seconds = nbformat.read(source.with_suffix(".ipynb"), as_version=4).metadata.get("seconds")
        run = f"{seconds / 60:.1f} min" if seconds else "?"
        before = " ".join(found["before"].split())
        rows.append(
            f"| [{title['title']}](lessons/{source.stem}.ipynb) | {goals} | {before} |"
            f" {found['read']} min | {run} |"
        )
    return "\n".join(rows)


def with_table(readme: str, made: str) -> str:
    """Return a README with a table of lessons, `made`, between its two marks."""
    start, end = TABLE
    before, _, rest = readme.partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"a README.md: the marks {start} and {end} are gone; put them back")
    return f"{before}{start}\n\n{made}\n\n{end}{after}"


def main() -> int:
    """Build or check all lessons, or the named ones. The table always has all lessons."""
    everything = sorted(LESSONS.glob("*.py"))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a lesson, without .py")
    for mode in ("check", "time", "minutes"):
        parser.add_argument(f"--{mode}", action="store_true")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - {source.stem for source in everything}):
        parser.error(f"no lesson {unknown[0]}.py; name one of {LESSONS}")
    sources = [source for source in everything if not given.names or source.stem in given.names]
    if given.minutes:
        for source in sources:
            print(f"{source.stem}: {minutes(source):.0f} minutes to read")
        return 0
    if given.check:
        complaints = [
            f"{source.name}: {what} is not as in its notebook"
            for source in sources
            if (what := stale(source))
        ]
        for page, made in ((README, table), (PLAN, plan)):
            text = page.read_text(encoding="utf-8")
            if with_table(text, made(everything)) != text:
                complaints.append(f"{page}: the table of lessons is not as the lessons are")
        for complaint in complaints:
            print(f"{complaint}; run python notebooks/build.py")
        return int(bool(complaints))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for source in sources:
        build(source, timed=given.time)
    for page, made in ((README, table), (PLAN, plan)):
        text = page.read_text(encoding="utf-8")
        page.write_text(with_table(text, made(everything)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
