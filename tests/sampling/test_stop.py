"""Where samples end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.options import SampleOptions
from charlstm.sampling.sampler import Sampler, generate, generate_many
from charlstm.sampling.stop import end_before


@given(st.text("abc", min_size=1, max_size=4), st.text("abcde", max_size=60))
def test_a_stop_text_ends_the_sample_before_it(stop, text):
    passed = end_before(stop, ([character] for character in text), 1)
    assert "".join(piece for (piece,) in passed) == text.split(stop)[0]


def test_characters_are_held_back_only_while_they_may_be_the_stop():
    pieces = end_before("aab", ([character] for character in "caaacaa"), 1)
    assert [piece for (piece,) in pieces] == ["c", "", "", "a", "aac", "", "", "aa"]


@given(st.lists(st.text("ab", min_size=12, max_size=12), min_size=1, max_size=4))
def test_each_of_many_ends_at_its_own_place_and_all_when_the_last_has(texts):
    taken = []

    def written():
        for row in zip(*texts, strict=True):
            taken.append(row)
            yield list(row)

    pieces = list(zip(*end_before("bb", written(), len(texts)), strict=True))
    assert ["".join(sample) for sample in pieces] == [text.split("bb")[0] for text in texts]
    assert len(taken) == max(min(f"{text}bb".find("bb") + 2, 12) for text in texts)


def test_a_stop_text_that_can_never_come_is_refused_before_it_is_waited_for(checkpoint):
    sampler = Sampler(checkpoint)
    told = r"^stop: character '€' \(U\+20AC\) at position 1 .*\(nor is 'ß' .*no sample would ever"
    for write in (generate, lambda *more: generate_many(more[0], 2, *more[1:])):
        with pytest.raises(UserError, match=told):
            write(sampler, "", SampleOptions(stop="a€ß"))
