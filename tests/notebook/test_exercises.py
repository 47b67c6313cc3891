"""The check of an exercise names the expected and the actual result."""

import numpy as np
import pytest
import torch

from charlstm.notebook.exercises import check, expect


def unfinished(x):
    raise NotImplementedError


def broken(x):
    return x[10]


@pytest.mark.parametrize(
    ("answer", "expected", "told"),
    [
        (lambda x: x.sum(), 3.0, "right: <lambda>, 1 cases"),
        (lambda x: x, 3.0, "should be 3.0, but is [1., 2.] of shape (2,)"),
        (lambda x: x + 1, np.array([1.0, 2.0]), "but is [2., 3.] of shape (2,)"),
        (lambda x: torch.from_numpy(x), np.array([1.0, 2.0]), "right"),
        (lambda x: torch.from_numpy(x).requires_grad_(), np.array([1.0, 2.0]), "right"),
        (lambda x: torch.ones(2).requires_grad_(), 3.0, "but is [1., 1.] of shape (2,)"),
        (lambda x: float("nan"), 3.0, "but is nan"),
        (lambda x: "no", "yes", "should be 'yes', but is 'no'"),
        (lambda x: None, 3.0, "should be 3.0, but is None"),
        (lambda x: "text", 3.0, "but is 'text'"),
        (unfinished, 3.0, "to do: write unfinished"),
        (broken, 3.0, "broken([1., 2.] of shape (2,)) raised IndexError"),
    ],
)
def test_an_answer_is_judged_and_told(answer, expected, told, capsys):
    assert check(answer, [((np.array([1.0, 2.0]),), expected)]) is None  # a cell shows no value
    assert told in capsys.readouterr().out


def test_numbers_may_differ_by_the_tolerance_only(capsys):
    check(lambda: 1.01, [((), 1.0)], tolerance=0.02)
    assert capsys.readouterr().out.startswith("right: ")
    check(lambda: 1.01, [((), 1.0)], tolerance=0.001)
    assert capsys.readouterr().out.startswith("not yet: ")


def test_a_test_goes_on_or_tells_both():
    expect("two", torch.tensor([2.0]), np.array([2.0]))
    with pytest.raises(AssertionError, match=r"^two should be 2, but is None$"):
        expect("two", None, 2)
    with pytest.raises(AssertionError, match=r"shape \(1,\)"):
        expect("two", np.array([2.0]), 2.0)


def test_a_number_is_told_plainly_and_the_first_that_differs_is_found():
    with pytest.raises(AssertionError, match=r"^it should be 1\.5, but is 2\.0$"):
        expect("it", np.float64(2.0), torch.tensor(1.5))
    with pytest.raises(AssertionError, match=r"should be \[0\.333333, \[2\]\], but is 0\.142857$"):
        expect("it", 1 / 7, [1 / 3, [2]])
    with pytest.raises(AssertionError, match=r"should be 1\.0, but is 1\.00000001$"):
        expect("it", 1.00000001, 1.0, 1e-12)
    expected = np.arange(20.0).reshape(4, 5)
    got = np.arange(20.0).reshape(4, 5)
    got[2, 3] = np.nan
    with pytest.raises(AssertionError, match=r"the first to differ, at \[2, 3\]: 13, but is nan$"):
        expect("it", got, expected)
