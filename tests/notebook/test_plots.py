"""Figures hold the numbers that they were given."""

import math

import numpy as np
import pytest
from look_at_figures import check_axes, lines
from matplotlib.colors import to_rgb

from charlstm.notebook import plots
from charlstm.notebook.figure import png


def test_norms_by_lag_are_drawn_as_they_are_and_underflow_is_left_out():
    figure = plots.norm_by_lag({"a": [1.0, 0.1, 0.0], "b": [1.0, 2.0, 4.0]}, "title", what="c")
    check_axes(figure, "lag k, characters", "dc_{T-k}")
    assert figure.axes[0].get_yscale() == "log"
    assert figure.axes[0].get_title() == "title"
    np.testing.assert_array_equal(lines(figure)["a"].get_ydata(), [1.0, 0.1, math.nan])
    np.testing.assert_array_equal(lines(figure)["b"].get_ydata(), [1.0, 2.0, 4.0])


def test_singular_values_by_rank():
    figure = plots.singular_values({1: [2.0, 1.0], 10: [0.5, 0.0]})
    check_axes(figure, "rank", "singular value")
    assert lines(figure)["1 step"].get_xdata().tolist() == [1, 2]
    assert lines(figure)["10 steps"].get_ydata()[0] == 0.5


def test_gradient_norms_end_where_they_are_not_finite():
    figure = plots.gradient_norms({"a": [1.0, 50.0, math.nan, 3.0], "b": [0.5]}, limit=1.0)
    check_axes(figure, "step", "gradient norm")
    assert list(lines(figure)["a"].get_xdata()) == [1, 2]  # after this step the training had failed
    (cross,) = [line for line in figure.axes[0].get_lines() if line.get_marker() == "x"]
    assert (cross.get_xdata()[0], cross.get_ydata()[0]) == (3, 50.0)
    assert [t.get_text() for t in figure.axes[0].texts] == ["NaN"]
    assert set(lines(figure)["clip at 1"].get_ydata()) == {1.0}
    figure = plots.gradient_norms({"a": [math.inf]}, limit=1.0)
    assert figure.axes[0].texts[0].get_text() == "infinite"
    png(figure)


def test_training_has_nats_left_and_bits_right():
    figure = plots.training({"train": {1: 3.0, 5: 2.0}, "validation": {5: 2.5}})
    check_axes(figure, "step", "nats per character")
    assert lines(figure)["train"].get_xdata().tolist() == [1, 5]
    (bits,) = figure.axes[0].child_axes
    assert bits.get_ylabel() == "bits per character"
    assert bits.get_ylim()[1] == pytest.approx(figure.axes[0].get_ylim()[1] / math.log(2))


def test_recall_shows_every_seed_and_chance():
    figure = plots.recall({"a": {5: [1.0, 0.9], 20: [0.1, 0.2]}, "b": {5: [0.5]}}, chance=0.125)
    check_axes(figure, "lag", "share recalled")
    assert lines(figure)["a"].get_ydata().tolist() == [1.0, 0.9, 0.1, 0.2]
    assert set(lines(figure)["chance 0.125"].get_ydata()) == {0.125}
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["5", "20"]


def test_grid_writes_each_number_and_leaves_gaps():
    figure = plots.grid({(1, 2): 0.25, (3, 4): 1.0}, "delay", "window", "share right")
    check_axes(figure, "window", "delay")
    assert [t.get_text() for t in figure.axes[0].texts] == ["0.25", "1.00"]


def test_a_surface_has_its_numbers_and_its_ways():
    values = np.arange(6.0).reshape(2, 3)
    ways = {"a": ([0, 1, 99], [5, 6, 99]), "b": ([2], [6])}
    figure = plots.surface(values, [0, 1, 2], [5, 6], ("w", "b", "loss"), ways)
    check_axes(figure, "w", "b")
    (shown,) = figure.axes[0].collections
    np.testing.assert_array_equal(shown.get_array(), values)
    assert lines(figure)["a"].get_xdata().tolist() == [0, 1, 99]
    assert figure.axes[0].get_xlim() == (0, 2)  # a way out of the plane does not stretch it
    assert figure.axes[1].get_ylabel() == "loss"
    assert lines(figure)["a"].get_marker() != lines(figure)["b"].get_marker()


def test_curves_are_drawn_over_x():
    figure = plots.curves({"a": ([1, 2], [3, 4])}, "w", "loss, nats", log=True)
    check_axes(figure, "w", "loss, nats")
    assert lines(figure)["a"].get_xdata().tolist() == [1, 2]


def test_seeds_are_dots_beside_the_line_of_their_means():
    figure = plots.by_seed({"a": {10: [3, 1], 100: [1.5]}, "b": {30: [2]}}, "steps", "nats", "t")
    check_axes(figure, "steps", "nats")
    assert figure.axes[0].get_xscale() == "log"
    line = lines(figure)["a"]
    assert line.get_xydata().tolist() == [[10, 2], [100, 1.5]]
    assert figure.axes[0].get_xticks().tolist() == [10, 30, 100]
    dots, _ = figure.axes[0].collections
    assert dots.get_offsets().tolist() == [[10, 3], [10, 1], [100, 1.5]]
    assert to_rgb(dots.get_facecolor()[0]) == to_rgb(line.get_color())


def test_dots_are_not_joined():
    figure = plots.dots({"a": ([1e-3, 1], [0.1, 0.9]), "b": ([1], [2])}, "norm", "share", log=True)
    check_axes(figure, "norm", "share")
    assert figure.axes[0].get_xscale() == "log"
    drawn = lines(figure)
    assert (drawn["a"].get_xdata().tolist(), drawn["a"].get_ydata().tolist()) == (
        [1e-3, 1],
        [0.1, 0.9],
    )
    assert drawn["a"].get_linestyle() == "None"
    assert drawn["a"].get_marker() != drawn["b"].get_marker()


def test_recall_can_be_drawn_before_there_are_scores():
    png(plots.recall({"a": {}, "b": {5: [0.5]}}, chance=0.5))
