"""One option and the values that are tried, read from an item.

| item | values |
| --- | --- |
| `layers=1,2` | each of a list; of numbers, words, `none` or `true`, as the option takes them |
| `dropout=0..0.5` | any number from 0 to 0.5, both included |
| `hidden_size=64..512:log` | the same, where 64 to 128 counts as much as 256 to 512 |
| `window=16..64:step=16` | 16, 32, 48 and 64 |
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from charlstm.errors import UserError, option
from charlstm.fields import LARGEST_COUNT
from charlstm.options import UNITS, DataOptions, ModelOptions, TrainOptions

if TYPE_CHECKING:
    from optuna.trial import Trial

MOST_SETTINGS = 10_000  # of a grid; more would take longer to write down than anybody waits
MOST_STEPS = 10**9  # of a range; with smaller ones Optuna's arithmetic fails
WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class Dimension:
    """An option and the values that are tried.

    Attributes:
        name: the option's name, with underscores.
        values: the values one by one; empty for a range.
        low: the smallest value of a range.
        high: the largest value of a range.
        log: whether a range counts ratios, not differences.
        step: distance between two values of a range; None for any number.
    """

    name: str
    values: tuple[Any, ...] = ()
    low: float = 0
    high: float = 0
    log: bool = False
    step: float | None = None

    def listed(self) -> tuple[Any, ...]:
        """Return all values; none if there are too many to count, as of a range of fractions."""
        if self.values:
            return self.values
        step = self.step or (1 if isinstance(self.low, int) and not self.log else None)
        if step is None:
            return ()
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        return tuple(self.low + k * step for k in range(min(count, MOST_SETTINGS + 1)))

    def suggest(self, trial: Trial) -> Any:
        """Let a sampler choose a value."""
        if self.values:
            return trial.suggest_categorical(self.name, self.values)
        if isinstance(self.low, int):
            step = int(self.step or 1)
            return trial.suggest_int(self.name, self.low, int(self.high), step=step, log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    def __str__(self) -> str:
        if self.values:
            return f"{self.name}={','.join(map(written, self.values))}"
        suffix = ":log" if self.log else f":step={written(self.step)}" if self.step else ""
        return f"{self.name}={written(self.low)}..{written(self.high)}{suffix}"


def written(value: Any) -> str:
    """Write a value as a space has it, whole.

    Example:
        >>> written(None), written(True), written(0.1), written(64.0)
        ('none', 'true', '0.1', '64')
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def rounded(value: Any) -> str:
    """Write a value as a table has it.

    Example:
        >>> rounded(0.123456), rounded(1_000_000), rounded(None)
        ('0.1235', '1000000', 'none')
    """
    return f"{value:.4g}" if isinstance(value, float) else written(value)


def _options() -> dict[str, Any]:
    """Return the type of each option that can be tried, by its name."""
    hints = get_type_hints(ModelOptions) | get_type_hints(TrainOptions)
    return {name: hint for name, hint in hints.items() if name not in (*UNITS, "seed")}


def read_item(item: str, where: str) -> Dimension:
    """Read an item.

    Args:
        item: an option and its values.
        where: says where the item stands, for messages.

    Raises:
        UserError: it cannot be read; the message says which part of it.
    """
    name, equals, rest = item.partition("=")
    name = name.strip().lstrip("-").replace("-", "_")
    if not equals:
        raise UserError(
            f"{where}: no = in it; write OPTION=VALUES, such as layers=1,2, and what is no item"
            f" before {option('space')}"
        )
    known = _options()
    if name not in known:
        raise UserError(f"{where}: {_unknown(name, known)}")
    hint = known[name]
    if ".." in rest:
        return _range(name, rest, hint, where)
    values = [_value(text, hint, f"{where}, value {k}") for k, text in
              enumerate(rest.split(","), 1)]  # fmt: skip
    if len({*values}) < len(values):
        raise UserError(f"{where}: a value stands twice; write each once")
    return Dimension(name, tuple(values))


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    if name in UNITS:
        return f"{name} is the budget, which all trainings have alike; give {option(name)} beside"
    if name == "seed":
        return f"a seed is no setting; {option('repeat', 3)} trains each setting with three"
    if name in {field.name for field in dataclasses.fields(DataOptions)}:
        return f"{name} changes the text, and scores of two texts cannot be compared"
    close = difflib.get_close_matches(name, known, 1)
    meant = f"; perhaps you meant {close[0]}" if close else ""
    return f"no option {name!r}{meant}; there are {', '.join(known)}"


def _range(name: str, text: str, hint: Any, where: str) -> Dimension:
    kinds = get_args(hint) or (hint,)
    if int not in kinds and float not in kinds:
        raise UserError(f"{where}: {name} takes no numbers; list its values, such as {name}=A,B")
    number = int if int in kinds else float
    bounds, *suffixes = text.split(":")
    ends = bounds.split("..")
    if len(ends) != 2:
        raise UserError(f"{where}, at {bounds!r}: a range has one .. in it, such as 64..512")
    low, high = (
        _number(end, number, f"{where}, {which} end")
        for end, which in zip(ends, ("lower", "upper"), strict=True)
    )
    if not low < high:
        ends_told = f"from {written(low)} to {written(high)}"
        raise UserError(f"{where}: the range goes {ends_told}; the larger end is last")
    log, step = False, None
    for suffix in suffixes:
        word, _, size = suffix.partition("=")
        if suffix == "log":
            log = True
        elif word == "step":
            step = _number(size, number, f"{where}, step")
        else:
            raise UserError(
                f"{where}, at {suffix!r}: after a range there can be :log or :step=SIZE"
            )
    if step is not None and not 0 < step <= high - low:
        told = f"the step is {written(step)}"
        raise UserError(f"{where}: {told}; it must be above 0 and within the range")
    if log and step is not None:
        raise UserError(f"{where}: :log and :step cannot go together; leave one out")
    if log and low <= 0:
        raise UserError(f"{where}: a range with :log must begin above 0, not at {written(low)}")
    if step is not None:  # Optuna would end the range there, too, with a warning
        if (high - low) / step > MOST_STEPS:
            raise UserError(f"{where}: more than {MOST_STEPS:,} steps; leave out :step")
        high = low + math.floor((high - low) / step + 1e-9) * step
    return Dimension(name, low=low, high=high, log=log, step=step)


def _number(text: str, number: type[Any], where: str) -> Any:
    try:
        value = number(text)
    except ValueError:
        kind = "a whole number" if number is int else "a number"
        raise UserError(f"{where} is {text!r}; it must be {kind}") from None
    if not abs(value) <= (LARGEST_COUNT if number is int else sys.float_info.max):
        raise UserError(f"{where} is {text!r}; it must be finite, and not as large")
    return value


def _value(text: str, hint: Any, where: str) -> Any:
    """Read one value of a list, by the type of its option."""
    text = text.strip()
    if not text:
        raise UserError(f"{where} is empty; write it, or leave out a comma")
    kinds = get_args(hint) or (hint,)
    if get_origin(hint) is Literal:
        if text not in kinds:
            close = difflib.get_close_matches(text, kinds, 1)
            meant = f"; perhaps you meant {close[0]}" if close else ""
            raise UserError(f"{where} is {text!r}; it must be one of {', '.join(kinds)}{meant}")
        return text
    if NoneType in kinds and text.lower() == "none":
        return None
    if bool in kinds:
        if text.lower() not in WORDS:
            raise UserError(f"{where} is {text!r}; it must be true or false")
        return WORDS[text.lower()]
    return text if str in kinds else _number(text, int if int in kinds else float, where)
