"""The options that are tried, and their values, read from one line each.

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
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from charlstm.errors import UserError, option
from charlstm.options import UNITS, DataOptions, ModelOptions, TrainOptions

if TYPE_CHECKING:
    from optuna.trial import Trial

MOST_SETTINGS = 10_000  # of a grid; more would take longer to write down than anybody waits
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
        suffix = ":log" if self.log else f":step={self.step:g}" if self.step else ""
        return f"{self.name}={self.low:g}..{self.high:g}{suffix}"


@dataclass(frozen=True)
class Space:
    """All options that are tried.

    Example:
        >>> space = Space.read(["hidden-size=64..256:log", "layers=1,2"])
        >>> print(space, len(list(Space.read(["layers=1..3", "cell=gru,lstm"]).grid())))
        hidden_size=64..256:log layers=1,2 6
    """

    dimensions: tuple[Dimension, ...]

    @classmethod
    def read(cls, items: Sequence[str]) -> Space:
        """Read a space, an item for each option.

        Raises:
            UserError: an item cannot be read; the message says which, and which part of it.
        """
        found: dict[str, Dimension] = {}
        for place, item in enumerate(items, 1):
            where = f"{option('space')}, item {place} ({item!r})"
            dimension = _dimension(item, where)
            if dimension.name in found:
                raise UserError(f"{where}: {dimension.name} stands twice; write it once")
            found[dimension.name] = dimension
        if not found:
            raise UserError(
                f"{option('space')} is empty; give an item for each option to try, such as"
                " hidden_size=64..512:log layers=1,2"
            )
        return cls(tuple(found.values()))

    def check(self, make: Callable[[Mapping[str, Any]], object]) -> None:
        """Refuse values that their options would refuse, before any training starts.

        Args:
            make: makes the options of a setting; it raises what they refuse.

        Raises:
            UserError: a value is refused; the message says in which item.
        """
        first = {d.name: (d.values or (d.low,))[0] for d in self.dimensions}
        for place, dimension in enumerate(self.dimensions, 1):
            for value in dimension.values or (dimension.low, dimension.high):
                try:
                    make(first | {dimension.name: value})
                except UserError as error:
                    where = f"{option('space')}, item {place} ({str(dimension)!r})"
                    raise UserError(f"{where}: {error}") from None

    def grid(self) -> Iterator[dict[str, Any]]:
        """Yield each setting of a grid.

        Raises:
            UserError: a range has no end of values, or there are too many settings.
        """
        for place, dimension in enumerate(self.dimensions, 1):
            if not dimension.listed():
                where = f"{option('space')}, item {place} ({str(dimension)!r})"
                tried = ",".join(map(written, _spread(dimension)))
                raise UserError(
                    f"{where}: a grid needs values that can be counted; list them, such as"
                    f" {dimension.name}={tried}, or give {option('sampler', 'tpe')}"
                )
        number = math.prod(len(d.listed()) for d in self.dimensions)
        if number > MOST_SETTINGS:
            raise UserError(
                f"{option('space')}: a grid of {number:,} settings or more; {MOST_SETTINGS:,} are"
                f" allowed: give fewer values, or {option('sampler', 'random')}"
            )
        names = [d.name for d in self.dimensions]
        for values in itertools.product(*(d.listed() for d in self.dimensions)):
            yield dict(zip(names, values, strict=True))

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Let a sampler choose a setting."""
        return {d.name: d.suggest(trial) for d in self.dimensions}

    def __str__(self) -> str:
        return " ".join(map(str, self.dimensions))


def written(value: Any) -> str:
    """Write a value as a space has it.

    Example:
        >>> written(None), written(True), written(0.1), written(64)
        ('none', 'true', '0.1', '64')
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _options() -> dict[str, Any]:
    """Return the type of each option that can be tried, by its name."""
    hints = get_type_hints(ModelOptions) | get_type_hints(TrainOptions)
    return {name: hint for name, hint in hints.items() if name not in (*UNITS, "seed")}


def _dimension(item: str, where: str) -> Dimension:
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
    if len(set(map(written, values))) < len(values):
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
        raise UserError(f"{where}: the range goes from {low:g} to {high:g}; the larger end is last")
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
        raise UserError(f"{where}: the step is {step:g}; it must be above 0 and within the range")
    if log and step is not None:
        raise UserError(f"{where}: :log and :step cannot go together; leave one out")
    if log and low <= 0:
        raise UserError(f"{where}: a range with :log must begin above 0, not at {low:g}")
    if step is not None:  # Optuna would end the range there, too, with a warning
        high = low + math.floor((high - low) / step + 1e-9) * step
    return Dimension(name, low=low, high=high, log=log, step=step)


def _number(text: str, number: type[Any], where: str) -> Any:
    try:
        value = number(text)
    except ValueError:
        kind = "a whole number" if number is int else "a number"
        raise UserError(f"{where} is {text!r}; it must be {kind}") from None
    if not math.isfinite(value):
        raise UserError(f"{where} is {text!r}; it must be finite")
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


def _spread(dimension: Dimension) -> list[float]:
    """Return four values that could stand for a range in a grid."""
    low, high = dimension.low, dimension.high
    shares = [k / 3 for k in range(4)]
    if dimension.log:
        found = [low * (high / low) ** share for share in shares]
    else:
        found = [low + (high - low) * share for share in shares]
    return [round(each) if isinstance(low, int) else each for each in found]
