"""A panel is shown as its box, and found by its CSS class."""

import base64

import ipywidgets as w
import pytest
from find_widgets import one
from IPython.core.formatters import DisplayFormatter

from charlstm.notebook.explorers import GatePanel, GradientExplorer, UnitPanel
from charlstm.notebook.panel import ACCESS, Panel, Picture, mark
from charlstm.notebook.workers import SamplerPanel, TrainingMonitor

WIDGET = "application/vnd.jupyter.widget-view+json"


def test_a_notebook_shows_the_box_of_a_panel():
    panel = Panel("test", [w.HTML("a"), w.HTML("b")])
    shown, _ = DisplayFormatter().format(panel)
    assert shown[WIDGET]["model_id"] == panel.widget.model_id
    access, *parts = panel.widget.children
    assert [part.value for part in parts] == ["a", "b"]
    assert access.value == ACCESS
    assert access.layout.display == "none"


def test_a_notebook_also_keeps_a_picture_of_the_panel_and_its_words():
    shown, metadata = DisplayFormatter().format(GatePanel("abba", write="b"))
    assert base64.b64decode(shown["image/png"])[:4] == b"\x89PNG"
    alt = metadata["image/png"]["alt"]
    assert "write at b" in alt
    assert "Below" not in alt  # nothing is written there: a style is none
    assert "character read: a b b a" in alt
    assert shown["text/plain"] == alt


@pytest.mark.parametrize(
    ("make", "control", "value", "words"),
    [
        (lambda model: GradientExplorer(), "gain", 2.0, "gain 2, "),
        (lambda model: GatePanel("ab ab", "a"), "write", "ab", "c: 1 to 4"),
        (lambda model: UnitPanel(model, "abc"), "unit", 1, "h of unit 1, layer 1 as shades"),
    ],
)
def test_a_panels_picture_is_told_in_words_as_it_changes(make, control, value, words, checkpoint):
    panel = make(checkpoint)
    (picture,) = (part for part in panel.widget.children if isinstance(part, Picture))
    assert picture.description == ""  # else ipywidgets makes no title of the tooltip
    before = picture.tooltip
    one(panel.widget, control).value = value
    panel.newest.join()
    assert words in picture.tooltip
    assert words not in before
    alt = panel._repr_mimebundle_()[1]["image/png"]["alt"]
    assert alt.endswith(f"The figure: {picture.tooltip}")


def test_a_training_is_told_in_words():
    panel = TrainingMonitor("abc" * 30)
    (picture,) = (part for part in panel.widget.children if isinstance(part, Picture))
    assert picture.tooltip == "step; nats per character. train: nothing; validation: nothing."


def test_a_panel_is_found_by_its_class():
    panel = Panel("test", [w.HTML("a")])
    assert one(panel.widget, "test") is panel.widget


def test_a_class_of_css_has_dashes():
    widget = w.HTML()
    mark(widget, "forget_bias")
    assert widget._dom_classes == ("charlstm-forget-bias",)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda checkpoint: GradientExplorer(), "explorer"),
        (lambda checkpoint: GatePanel("ab"), "gates"),
        (lambda checkpoint: SamplerPanel(checkpoint), "sampler"),
        (lambda checkpoint: TrainingMonitor("abc" * 30), "training"),
    ],
)
def test_all_panels_have_one_form(make, name, checkpoint):
    panel = make(checkpoint)
    assert isinstance(panel, Panel)
    assert one(panel.widget, name) is panel.widget
