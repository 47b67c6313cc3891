"""Several processes train as one would, and agree on all that could part them."""

import contextlib
import os
import pickle
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from training import two_ranks

from charlstm.errors import UserError
from charlstm.training import distributed
from charlstm.training.distributed import TORCHRUN, LostRankError, Processes, Ranks, join

TESTS = Path(__file__).parents[1]


def free_port():
    """Return a port that is free, and stays free.

    It is below those that a system gives to the next connection that asks for none.
    """
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return str(port)
    raise AssertionError("no port is free")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each of two processes tells; see `two_ranks.py`."""
    folder = tmp_path_factory.mktemp("ranks")
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    started = [
        subprocess.Popen(
            [sys.executable, two_ranks.__file__, str(folder)],
            env=os.environ | place | {"RANK": rank, "LOCAL_RANK": rank, "PYTHONPATH": path},
        )
        for rank in "01"
    ]
    try:
        assert [process.wait(200) for process in started] == [0, 0]
    finally:
        for process in started:
            process.kill()
            process.wait()
    return [pickle.loads((folder / f"told{rank}").read_bytes()) for rank in (0, 1)]


@pytest.mark.parametrize(("kind", "close"), [("float32", 1e-6), ("float64", 1e-12)])
def test_two_ranks_with_half_the_streams_each_take_the_path_of_one(told, kind, close):
    want, want_numbers = two_ranks.path(Ranks(), getattr(torch, kind))
    for rank in told:
        got, numbers = rank[kind]
        assert got.keys() == want.keys()
        for name in want:
            assert got[name].shape == want[name].shape
            if name.startswith(("model.", "average.", "best.")):
                assert np.abs(got[name] - want[name]).max() < close, name
            assert np.allclose(got[name], want[name], rtol=0, atol=10 * close), name
        assert numbers["now"]["step"] == 50
        for name in ("best", "loss_sum"):
            assert numbers["good"][name] == pytest.approx(want_numbers["good"][name], abs=1e-5)
    assert told[0][kind][1] == told[1][kind][1]  # all that they count, the seconds, too


def test_ranks_agree_on_every_bit(told):
    first, second = (rank["float32"][0] for rank in told)
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_masks_differ_between_ranks_and_rank_0_has_those_of_a_single_process(told):
    (plain, _), (other_plain, _) = (rank["plain"] for rank in told)
    assert plain == pytest.approx(other_plain)  # the same text, the same weights
    (own, weights), (other, other_weights) = (rank["dropout"] for rank in told)
    assert abs(own[0] - other[0]) > 1e-4
    assert all(np.array_equal(weights[name], other_weights[name]) for name in weights)


def test_an_infinite_loss_on_one_rank_takes_all_back(told):
    (notes, weights), (other_notes, other_weights) = (rank["bad loss"] for rank in told)
    assert notes == other_notes
    assert len(notes) == 1
    assert notes[0][1].startswith("step 30: loss inf, gradient norm 0.")
    assert "back to step 20" in notes[0][1]
    assert all(np.array_equal(weights[name], other_weights[name]) for name in weights)


def test_rank_0s_clock_ends_a_budget_in_minutes_for_all(told):
    (progress, rates), (other_progress, other_rates) = (rank["clocks"] for rank in told)
    assert progress == other_progress
    assert progress.step > 5
    assert rates == other_rates


def test_a_signal_to_one_rank_ends_all_after_the_same_step(told):
    assert [rank["caught"] for rank in told] == [(7, signal.SIGTERM)] * 2


def test_what_rank_0_makes_is_known_to_all(told):
    assert [rank["first"] for rank in told] == [0, 0]


# --- without other processes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"WORLD_SIZE": "4"},
        {"WORLD_SIZE": "", "LOCAL_RANK": "0", "RANK": "0"},
        {"WORLD_SIZE": "4", "LOCAL_RANK": "0", "RANK": "0"},  # nobody to meet
        dict.fromkeys(TORCHRUN, "1"),
    ],
)
def test_without_torchrun_a_process_is_the_only_one(others, monkeypatch):
    for name in TORCHRUN:
        monkeypatch.delenv(name, raising=False)
    for name, value in others.items():
        monkeypatch.setenv(name, value)
    ranks = join()
    assert (ranks.rank, ranks.size) == (0, 1)
    assert list(range(6))[ranks.rows(6)] == list(range(6))


@pytest.fixture
def three(monkeypatch):
    """Rank 1 of 3, which never speaks to the others, and the signals as they were before it."""
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda *_, **__: None)
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # Windows lacks the third, others the last
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    yield Processes(1, 3)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_rows_of_all_ranks_are_all_rows(three):
    assert list(range(6))[three.rows(6)] == [2, 3]


@pytest.mark.parametrize(
    ("streams", "advice"),
    [
        (16, "16 streams .* 3 processes; start 2 instead, or train anew with batch_size=15$"),
        (7, "start 1 instead, .* batch_size=6$"),
        (1, "1 stream cannot .* start 1 instead, .* batch_size=3, and with a longer text"),
    ],
)
def test_streams_that_cannot_be_shared_are_refused_with_advice(three, streams, advice):
    with pytest.raises(UserError, match=advice):
        three.rows(streams)


def test_a_second_signal_ends_a_single_process_but_not_one_of_several(three):
    before = signal.getsignal(signal.SIGTERM)
    for ranks in (Ranks(), three):
        with ranks.catching():
            signal.raise_signal(signal.SIGTERM)
            assert ranks.caught == [signal.SIGTERM]
            again = signal.getsignal(signal.SIGTERM)
            assert (again == before) is (ranks.size == 1)
        assert (signal.getsignal(signal.SIGTERM) == before) is (ranks.size == 1)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_ends_tells_why_in_peace(three, rank):
    """torchrun sends SIGTERM as soon as another rank has ended; rank 0 may have work left."""
    before = signal.getsignal(signal.SIGTERM)
    three.rank = rank
    with three.catching():
        pass
    assert signal.getsignal(signal.SIGTERM) == (signal.SIG_IGN if rank else before)
    with pytest.raises(LostRankError), three.catching():
        raise LostRankError("gone")
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (
            "[/a/gloo/pair.cc:537] Read error [127.0.0.1]:1: Connection reset by peer. This is",
            "peer",
        ),
        ("[/a/gloo/buffer.cc:78] Timed out waiting 300000ms for recv operation", "operation"),
    ],
)
def test_a_failure_to_reach_the_others_is_told_in_short(three, failure, told, monkeypatch):
    def fail(*_):
        raise RuntimeError(failure)

    monkeypatch.setattr(torch.distributed, "all_gather", fail)
    with pytest.raises(
        LostRankError, match=rf"lost another process of this training \([RT].*{told}\)"
    ):
        three.agree(1.0, torch.tensor(1.0), [(torch.zeros(2, 3),)])


@pytest.mark.parametrize(
    "message",
    [
        "DefaultCPUAllocator: can't allocate memory: you tried ...",
        "CUDA out of memory. Tried to allocate 2.00 GiB.",
    ],
)
def test_memory_that_runs_out_is_no_lost_rank(message):
    with pytest.raises(RuntimeError) as told, distributed._losing():
        raise RuntimeError(message)
    assert not isinstance(told.value, LostRankError)
