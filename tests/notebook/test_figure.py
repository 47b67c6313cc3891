"""What all figures share: lines that differ without colour, and no pyplot."""

import subprocess
import sys

from look_at_figures import lines

from charlstm.notebook import plots
from charlstm.notebook.figure import COLOURS, DASHES, MARKERS, line_style, png


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
