"""What all figures share: lines that differ without colour, and no pyplot."""

import io
import subprocess
import sys

import numpy as np
from look_at_figures import lines
from PIL import Image

from charlstm.notebook import plots
from charlstm.notebook.figure import COLOURS, DASHES, MARKERS, line_style, png, redraw


def test_lines_differ_without_colour():
    figure = plots.norm_by_lag({str(k): [1.0, 0.5] for k in range(9)})
    drawn = [lines(figure)[str(k)] for k in range(9)]
    assert len({(line.get_marker(), line.get_linestyle()) for line in drawn}) == 9
    assert len({line.get_color() for line in drawn[:7]}) == 7


def test_no_two_of_280_lines_look_alike():
    assert len(COLOURS) * len(DASHES) * len(MARKERS) == 280
    styles = [line_style(index, 1) for index in range(280)]
    assert len({(s["color"], str(s["linestyle"]), s["marker"]) for s in styles}) == 280


def test_titles_of_any_text_can_be_drawn():
    png(plots.curves({"a": ([1], [2])}, "x", "y", title=r"cost $\foo$ 3$"))


def test_drawing_needs_no_pyplot():
    code = (
        "import sys; from charlstm.notebook import figure, plots;"
        "figure.png(plots.curves({'a': ([1], [2])}, 'x', 'y'));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_figure_is_drawn_anew_with_other_numbers():
    figure = plots.norm_by_lag({"now": [1.0, 0.5], "before": [3.0]})
    redraw(figure, {"later": [1.0, 0.1, 0.0, 1e-8], "now": [2.0, 4.0]}, "cost 3$")
    axes = figure.axes[0]
    drawn = lines(figure)
    np.testing.assert_array_equal(drawn["later"].get_ydata(), [1.0, 0.1, np.nan, 1e-8])
    np.testing.assert_array_equal(drawn["later"].get_xdata(), range(4))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["later", "now"]
    assert axes.get_title() == "cost 3$"
    low, high = axes.get_ylim()
    assert low < 1e-8
    assert high > 4
    assert axes.get_xlim()[1] > 3
    assert png(figure) != png(plots.norm_by_lag({"now": [1.0, 0.5], "before": [3.0]}))
    shown = {y: axes.yaxis.get_major_formatter()(y, 0) for y in axes.get_yticks()}
    assert shown[1e-8] == "10⁻⁸"
    assert shown[1.0] == "10⁰"


def test_a_picture_has_the_size_that_is_asked_for():
    figure = plots.norm_by_lag({"now": [1.0, 0.5]})
    sizes = [Image.open(io.BytesIO(png(figure, dots))).size for dots in (100, 40)]
    assert sizes == [(700, 360), (280, 144)]
