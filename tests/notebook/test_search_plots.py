"""The figure of a search: each setting where its options and its score put it."""

import numpy as np
import pytest

from charlstm.notebook.search_plots import search

SETTINGS = [
    {"hidden_size": 16, "clip": None, "nats": 2.5},
    {"hidden_size": 256, "clip": 1.0, "nats": 2.0},
    {"hidden_size": 64, "clip": None, "nats": 2.2},
]


def test_each_setting_stands_at_its_values_and_the_best_is_marked():
    figure = search(SETTINGS, ["hidden_size", "clip"], "60 steps each")
    history, sizes, clips = figure.axes
    assert history.get_lines()[0].get_ydata().tolist() == [2.5, 2.0, 2.2]
    assert history.get_lines()[1].get_ydata().tolist() == [2.5, 2.0, 2.0]
    assert sizes.get_xscale() == "log"
    assert np.asarray(sizes.get_lines()[0].get_xdata()).tolist() == [16, 256, 64]
    assert [label.get_text() for label in clips.get_xticklabels()] == ["1.0", "none"]
    assert np.asarray(clips.get_lines()[0].get_xdata()).tolist() == [1, 0, 1]
    assert sizes.get_lines()[-1].get_xdata() == [256]
    assert "60 steps each" in figure.get_suptitle()


def test_intervals_are_drawn_where_there_are_several_seeds():
    settings = [s | {"low": s["nats"] - 0.1, "high": s["nats"] + 0.3} for s in SETTINGS]
    axes = search(settings, ["hidden_size"], "equal").axes[1]
    (bars,) = axes.collections
    first = bars.get_segments()[0]
    assert first[:, 1].tolist() == pytest.approx([2.4, 2.8])
