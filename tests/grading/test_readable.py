"""A page of feedback in the browser: nothing on it is too pale to read. `-m browser` runs this."""

import pytest
from nbformat import v4
from read_page import too_pale
from test_browser import browser  # noqa: F401, the fixture
from test_pages import answer, page_of

pytestmark = pytest.mark.browser

CODE = """\
# a comment
import numpy as np

@decorated
class A(Exception):
    def f(self, x: int = 1) -> str:
        '''What it does.'''
        return f'{x}\\n' + "a" * 3 if x is None else len([True, 0.5])
"""
TEXT = "# A\n\nA [link](https://example.org), $x^2$, `code`.\n\n| a |\n|---|\n| 1 |\n\n> quoted"


def test_feedback_can_be_read(browser, tmp_path):  # noqa: F811
    marks = {"grade": True, "solution": True, "grade_id": "f", "points": 3, "score": 1}
    code = v4.new_code_cell(CODE, metadata={"nbgrader": {**marks, "comment": "see **this**"}})
    lines = ["\x1b[31mValueError\x1b[39m: \x1b[36mFile \x1b[39m\x1b[32m<x>\x1b[39m:1"]
    code.outputs = [
        v4.new_output("stream", name="stderr", text="a warning"),
        v4.new_output("stream", name="stdout", text="\x1b[33myellow\x1b[0m"),
        v4.new_output("error", ename="ValueError", evalue="x", traceback=lines),
    ]
    path = tmp_path / "page.html"
    path.write_text(str(page_of(code, answer(TEXT, "well done"))), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert too_pale(page) == {}
    links = page.locator("a").evaluate_all(
        "links => links.map((link) => getComputedStyle(link).textDecorationLine)"
    )
    assert set(links) == {"underline"}  # not by colour alone
    page.keyboard.press("Tab")
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert page.locator("html").get_attribute("lang") == "en"
    page.close()
