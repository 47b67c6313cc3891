"""Arrays and tensors as dtype, shape and bytes."""

import json

import numpy as np
import pytest
import torch

from charlstm.judging import arrays
from charlstm.judging.arrays import UnreadableAnswerError


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8", "i1", "u8", "?", "c16"])
def test_an_array_is_read_as_it_was(dtype):
    array = np.random.default_rng(0).integers(0, 2, (3, 4)).astype(dtype)[::2]
    kind, *state = json.loads(json.dumps(arrays.array_state(array)))
    got = arrays.read_array(state)
    assert (kind, got.dtype, got.shape) == ("array", array.dtype, (2, 4))
    assert (got == array).all()


@pytest.mark.parametrize("dtype", ["O", "<U3", "V4", "M8[s]"])
def test_what_holds_no_numbers_is_refused(dtype):
    with pytest.raises(UnreadableAnswerError, match="not an array of numbers"):
        arrays.read_array([dtype, [0], ""])
    with pytest.raises(UnreadableAnswerError, match="not a tensor of numbers"):
        arrays.read_tensor("load", [0], "", False, False, False)


def test_a_tensor_changes_in_place_also_its_shape():
    held = torch.zeros(2)
    arrays.change_tensor(held, *arrays.tensor_state(torch.ones(2, requires_grad=True))[1:])
    assert held.tolist() == [1, 1]
    assert held.requires_grad
    arrays.change_tensor(held, *arrays.tensor_state(torch.ones(3, 1, dtype=torch.float64))[1:])
    assert (held.shape, held.dtype, held.requires_grad) == ((3, 1), torch.float64, False)


def test_the_state_of_a_generator_comes_back():
    for kind in (np.random.PCG64, np.random.MT19937, np.random.SFC64):
        one, other = np.random.Generator(kind(1)), np.random.Generator(kind(2))
        other.bit_generator.state = arrays.unlisted(arrays.listed(one.bit_generator.state))
        assert other.random() == one.random()
