"""Figures along a text show each number above its character."""

import numpy as np
from look_at_figures import check_axes, lines

from charlstm.notebook import text_plots
from charlstm.notebook.figure import png


def test_gates_have_a_column_a_character():
    values = np.random.default_rng(0).random((4, 3))
    figure = text_plots.gates("a $\n", {"i": values, "c": values - 0.5})
    shown = figure.axes[0].get_images()[0]
    np.testing.assert_array_equal(shown.get_array(), values.T)
    assert shown.get_clim() == (0.0, 1.0)
    assert figure.axes[1].get_images()[0].get_clim() == (-1.0, 1.0)
    labels = [t.get_text() for t in figure.axes[1].get_xticklabels()]
    assert labels == ["a", "\u2423", r"\$", "\u21b5"]
    assert png(figure)


def test_one_unit_has_a_whole_number():
    (axes, _) = text_plots.gates("ab", {"i": np.zeros((2, 1))}).axes
    assert [tick for tick in axes.get_yticks() if -0.5 <= tick <= 0.5] == [0]


def test_numbers_stand_above_their_characters():
    figure = text_plots.along("a b", {"c": [1.0, 2.0, 3.0], "h": [0.0, 0.5, 0.5]}, "state")
    check_axes(figure, "character read", "state")
    assert lines(figure)["c"].get_xdata().tolist() == [0, 1, 2]
    assert lines(figure)["c"].get_ydata().tolist() == [1.0, 2.0, 3.0]
    labels = [t.get_text() for t in figure.axes[0].get_xticklabels()]
    assert labels == ["a", "\u2423", "b"]


def test_next_character_is_sorted_by_the_first_line():
    chances = {"1": [0.2, 0.5, 0.3], "2": [0.3, 0.4, 0.3]}
    figure = text_plots.next_character("abc", chances, most=2)
    check_axes(figure, "next character", "chance")
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == [0.5, 0.3, 0.4, 0.3]
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["b", "c"]


def test_characters_of_any_text_can_be_drawn():
    png(text_plots.gates("\ud800\x01", {"i": np.zeros((2, 3))}))
