"""Colours can be seen by everybody: WCAG 2.2, and three kinds of colour-blindness."""

from itertools import combinations, pairwise

import every_figure
import numpy as np
import pytest
from contrast import SEEN, contrast, distance, over
from matplotlib import colormaps
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from charlstm.notebook import plots, still
from charlstm.notebook.figure import COLOURS

LINE, WORD = 3.0, 4.5  # WCAG 2.2, 1.4.11 and 1.4.3
FIGURES = every_figure.drawn()


def test_contrast_is_that_of_wcag():
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert over(("black", 0.5)) == pytest.approx((0.5, 0.5, 0.5))
    assert distance("red", "white", "all") == pytest.approx(114.5, abs=0.5)


def test_people_who_see_fewer_colours_see_no_change_of_greys_but_red_like_green():
    for seen_by, matrix in SEEN.items():
        np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-5, err_msg=seen_by)
    far = distance("#ff0000", "#66a800", "all")
    assert distance("#ff0000", "#66a800", "deuteranopia") < far / 3


def test_every_colour_of_a_line_is_seen_on_white():
    for colour in COLOURS:
        assert contrast(colour, "white") >= LINE, colour
    for colour in (still.GREY, still.BLUE):
        assert contrast(colour, "white") >= LINE, colour


@pytest.mark.parametrize("seen_by", SEEN)
def test_colours_differ_for_people_who_see_fewer(seen_by):
    """Okabe & Ito's seven, which were here before, have 16.1 at least, neighbours 17.2."""
    for one, other in combinations(COLOURS, 2):
        assert distance(one, other, seen_by) > 16.9, (one, other)
    for one, other in pairwise([*COLOURS, COLOURS[0]]):
        assert distance(one, other, seen_by) > 24, (one, other)


def seen(colour, alpha=1.0):
    """The contrast of a colour on white, if light goes through it."""
    *parts, share = to_rgba(colour)
    return contrast(over((*parts, share * alpha)), "white")


def words_of(figure):
    """Yield each text that is drawn on the figure's white ground."""
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            yield text


@pytest.mark.parametrize("name", FIGURES)
def test_words_are_read_and_lines_are_seen(name):
    figure = FIGURES[name]
    on_shades = {text for axes in figure.axes if axes.images for text in axes.texts}
    for text in words_of(figure):
        if text not in on_shades:
            assert seen(text.get_color()) >= WORD, text
    for axes in figure.axes:
        for line in axes.get_lines():
            edged = line.get_path_effects()  # black around the line: seen on any ground
            alpha = 1 if line.get_alpha() is None else line.get_alpha()
            if line.get_linestyle() != "None" and not edged:
                assert seen(line.get_color(), alpha) >= LINE, line
            if line.get_marker() not in ("None", ""):
                parts = line.get_markerfacecolor(), line.get_markeredgecolor()
                assert max(seen(part, alpha) for part in parts) >= LINE, line
        for marks in axes.collections:
            if isinstance(marks, PathCollection):
                for colour in marks.get_facecolor():
                    assert seen(colour) >= LINE, marks
        for bar in axes.patches:
            assert seen(bar.get_edgecolor()) >= LINE


def test_numbers_are_read_on_their_shades():
    axes = FIGURES["grid"].axes[0]
    image = axes.images[0]
    table = image.get_array()
    assert len(axes.texts) == table.size == 100
    for text in axes.texts:
        column, row = map(round, text.get_position())
        assert contrast(text.get_color(), image.cmap(image.norm(table[row, column]))) >= WORD


def test_shades_have_one_order_also_in_grey():
    """So a person who sees no colour reads them, too."""
    used = {
        image.cmap.name
        for figure in FIGURES.values()
        for axes in figure.axes
        for image in [*axes.images, *axes.collections]
        if image.get_array() is not None
    }
    assert used == {"cividis", "Blues", "numbers"}
    for name in ("cividis", "Blues"):
        light = [contrast(colormaps[name](v), "black") for v in np.linspace(0, 1, 20)]
        steps = np.diff(light)
        assert (steps > 0).all() or (steps < 0).all(), name


def test_paths_are_seen_on_every_shade():
    paths = [line for line in FIGURES["surface"].axes[0].get_lines() if line.get_path_effects()]
    assert len(paths) == 4
    for line in paths:
        assert contrast(line.get_color(), "black") >= LINE
        assert line.get_markeredgecolor() == "black"
        (edge,) = line.get_path_effects()
        assert edge._gc == {"linewidth": 3, "foreground": "black"}


def test_a_dot_over_another_leaves_it_visible():
    (line,) = plots.dots({"a": ([1], [1])}, "x", "y").axes[0].get_lines()
    assert contrast(line.get_markerfacecolor(), line.get_markeredgecolor()) >= LINE
