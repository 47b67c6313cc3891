"""Runs are found by their hashes, in a text and at the end of texts that grow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.sampling.runs import BASE, Followers, Newest, hashes

few_ids = st.lists(st.integers(0, 3), max_size=60).map(lambda ids: np.array(ids, np.int32))


def by_definition(run):
    total = 0
    for i in run:
        total = (total * BASE + int(i) + 1) % 2**64
    return total


@given(few_ids, st.integers(1, 40))
def test_hashes_are_those_of_the_definition(ids, length):
    expected = [by_definition(ids[t : t + length]) for t in range(len(ids) - length + 1)]
    assert hashes(ids, length).tolist() == expected


@given(few_ids, st.integers(1, 12), st.integers(0, 70))
def test_the_newest_run_of_a_growing_text_has_the_same_hash(ids, length, primed):
    newest = Newest(length, 2, ids[:primed])
    for i in ids[primed:]:
        newest.take(np.array([i, 3 - i]))
    assert newest.full == (len(ids) >= length)
    if newest.full:
        assert int(newest.hash[0]) == by_definition(ids[-length:])
        others = [*ids[:primed], *(3 - ids[primed:])]
        assert int(newest.hash[1]) == by_definition(others[-length:])


@given(few_ids, st.lists(few_ids, min_size=1, max_size=4), st.integers(1, 5))
def test_followers_are_those_of_the_text_each_once(ids, texts, length):
    table = Followers(ids, length)
    for text in texts:
        newest = Newest(length, 1, text)
        if newest.full:
            run = text[-length:].tolist()
            starts = range(len(ids) - length)
            expected = {int(ids[t + length]) for t in starts if ids[t : t + length].tolist() == run}
            found = [sorted(after.tolist()) for _, after in table.of(newest.hash)]
            assert found == ([sorted(expected)] if expected else [])


@pytest.mark.parametrize(("most", "each"), [(64, 9), (3000, 10)])
def test_a_table_takes_as_much_as_is_said(most, each):
    ids = np.random.default_rng(0).integers(most + 1, size=20_000, dtype=np.int32)
    table = Followers(ids, 20)
    assert table._runs.nbytes + table._after.nbytes == each * (20_000 - 20)


def test_different_runs_of_a_text_have_different_hashes():
    ids = np.random.default_rng(0).integers(65, size=300_000, dtype=np.int32)
    assert len(np.unique(hashes(ids, 20))) == 300_000 - 19
    assert len(np.unique(hashes(np.tile(ids[:777], 300), 20))) == 777
