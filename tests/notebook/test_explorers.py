"""Panels that redraw, tested without a browser: set a control, look at the picture."""

import numpy as np
from find_widgets import one

from charlstm.insight.activations import record
from charlstm.notebook import explorers, text_plots
from charlstm.notebook.explorers import (
    GatePanel,
    GradientExplorer,
    UnitPanel,
    driven_unit,
    explored_curve,
)
from charlstm.notebook.figure import png

PNG = b"\x89PNG"


def test_the_explorer_draws_anew_when_a_slider_moves():
    explorer = GradientExplorer()
    panel = explorer.widget
    *_, image, summary = panel.children
    first = image.value
    words = summary.value
    assert first[:4] == PNG
    one(panel, "forget-bias").value = 5.0
    explorer.newest.join()
    assert image.value != first
    assert summary.value != words
    assert not one(panel, "forget-bias").disabled
    assert one(panel, "activation").disabled
    one(panel, "cell").value = "rnn"
    explorer.newest.join()
    assert one(panel, "forget-bias").disabled
    assert not one(panel, "activation").disabled
    one(panel, "gain").value = 2.0
    one(panel, "activation").value = "relu"
    explorer.newest.join()
    assert image.value[:4] == PNG


def test_the_title_says_for_which_values_the_curve_is_drawn():
    explorer = GradientExplorer()

    def title():
        return explorer._figure.axes[0].get_title()

    assert title() == "lstm, start pytorch, gain 1, forget bias 0, 60 letters"
    for name, value in {"cell": "rnn", "activation": "relu", "length": 20, "gain": 0.5}.items():
        one(explorer.widget, name).value = value
    explorer.newest.join()
    assert title() == "rnn, start pytorch, gain 0.5, relu, 20 letters"
    now, before = explorer._figure.axes[0].get_lines()
    np.testing.assert_array_equal(
        now.get_ydata(), explored_curve("rnn", gain=0.5, length=20, activation="relu")
    )
    assert before.get_label() == "before"


def test_a_curve_that_is_too_large_is_said_to_be():
    explorer = GradientExplorer(cell="rnn")
    *_, image, summary = explorer.widget.children
    assert "factor" in summary.value
    for name, value in {"activation": "linear", "gain": 3.0, "length": 200}.items():
        one(explorer.widget, name).value = value
    explorer.newest.join()
    assert "too large for a number of 32 bits" in summary.value
    assert image.value[:4] == PNG


def test_a_curve_is_computed_once(monkeypatch):
    asked = []

    def curve(**values):
        asked.append(values["gain"])
        return np.array([1.0, values["gain"]])

    monkeypatch.setattr(explorers, "explored_curve", curve)
    explorer = GradientExplorer()
    for gain in (2.0, 1.0, 2.0):
        one(explorer.widget, "gain").value = gain
        explorer.newest.join()
    assert asked == [1.0, 2.0]
    assert list(explorer._curve) == [1.0, 2.0]


def test_what_is_explored_is_what_the_controls_say():
    curve = explored_curve(length=30)
    assert curve.shape == (31,)
    for change in (
        {"cell": "gru"},
        {"scheme": "charlstm"},
        {"gain": 0.5},
        {"forget_bias": 3.0},
        {"cell": "rnn", "activation": "relu"},
        {"seed": 1},
    ):
        assert not np.allclose(explored_curve(length=30, **change), curve)
    linear = explored_curve(cell="rnn", activation="linear", gain=2.0, scheme="charlstm", length=9)
    np.testing.assert_allclose(linear[1:] / linear[:-1], 2.0, rtol=1e-5)  # orthogonal, times 2


def test_a_unit_driven_by_hand_writes_keeps_and_erases():
    c, h = driven_unit("abab cab", write="ab", erase=" ", i=0.5, f=0.5, o=0.25)
    np.testing.assert_allclose(c[:6], [0.5, 0.75, 0.875, 0.9375, 0.0, 0.0])
    np.testing.assert_allclose(h, 0.25 * np.tanh(c))
    np.testing.assert_array_equal(driven_unit("axxa", write="a")[0], [1, 1, 1, 2])
    np.testing.assert_array_equal(driven_unit("aaa", write="a", erase="a")[0], [1, 1, 1])


def test_the_gate_panel_draws_anew_at_each_change():
    gates = GatePanel("ann ran", write="n")
    panel = gates.widget
    image = panel.children[-1]
    seen = {image.value}
    changes = {"i": 0.5, "f": 0.5, "o": 0.5, "write": "a", "erase": " "}
    for name, value in changes.items():
        one(panel, name).value = value
        gates.newest.join()
        seen.add(image.value)
    assert len(seen) == 6
    assert all(value[:4] == PNG for value in seen)


def test_the_unit_panel_colours_what_the_chosen_unit_holds(checkpoint, text):
    shown, before = text[10:70], text[:10]
    units = UnitPanel(checkpoint, shown, before, start=(1, "f", 3))
    panel = units.widget
    image = panel.children[-1]
    recorded = record(checkpoint, before + shown)

    def expected(layer, value, unit):
        numbers = recorded[layer][value][10:, unit]
        return png(text_plots.unit(shown, numbers, layer, value, unit))

    assert image.value == expected(1, "f", 3)
    one(panel, "unit").value = 11
    units.newest.join()
    assert image.value == expected(1, "f", 11)
    one(panel, "value").value = "c"
    one(panel, "layer").value = 0
    units.newest.join()
    assert image.value == expected(0, "c", 11)
    one(panel, "unit").value = 99  # there are 12
    assert one(panel, "unit").value == 11
    assert UnitPanel(checkpoint, shown).widget.children[-1].value[:4] == PNG
