"""Pages of feedback: nothing in them runs or loads, and formulas, tables and figures still show."""

import base64
from pathlib import Path

import nbgrader
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import v4

from charlstm.grading.pages import POLICY, PageExporter, cleaned

FORMGRADER = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
PNG = base64.b64encode(b"a picture").decode()
FORBIDDEN = ("script", "iframe", "object", "embed", "form", "input", "link", "base", "svg", "video")


def page_of(*cells):
    exporter = PageExporter(
        template_name="feedback",
        extra_template_basedirs=[str(FORMGRADER / "templates")],
        extra_template_paths=[str(FORMGRADER / "static/node_modules/bootstrap/dist/css")],
    )
    facts = {"notebook": "ps1", "score": 3, "max_score": 5, "late_penalty": 0}
    known = {"nbgrader": facts, "metadata": {"name": "ps1"}}
    page, _ = exporter.from_notebook_node(v4.new_notebook(cells=[*cells]), known)
    return BeautifulSoup(page, "html.parser")


def answer(text, comment="", **more):
    marks = {"grade": True, "solution": True, "grade_id": "why", "points": 3, "score": 2}
    return v4.new_markdown_cell(text, metadata={"nbgrader": {**marks, "comment": comment}}, **more)


def output(data, **metadata):
    return v4.new_output("display_data", data=data, metadata=metadata)


def check_harmless(soup):
    for tag in FORBIDDEN:
        assert not soup.select(tag), tag
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            assert not name.startswith("on"), tag
            if name in ("src", "href", "action", "srcset"):
                harmless = ("data:image/", "#", "http:", "https:", "mailto:")
                assert str(value).startswith(harmless), tag
                assert tag.name == "a" or str(value).startswith("data:image/"), tag
    metas = list(soup.select("meta[http-equiv]"))
    assert [m["content"] for m in metas] == [POLICY]
    assert soup.head.find(True) is metas[0]


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='http://e.org/x.png'>",
    "![x](http://e.org/x.png)",
    "[x](javascript:alert(1))",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<svg onload=alert(1)><animate onbegin=alert(1)></svg>",
    "<math><mi//xlink:href='data:x,<script>alert(4)</script>'>",
    "<style>@import url(http://e.org)</style>",
    "<iframe src=http://e.org></iframe>",
    "<meta http-equiv=refresh content='0;url=http://e.org'>",
    "<form action=http://e.org><input name=a></form>",
    "$<script>alert(1)</script>$",
    "$$</div><img src=x onerror=alert(1)>$$",
    "\\begin{a}<script>\\end{a}",
    "<span class='charlstm-formula'>\\text{<script>alert(1)</script>}</span>",
    "$\\href{javascript:alert(1)}{x}$ $\\text{<img src=x onerror=alert(1)>}$",
    "$\\style{onclick=alert(1)}{x} \\class{a}{b} \\color{red;onclick=1}{x}$",
    "![g](attachment:gone.png)",
    "```html\n<script>alert(1)</script>\n```",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_student_writes_or_prints_runs_nothing(attack):
    data = [{"text/html": attack}, {"text/markdown": attack}, {"application/javascript": attack},
            {"image/svg+xml": attack}, {"text/latex": attack}, {"text/plain": attack},
            {"image/png": attack}]  # fmt: skip
    printed = v4.new_output("stream", text=attack)
    failed = v4.new_output("error", ename=attack, evalue=attack, traceback=[attack])
    code = v4.new_code_cell(attack, outputs=[*map(output, data), printed, failed])
    soup = page_of(answer(attack, comment=attack), v4.new_raw_cell(attack), code)
    check_harmless(soup)


def test_the_size_of_a_picture_is_a_number_and_an_isolated_page_is_none():
    sizes = {"width": "1 onerror=alert(1)", "height": 30, "filenames": {"x": "http://e.org"}}
    picture = output({"image/png": PNG}, **{"image/png": sizes, "filenames": {"image/png": "x"}})
    frame = output({"text/html": "<b>b</b>"}, **{"text/html": {"isolated": True}})
    soup = page_of(v4.new_code_cell("", outputs=[picture, frame]))
    check_harmless(soup)
    assert soup.select("img")[0]["height"] == "30"
    assert soup.select("img")[0]["src"] == f"data:image/png;base64,{PNG}"


def test_formulas_tables_and_figures_are_shown():
    text = (
        "# A\n\nThe $W_{ih}$ of\n\n$$\\frac{a}{b}$$\n\n| a |\n|---|\n| 1 |\n\n**b** `c`\n\n"
        "```python\nx = 1\n```\n\n![p](attachment:p.png)"
    )
    shown = answer(text, attachments={"p.png": {"image/png": PNG}}, comment="see $x_t$")
    colours = "<span style='background-color: red'>r</span><table><tr><th>h</th></tr></table>"
    svg = "<svg xmlns='http://www.w3.org/2000/svg'></svg>"
    code = v4.new_code_cell("f()", outputs=[output({"text/html": colours}),
                                            output({"image/svg+xml": svg})])  # fmt: skip
    soup = page_of(shown, code)
    check_harmless(soup)
    displays = [formula["display"] for formula in soup.select("math")]
    assert displays == ["inline", "block", "inline"]
    assert soup.select("math msub")[0].get_text() == "Wih"
    assert soup.select("math mfrac")
    assert not soup.select("pre math")
    for tag in ("h1", "table td", "table th", "strong", "code", ".highlight pre"):
        assert soup.select(tag), tag
    assert soup.find("span", style="background-color: red;")
    assert [img["src"][:21] for img in soup.select("img")] == [
        "data:image/png;base64", "data:image/svg+xml;ba",
    ]  # fmt: skip


def test_the_list_of_points_names_the_tests():
    marks = {"grade": True, "solution": False, "grade_id": "rnn_step-hidden", "points": 1}
    test = v4.new_code_cell("f()", metadata={"nbgrader": {**marks, "score": 0}})
    odd = v4.new_code_cell("f()", metadata={"nbgrader": {**marks, "grade_id": "a b", "score": 0}})
    links = [link.get_text() for link in page_of(test, odd).select("#toc a")]
    assert links == ["Test rnn_step-hidden", "Test cell"]


def test_a_formula_that_cannot_be_read_stays_as_it_was_written():
    for formula in ("\\frac{1", "x" * 6000):
        soup = page_of(answer(f"a ${formula}$ b"))
        assert f"${formula}$" in soup.get_text() or soup.select("math")


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.sampled_from(["<", ">", "/", '"', "'", "=", " ", "$", "`", "[", "](", "a", "img", "src",
                         "onerror", "script", "math", "style", "svg", "javascript:", "&lt;", "\\",
                         "data:", "\n", "<!--", "-->", "\x00"]), max_size=30)
)  # fmt: skip
def test_no_html_comes_through(parts):
    soup = BeautifulSoup(cleaned("".join(parts)), "html.parser")
    assert not [tag for tag in soup.find_all(True) if tag.name in FORBIDDEN or "on" in tag.attrs]
