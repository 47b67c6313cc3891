"""The fastest number of threads, on machines that are simulated: no test looks at a real clock."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.machine.choice import LASTING, SHARE, Choice

# how many times as long as one thread on a quiet machine two threads take: measured, see README
TWO = {0: 0.65, 1: 2.6, 2: 3.0, 8: 30.0}


@dataclass
class Machine:
    """Two CPUs on which a choice works, `busy` other processes, and `noise` in every piece."""

    piece: float
    busy: int = 0
    noise: float = 0.0
    two: dict[int, float] = field(default_factory=lambda: TWO)
    choice: Choice = field(default_factory=lambda: Choice(2))
    changes: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.rng = random.Random(0)

    def time(self, number):
        """Return the seconds of a piece, and those of them on a CPU."""
        share = min(1.0, 2 / (number + self.busy))
        long = 1 / share if number == 1 else self.two[self.busy]
        wall = self.piece * long * (1 + self.rng.uniform(-self.noise, self.noise))
        return wall, wall * share

    def step(self):
        """Do a piece; return its seconds."""
        wall, cpu = self.time(self.choice.number)
        self.choice.take(wall, cpu)
        if self.choice.news:
            self.changes.append(self.choice.news)
            self.choice.news = ""
        return wall

    def work(self, seconds):
        """Work for so long; return the share of the time in which the best number had done more."""
        used = 0.0
        pieces = 0
        while used < seconds:
            used += self.step()
            pieces += 1
        return 1 - pieces * min(self.time(1)[0], self.time(2)[0]) / used

    @property
    def settled(self):
        return int(self.changes[-1].split()[0])


PIECES = [1e-3, 5e-3, 26e-3, 230e-3]  # several characters, a chunk, a step of medium and of large


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(("busy", "best"), [(0, 2), (1, 1), (2, 1), (8, 1)])
def test_it_finds_the_fastest_number_and_trials_lose_two_percent_at_most(piece, busy, best):
    machine = Machine(piece, busy)
    machine.work(3)
    assert machine.settled == best
    assert machine.work(40 + 2000 * piece) < SHARE
    assert len(machine.changes) == 1


@pytest.mark.parametrize("piece", PIECES)
def test_the_first_choice_is_made_within_a_few_pieces_or_a_twentieth_of_a_second(piece):
    machine = Machine(piece)
    used = 0.0
    while not machine.changes:
        used += machine.step()
    assert used < max(0.05, 8 * piece)
    assert machine.changes == ["2 threads: 1.5 times as fast as 1"]


def test_it_does_not_even_try_two_threads_where_one_gets_no_whole_cpu():
    machine = Machine(100e-6, busy=2)
    used = set()
    for _ in range(100_000):
        used.add(machine.choice.number)
        machine.step()
    assert used == {1}
    assert machine.changes == ["1 thread: other programs keep the CPUs busy"]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("busy", [1, 2, 8])
def test_it_takes_one_thread_at_once_when_others_come_and_all_again_when_they_go(piece, busy):
    machine = Machine(piece)
    machine.work(30)
    assert machine.settled == 2
    machine.busy = busy
    machine.work(max(LASTING, 3 * TWO[busy] * max(piece, 5e-3)) + 3 * (piece + 5e-3) * busy)
    assert machine.choice.number == 1
    machine.work(60)
    assert machine.settled == 1
    machine.busy = 0
    machine.work(60)
    assert machine.settled == 2
    assert len(machine.changes) == 3


def test_a_few_slow_pieces_are_chance():
    machine = Machine(1e-3)
    machine.work(1)
    used = set()
    for _ in range(5):
        machine.busy = 1
        for _ in range(18):  # 47 ms
            used.add(machine.choice.number)
            machine.step()
        machine.busy = 0
        for _ in range(10):
            used.add(machine.choice.number)
            machine.step()
    assert used == {2}


def test_what_is_told_says_which_is_how_much_faster():
    machine = Machine(5e-3, busy=1)
    machine.work(1)
    assert machine.changes == ["1 thread: with 2 it takes 2.6 times as long"]
    machine.busy = 0
    machine.work(60)
    machine.busy = 8
    machine.work(60)
    assert machine.changes[1:] == [
        "2 threads: 1.5 times as fast as 1",
        "1 thread: 6.7 times as fast as 2",
    ]


@settings(max_examples=30, deadline=None)  # a piece of a simulated machine takes 3 microseconds
@given(st.integers(0, 2**32), st.sampled_from(PIECES[1:]), st.sampled_from([0, 1, 2]))
def test_noise_does_not_make_it_change_its_mind(seed, piece, busy):
    machine = Machine(piece, busy, noise=0.3)
    machine.rng.seed(seed)
    machine.work(30 + 200 * piece)
    assert len(machine.changes) <= 3
    few = len(machine.changes)
    machine.work(30 + 200 * piece)
    assert len(machine.changes) <= few + 2
    assert machine.settled == (1 if busy else 2)


def test_where_both_are_as_fast_it_stays_with_one():
    machine = Machine(1e-3, two={0: 0.97})
    machine.work(30)
    assert machine.changes == ["1 thread: with 2 it takes 1.0 times as long"]


@pytest.mark.parametrize(("most", "ladder"), [(1, {1}), (6, {1, 2, 4, 6}), (8, {1, 2, 4, 8})])
def test_it_climbs_as_long_as_that_is_faster(most, ladder):
    choice = Choice(most)
    used = set()
    for _ in range(3000):
        used.add(choice.number)
        choice.take(6e-3 / choice.number, 6e-3 / choice.number)
    assert used == ladder
    assert choice.number in (most, most // 2, 4)  # a trial may be on
    assert choice.best == most


@pytest.mark.parametrize("best", [1, 2, 4, 8, 16])
def test_it_stops_where_more_threads_are_slower(best):
    choice = Choice(16)
    tried = []
    for _ in range(20_000):
        tried.append(choice.number)
        seconds = 6e-3 / choice.number if choice.number <= best else 6e-3 * choice.number / best**2
        choice.take(seconds, seconds)
    assert choice.best == best
    assert tried.count(best) > 0.95 * len(tried) or best == 1
    assert max(tried) <= 2 * best


def test_other_work_does_not_look_like_another_program():
    machine = Machine(5e-3)
    machine.work(1)
    machine.choice.new_work()
    machine.piece = 0.1
    used = set()
    for _ in range(8):
        used.add(machine.choice.number)
        machine.step()
    assert used == {2}
