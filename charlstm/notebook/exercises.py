"""Checks for exercises and assignments: they compare an answer with what was expected."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

SHOWN = 6  # a message shows so many entries of an array, and digits of a number
ALL_DIGITS = 17  # enough to tell any two float64 numbers apart


def check(
    answer: Callable[..., Any],
    cases: Sequence[tuple[tuple[Any, ...], Any]],
    tolerance: float = 1e-6,
) -> None:
    """Try a function on cases. Print the first case with a wrong answer, or that all are right.

    Args:
        answer: the reader's function. If it raises NotImplementedError, it is not yet written.
        cases: for each case the arguments and the expected result: numbers, arrays or texts.
        tolerance: largest difference between two numbers that count as equal.

    Example:
        >>> check(lambda x: x + 1, [((1,), 2), ((5,), 7)])
        not yet: <lambda>(5) should be 7, but is 6
    """
    name = getattr(answer, "__name__", "answer")
    for arguments, expected in cases:
        call = f"{name}({', '.join(_short(a) for a in arguments)})"
        try:
            got = answer(*arguments)
        except NotImplementedError:
            print(f"to do: write {name}, then run this cell again")
            return
        except Exception as error:  # the reader's own code: any error is a wrong answer
            print(f"not yet: {call} raised {type(error).__name__}: {error}")
            return
        if not _same(got, expected, tolerance):
            print(f"not yet: {call} {_difference(got, expected, tolerance)}")
            return
    print(f"right: {name}, {len(cases)} cases")


def expect(what: str, got: Any, expected: Any, tolerance: float = 1e-6) -> None:
    """Compare a result with what was expected, as the tests of an assignment do.

    Args:
        what: what was computed, in words, for the message.
        got: the result: a number, array, tensor or text.
        expected: the right result, in the same shape.
        tolerance: largest difference between two numbers that count as equal.

    Raises:
        AssertionError: they differ; the message shows both.

    Example:
        >>> expect("the sum of [1, 2]", 4, 3)
        Traceback (most recent call last):
        AssertionError: the sum of [1, 2] should be 3, but is 4
    """
    if not _same(got, expected, tolerance):
        raise AssertionError(f"{what} {_difference(got, expected, tolerance)}")


def _same(got: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, str):
        return isinstance(got, str) and got == expected
    try:
        got = _array(got)
        expected = _array(expected)
    except (TypeError, ValueError):
        return False
    return got.shape == expected.shape and bool(np.allclose(got, expected, rtol=0, atol=tolerance))


def _difference(got: Any, expected: Any, tolerance: float) -> str:
    """Return both results in words, with enough digits to show that they differ."""
    digits = SHOWN if _short(expected) != _short(got) else ALL_DIGITS
    shown = f"should be {_short(expected, digits)}, but is {_short(got, digits)}"
    return shown + _first_difference(got, expected, tolerance)


def _first_difference(got: Any, expected: Any, tolerance: float) -> str:
    """Return which entry is the first to differ, if a message cannot show the whole arrays."""
    try:
        got = _array(got)
        expected = _array(expected)
    except (TypeError, ValueError):
        return ""
    if got.shape != expected.shape or got.size <= SHOWN:
        return ""
    index = tuple(np.argwhere(~(np.abs(got - expected) <= tolerance))[0].tolist())
    return (
        f"; the first to differ, at {list(index)}: {expected[index]:.6g}, but is {got[index]:.6g}"
    )


def _array(value: Any) -> Any:
    return np.asarray(value.detach() if hasattr(value, "detach") else value, float)


def _short(value: Any, digits: int = SHOWN) -> str:
    if isinstance(value, np.ndarray) or hasattr(value, "detach"):
        numbers = value.detach().numpy() if hasattr(value, "detach") else value
        if not numbers.ndim:
            return _short(numbers.item(), digits)
        shown = np.array2string(numbers, precision=4, threshold=SHOWN, edgeitems=2, separator=", ")
        return f"{shown} of shape {numbers.shape}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return repr(float(f"{value:.{digits}g}"))
    if isinstance(value, list):
        text = f"[{', '.join(_short(part, digits) for part in value)}]"
    else:
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
