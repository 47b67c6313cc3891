"""Helpers that find the lines of a figure and check its axes."""

from charlstm.notebook.figure import png


def lines(figure):
    return {line.get_label(): line for line in figure.axes[0].get_lines()}


def check_axes(figure, xlabel, ylabel):
    axes = figure.axes[0]
    assert xlabel in axes.get_xlabel()
    assert ylabel in axes.get_ylabel()
    assert png(figure, dots_per_inch=40).startswith(b"\x89PNG")
