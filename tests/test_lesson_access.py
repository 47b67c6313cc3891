"""Lessons for readers who do not see: pictures in words with numbers, and formulas as text."""

import ast
import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from latex2mathml.converter import convert

LESSONS = Path(__file__).parent.parent / "notebooks" / "lessons"
each = pytest.mark.parametrize(
    "lesson", sorted(LESSONS.glob("*.ipynb")), ids=lambda path: path.stem
)
FORMULA = re.compile(r"(?<![\\$])(\$\$?)(?=\S)((?:\\.|[^$\\])+)\1(?!\d)")


def cells(lesson, kind):
    notebook = json.loads(lesson.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def prose(lesson):
    """Yield the text of each cell without code in it."""
    for cell in cells(lesson, "markdown"):
        text = "".join(cell["source"])
        yield re.sub(r"```.*?```|``[^`]*``|`[^`]*`", "", text, flags=re.DOTALL)


@each
def test_the_words_of_every_picture_have_its_numbers(lesson):
    pictures = 0
    for cell in cells(lesson, "code"):
        for output in cell["outputs"]:
            data = output.get("data", {})
            assert "image/svg+xml" not in data
            assert "image/jpeg" not in data
            for table in BeautifulSoup("".join(data.get("text/html", "")), "html.parser")("table"):
                assert table.find("th"), "".join(cell["source"])
            if "image/png" not in data:
                continue
            pictures += 1
            words = output["metadata"]["image/png"]["alt"]
            assert len(words) > 50, words
            assert len(re.findall(r"\d", words)) > 1, words  # more than that of "layer 1"
            assert "<" not in words.replace(" < ", ""), words
    assert pictures


@each
def test_only_the_package_draws(lesson):
    """Its figures describe themselves; one of pyplot would have no words."""
    for cell in cells(lesson, "code"):
        source = "".join(cell["source"])
        names = {n.id for n in ast.walk(ast.parse(re.sub("^%.*", "", source, flags=re.M)))
                 if isinstance(n, ast.Name)}  # fmt: skip
        assert not names & {"plt", "pyplot", "pylab"}, source
        assert "matplotlib.figure" not in source


@each
def test_formulas_are_text_that_is_read_aloud(lesson):
    """MathML can be made of each. No picture stands in the prose but drawings and the cover."""
    for text in prose(lesson):
        for place in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text):
            assert place.startswith("drawings/") or place == f"{lesson.stem}.png", place
        assert "<img" not in text
        rest = FORMULA.sub("", text)
        assert not re.search(r"\\(frac|partial|sum|prod|sigma|tanh|begin)\b", rest), rest
        for _, formula in FORMULA.findall(text):
            mathml = convert(formula)
            assert "<merror" not in mathml
            assert "\\" not in BeautifulSoup(mathml, "html.parser").get_text(), formula


def test_formulas_are_found():
    found = {path.stem: sum(len(FORMULA.findall(text)) for text in prose(path))
             for path in LESSONS.glob("*.ipynb")}  # fmt: skip
    assert sum(found.values()) > 100, found
    assert found["02-a-recurrent-network-by-hand"] > 5
