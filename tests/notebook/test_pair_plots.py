"""Figures of two texts hold the numbers, letters and words that they were given."""

import numpy as np
from look_at_figures import check_axes, lines

from charlstm.notebook import pair_plots
from charlstm.notebook.describe import describe


def test_alignments_have_the_letters_the_numbers_and_a_dot_at_the_largest():
    table = np.array([[0.1, 0.7, 0.2], [0.6, 0.1, 0.3], [0.0, 0.1, 0.9]])
    figure = pair_plots.alignments("a b", "xy", {"one": table, "two": table[::-1] * 5}, "t")
    check_axes(figure, "source", "target")
    first, second = (axes for axes in figure.axes if axes.get_label() != "<colorbar>")
    assert [t.get_text() for t in first.get_xticklabels()] == ["a", "␣", "b"]
    assert [t.get_text() for t in first.get_yticklabels()] == ["x", "y", "⏎"]
    np.testing.assert_array_equal(first.images[0].get_array(), table)
    np.testing.assert_array_equal(second.images[0].get_array(), 5 * table[::-1])
    assert first.get_lines()[0].get_xdata().tolist() == [1, 0, 2]
    assert second.get_lines()[0].get_xdata().tolist() == [2, 0, 1]
    bars = [axes for axes in figure.axes if axes.get_label() == "<colorbar>"]
    assert [bar.get_ylabel() for bar in bars] == ["one", "two"]
    assert second.images[0].get_clim() == (0, 4.5)
    assert (first.get_title(), second.get_title()) == ("t", "")
    assert "one as shades, from 0 to 0.9" in describe(figure)


def test_one_table_is_one_picture():
    figure = pair_plots.alignments("ab", "x", {"weights": [[0.5, 0.5], [0.2, 0.8]]})
    check_axes(figure, "source", "target")
    assert len(figure.axes) == 2  # and its colour bar


def test_words_stand_at_their_places_with_the_mark_of_their_group():
    places = {"ann": (0, 1), "bob": (2, 3), "ben": (4, -5)}
    groups = {"ann": "a", "bob": "b", "ben": "b"}
    figure = pair_plots.words(places, groups, "first", "second", "map", path=("ann", "ben"))
    check_axes(figure, "first", "second")
    assert lines(figure)["b"].get_xydata().tolist() == [[2, 3], [4, -5]]
    assert lines(figure)["the walk"].get_xydata().tolist() == [[0, 1], [4, -5]]
    told = {text.get_text(): text for text in figure.axes[0].texts}
    assert {word: text.xy for word, text in told.items()} == places
    assert lines(figure)["a"].get_color() != lines(figure)["b"].get_color()
    assert "the walk" not in lines(pair_plots.words(places, groups, "first", "second"))
