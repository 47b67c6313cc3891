"""Cutting ids into streams: each row of a window continues the row before it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError, counted
from charlstm.text.streams import Streams, streams_for


@given(
    length=st.integers(2, 400),
    batch_size=st.integers(1, 9),
    window=st.integers(1, 30),
    data=st.data(),
)
def test_each_row_goes_on_where_it_stopped(length, batch_size, window, data):
    ids = np.arange(length, dtype=np.int32)
    streams = streams_for(ids, batch_size, window)
    offset = data.draw(st.integers(0, streams.dropped))
    seen = []
    for index in range(streams.windows):
        inputs, targets = streams.read(index, offset)
        assert inputs.shape == targets.shape == (streams.batch_size, streams.window)
        np.testing.assert_array_equal(targets, inputs + 1)
        if seen:
            np.testing.assert_array_equal(inputs[:, 0], seen[-1][:, -1] + 1)
        seen.append(inputs)
    read = np.sort(np.concatenate(seen, 1).ravel())
    np.testing.assert_array_equal(read, np.arange(offset, offset + len(read)))
    assert len(read) + streams.dropped + 1 == length


def test_streams_refuse_a_text_that_fills_no_window():
    with pytest.raises(UserError, match=r"12 characters .* 3 streams; give at least 13"):
        Streams(np.zeros(12, np.int32), batch_size=3, window=4)


@pytest.mark.parametrize("length", [0, 1])
def test_nothing_can_be_learnt_from_one_character(length):
    with pytest.raises(UserError, match=f"{counted(length, 'character')}; at least 2"):
        streams_for(np.zeros(length, np.int32), 16, 64)
