"""Features are what they say, for any text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.insight.features import (
    FEATURES,
    bracket_depth,
    bracketed,
    indent,
    line_position,
    next_vowel,
    quoted,
    speaker_name,
    upper_case,
    word_position,
)


@settings(deadline=None)  # else a busy machine fails it
@given(st.text(alphabet='aA.:" \n\t', max_size=60))
def test_features_of_any_text(text):
    for feature in FEATURES.values():
        assert feature(text).shape == (len(text),)
        assert feature(text).dtype == np.float64
    for t in range(len(text)):
        before = text[:t]
        assert line_position(text)[t] == len(before) - (before.rfind("\n") + 1)
        assert word_position(text)[t] == len(before) - (max(map(before.rfind, " \n\t")) + 1)
        assert quoted(text)[t] == text[: t + 1].count('"') % 2
        assert upper_case(text)[t] == (text[t] == "A")
        assert next_vowel(text)[t] == (text[t + 1 : t + 2] in ("a", "A"))
    inside = speaker_name(text)
    start = 0
    for line in text.split("\n"):
        named = (
            len(line) > 1
            and line[0] == "A"
            and line[-1] == ":"
            and not set(line[:-1]) & set(':"\t')
        )
        assert (inside[start : start + len(line)] == named).all()
        assert not inside[start + len(line) :][:1].any()
        start += len(line) + 1


@settings(deadline=None)
@given(st.text(alphabet="a \t\n", max_size=40))
def test_the_indent_is_that_of_python(text):
    for t, found in enumerate(indent(text)):
        line = text[: t + 1].removesuffix("\n").split("\n")[-1]
        blanks = line[: len(line) - len(line.lstrip(" \t"))]
        assert found == len(blanks.expandtabs(8))


def fits(text):
    """Return the brackets that are open at the end of a text without an empty line."""
    left = "".join(character for character in text if character in "()[]")
    while (shorter := left.replace("()", "").replace("[]", "")) != left:
        left = shorter
    return left


@settings(deadline=None)
@given(st.text(alphabet="()[]a\n", max_size=40))
def test_the_depth_is_what_is_left_when_pairs_are_taken_away(text):
    for t, found in enumerate(bracket_depth(text)):
        part = text[: t + 1].split("\n\n")[-1]
        left = fits(part)
        if not set(left) & set(")]"):  # else some closing bracket fits nothing
            assert found == len(left)
        assert bracketed(text)[t] == (found > 0)


@pytest.mark.parametrize(
    ("text", "depths"),
    [
        ("{[(x)]}", [1, 2, 3, 3, 2, 1, 0]),
        (")a(", [0, 0, 1]),  # nothing to close
        ("(]a)", [1, 1, 1, 0]),  # of another kind
        ("(\na\n\n)", [1, 1, 1, 1, 0, 0]),  # an empty line closes all
    ],
)
def test_the_depth_of_brackets(text, depths):
    assert bracket_depth(text).tolist() == depths
