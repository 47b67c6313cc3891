"""Threads for pieces of work, on a library and with clocks that are simulated."""

import pytest

from charlstm.errors import UserError
from charlstm.machine.threads import Threads


class Library:
    """A library whose pieces take 8 ms with one thread and 5 ms with two, and its clock."""

    def __init__(self, number):
        self.number = number
        self.now = 0.0
        self.used = []

    def use(self, number):
        self.before, self.number = self.number, number

    def restore(self):
        self.number = self.before

    def work(self):
        self.used.append(self.number)
        self.now += 0.005 if self.number == 2 else 0.008

    def clock(self):
        return self.now


def threads_on(library, most=2, fixed=None):
    return Threads(library, most, fixed, wall=library.clock, cpu=library.clock)


def test_it_measures_only_what_is_inside_and_restores_the_number():
    library = Library(7)
    threads = threads_on(library)
    for _ in range(20):
        with threads:
            library.work()
        assert library.number == 7
        library.now += 100  # what the user does between two pieces
    assert library.used[0] == 1
    assert library.used[-1] == threads.number == 2
    assert threads.news() == "2 threads: 1.6 times as fast as 1"
    assert threads.news() == ""


def test_a_fixed_number_never_changes():
    library = Library(7)
    threads = threads_on(library, fixed=1)
    for _ in range(1000):
        with threads:
            library.work()
    threads.new_work()
    assert set(library.used) == {1}
    assert (threads.number, threads.news(), library.number) == (1, "", 7)


@pytest.mark.parametrize(
    ("number", "cpu", "told"),
    [
        (2, 0.5, "2 threads, but other programs keep the CPUs busy: threads=1 may be many times"),
        (2, 0.95, ""),
        (1, 0.5, ""),
    ],
)
def test_a_fixed_number_tells_once_if_others_disturb_it(number, cpu, told):
    now = [0.0]
    library = Library(7)
    threads = Threads(library, 4, number, wall=lambda: now[0], cpu=lambda: cpu * now[0])
    heard = []
    for _ in range(50):
        with threads:
            now[0] += 0.1
        heard.append(threads.news())
    assert not any(heard[:18])  # not before two seconds
    assert [news[: len(told)] for news in heard if news] == ([told] if told else [])
    assert (threads.number, library.number, threads.measured) == (number, 7, False)


@pytest.mark.parametrize("fixed", [0, -1, 2.5, "2", True, 5000])
def test_what_is_no_number_of_threads_is_refused(fixed):
    with pytest.raises(UserError, match=f"threads is {fixed!r}; it must be"):
        threads_on(Library(7), fixed=fixed)


def test_with_one_thread_at_most_the_library_is_left_alone():
    threads = Threads(library=None, most=1, wall=None, cpu=None)
    with threads:
        pass
    assert (threads.number, threads.news()) == (1, "")


def test_a_piece_that_fails_restores_the_number_and_is_not_measured():
    library = Library(7)
    threads = threads_on(library)
    for _ in range(50):
        with pytest.raises(KeyError), threads:
            library.now += 1
            raise KeyError
    assert library.number == 7
    assert threads.number == 1
