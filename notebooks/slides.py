"""Make slides from lessons: `python notebooks/slides.py [--to FOLDER] NAME ...`.

A lesson is written to be read. On the wall it needs fewer words, so this script takes a view of it:

- a heading begins a slide, with the first paragraph under it;
- formulas and questions stay there as long as there is room;
- each drawing, table, figure and piece of code is a slide below that one; what short code prints
  stands under it;
- all other words are the speaker's notes. Press S to see them;
- solutions and folded code are left out; what folded code shows stays.

Arrow keys go right from section to section, and down within one. `?print-pdf` after the address
lays all slides out for the browser's printer. The slides hold all figures. Only reveal.js,
require.js and MathJax come over the net.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from build import LESSONS, folded
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from traitlets.config import Config

LINES = 22  # of code and printed text on a slide; a longer text is cut
WORDS = 90  # on a slide
HIDDEN, SHOWN = "hide-input", "hide-output"
STYLE = """
<style>
.reveal { font-size: 34px; }
.reveal h1, .reveal h2, .reveal h3 { text-transform: none; }
.reveal .jp-RenderedHTMLCommon { font-size: 28px; }  /* JupyterLab's own size is for a desk */
.reveal .jp-RenderedHTMLCommon h1 { font-size: 54px; }
.reveal .jp-RenderedHTMLCommon ul { font-size: 22px; }  /* the longest summary fits */
.reveal section img, .reveal section svg { display: block; margin: auto; max-width: 100%; }
.reveal section p img, .reveal .jp-RenderedImage img {
  width: 78%; max-height: 620px; object-fit: contain;
}
.reveal pre, .reveal .jp-OutputArea-output pre { font-size: 19px; line-height: 1.35; }
.reveal .jp-Cell { padding: 0; }
.reveal .jp-InputPrompt, .reveal .jp-OutputPrompt { display: none; }
.reveal table { margin: 0 auto; font-size: 22px; }
</style>
"""


def slides(notebook: NotebookNode) -> NotebookNode:
    """Return the view of an executed lesson that is shown on the wall."""
    made = nbformat.v4.new_notebook(metadata=notebook.metadata)
    for cell in notebook.cells:
        parts = _prose(cell.source) if cell.cell_type == "markdown" else _code(cell)
        for kind, part in parts:
            part.metadata["slideshow"] = {"slide_type": kind}
            made.cells.append(part)
    return made


def _prose(source: str) -> Iterator[tuple[str, NotebookNode]]:
    """Yield the parts of a markdown cell, each with the kind of its slide."""
    source = re.sub(r"<details>.*?</details>", "", source, flags=re.S)
    waits = False  # whether a heading still waits for its paragraph
    room = 0  # words that still fit on the slide
    for block in filter(None, map(str.strip, source.split("\n\n"))):
        words = len(block.split())
        if block.startswith("#"):
            yield ("slide" if block.startswith(("# ", "## ")) else "subslide"), _markdown(block)
            waits, room = True, WORDS
        elif block.startswith(("![", "|")):
            yield "subslide", _markdown(block)
            waits, room = False, 0
        elif waits or block.startswith(("$$", "**Before you", "**Guess")):
            yield ("-" if waits or words <= room else "subslide"), _markdown(block)
            room = (room if waits or words <= room else WORDS) - words
            waits = False
        else:
            yield "notes", _markdown(block)


def _markdown(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def _code(cell: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Yield a cell's code, if it is not folded, and each thing that it shows.

    What a short cell prints stands under its code.
    """
    kind = "subslide"
    if not folded(cell) and not cell.source.startswith("%matplotlib"):
        yield kind, nbformat.v4.new_code_cell(cell.source, metadata={"tags": [SHOWN]})
        kind = "-"
    taken = len(cell.source.split("\n")) if kind == "-" else 0
    for output in cell.outputs:
        lines = LINES
        if output.output_type == "stream":
            printed = output.text.rstrip().split("\n")
            lines = min(LINES, len(printed))
            cut = printed if len(printed) <= LINES else [*printed[: LINES - 1], "..."]
            output = nbformat.v4.new_output("stream", name="stdout", text="\n".join(cut))
        shown = nbformat.v4.new_code_cell("", metadata={"tags": [HIDDEN]}, outputs=[output])
        yield (kind if taken + lines <= LINES else "subslide"), shown
        kind, taken = "-", lines if taken + lines > LINES else taken + lines


def page(lesson: Path) -> str:
    """Return the slides of a lesson as HTML."""
    config = Config()
    config.TagRemovePreprocessor.remove_input_tags = [HIDDEN]
    config.TagRemovePreprocessor.remove_all_outputs_tags = [SHOWN]
    exporter = SlidesExporter(config=config, embed_images=True)
    exporter.reveal_width, exporter.reveal_height = "1280", "720"
    exporter.reveal_scroll = True
    body, _ = exporter.from_notebook_node(
        slides(nbformat.read(lesson, as_version=4)),
        {"metadata": {"name": lesson.stem, "path": str(LESSONS)}},
    )
    return body.replace("</head>", f"{STYLE}</head>", 1)


def main() -> int:
    """Write the slides of the named lessons, or of all."""
    everything = {lesson.stem: lesson for lesson in sorted(LESSONS.glob("*.ipynb"))}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a lesson; none: all of them")
    parser.add_argument("--to", default="slides", help="the folder to write to (default: slides)")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(everything)):
        parser.error(f"no lesson {unknown[0]}; there are {', '.join(everything)}")
    folder = Path(given.to)
    folder.mkdir(parents=True, exist_ok=True)
    for name in given.names or everything:
        target = folder / f"{name}.html"
        target.write_text(page(everything[name]), encoding="utf-8")
        print(f"{target}: {target.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
