"""Where a training computes if nobody says so."""

import torch

from charlstm.training.place import Place


def test_by_default_it_is_this_process_alone_on_the_cpu():
    place = Place()
    assert place.device == torch.device("cpu")
    assert place.threads is None
    assert (place.ranks.rank, place.ranks.size) == (0, 1)
    assert place.ranks is not Place().ranks  # each notes its own signals
