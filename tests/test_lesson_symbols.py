"""A letter means one thing: lesson 1 has the table, and the lessons and problem sets keep to it."""

import ast
import re
from pathlib import Path

import jupytext
import pytest

from charlstm.model import cells, network

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
LESSONS = sorted((NOTEBOOKS / "lessons").glob("*.py"))
SETS = sorted((NOTEBOOKS / "assignments").glob("*.py"))
ROW = re.compile(r"^\| (\$[^|]+\$) \| ([^|]+) \|", re.M)
SIZES = set("BTVEHDGN")
GATES = set("ifgo")
# letters of earlier editions, and of other books, for what has another letter in the table
FORMER = re.compile(
    r"W_x|W_h\b|W_\{xh\}|W_\{hy\}|\bV h|V\^|U_x|[/} ]T\}\}|\bp_t\b|\bp\(|\bln p\b|\bg_t = dL"
)

both = pytest.mark.parametrize("source", [*LESSONS, *SETS], ids=lambda path: path.stem)


def cells_of(source, kind):
    return [cell.source for cell in jupytext.read(source).cells if cell.cell_type == kind]


def targets(tree):
    """Yield what loops, comprehensions and functions bind; a tuple is one thing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            yield node.target
        elif isinstance(node, ast.Lambda | ast.FunctionDef):
            yield ast.Tuple([ast.Name(arg.arg) for arg in node.args.args])


def names(target):
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def misused(code):
    """Return what is wrong with the letters in a piece of code."""
    tree = ast.parse(re.sub(r"^%.*$", "", code, flags=re.M))
    wrong = []
    for target in targets(tree):
        found = names(target)
        if found & {"i", "g"} and "f" not in found:  # the forget gate and o also come alone
            wrong.append(f"{sorted(found & GATES)} in a loop or an argument is no gate")
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            for side in (node.left, node.right):
                matrix = side.value if isinstance(side, ast.Attribute) else side  # of V.T, V
                if isinstance(matrix, ast.Name) and matrix.id in SIZES:
                    wrong.append(f"{matrix.id} is a size, not a matrix")
        elif isinstance(node, ast.Assign) and names(node.targets[0]) == {"g"}:
            wrong.append("g is the candidate; call a generator rng, and a gradient dh or grad")
    return wrong


def test_the_table_gives_each_letter_one_meaning():
    (table,) = (cell for cell in cells_of(LESSONS[0], "markdown") if cell.startswith("## Symbols"))
    rows = ROW.findall(table)
    letters = [part.strip("$ ") for row, _ in rows for part in row.split(",")]
    assert len(letters) == len(set(letters)) > 25
    assert set(letters) >= SIZES | GATES
    assert len({meaning for _, meaning in rows}) == len(rows)


@pytest.mark.parametrize("source", LESSONS[1:], ids=lambda path: path.stem)
def test_a_lesson_links_to_the_table(source):
    first = " ".join(cells_of(source, "markdown")[0].split())
    assert f"[the table in lesson 1]({LESSONS[0].stem}.ipynb#Symbols)" in first


@pytest.mark.parametrize("source", SETS, ids=lambda path: path.stem)
def test_a_problem_set_names_the_table(source):
    """It is handed out without the lessons, so that a link would lead nowhere."""
    first = " ".join(cells_of(source, "markdown")[0].split())
    assert "the same letters; lesson 1 has a table of them (*Symbols*)" in first


@pytest.mark.parametrize("module", [cells, network], ids=lambda module: module.__name__)
def test_a_docstring_names_the_table(module):
    assert f"table *Symbols* in the first lesson, `notebooks/lessons/{LESSONS[0].stem}.ipynb`" in (
        " ".join(module.__doc__.split())
    )


@both
def test_formulas_have_the_letters_of_the_table(source):
    for text in cells_of(source, "markdown"):
        for formula in re.findall(r"\$\$?[^$]+\$\$?", text):
            assert not FORMER.search(formula), formula


@both
def test_code_has_the_letters_of_the_table(source):
    solutions = [
        code
        for text in cells_of(source, "markdown")
        for code in re.findall(r"```python\n(.*?)```", text, re.S)
    ]
    for code in [*cells_of(source, "code"), *solutions]:
        assert not misused(code), code


@pytest.mark.parametrize(
    "code",
    ["for i in ids: pass", "[g.norm() for g in grads]", "V.T @ h", "z = V @ h", "lambda i: i",
     "def clip(g, limit): pass", "g = torch.Generator()"],
)  # fmt: skip
def test_a_second_meaning_is_found(code):
    assert misused(code)
