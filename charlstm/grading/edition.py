"""A term's own edition of a problem set: other seeds and sizes in its tests, the same to learn.

Numbers that last term's answers may know by heart are drawn anew. Two kinds of numbers vary, and
only in cells of tests:

- seeds: whole numbers in `default_rng(...)`, `manual_seed(...)` and `seed=...`;
- sizes: whole numbers from 2 on a line that ends with `# vary`. Each grows by 0, 1 or 2. Equal ones
  stay equal, and different ones different, because a test of sizes that all differ must stay one.

A cell's numbers depend on the edition, the set and the cell alone.
"""

import random
import re

import nbformat

from charlstm.collecting.repair import grade_id

MARK = "# vary"
SEEDS = range(1, 9999)
MOST_GROWTH = 2
_SEED = re.compile(r"(?P<before>\b(?:default_rng\(|manual_seed\(|seed=))(?P<number>\d+)\b")
_SIZE = re.compile(r"(?<![\w.-])\d+(?![\w.])")


def varied(notebook: nbformat.NotebookNode, assignment: str, edition: int) -> nbformat.NotebookNode:
    """Draw the numbers in a set's tests for an edition, in place; edition 0 leaves all as it is.

    Args:
        notebook: a set with its solutions and hidden tests.
        assignment: its name.
        edition: from 0.

    Returns:
        the notebook.
    """
    if edition:
        for cell in notebook.cells:
            about = cell.metadata.get("nbgrader", {})
            if cell.cell_type == "code" and about.get("grade") and not about.get("solution"):
                cell.source = vary(cell.source, f"{edition} {assignment} {grade_id(cell)}")
    return notebook


def vary(source: str, key: str) -> str:
    r"""Return a cell of tests with other seeds and sizes.

    Args:
        source: its code.
        key: what the numbers depend on.

    Example:
        >>> print(vary("rng = default_rng(61)\nB, T, V = 1, 4, 5  # vary\nlimit = 4", "7 ps1"))
        rng = default_rng(8615)
        B, T, V = 1, 5, 6  # vary
        limit = 4
    """
    draw = random.Random(key)
    known = sorted({match["number"] for match in _SEED.finditer(source)})
    seeds = dict(zip(known, draw.sample(SEEDS, len(known)), strict=True))
    source = _SEED.sub(lambda m: f"{m['before']}{seeds[m['number']]}", source)
    return "\n".join(
        _grown(line, draw) if line.endswith(MARK) else line for line in source.split("\n")
    )


def _grown(line: str, draw: random.Random) -> str:
    """Let the sizes on a line grow; a larger one grows at least as much as a smaller one."""
    sizes, growth = {}, 0
    for size in sorted({int(number) for number in _SIZE.findall(line)}):
        if size > 1:
            growth = min(growth + draw.randint(0, 1), MOST_GROWTH)
        sizes[size] = size + growth
    return _SIZE.sub(lambda m: str(sizes[int(m[0])]), line)
