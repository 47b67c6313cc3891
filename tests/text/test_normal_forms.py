"""Letters that a model knows in another normal form."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.text.normal_forms import other_form


@pytest.mark.parametrize(
    ("text", "position", "known", "mended"),
    [
        ("caf\xe9", 3, "cafe\u0301", ("NFD", "e\u0301")),
        ("cafe\u0301!", 4, "caf\xe9!", ("NFC", "\xe9")),
        ("\u1ebf", 0, "e\u0302\u0301", ("NFD", "e\u0302\u0301")),  # Vietnamese
        ("e\u0302\u0301", 1, "\u1ebf", ("NFC", "\u1ebf")),
        ("\u0958", 0, "\u0915\u093c", ("NFC", "\u0915\u093c")),  # Devanagari: NFC decomposes, too
        ("\ufb2a", 0, "\u05e9\u05c1", ("NFC", "\u05e9\u05c1")),  # Hebrew: shin with its dot
        ("\u1112\u1161\u11ab", 0, "\ud55c", ("NFC", "\ud55c")),  # Korean: three parts of one letter
        ("\ud55c", 0, "\u1112\u1161\u11ab", ("NFD", "\u1112\u1161\u11ab")),
        ("\u09c7\u09be", 1, "\u09cb", ("NFC", "\u09cb")),  # Bengali: a vowel sign of two parts
    ],
)
def test_the_form_that_a_model_knows(text, position, known, mended):
    found = other_form(text, position, set(known).issuperset)
    assert found is not None
    assert (found.form, found.mended) == mended
    assert unicodedata.normalize(found.form, found.piece) == found.mended


@pytest.mark.parametrize(("text", "known"), [("\xe9", "e"), ("\u20ac", "abc"), ("x\u0301", "x")])
def test_no_form_where_none_would_help(text, known):
    position = next(k for k, c in enumerate(text) if c not in known)
    assert other_form(text, position, set(known).issuperset) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.data())
def test_what_is_mended_is_known_and_looks_the_same(text, data):
    form = data.draw(st.sampled_from(["NFC", "NFD"]))
    known = set(unicodedata.normalize(form, text))
    for position, character in enumerate(text):
        if character not in known:
            found = other_form(text, position, known.issuperset)
            assert found is None or known.issuperset(found.mended)
            if found is not None:
                assert character in found.piece
                pair = (unicodedata.normalize("NFD", x) for x in (found.piece, found.mended))
                assert len(set(pair)) == 1


def test_the_advice_shows_both_as_escapes():
    found = other_form("\xe9", 0, set("e\u0301").issuperset)
    assert found.advice == (
        r"it knows \xe9 as e\u0301: give the text in the normal form NFD, as Python's"
        " unicodedata.normalize('NFD', text) does"
    )


def test_many_marks_take_no_longer_than_a_few():
    text = "e" + "\u0301" * 100_000
    assert other_form(text, 50_000, set("x").issuperset) is None
