"""Make the notebooks from their sources: `python notebooks/build.py [--check] [NAME ...]`.

The `.py` files (py:percent) are what people edit and review. Each has an executed `.ipynb` beside
it, so that a reader sees the figures without running anything, and a `.png`, the figure of the cell
with the tag "cover", for the README. `--check` runs nothing and exits 1 if a notebook's cells are
no longer those of its source, or its cover is not the figure in it.
"""

import base64
import itertools
import os
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

LESSONS = Path(__file__).parent / "lessons"
WIDGET = "application/vnd.jupyter.widget-view+json"
MOST_BYTES = 550_000  # of a notebook with its figures


def build(source: Path) -> None:
    """Execute a source and write its notebook; cells that did not change keep their ids."""
    target = source.with_suffix(".ipynb")
    notebook = jupytext.read(source)
    old = nbformat.read(target, as_version=4).cells if target.exists() else []
    ids = {(cell.cell_type, cell.source): cell.id for cell in old}
    taken = set(ids.values())
    fresh = (name for n in itertools.count() if (name := f"cell-{n:02}") not in taken)
    for cell in notebook.cells:
        cell.id = ids.pop((cell.cell_type, cell.source), None) or next(fresh)
    notebook.metadata = {
        "jupytext": {"formats": "ipynb,py:percent"},
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    }
    client = NotebookClient(
        notebook, timeout=300, record_timing=False, resources={"metadata": {"path": str(LESSONS)}}
    )
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
            for output in cell.outputs:
                if WIDGET in output.get("data", {}):
                    output.data = {"text/plain": "A panel with sliders: run this cell to see it."}
    notebook.metadata.pop("language_info", None)  # names a version of Python
    notebook.metadata.pop("widgets", None)  # a panel needs its kernel
    nbformat.write(notebook, target)
    target.with_suffix(".png").write_bytes(cover(notebook))
    size = target.stat().st_size
    print(f"{target.name}: {len(notebook.cells)} cells, {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{target.name} has {size:,} bytes; at most {MOST_BYTES:,} are allowed")


def _joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join what was printed bit by bit, or each bit would be shown in a block of its own."""
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
        raise SystemExit(f"{len(figures)} figures in cells with the tag cover; one is needed")
    return base64.b64decode(figures[0])


def stale(source: Path) -> str | None:
    """Return what of a source is not in its notebook: the first such cell, its cover, or None."""
    target = source.with_suffix(".ipynb")
    if not target.exists():
        return "no notebook"
    ours = [(c.cell_type, c.source) for c in jupytext.read(source).cells]
    theirs = [(c.cell_type, c.source) for c in nbformat.read(target, as_version=4).cells]
    for index in range(max(len(ours), len(theirs))):
        if ours[index : index + 1] != theirs[index : index + 1]:
            return f"cell {index + 1}"
    picture = target.with_suffix(".png")
    if not picture.exists() or picture.read_bytes() != cover(nbformat.read(target, as_version=4)):
        return "the cover"
    return None


def main() -> int:
    """Build or check all lessons, or those named."""
    names = [word for word in sys.argv[1:] if word != "--check"]
    sources = [s for s in sorted(LESSONS.glob("*.py")) if not names or s.stem in names]
    if "--check" in sys.argv:
        differing = {source.name: stale(source) for source in sources}
        for name, what in differing.items():
            if what:
                print(f"{name}: {what} is not as in its notebook; run python notebooks/build.py")
        return int(any(differing.values()))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for source in sources:
        build(source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
