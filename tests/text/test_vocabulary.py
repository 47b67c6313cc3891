"""Text to ids and back, and characters that have no id."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.text.encoded import EncodedText
from charlstm.text.vocabulary import Vocabulary, check_ids, encode_texts

any_text = st.text(st.characters(), min_size=1)  # surrogates, too


@given(any_text)
def test_decode_inverts_encode(text):
    vocabulary = Vocabulary.of(text)
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int32
    assert vocabulary.decode(ids) == text
    assert list(vocabulary.characters) == sorted(set(text))


@given(st.binary(min_size=1))
def test_bytes_survive_the_round_trip(content):
    vocabulary = Vocabulary.of(content.decode("latin-1"), bytewise=True)
    text = vocabulary.decode(vocabulary.encode(content.decode("latin-1")))
    assert vocabulary.to_user(text) == content


@given(any_text, any_text)
def test_unknown_characters_are_named_or_skipped(text, other):
    vocabulary = Vocabulary.of(text)
    unknown = [(k, c) for k, c in enumerate(other) if c not in text]
    kept = vocabulary.encode(other, unknown="skip")
    assert vocabulary.decode(kept) == "".join(c for c in other if c in text)
    assert vocabulary.unknown(other) == "".join(sorted({c for _, c in unknown}))
    if unknown:
        position, character = unknown[0]
        with pytest.raises(UserError, match=f"U\\+{ord(character):04X}.* at position {position} "):
            vocabulary.encode(other)


@given(any_text, st.integers(1, 5))
def test_min_count_keeps_what_occurs_that_often(text, least):
    kept = "".join(sorted(c for c in set(text) if text.count(c) >= least))
    if kept:
        assert Vocabulary.of(text, min_count=least).characters == kept
    else:
        with pytest.raises(UserError, match=f"^min_count is {least}"):
            Vocabulary.of(text, min_count=least)


def test_typed_text_becomes_bytes_where_the_vocabulary_is_bytes():
    assert Vocabulary("\xc3\xa9", bytewise=True).from_user("é") == "Ã©"
    assert Vocabulary("é").from_user("é") == "é"


def test_typed_text_is_utf8_in_a_locale_of_ascii_alone():
    typed = "aé€".encode().decode("ascii", "surrogateescape")
    assert Vocabulary("é").from_user(typed) == "aé€"
    assert (
        Vocabulary("é").from_user("a\udcff") == "a\udcff"
    )  # no UTF-8: stays, and is refused later
    assert Vocabulary("\xc3\xa9", bytewise=True).from_user(typed[:3]) == "aÃ©"


@pytest.mark.parametrize("characters", ["", "aba"])
def test_a_vocabulary_is_a_set_of_characters(characters):
    with pytest.raises(UserError, match="all different"):
        Vocabulary(characters)


@pytest.mark.parametrize(
    ("how", "end"), [({}, "remove it"), ({"unknown": "error"}, "remove it, or pass unknown='skip'")]
)
def test_only_those_who_can_skip_are_told_so(how, end):
    with pytest.raises(UserError, match=f"the model's 2 characters; {end}$"):
        Vocabulary("ab").encode("az", **how)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("z", r"'z' \(U\+007A\) at position 0 is not among the model's 2 characters; remove it$"),
        ("azy", r"characters \(nor is 'y' \(U\+0079\)\); remove"),
        ("zyx", r"\(nor are 'x' \(U\+0078\), 'y' \(U\+0079\)\);"),
        ("0123456789", r"'5' \(U\+0035\) and 4 more\); remove"),
    ],
)
def test_all_unknown_characters_are_named_up_to_a_few(text, told):
    with pytest.raises(UserError, match=told):
        Vocabulary("ab").encode(text)
    with pytest.raises(UserError, match=told.removesuffix("$")):
        Vocabulary("ab").check(text, "text")


def test_the_normal_form_that_would_mend_a_text_is_named():
    told = r"it knows \\xe9 as e\\u0301: give the text in the normal form NFD, .* or remove it$"
    with pytest.raises(UserError, match=told):
        Vocabulary.of("cafe\u0301").encode("café")
    composed = Vocabulary.of("café")
    with pytest.raises(UserError, match=r"it knows e\\u0301 as \\xe9: .* NFC"):
        composed.check("cafe\u0301", "text")


def test_bytes_are_named_as_bytes_and_their_letter_in_the_form_that_is_known():
    vocabulary = Vocabulary.of("cafe\u0301".encode().decode("latin-1"), bytewise=True)
    told = r"^prime: byte 0xc3 at position 3 is not among the model's 6 bytes \(nor is 0xa9\); it"
    with pytest.raises(UserError, match=told + r" knows \\xe9 as e\\u0301") as refused:
        vocabulary.encode(vocabulary.from_user("café"), where="prime")
    assert "NFD" in str(refused.value)
    with pytest.raises(UserError, match=r"byte 0xff .* bytes; remove it$"):
        vocabulary.encode("\xff")  # no UTF-8


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ("ab", r"^sources is one text, 'ab'; give a list of texts, such as \['ab'\]$"),
        (["a", ""], "^source 1 is empty; give a text of at least one letter$"),
        (["a", 5], "^source 1 is 5; it must be a text$"),
        (["a", "bz"], "^source 1: character 'z' .* at position 1 is not .* characters; remove it$"),
    ],
)
def test_texts_are_refused_by_their_number(texts, told):
    with pytest.raises(UserError, match=told):
        encode_texts(Vocabulary("ab"), texts, "source", least=1)


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ([[0]], r"ids: the shape is \(1, 1\); give one row"),
        (2, r"ids: the shape is \(\); give one row"),
        ([0.0], "ids: the numbers are of type float64; give whole numbers"),
        ([True], "ids: the numbers are of type bool; give whole numbers"),
        ([0, -1], "ids: -1 at position 1; each must be from 0 to 1"),
        ([0, 1, 2], "ids: 2 at position 2; each must be from 0 to 1"),
    ],
)
def test_ids_are_refused_by_their_position(ids, told):
    with pytest.raises(UserError, match=told):
        check_ids(ids, 2, "ids")
    assert check_ids([], 2, "ids").shape == (0,)
    assert check_ids(np.array([1, 0], np.uint8), 2, "ids").tolist() == [1, 0]


def test_a_long_text_is_looked_at_only_if_a_character_is_unknown(monkeypatch):
    text = EncodedText("abz", np.zeros(9, np.uint8), "x")
    Vocabulary("ab").check(text, "x")  # z does not occur
    monkeypatch.setattr(EncodedText, "__str__", None)
    Vocabulary("ab").check(text, "x")
    with pytest.raises(TypeError):
        Vocabulary("b").check(text, "x")
    monkeypatch.undo()
    with pytest.raises(UserError, match=r"'a' .* at position 0 is not among"):
        Vocabulary("b").check(text, "x")
