"""What the field of an options group may hold: its type, its range, and how JSON writes it.

`None` means that an option is off or was not given. Only in JSON an option that is off is 0 (see
`to_json`).
"""

from __future__ import annotations

import dataclasses
import functools
import math
import reprlib
import sys
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from charlstm.errors import UserError, in_a_file, option

Options = TypeVar("Options")

LARGEST_COUNT = 2**63 - 1  # the largest integer in NumPy and torch
OFF = ("embedding_size", "clip", "ema", "patience", "show")  # None turns these off; 0 never does
ABOVE_0 = sys.float_info.min  # lowest value of a range; torch may turn smaller numbers into 0


class Split(NamedTuple):
    """Shares of a text: training takes the first part, validation the next."""

    train: float
    validation: float


def check_types(options: Any) -> None:
    """Refuse a value that is not of its field's type, by the name of its option.

    Raises:
        UserError: a value of another type, or not among the choices.
    """
    for name, hint in _hints(options.__class__).items():
        if trouble := _misfit(getattr(options, name), hint):
            raise UserError(f"{option(name)} is {getattr(options, name)!r}; {trouble}")


def check_ranges(options: Any, **ranges: tuple[float, float | None]) -> None:
    """Refuse a number outside its range, in a message that names the option.

    The bounds belong to the range. None passes. Without an upper bound a number must still be one
    that NumPy can hold.

    Raises:
        UserError: a number is too small, too large or not finite.
    """
    for name, (low, high) in ranges.items():
        value = getattr(options, name)
        if value is None:
            continue
        if high is None and isinstance(value, int) and value > LARGEST_COUNT:
            high = LARGEST_COUNT
        if not (value >= low and (high is None or value <= high)) or value == math.inf:
            off = f"; {option(name, None)} turns it off" if name in OFF and value == 0 else ""
            raise UserError(f"{option(name)} is {value}; it must be {_range(low, high)}{off}")


def _range(low: float, high: float | None) -> str:
    if low == ABOVE_0:
        return "above 0 and finite" if high is None else f"above 0 and at most {high}"
    return f"at least {low}" if high is None else f"from {low} to {high}"


def to_json(options: Any) -> dict[str, Any]:
    """Return an options group as JSON values, as `from_json` reads them.

    An option that is off is 0 in JSON, because version 1 of the file format has it so.

    Example:
        >>> from charlstm import ModelOptions
        >>> to_json(ModelOptions(embedding_size=None))["embedding_size"]
        0
    """
    values = dataclasses.asdict(options)
    return {k: 0 if k in OFF and v is None else v for k, v in values.items()}


def from_json(kind: type[Options], values: Mapping[str, Any], where: str) -> Options:
    """Make an options group from what `to_json` returned, and check its names and types.

    Args:
        kind: the class of the group.
        values: its fields by name; missing ones take their defaults.
        where: the place of the values, for messages.

    Raises:
        UserError: a name that this version does not know, or a value of another type.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    unknown = sorted(set(values) - set(fields))
    if unknown:
        odd = reprlib.repr(unknown[0])
        raise UserError(f"{where}: unknown option {odd}; known are {', '.join(fields)}")
    restored = dict(values)
    if "split" in fields and isinstance(values.get("split"), list) and len(values["split"]) == 2:
        restored["split"] = Split(*values["split"])
    for name, value in restored.items():
        if trouble := _misfit(value, hints[name]):
            raise UserError(f"{where}: option {name} is {reprlib.repr(value)}; {trouble}")
        if name in OFF and value == 0:
            restored[name] = None
    with in_a_file():
        return kind(**restored)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _misfit(value: Any, hint: Any) -> str:
    """Return why a value is not of the type that a field declares; empty if it is."""
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        return "" if value in choices else f"it must be one of {', '.join(choices)}"
    if hint is Split:
        pair = isinstance(value, tuple) and len(value) == 2
        fits = pair and not any(_misfit(share, float) for share in value)
        return "" if fits else "it must be two shares, such as (0.9, 0.1)"
    kinds = get_args(hint) or (hint,)
    if value is None or isinstance(value, bool):
        fits = type(value) in kinds
    elif isinstance(value, Integral):
        fits = int in kinds or float in kinds
    elif isinstance(value, Real):
        fits = float in kinds
    else:
        fits = type(value) in kinds
    names = {int: "a whole number", float: "a number", str: "a text", bool: "True or False"}
    allowed = " or ".join(names.get(kind, "None") for kind in kinds)
    return "" if fits else f"it must be {allowed}"
