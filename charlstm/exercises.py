"""Checks for exercises and assignments: what was expected, and what came."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

SHOWN = 6  # entries of an array that a message holds


def check(
    answer: Callable[..., Any],
    cases: Sequence[tuple[tuple[Any, ...], Any]],
    tolerance: float = 1e-6,
) -> bool:
    """Try a function on cases, and tell the first that is not as expected.

    Args:
        answer: what the reader wrote; one that raises NotImplementedError is not yet written.
        cases: arguments, and what should come: numbers, arrays or texts.
        tolerance: largest difference between numbers.

    Returns:
        whether all cases came out right.

    Example:
        >>> check(lambda x: x + 1, [((1,), 2), ((5,), 7)])
        not yet: <lambda>(5) should be 7, but is 6
        False
    """
    name = getattr(answer, "__name__", "answer")
    for arguments, expected in cases:
        call = f"{name}({', '.join(_short(a) for a in arguments)})"
        try:
            got = answer(*arguments)
        except NotImplementedError:
            print(f"to do: write {name}, then run this cell again")
            return False
        except Exception as error:  # the reader's own code: any error is a wrong answer
            print(f"not yet: {call} raised {type(error).__name__}: {error}")
            return False
        if not _same(got, expected, tolerance):
            told = f"{call} should be {_short(expected)}, but is {_short(got)}"
            print(f"not yet: {told}{_where(got, expected, tolerance)}")
            return False
    print(f"right: {name}, {len(cases)} cases")
    return True


def expect(what: str, got: Any, expected: Any, tolerance: float = 1e-6) -> None:
    """Go on if what came is what was expected, as a test of an assignment does.

    Args:
        what: was computed, for the message.
        got: number, array, tensor or text that came.
        expected: that should have come, in the same shape.
        tolerance: largest difference between numbers.

    Raises:
        AssertionError: it is another, with both.

    Example:
        >>> expect("the sum of [1, 2]", 4, 3)
        Traceback (most recent call last):
        AssertionError: the sum of [1, 2] should be 3, but is 4
    """
    if not _same(got, expected, tolerance):
        told = f"{what} should be {_short(expected)}, but is {_short(got)}"
        raise AssertionError(told + _where(got, expected, tolerance))


def _same(got: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, str):
        return isinstance(got, str) and got == expected
    try:
        got, expected = _array(got), _array(expected)
    except (TypeError, ValueError):
        return False
    return got.shape == expected.shape and bool(np.allclose(got, expected, rtol=0, atol=tolerance))


def _where(got: Any, expected: Any, tolerance: float) -> str:
    """Tell the first entry that differs of arrays too long to be shown whole."""
    try:
        got, expected = _array(got), _array(expected)
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


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray) or hasattr(value, "detach"):
        numbers = value.detach().numpy() if hasattr(value, "detach") else value
        if not numbers.ndim:
            return f"{numbers.item()!r}"
        shown = np.array2string(numbers, precision=4, threshold=SHOWN, edgeitems=2, separator=", ")
        return f"{shown} of shape {numbers.shape}"
    if isinstance(value, np.generic):
        value = value.item()
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
