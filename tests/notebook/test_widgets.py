"""Panels as a notebook uses them, without a browser: values set, buttons clicked."""

import time

import numpy as np
import pytest
from conftest import TEXT

from charlstm.notebook.widgets import (
    SamplerPanel,
    TrainingMonitor,
    driven_unit,
    explored_curve,
    gate_panel,
    gradient_explorer,
)
from charlstm.options import ModelOptions, TrainOptions

PNG = b"\x89PNG"


def find(widget, name):
    """Return the widget inside another that has the class charlstm-NAME."""
    found = [widget] if f"charlstm-{name}" in getattr(widget, "_dom_classes", ()) else []
    for child in getattr(widget, "children", ()):
        found += find(child, name)
    return found


def one(widget, name):
    (found,) = find(widget, name)
    return found


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def panel(checkpoint):
    return SamplerPanel(checkpoint, prime="The ", length=400)


def test_the_explorer_draws_anew_when_a_slider_moves():
    panel = gradient_explorer()
    *_, image, told = panel.children
    first, words = image.value, told.value
    assert first[:4] == PNG
    one(panel, "forget-bias").value = 5.0
    assert image.value != first
    assert told.value != words
    assert not one(panel, "forget-bias").disabled
    assert one(panel, "activation").disabled
    one(panel, "cell").value = "rnn"
    assert one(panel, "forget-bias").disabled
    assert not one(panel, "activation").disabled
    one(panel, "gain").value = 2.0
    one(panel, "activation").value = "relu"
    assert image.value[:4] == PNG


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
    panel = gate_panel("ann ran", write="n")
    image = panel.children[-1]
    seen = {image.value}
    changes = {"i": 0.5, "f": 0.5, "o": 0.5, "write": "a", "erase": " "}
    for name, value in changes.items():
        one(panel, name).value = value
        seen.add(image.value)
    assert len(seen) == 6
    assert all(value[:4] == PNG for value in seen)


def test_the_sampler_writes_its_length_and_shows_markup_as_text(panel):
    panel._prime.value = "The quick; "
    one(panel.widget, "begin").click()
    panel._work.join(60)
    assert len(panel.text) == len("The quick; ") + 400
    shown = panel._output.value
    assert shown.startswith("<pre")
    assert "The quick; " in shown
    assert one(panel.widget, "stop").disabled
    panel.text = "a < b & <i>"
    panel._show(True)
    assert "a &lt; b &amp; &lt;i&gt;" in panel._output.value


def test_stop_ends_the_sampler_at_once(checkpoint):
    panel = SamplerPanel(checkpoint, length=10**9)
    one(panel.widget, "begin").click()
    wait_for(lambda: len(panel.text) > 50)
    one(panel.widget, "begin").click()  # a second click changes nothing
    one(panel.widget, "stop").click()
    panel._work.join(10)
    written = panel.text
    time.sleep(0.05)
    assert panel.text == written
    assert not one(panel.widget, "begin").disabled


def test_temperature_zero_and_top_k_are_passed_on(checkpoint):
    texts = []
    for _ in range(2):
        panel = SamplerPanel(checkpoint, length=50)
        one(panel.widget, "temperature").value = 0.0
        one(panel.widget, "top-k").value = 3
        one(panel.widget, "begin").click()
        panel._work.join(60)
        texts.append(panel.text)
    assert texts[0] == texts[1]


def test_a_mistake_is_shown_in_the_panel(panel):
    one(panel.widget, "prime").value = "\u20ac"
    one(panel.widget, "begin").click()
    panel._work.join(60)
    assert "U+20AC" in panel._work.message.value


def test_the_monitor_trains_draws_and_keeps_the_best():
    monitor = TrainingMonitor(
        TEXT * 30, ModelOptions(hidden_size=16), TrainOptions(steps=120, batch_size=4, window=16)
    )
    one(monitor.widget, "begin").click()
    monitor._work.join(120)
    assert list(monitor.losses["train"]) == list(monitor.losses["validation"])
    assert max(monitor.losses["validation"]) == 120
    assert monitor._image.value[:4] == PNG
    assert monitor.checkpoint.vocabulary.characters == "".join(sorted(set(TEXT)))
    assert "<pre" in monitor._sample.value
    assert monitor._bar.value == 1.0


def test_stop_keeps_the_model_of_the_monitor():
    monitor = TrainingMonitor(
        TEXT * 30, ModelOptions(hidden_size=16), TrainOptions(steps=10**6, batch_size=4, window=16)
    )
    one(monitor.widget, "begin").click()
    wait_for(lambda: monitor.losses["validation"])
    one(monitor.widget, "stop").click()
    monitor._work.join(30)
    assert monitor.checkpoint is not None
    assert not monitor._work._thread.is_alive()
