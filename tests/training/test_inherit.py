"""A model that begins with another's weights knows the old characters as before, and new ones."""

import dataclasses

import numpy as np
import pytest

from charlstm.errors import UserError
from charlstm.options import DataOptions
from charlstm.text.corpus import Corpus
from charlstm.training.inherit import inherit

TEXT = "a joy, ¿señor! ¿a joy! " * 3  # ñ is rarer than ¿


@pytest.fixture
def corpus():
    return Corpus(("new.txt",), TEXT, "", DataOptions())


@pytest.mark.parametrize(("least", "new"), [(1, "¿ñ"), (4, "¿"), (9, "")])
def test_old_characters_keep_their_rows_and_new_ones_get_rows(checkpoint, corpus, least, new):
    corpus = dataclasses.replace(corpus, options=DataOptions(min_count=least))
    vocabulary, model = inherit(checkpoint, corpus, checkpoint.options, seed=3)
    assert vocabulary.characters == checkpoint.vocabulary.characters + new
    _, other = inherit(checkpoint, corpus, checkpoint.options, seed=4)
    longer = 0
    others = other.to_arrays()
    for name, array in model.to_arrays().items():
        old = checkpoint.weights[name]
        kept = tuple(map(slice, old.shape))
        np.testing.assert_array_equal(array[kept], old)
        if array.shape != old.shape:
            longer += 1
            assert array.shape == (len(old) + len(new), *old.shape[1:])
        if array.shape != old.shape and array.ndim > 1:
            assert not np.array_equal(array[len(old) :], others[name][len(old) :])
    assert bool(longer) == bool(new)


def test_unknown_characters_are_left_out_or_refused(checkpoint, corpus):
    vocabulary, _ = inherit(checkpoint, corpus, checkpoint.options, "skip")
    assert vocabulary == checkpoint.vocabulary
    with pytest.raises(UserError, match=r"new\.txt: character '¿' \(U\+00BF\) at position 7 "):
        inherit(checkpoint, corpus, checkpoint.options, "error")


@pytest.mark.parametrize("other", [{"hidden_size": 11}, {"layers": 3}, {"cell": "gru"}])
def test_other_sizes_are_refused(checkpoint, corpus, other):
    """Rows of weights would go to other gates without a word."""
    with pytest.raises(UserError, match="which cannot change"):
        inherit(checkpoint, corpus, dataclasses.replace(checkpoint.options, **other))
    for dropout in (0.0, 0.5):
        options = dataclasses.replace(checkpoint.options, dropout=dropout)
        assert inherit(checkpoint, corpus, options)[1].options.dropout == dropout
