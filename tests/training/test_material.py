"""What a training reads: two parts as ids, each long enough to predict a character."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.options import DataOptions
from charlstm.text.corpus import Corpus, read_corpus
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.material import training_ids


def corpus(text, **options):
    return Corpus(("text",), text, "", DataOptions(**options))


def test_the_parts_are_cut_by_position_and_unknown_characters_left_out():
    text = "abcabcab?b" + "ba?ab"
    train, validation = training_ids(corpus(text, split=(0.6, 0.4)), Vocabulary("abc"))
    assert train.tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert validation.tolist() == [1, 1, 0, 0, 1]


@given(st.integers(1, 40), st.floats(0.05, 0.95))
def test_a_text_of_the_size_that_the_message_names_is_long_enough(length, share):
    options = {"split": (share, 1 - share)}
    vocabulary = Vocabulary("a")
    try:
        parts = training_ids(corpus("a" * length, **options), vocabulary)
    except UserError as error:
        least = int(str(error).split("give at least ")[1].split()[0])
        assert least > length
        parts = training_ids(corpus("a" * least, **options), vocabulary)
        with pytest.raises(UserError, match=f"at least {least} characters"):
            training_ids(corpus("a" * (least - 1), **options), vocabulary)
    assert min(map(len, parts)) >= 2


def test_a_part_of_unknown_characters_is_refused():
    with pytest.raises(UserError, match="for validation only 0 are in the vocabulary"):
        training_ids(corpus("ab" * 9 + "??"), Vocabulary("ab"))


@pytest.mark.parametrize("characters", ["abc?", "?cba", "ab"])
def test_a_text_on_disk_gives_the_same_parts(tmp_path, on_disk, characters):
    text = "abcabcab?b" * 9 + "ba?ab" * 12
    (tmp_path / "x").write_bytes(text.encode())
    from_disk = read_corpus(str(tmp_path / "x"))
    assert not isinstance(from_disk.text, str)
    vocabulary = Vocabulary(characters)
    parts = training_ids(from_disk, vocabulary), training_ids(corpus(text), vocabulary)
    for got, want in zip(*parts, strict=True):
        assert got.tolist() == want.tolist()
        assert isinstance(got, np.memmap)
