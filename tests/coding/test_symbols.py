"""Any bytes become symbols and come back."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charlstm.coding.symbols import Symbols, count_bytes
from charlstm.text.vocabulary import Vocabulary

# letters of one, two, three and four bytes; a lone surrogate, which no UTF-8 file holds
VOCABULARY = Vocabulary("a\n\ré€😀\udc80")
CONTENT = st.binary(max_size=60) | st.text("a\n\ré€😀ßx", max_size=30).map(str.encode)


@given(CONTENT)
@example(b"\x80")
@example("é".encode()[:1])
@example("\ufeffaé\r\n".encode())
@example(b"\xed\xb2\x80")  # how the lone surrogate would be written
@pytest.mark.parametrize("bytewise", [False, True])
def test_any_bytes_come_back(bytewise, content):
    vocabulary = Vocabulary("a\n\xc3", True) if bytewise else VOCABULARY
    symbols = Symbols(vocabulary)
    ids = symbols.of(content)
    assert all(-256 <= i < len(vocabulary) for i in ids)
    assert symbols.content(ids) == content


def test_known_characters_are_ids_and_others_bytes():
    symbols = Symbols(VOCABULARY)
    assert symbols.of("a€😀".encode()) == [0, 4, 5]
    unknown = symbols.of("aß\xff".encode())
    assert unknown == [0, -1 - 0xC3, -1 - 0x9F, -1 - 0xC3, -1 - 0xBF]
    assert count_bytes(unknown) == 4
    assert symbols.of(b"a\xc3a") == [0, -1 - 0xC3, 0]


def test_a_vocabulary_of_bytes():
    symbols = Symbols(Vocabulary("a\xc3\xa9", True))
    assert symbols.of("aé!".encode()) == [0, 1, 2, -1 - ord("!")]
