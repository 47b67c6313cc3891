"""A figure in words: what is drawn, in all kinds of figures that the package has."""

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from charlstm.insight.surprise import Span
from charlstm.notebook import pair_plots, plots, run_plots, search_plots, text_plots
from charlstm.notebook.describe import describe
from charlstm.notebook.figure import new_axes, new_figure


def in_rows():
    """Return a figure with a row for each name, as lessons draw them."""
    figure, axes = new_axes("share", "", "")
    axes.plot([1, 5], [-0.2, 0.1], ".")
    axes.plot([7], [1], ".")
    axes.plot([7], [1], "o", label="the best", linestyle="none")
    axes.set_yticks([0, 1], ["lstm", "gru"])
    return figure


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (
            plots.norm_by_lag({"a": [1.0, 0.5, 0.25], "b": [2.0, 0.0]}, "costs 3$"),
            "costs 3$. lag k, characters from 0 to 2; norm of dL_T/dh_T-k (logarithmic) from 0.25"
            " to 2. a: 1 to 0.25; b: 2.",
        ),
        (
            plots.gradient_norms({"x": [1, 3, np.inf]}, 0.5, "t"),
            "t. step from 1 to 3; gradient norm before clipping (logarithmic) from 1 to 3."
            " x: 1 to 3; a mark at 3: 3; clip at 0.5; infinite.",
        ),
        (
            plots.recall({"rnn": {4: [0.1, 0.2], 8: [0.3]}}, 0.125, "t"),
            "t. lag, characters: 4 8; share recalled from 0.1 to 0.3."
            " rnn: at 4 0.1 to 0.2, at 8 0.3; chance 0.125.",
        ),
        (
            plots.grid({(1, 2): 0.5, (1, 4): 1.0}, "window", "delay", "share", "t"),
            "t. delay: 2 4; window: 1. share as shades, from 0.5 to 1: window 1: 0.5 1.",
        ),
        (
            plots.grid(
                {(r, c): (r - 3) ** 2 + c for r in range(6) for c in range(7)}, "r", "c", "s"
            ),
            "c: 0 1 2 3 4 5 6; r: 0 1 2 3 4 5. s as shades, from 0 to 15; lowest at c 0, r 3;"
            " highest at c 6, r 0.",
        ),
        (
            plots.surface([[3, 1], [2, 5]], [0.5, 1], [10, 20], ("w", "b", "loss"), {}),
            "w; b. loss as shades, from 1 to 5; lowest at w 1, b 10; highest at w 1, b 20.",
        ),
        (
            plots.curves({"a": ([1, 2, 4, 8], [3, 1, 2, 2.05])}, "rate", "nats"),
            "rate from 1 to 8; nats from 1 to 3. a: 3 to 2.05, lowest 1 at 2.",
        ),
        (
            plots.curves({"a": ([1, 2, 3, 4], [10, 1, 10000, 8])}, "x", "y", log=True),
            "x from 1 to 4; y (logarithmic) from 1 to 10000. a: 10 to 8, lowest 1 at 2, highest"
            " 10000 at 3.",
        ),
        (
            plots.curves({"a": ([1949, 1960.9], [112, 31415.9])}, "year", "passengers"),
            "year from 1949 to 1961; passengers from 112 to 31416. a: 112 to 31416.",
        ),
        (
            plots.dots({"a": ([0.5, 1], [3, 4]), "b": ([2], [5])}, "norm", "share"),
            "norm from 0.5 to 2; share from 3 to 5. a: 2 dots from 3 to 4, at 0.5 to 1; b: a dot"
            " at 2: 5.",
        ),
        (
            in_rows(),
            "share from 1 to 7. the best: gru 7; lstm: 1 to 5; gru: 7.",
        ),
        (
            pair_plots.alignments("ab", "xy", {"weight": [[0.1, 0.9], [0.8, 0.2], [0, 1]]}, "t"),
            "t. source: a b; target: x y \u23ce. weight as shades, from 0 to 1: target x: 0.1 0.9,"
            " y: 0.8 0.2, \u23ce: 0 1; largest of the row: x at b, y at a, \u23ce at b.",
        ),
        (
            run_plots.trainings([run_plots.Curve("r", [{"step": 1, "train_loss": 2.0}])]),
            "bold with marks: validation; thin: training. steps from 1 to 1; nats per character"
            " from 2 to 2. r, training: 2; r, validation: nothing. steps from 1 to 1; learning"
            " rate. r: nothing. steps from 1 to 1; gradient norm (logarithmic). r: nothing."
            " steps from 1 to 1; clipped steps, %. r: nothing.",
        ),
        (
            search_plots.search([{"n": 1, "nats": 3.0}, {"n": 2, "nats": 2.0}], ["n"], "60 steps"),
            "60 steps. finished settings from 1 to 2; nats per character, cold from 2 to 3. each"
            " setting: 2 dots from 2 to 3, at 1 to 2; best so far: 3 to 2. n from 1 to 2. 2 dots"
            " from 2 to 3, at 1 to 2; best: a dot at 2: 2.",
        ),
        (
            text_plots.next_character("ab\n$", {"T = 1": [0.1, 0.2, 0.3, 0.4]}, "t"),
            "t. next character: $ \u21b5 b a; chance."
            " T = 1, tallest bars: $ 0.4, \u21b5 0.3, b 0.2.",
        ),
        (
            text_plots.gates("ab", {"f": np.array([[0.25], [1.0]]), "c": -np.ones((2, 1))}, "t"),
            "t. f unit. values as shades, from 0.25 to 1; lowest at a, f unit 0; highest at b, f"
            " unit 0. character read: a b; c unit. values as shades, from -1 to -1.",
        ),
        (
            text_plots.letters("a\nb", [0.5, -2.0, 0.25], "tanh c of unit 7", "t"),
            "t. tanh c of unit 7 as shades, from -1 to 0.5; 3 letters that begin 'a\\nb'; highest"
            " 0.5 at the end of 'a'; lowest -1 at the end of 'a\\n'.",
        ),
        (
            text_plots.surprise(
                "a bc", [0, 1, 4, 9], [Span(2, 4, "bc", 6.5, 1.0, "word", "rare")], "t"
            ),
            "t. surprise, nats as shades, from 0 to 8; 4 letters that begin 'a bc'; highest 8 at"
            " the end of 'a bc'; underlined: 'bc'.",
        ),
        (
            text_plots.surprise("a", [0.5], title="t"),
            "t. surprise, nats as shades, from 0.5 to 0.5; 1 letter that begin 'a'; highest 0.5 at"
            " the end of 'a'.",
        ),
        (
            text_plots.blame("abc", [3.0, -1.0, 0.0], 2, "occlusion"),
            "occlusion. relevance for c; 1 is 3, the size of that of a 2 letters before as shades,"
            " from -0.33 to 1; 3 letters that begin 'abc'; highest 1 at the end of 'a'; lowest"
            " -0.33 at the end of 'ab'.",
        ),
        (
            text_plots.next_character("ab", {"": [0.1, 0.9]}, "t"),
            "t. next character: b a; chance. tallest bars: b 0.9, a 0.1.",
        ),
        (new_figure(), "an empty figure"),
    ],
)
def test_a_figure_in_words(figure, words):
    assert describe(figure) == words


def test_of_many_lines_the_first_are_told():
    told = describe(plots.curves({f"line {k}": ([1, 2], [k, k]) for k in range(20)}, "x", "y"))
    assert "line 11: 11 to 11; and 8 more." in told
    assert "line 12" not in told


def test_a_notebook_gets_the_words_with_the_picture():
    figure = plots.curves({"a": ([1, 2], [3, 4])}, "x", "y")
    formatter = DisplayFormatter()
    formatter.formatters["image/png"].for_type(type(figure), lambda figure: b"picture")
    shown, metadata = formatter.format(figure)
    assert shown["image/png"] == b"picture"
    assert metadata == {"image/png": {"alt": "x from 1 to 2; y from 3 to 4. a: 3 to 4."}}
