"""A picture of a panel shows its controls as they stand, and says so in words."""

import io

import ipywidgets as w
import matplotlib.image
import numpy as np

from charlstm.notebook.figure import new_figure, png
from charlstm.notebook.still import still


def panel(gain=1.0, cell="lstm", text="<b>a &lt; b</b>", image=b""):
    sliders = [w.FloatSlider(gain, max=3, description="gain"), w.IntSlider(2, description="k")]
    choice = w.Dropdown(options=[("LSTM", "lstm"), ("RNN", "rnn")], value=cell, description="cell")
    button = w.Button(description="Write")
    shown = [w.HTML("<style>.x { y: z }</style>"), w.Image(value=image), w.HTML(text)]
    return w.VBox([w.HBox([w.VBox(sliders), choice]), button, *shown])


def pixels(picture):
    return matplotlib.image.imread(io.BytesIO(picture))


def test_the_words_name_every_control_its_value_and_what_is_written():
    _, words = still(panel(), "test")
    assert words == (
        "A picture of the panel test; run the cell to use it. gain 1.0, k 2, cell LSTM, a button"
        " Write. Below: a < b"
    )


def test_another_value_gives_another_picture():
    first = pixels(still(panel(), "test")[0])
    for change in ({"gain": 2.0}, {"cell": "rnn"}, {"text": "<pre>other</pre>"}):
        assert not np.array_equal(pixels(still(panel(**change), "test")[0]), first)
    np.testing.assert_array_equal(pixels(still(panel(), "test")[0]), first)


def test_the_panels_picture_stands_below_the_controls_dot_for_dot():
    figure = new_figure(1.5)
    figure.text(0.5, 0.5, "x")
    figure.patch.set_facecolor("yellow")
    image = png(figure)
    shown, without = (pixels(still(panel(image=given), "test")[0]) for given in (image, b""))
    inner = pixels(image)
    assert len(shown) - len(without) == len(inner) == 150
    yellow = (shown[:, 5, :3] == [1, 1, 0]).all(-1)
    top = int(np.argmax(yellow))
    assert top == 90  # below two rows of controls and one of buttons
    np.testing.assert_allclose(shown[top : top + 150], inner, atol=0.01)


def test_long_lines_are_wrapped():
    short, long = (pixels(still(panel(text="word " * n), "test")[0]) for n in (10, 50))
    assert len(long) > len(short)
