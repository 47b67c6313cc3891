"""A figure in words: what is drawn, in all kinds of figures that the package has."""

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from charlstm.insight.surprise import Span
from charlstm.notebook import plots, text_plots
from charlstm.notebook.describe import describe
from charlstm.notebook.figure import new_figure


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
            " x: 1 to 3; a mark: 3; clip at 0.5; infinite.",
        ),
        (
            plots.recall({"rnn": {4: [0.1, 0.2], 8: [0.3]}}, 0.125, "t"),
            "t. lag, characters: 4 8; share recalled from 0.1 to 0.3."
            " rnn: 3 dots from 0.1 to 0.3; chance 0.125.",
        ),
        (
            plots.grid({(1, 2): 0.5, (1, 4): 1.0}, "window", "delay", "share", "t"),
            "t. delay: 2 4; window: 1. share as shades, from 0.5 to 1.",
        ),
        (
            text_plots.next_character("ab\n$", {"T = 1": [0.1, 0.2, 0.3, 0.4]}, "t"),
            "t. next character: $ \u21b5 b a; chance."
            " T = 1, tallest bars: $ 0.4, \u21b5 0.3, b 0.2.",
        ),
        (
            text_plots.gates("ab", {"f": np.array([[0.25], [1.0]]), "c": -np.ones((2, 1))}, "t"),
            "t. f unit. values as shades, from 0.25 to 1. character read: a b; c unit. values as"
            " shades, from -1 to -1.",
        ),
        (
            text_plots.letters("a\nb", [0.5, -2.0, 0.25], "tanh c of unit 7", "t"),
            "t. tanh c of unit 7 as shades, from -1 to 0.5.",
        ),
        (
            text_plots.surprise(
                "a bc", [0, 1, 4, 9], [Span(2, 4, "bc", 6.5, 1.0, "word", "rare")], "t"
            ),
            "t. surprise, nats as shades, from 0 to 8; underlined: 'bc'.",
        ),
        (
            text_plots.surprise("a", [0.5], title="t"),
            "t. surprise, nats as shades, from 0.5 to 0.5.",
        ),
        (
            text_plots.blame("abc", [3.0, -1.0, 0.0], 2, "occlusion"),
            "occlusion. relevance for c; 1 is 3, the size of that of a 2 letters before as shades,"
            " from -0.33 to 1.",
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
    assert "line 7: 7 to 7; and 12 more." in told
    assert "line 8" not in told


def test_a_notebook_gets_the_words_with_the_picture():
    figure = plots.curves({"a": ([1, 2], [3, 4])}, "x", "y")
    formatter = DisplayFormatter()
    formatter.formatters["image/png"].for_type(type(figure), lambda figure: b"picture")
    shown, metadata = formatter.format(figure)
    assert shown["image/png"] == b"picture"
    assert metadata == {"image/png": {"alt": "x from 1 to 2; y from 3 to 4. a: 3 to 4."}}
