"""Trainings as one figure: what each line shows, also of old logs and of a diverged run."""

import math

import pytest

from charlstm.notebook.figure import png
from charlstm.notebook.run_plots import Curve, trainings

LINES = [
    {"step": 10, "train_loss": 3.0, "validation": 2.5, "clipped": 0.5, "grad_norm": 9.0,
     "mean_grad_norm": 2.0, "learning_rate": 0.01, "seconds": 1.0, "characters": 100},
    {"step": 30, "train_loss": 2.0, "clipped": 0.3, "grad_norm": 9.0, "learning_rate": 0.02},
]  # fmt: skip


def test_clipping_is_counted_from_line_to_line():
    assert Curve("a", LINES).clipped() == pytest.approx([50, 20])
    assert all(map(math.isnan, Curve("a", [{"step": 3}]).clipped()))


def test_each_axis_shows_its_column_and_a_lost_validation_gets_a_cross():
    figure = trainings([Curve("a $x$", LINES, uniform=3.5, clip=1.0), Curve("b", LINES)])
    loss, rate, norm, clipped = figure.axes[:4]
    train, validation, lost = loss.get_lines()[:3]
    assert list(train.get_ydata()) == [3.0, 2.0]
    assert validation.get_ydata()[0] == 2.5
    assert list(lost.get_xdata()) == [30]
    assert list(rate.get_lines()[0].get_ydata()) == [0.01, 0.02]
    assert list(norm.get_lines()[0].get_ydata()) == [2.0, 9.0]  # an old line has its last step's
    assert list(clipped.get_lines()[1].get_ydata()) == pytest.approx([50, 20])
    assert png(figure).startswith(b"\x89PNG")


def test_a_run_with_one_line_is_seen_on_each_axis():
    figure = trainings([Curve("short", LINES[:1]), Curve("long", LINES)])
    for axes in figure.axes[:4]:
        short, *others = [line for line in axes.get_lines() if len(line.get_xdata())]
        assert short.get_marker() == "."
        assert "" in [line.get_marker() for line in others]


def test_a_diverged_run_does_not_press_the_others_flat():
    wild = [line | {"train_loss": 1e9} for line in LINES]
    figure = trainings([Curve("wild", wild, uniform=3.0), Curve("tame", LINES, uniform=3.0)])
    assert figure.axes[0].get_ylim() == (0, pytest.approx(3.9))


def test_a_legend_says_the_options_of_a_long_name_whole():
    curve = Curve("name " * 20, LINES, options=", ".join(f"option_{k} {k}" for k in range(20)))
    assert "option_19 19" in curve.label
    assert max(map(len, curve.label.split("\n"))) <= 100
    assert curve.label.startswith("name name name")
    legend = trainings([curve, Curve("b", LINES)]).legends[0]
    assert [text.get_text() for text in legend.get_texts()] == [curve.label, "b"]
