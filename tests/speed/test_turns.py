"""Measuring in turns."""

from charlstm.speed.turns import in_turns, ratio, timed


def test_they_take_turns_and_the_first_round_is_thrown_away():
    called = []

    def measure(name):
        called.append(name)
        return len(called)

    figures = in_turns(lambda: measure("a"), lambda: measure("b"), rounds=2)
    assert called == list("ababab")
    assert figures == [[3, 5], [4, 6]]
    assert in_turns(lambda: measure("c"), rounds=1, warm_up=False) == [[7]]


def test_a_ratio_compares_what_was_measured_in_the_same_round():
    assert ratio([1.0, 10.0, 100.0], [2.0, 20.0, 100.0]) == 0.5


def test_time_is_taken_around_the_action(monkeypatch):
    now = [5.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def action():
        now[0] += 3.0

    assert timed(action)() == 3.0
