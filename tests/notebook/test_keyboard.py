"""The panels in JupyterLab with keys alone: Tab, arrows, Enter and letters.

`-m browser` runs this, as it does `test_browser.py`.
"""

import json

import pytest
from contrast import contrast
from matplotlib.colors import to_hex
from test_browser import browser, lab, opened, run_all, until  # noqa: F401, the fixtures, too

pytestmark = pytest.mark.browser

CELLS = [
    "from charlstm.notebook.explorers import GatePanel, GradientExplorer, UnitPanel\n"
    "from charlstm.notebook.workers import SamplerPanel, TrainingMonitor\n"
    "from charlstm.model.checkpoint import Checkpoint, find_model\n"
    "GatePanel('ab ab', 'a')",
    "GradientExplorer()",
    "UnitPanel(Checkpoint.load(find_model('tales')), 'Once upon a time')",
    "SamplerPanel('tales', length=10**6)",
    "TrainingMonitor('a tale of a whale ' * 200)",
]
# in the order of the keyboard: the places, "begin" for a button, and the texts of readouts
REACHED = {
    "gates": "write erase i f o",
    "explorer": "cell scheme gain forget-bias length",
    "units": "layer value unit",
    "sampler": "temperature top-k min-p no-repeat prime begin",
    "training": "begin",
}
# the class of the control that has the focus, the one of its panel, and how the focus is shown
FOCUS = """() => {
  const at = document.activeElement;
  const panel = at.closest(".charlstm-panel");
  if (!panel) return null;
  const named = (element) => [...element.classList].filter((name) => name.startsWith("charlstm-"));
  const control = at.closest("[class*=charlstm-]");
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(at);
  return {
    panel: named(panel).find((name) => name !== "charlstm-panel").slice(9),
    control: control === panel ? "" : named(control)[0].slice(9),
    outline: [outlineStyle, parseFloat(outlineWidth), outlineColor.match(/[0-9.]+/g).map(Number)],
  };
}"""


def seen(outline):
    style, width, (red, green, blue, *_) = outline
    colour = to_hex((red / 255, green / 255, blue / 255))
    return style == "solid" and width >= 2 and contrast(colour, "white") >= 3


def tab(page, panel, control):
    """Press Tab until a control has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if at and (at["panel"], at["control"]) == (panel, control):
            return
    pytest.fail(f"Tab does not reach {panel} {control}")


def test_keys_reach_and_move_everything(browser, lab, tmp_path):  # noqa: F811, fixtures
    cells = [
        {"cell_type": "code", "id": f"cell-{k}", "execution_count": None, "metadata": {},
         "outputs": [], "source": source}
        for k, source in enumerate(CELLS)
    ]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
    notebook |= {"nbformat": 4, "nbformat_minor": 5}
    (lab.folder / "panels.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    with opened(browser, lab, "panels.ipynb", tmp_path) as page:
        run_all(page, len(CELLS))
        page.locator(".charlstm-training img").wait_for()
        page.locator(".jp-Notebook .jp-CodeCell").first.click()
        page.keyboard.press("Escape")  # the mouse has no further part

        order, at = {}, None
        while len(order) < len(REACHED) or at:  # to the end of the last panel
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUS)
            if at:
                assert seen(at["outline"]), at
                order.setdefault(at["panel"], {})[at["control"]] = None
        assert {name: " ".join(filter(None, of)) for name, of in order.items()} == REACHED

        sliders = page.locator(".charlstm-panel [role=slider]")
        names = [slider.get_attribute("aria-label") for slider in sliders.all()]
        assert names[:4] == ["i gate", "f gate", "o gate", "gain"]
        assert all(names)

        def told(panel):
            return page.locator(f".charlstm-{panel} img").get_attribute("title")

        def see_it_change(panel, what):
            nonlocal before
            before = until(page, what, lambda: told(panel), lambda now: now != before, 30)

        before = told("gates")
        assert "c: 1 to 2" in before
        tab(page, "gates", "write")
        page.keyboard.press("End")
        page.keyboard.type("b")  # in a notebook the key b makes a cell
        page.keyboard.press("Enter")
        see_it_change("gates", "a letter more")
        assert "c: 1 to 4" in before
        tab(page, "gates", "f")
        page.keyboard.press("Home")
        see_it_change("gates", "the forget gate at 0")
        assert "f = 0," in before
        before = told("explorer")
        tab(page, "explorer", "cell")
        page.keyboard.press("ArrowDown")
        see_it_change("explorer", "another cell")
        tab(page, "explorer", "gain")
        page.keyboard.press("ArrowRight")
        see_it_change("explorer", "more gain")
        assert "gain 1.1" in before
        before = told("units")
        tab(page, "units", "unit")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        see_it_change("units", "another unit")
        assert "unit 1, layer 1" in before

        for panel in ("sampler", "training"):
            tab(page, panel, "begin")
            page.keyboard.press("Enter")
            stop = page.locator(f".charlstm-{panel} .charlstm-stop")
            until(page, f"{panel} does not begin", stop.is_enabled)
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUS)
            assert (at["panel"], at["control"]) == (panel, "stop")
            page.keyboard.press("Enter")
            until(page, f"{panel} does not stop", stop.is_disabled)
        assert page.locator(".jp-Notebook .jp-Cell").count() == len(CELLS)

        tab(page, "gates", "f")
        page.keyboard.press("Shift+Enter")  # with Shift the keys are JupyterLab's
        again = f"[{len(CELLS) + 1}]:"
        until(page, "the cell again", page.locator(".jp-InputArea-prompt").first.text_content,
              again.__eq__, 30)  # fmt: skip
