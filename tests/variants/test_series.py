"""Series: the famous one as printed, the made ones by their formulas, faults where they are."""

from itertools import pairwise

import numpy as np
import pytest

from charlstm import read_corpus
from charlstm.errors import UserError
from charlstm.text import registry
from charlstm.text.typos import judge
from charlstm.variants.series import Fault, airline, check_series, hourly, mackey_glass, plant


def test_airline_is_the_table_of_box_and_jenkins():
    """Sums of years, of which each number has a part in one; `corpora/README.md` has the rest."""
    months, passengers = airline()
    assert months == [f"{year}-{month:02}" for year in range(1949, 1961) for month in range(1, 13)]
    years = passengers.reshape(12, 12)
    assert years.sum(1).tolist() == [
        1520, 1676, 2042, 2364, 2700, 2867, 3408, 3939, 4421, 4572, 5140, 5714,
    ]  # fmt: skip
    assert years.sum(0).tolist() == [
        2901, 2820, 3242, 3205, 3262, 3740, 4216, 4213, 3629, 3199, 2794, 3142,
    ]  # fmt: skip


def test_no_command_takes_the_table_for_a_text():
    assert "airline" not in {*registry.shipped(), *registry.registry()}
    with pytest.raises(UserError, match="airline: no such file or folder"):
        read_corpus("airline")


def test_mackey_glass_obeys_its_equation():
    """Between two of Euler's steps the numbers change as the equation says."""
    delay, step = 170, 0.1
    series = mackey_glass(50, every=1, seed=3)
    x = (1.2 + 0.2 * np.random.default_rng(3).uniform(-1, 1, delay + 1)).tolist()
    for t in range(delay, delay + 10_000 + 500):
        slope = 0.2 * x[t - delay] / (1 + x[t - delay] ** 10) - 0.1 * x[t]
        x.append(x[t] + step * slope)
    np.testing.assert_allclose(series, x[-491::10], rtol=0, atol=1e-12)


def test_mackey_glass_forgets_its_start_but_not_at_once():
    one, other = mackey_glass(200, seed=0), mackey_glass(200, seed=1)
    assert np.abs(one - other).max() > 0.3
    assert abs(one.mean() - other.mean()) < 0.1


def test_hourly_repeats_its_day_and_wanders():
    series = hourly(24 * 400, seed=2)
    days = series.reshape(-1, 24)
    shape = days.mean(0) - days.mean()
    corrs = [np.corrcoef(day, shape)[0, 1] for day in days]
    assert np.median(corrs) > 0.9
    assert days.mean(1).std() > 3
    assert not np.array_equal(series, hourly(24 * 400, seed=3))


def test_faults_are_where_they_are_said_to_be():
    series = np.random.default_rng(0).normal(size=600)
    before = series.copy()
    spoilt, faults = plant(series, 4, 7, sizes=(50.0, 20.0), seed=5)
    assert np.array_equal(series, before)
    assert sorted(fault.kind for fault in faults) == sorted(
        ["spike", "shift", "missing season"] * 4
    )
    level = np.zeros(600)
    for fault in faults:
        assert fault.end - fault.start == (1 if fault.kind == "spike" else 7)
        change = spoilt[fault.start : fault.end] - before[fault.start : fault.end]
        if fault.kind == "spike":
            assert abs(change[0] - level[fault.start]) == pytest.approx(50)
        elif fault.kind == "shift":
            assert abs(change[0] - level[fault.start]) == pytest.approx(20)
            level[fault.start :] = change[0]
        else:
            np.testing.assert_allclose(
                spoilt[fault.start : fault.end], spoilt[fault.start - 7 : fault.start].mean()
            )
    clean = np.ones(600, bool)
    for fault in faults:
        clean[fault.start : fault.end] = False
    np.testing.assert_allclose((spoilt - before)[clean], level[clean], atol=1e-9)
    assert len({round(value) for value in level}) == 2  # up and down again, or the other way
    gaps = [b.start - a.end for a, b in pairwise(faults)]
    assert min(gaps) >= 7


def test_a_seed_repeats_its_faults():
    series = np.zeros(200)
    assert plant(series, 1, 5, (1.0, 1.0), seed=1)[1] == plant(series, 1, 5, (1.0, 1.0), seed=1)[1]
    assert plant(series, 1, 5, (1.0, 1.0), seed=1)[1] != plant(series, 1, 5, (1.0, 1.0), seed=2)[1]


def test_alarms_are_judged_as_those_for_typing_errors():
    faults = [Fault(3, 4, "spike"), Fault(10, 14, "shift")]
    scores = np.zeros(30)
    scores[[3, 10, 13, 25]] = 9
    found = judge(faults, scores, 1)
    assert (found.precision, found.recall) == (2 / 3, 1)


def test_a_series_without_room_is_refused():
    with pytest.raises(UserError, match="has 100 numbers, too few for 6 faults of period 5"):
        plant(np.zeros(100), 2, 5, (1.0, 1.0))


def test_a_series_of_whole_numbers_takes_the_same_faults():
    whole = np.arange(60) % 4
    spoilt, faults = plant(whole, 2, 2, sizes=(9.5, 5.25), seed=0)
    expected, same = plant(whole.astype(float), 2, 2, sizes=(9.5, 5.25), seed=0)
    assert np.array_equal(spoilt, expected)
    assert faults == same
    assert spoilt.dtype == float
    assert plant(whole, 0, 2, sizes=(9.5, 5.25))[1] == []


LINE = np.arange(60.0)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: mackey_glass(0), "length is 0; it must be at least 1"),
        (lambda: mackey_glass(-5), "length is -5; it must be at least 1"),
        (lambda: mackey_glass(5, every=0), "every is 0; it must be at least 1"),
        (lambda: mackey_glass(5, every=0.5), "every is 0.5; it must be a whole number of at least"),
        (lambda: hourly(0), "length is 0; it must be at least 1"),
        (lambda: hourly(5, seed=-1), "seed is -1; it must be at least 0"),
        (lambda: mackey_glass(5, seed=-1), "seed is -1; it must be at least 0"),
        (lambda: plant(LINE, 1, 2, (1.0, 1.0), seed=-1), "seed is -1; it must be at least 0"),
        (lambda: plant(LINE, 1, 0, (1.0, 1.0)), "period is 0; it must be at least 1"),
        (lambda: plant(LINE, -1, 2, (1.0, 1.0)), "number is -1; it must be at least 0"),
        (lambda: plant(LINE, 1, 2, (np.nan, 1.0)), r"sizes is \(nan, 1.0\); it must be two finite"),
        (lambda: plant(LINE, 1, 2, (1.0,)), r"sizes is \(1.0,\); it must be two finite numbers"),
        (lambda: plant(LINE.reshape(2, 30), 1, 2, (1.0, 1.0)), r"has the shape \(2, 30\)"),
        (lambda: plant([*LINE, np.inf], 1, 2, (1.0, 1.0)), "has inf at place 60"),
        (lambda: check_series([1.0, 2.0], 3), "has 2 numbers; at least 3 .*; give a longer series"),
        (lambda: check_series(["1", "a"]), "does not hold numbers alone"),
    ],
)
def test_what_is_no_series_is_refused(call, told):
    with pytest.raises(UserError, match=told) as refused:
        call()
    assert "\n" not in str(refused.value)
