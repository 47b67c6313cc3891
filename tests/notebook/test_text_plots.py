"""Figures along a text show each number above its character."""

import numpy as np
from contrast import contrast, luminance
from hypothesis import given, settings
from hypothesis import strategies as st
from look_at_figures import check_axes, lines
from matplotlib.colors import to_hex

from charlstm.insight.surprise import Span
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


def cells_of(figure):
    """Return the numbers behind the letters, row by row, and where the letters stand, (row, x)."""
    axes = figure.axes[0]
    page = np.ma.filled(axes.get_images()[0].get_array().astype(float), np.nan)
    glyphs, feet = axes.collections
    return page, glyphs, [segment[0] for segment in feet.get_segments()]


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="abçЖ $\\_\n\t\x01", min_size=1, max_size=200), st.integers(0, 9))
def test_letters_have_one_coloured_cell_each(text, seed):
    values = np.random.default_rng(seed).uniform(-1.2, 1.2, len(text))
    page, glyphs, feet = cells_of(text_plots.letters(text, values))
    coloured = ~np.isnan(page)
    assert coloured.sum() == len(text)
    np.testing.assert_array_equal(page[coloured], values.clip(-1, 1))  # in reading order
    lines = [part for line in text.split("\n") for part in folded(line + "\n")]
    lines[-1] = lines[-1][:-1]  # the text does not end with this line end
    expected = [len(line) for line in lines if line]
    assert coloured.sum(1).tolist() == expected
    inked = [(row, k) for row, line in enumerate(filter(None, lines))
             for k, character in enumerate(line) if character != " "]  # fmt: skip
    np.testing.assert_array_equal(glyphs.get_offsets()[:, ::-1], np.reshape(inked, (-1, 2)))
    assert len(glyphs.get_paths()) == len(inked)
    assert len(feet) == (values < 0).sum()  # a line below each negative number


def folded(line):
    most = text_plots.MOST_COLUMNS
    return [line[k : k + most] for k in range(0, len(line), most)]


def test_letters_are_drawn_as_outlines_of_their_own():
    *_, glyphs, _ = cells_of(text_plots.letters("a$a\n", np.zeros(4)))
    a, dollar, again, newline = (path.vertices for path in glyphs.get_paths())
    assert a is again
    assert len({len(a), len(dollar), len(newline)}) == 3
    for vertices in (a, dollar, newline):  # within a cell, in points
        assert np.abs(vertices).max() < text_plots.SIZE


def test_letters_colour_gates_from_white_and_states_from_blue():
    state = text_plots.letters("ab", [-1.0, 1.0], "tanh c", "A $ign")
    gate = text_plots.letters("ab", [0.0, 1.0], "f", low=0.0)
    assert state.axes[0].get_title() == "A $ign"
    shown = [[to_hex(image.cmap(image.norm(v))).upper() for v in (low, 0.0, 1.0)]
             for image, low in ((state.axes[0].get_images()[0], -1.0),
                                (gate.axes[0].get_images()[0], 0.0))]  # fmt: skip
    assert shown == [["#56B4E9", "#FFFFFF", "#E69F00"], ["#FFFFFF", "#FFFFFF", "#E69F00"]]
    assert [f.axes[1].get_xlim() for f in (state, gate)] == [(-1.0, 1.0), (0.0, 1.0)]
    assert [f.axes[1].get_xlabel() for f in (state, gate)] == ["tanh c", "f"]
    for figure in (state, gate):
        assert png(figure)


def test_blame_is_drawn_up_to_the_letter_in_the_frame():
    figure = text_plots.blame("ab\nc$d", [2.0, -4.0, 1.0, -0.07, 0.0, 0.0], target=4, title="LRP")
    page, glyphs, feet = cells_of(figure)
    assert page[~np.isnan(page)].tolist() == [
        0.5,
        -1.0,
        0.25,
        0.0,
        0.0,
    ]  # c is faint, d comes later
    assert len(glyphs.get_offsets()) == 5
    assert len(feet) == 1
    (frame,) = figure.axes[0].patches
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((0.5, 0.5), 1, 1)
    label = figure.axes[1].get_xlabel()
    assert label == "relevance for $; 1 is 4, the size of that of b 3 letters before"
    assert figure.axes[0].get_title() == "LRP"
    assert png(figure)


def test_blame_of_nobody_is_white():
    page, *_ = cells_of(text_plots.blame("ab", [0.0, 0.0], target=1))
    assert page[0, :2].tolist() == [0.0, 0.0]


def test_black_letters_can_be_read_on_every_colour():
    for colour in (text_plots.BELOW, text_plots.NOTHING, text_plots.ABOVE):
        assert contrast("black", colour) > 7  # WCAG AAA


def test_a_unit_is_drawn_by_what_it_is():
    values = np.array([-3.0, 0.5])
    page, *_ = cells_of(text_plots.unit("ab", values, layer=1, value="c", unit=7))
    np.testing.assert_allclose(page[0, :2], np.tanh(values))
    figure = text_plots.unit("ab", values, layer=1, value="c", unit=7)
    assert figure.axes[1].get_xlabel() == "tanh c of unit 7, layer 2"
    for value, low in {"h": -1, "g": -1, "n": -1, "i": 0, "f": 0, "o": 0, "r": 0, "z": 0}.items():
        figure = text_plots.unit("ab", [0.0, 0.5], layer=0, value=value, unit=1)
        assert figure.axes[1].get_xlim()[0] == low
        assert figure.axes[1].get_xlabel() == f"{value} of unit 1, layer 1"


def test_surprise_is_drawn_in_nats_with_what_stands_out_underlined():
    nats = np.array([0.0, 2.0, 9.0, 4.0, 1.0, 3.0])
    span = Span(2, 5, "c\nd", 4.7, 1.0, "passage", "because")
    figure = text_plots.surprise("abc\nde", nats, [span], "A title")
    axes = figure.axes[0]
    (image,) = axes.get_images()
    page = np.ma.filled(image.get_array().astype(float), np.nan)
    np.testing.assert_array_equal(page[~np.isnan(page)], nats.clip(0, text_plots.MOST_NATS))
    colours = [to_hex(image.cmap(image.norm(v))).upper() for v in (0.0, text_plots.MOST_NATS)]
    assert colours == [text_plots.NOTHING, text_plots.ABOVE]
    *_, feet, under = axes.collections
    assert not feet.get_segments()
    ends = [segment.tolist() for segment in under.get_segments()]
    cells = [(0, 2), (0, 3), (1, 0)]
    assert ends == [[[c - 0.5, r + 0.42], [c + 0.5, r + 0.42]] for r, c in cells]
    assert figure.axes[1].get_xlim() == (0.0, text_plots.MOST_NATS)
    assert figure.axes[1].get_xlabel() == "surprise, nats"
    assert axes.get_title() == "A title"
    assert png(figure)


def test_surprise_grows_darker_in_grey():
    image = text_plots.surprise("ab", [0.0, 1.0]).axes[0].get_images()[0]
    shades = [image.cmap(image.norm(v))[:3] for v in np.linspace(0, text_plots.MOST_NATS, 9)]
    grey = [luminance(s) for s in shades]
    assert (np.diff(grey) < -0.03).all()
    assert grey[-1] < 0.5
