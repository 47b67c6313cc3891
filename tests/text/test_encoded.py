"""A text as ids is the same text: its length, its slices, its characters and their counts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charlstm.text import encoded
from charlstm.text.encoded import EncodedText, code_points, occurring, stretches, to_text

texts = st.text(st.sampled_from("ab\n é€\U0001f600\ud800"), max_size=60)


def as_ids(text, more=""):
    alphabet = "".join(sorted(set(text + more)))
    return EncodedText(alphabet, np.array([alphabet.index(c) for c in text], np.uint8))


@given(texts, st.data())
def test_slices_of_a_text_are_slices_of_its_ids(text, data):
    whole = as_ids(text, "xyz")
    assert (len(whole), str(whole)) == (len(text), text)
    stretch = slice(*(data.draw(st.none() | st.integers(-70, 70)) for _ in range(2)))
    piece = whole[stretch]
    assert str(piece) == text[stretch]
    if len(piece):
        assert piece.first == range(len(text))[stretch][0]
    again = slice(*(data.draw(st.none() | st.integers(0, 70)) for _ in range(2)))
    assert str(piece[again]) == text[stretch][again]


@given(texts)
def test_what_occurs_is_the_same_for_both_kinds_of_text(text):
    points, counts = occurring(text)
    assert dict(zip(map(chr, points), counts, strict=True)) == {c: text.count(c) for c in text}
    assert points.tolist() == sorted(points.tolist())
    others = occurring(as_ids(text, "never"))
    assert (points.tolist(), counts.tolist()) == tuple(part.tolist() for part in others)


@given(texts)
def test_code_points_and_back(text):
    assert code_points(text).tolist() == list(map(ord, text))
    assert to_text(code_points(text)) == text


def test_counts_and_stretches_go_through_the_text_piece_by_piece(monkeypatch):
    monkeypatch.setattr(encoded, "AT_ONCE", 4)
    text = "abracadabra"
    assert as_ids(text).counts.tolist() == [5, 2, 1, 1, 2]
    for kind in (str, as_ids):
        pieces = [str(piece) for piece in stretches(kind(text))]
        assert pieces == ["abra", "cada", "bra"]
