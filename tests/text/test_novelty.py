"""The copied pieces are those that a plain search finds."""

from hypothesis import given
from hypothesis import strategies as st

from charlstm.text.novelty import LENGTHS, known_words, longest_repeat, novelty

few_letters = st.text(alphabet="ab\N{LATIN SMALL LETTER A WITH GRAVE}\U0001f600", max_size=40)


@given(few_letters, few_letters)
def test_shares_and_the_longest_piece_are_those_that_a_search_finds(text, source):
    found = novelty(text, source)
    for length in LENGTHS:
        pieces = [text[k : k + length] for k in range(len(text) - length + 1)]
        if not pieces:
            assert found.copied[length] is None
        else:
            assert found.copied[length] == sum(p in source for p in pieces) / len(pieces)
    lengths = range(len(text), -1, -1)
    longest = next(
        text[k : k + n]
        for n in lengths
        for k in range(len(text) - n + 1)
        if text[k : k + n] in source
    )
    assert found.longest == longest


@given(few_letters)
def test_the_longest_repeat_is_the_one_that_a_search_finds(text):
    pieces = [
        (end - start, -start, text[start:end])
        for start in range(len(text))
        for end in range(start + 1, len(text) + 1)
        if text.find(text[start:end], start + 1) >= 0
    ]
    assert longest_repeat(text) == max(pieces, default=(0, 0, ""))[2]


def test_a_piece_that_ends_in_the_other_text_is_not_copied():
    assert novelty("xab", "cabc").longest == "ab"  # not "abc", over the border


def test_long_copies_are_found_whole():
    source = "".join(chr(97 + (k * k) % 23) for k in range(3000))
    text = "?" + source[500:1700] + "!" + source[10:400]
    assert novelty(text, source).longest == source[500:1700]


def test_known_words_need_words():
    assert known_words("12 + 3 = 15!", "one") is None
    assert known_words("It's o'er-done, sir", "it's done o'er-done") == 2 / 3
