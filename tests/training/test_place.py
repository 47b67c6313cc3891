"""Where a training computes if nobody says so."""

import torch

from charlstm.training.place import Place, possible_threads


def test_by_default_it_is_this_process_alone_on_the_cpu():
    place = Place()
    assert place.device == torch.device("cpu")
    assert place.threads is None
    assert (place.ranks.rank, place.ranks.size) == (0, 1)
    assert place.ranks is not Place().ranks  # each notes its own signals


def test_a_file_gets_no_more_threads_than_there_are_cpus(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("charlstm.machine.cpus.usable_cpus", lambda: 4)
    assert [possible_threads(n, tmp_path) for n in (1, 4)] == [1, 4]
    assert capsys.readouterr().err == ""
    assert possible_threads(1024, tmp_path) == 4
    assert (
        "trained with 1,024 threads; this process may use 4 CPUs, so it" in capsys.readouterr().err
    )
