"""Checks for exercises and assignments: what was expected, and what came."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


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
            print(f"not yet: {call} should be {_short(expected)}, but is {_short(got)}")
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
        raise AssertionError(f"{what} should be {_short(expected)}, but is {_short(got)}")


def _same(got: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, str):
        return isinstance(got, str) and got == expected
    try:
        got, expected = _array(got), _array(expected)
    except (TypeError, ValueError):
        return False
    return got.shape == expected.shape and bool(np.allclose(got, expected, rtol=0, atol=tolerance))


def _array(value: Any) -> Any:
    return np.asarray(value.detach() if hasattr(value, "detach") else value, float)


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray) or hasattr(value, "detach"):
        numbers = value.detach().numpy() if hasattr(value, "detach") else value
        shown = np.array2string(numbers, precision=4, threshold=6, edgeitems=2, separator=", ")
        return f"{shown} of shape {numbers.shape}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
