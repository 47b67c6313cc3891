"""Every option once: its name, default, unit, allowed range and help.

The groups below are plain dataclasses. A command is a dataclass made of them: `flags.py` turns its
fields into flags (`hidden_size` becomes `--hidden-size`) and the text under each field into the
help. Each group checks itself when it is made, so a library call and a command line get the same
answer. `None` means that an option is off or was not given. Only in JSON an option that is off is 0
(see `to_json`).
"""

from __future__ import annotations

import codecs
import dataclasses
import functools
import math
import reprlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from charlstm.errors import UserError, in_a_file, option

Options = TypeVar("Options")
Part = Literal["train", "validation", "test", "all"]
Unknown = Literal["error", "skip"]
Unit = Literal["minutes", "epochs", "steps"]

UNITS: tuple[Unit, ...] = get_args(Unit)  # of a budget
DEFAULT_MINUTES = 3.0
MOST_THREADS = 1024
LARGEST_COUNT = 2**63 - 1  # the largest integer in NumPy and torch
OFF = ("embedding_size", "clip", "ema", "patience", "show")  # None turns these off; 0 never does
ABOVE_0 = sys.float_info.min  # lowest value of a range; torch may turn smaller numbers into 0


class Split(NamedTuple):
    """Shares of a text: training takes the first part, validation the next."""

    train: float
    validation: float


class Sources(tuple[str, ...]):
    """Files, folders, names or "-", in the order in which they are read."""


@dataclass(frozen=True)
class DataOptions:
    """How a text is read and cut."""

    encoding: str = "utf-8"
    """Codec of the files."""
    newlines: Literal["keep", "lf"] = "keep"
    """Line ends: keep them, or turn CR LF and CR into LF."""
    split: Split = Split(0.9, 0.1)
    """Shares of the text for training and validation; training never reads what is left."""
    split_by: Literal["position", "line", "block"] = "position"
    """Cut by position, or draw lines or blocks of some 1,000 characters for validation, equal ones
    together: for sorted lists, and texts whose end differs from the rest."""
    bytes: bool = False
    """Model bytes (256 at most) instead of Unicode characters."""
    limit: int | None = None
    """Keep no more than this many characters, from the start."""
    min_count: int = 1
    """Leave out characters that occur less often than this."""

    def __post_init__(self) -> None:
        check_types(self)
        train, validation = self.split
        if not (0 < train < 1 and 0 < validation < 1 and train + validation < 1 + 1e-9):
            given = " ".join(map(reprlib.repr, self.split))
            raise UserError(
                f"{option('split')} is {given}; give two shares above 0 that sum to at most 1, such"
                f" as {option('split', (0.9, 0.1))}"
            )
        check_ranges(self, min_count=(1, None), limit=(1, None))
        try:
            codecs.lookup(self.encoding)
        except (LookupError, ValueError) as error:  # ValueError: a null character in the name
            raise UserError(
                f"{option('encoding', self.encoding)}: {error}; Python's codec names are allowed,"
                " such as utf-8, latin-1, cp1252 or utf-16"
            ) from None


@dataclass(frozen=True)
class ModelOptions:
    """The model: everything that its weights depend on, and its dropout rates."""

    cell: str = "lstm"
    """The recurrence: lstm, rnn, gru, peephole, coupled, or your own as MODULE:NAME."""
    layers: int = 1
    """Recurrent layers, one above the other."""
    hidden_size: int = 384
    """Units in each layer."""
    embedding_size: int | None = 64
    """Numbers that stand for a character; none is one-hot input."""
    readout: Literal["sum", "last"] = "sum"
    """What the softmax reads: the sum of all layers' outputs, or the last layer's."""
    input_dropout: float = 0.0
    """Share of the input units set to zero, the same ones throughout a window (0 to 1)."""
    dropout: float = 0.05
    """The same between layers and before the softmax (0 to 1)."""
    weight_drop: float = 0.0
    """Share of the recurrent weights set to zero in each window (0 to 1); a CPU rounds it to
    256ths, at least one."""

    def __post_init__(self) -> None:
        check_types(self)
        check_ranges(self, layers=(1, 100), hidden_size=(1, 65536), embedding_size=(1, 65536))
        check_ranges(self, input_dropout=(0, 0.99), dropout=(0, 0.99), weight_drop=(0, 0.99))


SIZES = ("cell", "layers", "hidden_size", "embedding_size", "readout")  # a model cannot change them


@dataclass(frozen=True)
class TrainOptions:
    """One training: its budget, its windows, its optimiser."""

    minutes: float | None = None
    """Budget in minutes, validation included (3 if no budget is given)."""
    epochs: float | None = None
    """Budget in passes over the training text."""
    steps: int | None = None
    """Budget in steps; each step reads one window of every stream."""
    batch_size: int = 16
    """Streams that are read side by side."""
    window: int = 32
    """Characters between two truncations of back-propagation through time."""
    reset: float = 0.05
    """Chance that a stream starts a window from the zero state, as sampling does (0 to 1)."""
    learning_rate: float = 1.2e-2
    """Highest learning rate; it decays to 2 % of this over the budget."""
    beta1: float = 0.0
    """AdamW's momentum (0 to 0.999); with 0 each step follows the gradient of its own windows."""
    weight_decay: float = 0.1
    """AdamW's decay of the weight matrices; each step multiplies it by the learning rate."""
    clip: float | None = 1.0
    """Largest global norm of the gradient; none turns clipping off."""
    ema: float | None = 0.999
    """Decay per step of the averaged weights, which are kept if they validate better than the raw
    ones; none turns the average off."""
    patience: int | None = 20
    """Validations without a better one before training stops; none never stops early."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """bf16 runs the LSTM in bfloat16; auto does so where the CPU is made for it."""
    seed: int = 0
    """Seed of the initial weights, dropout, offsets and resets."""

    def __post_init__(self) -> None:
        check_types(self)
        _check_budgets(self, *UNITS)
        positive = (ABOVE_0, None)
        check_ranges(self, learning_rate=positive, batch_size=(1, None), window=(1, None))
        check_ranges(self, reset=(0, 1), beta1=(0, 0.999), weight_decay=(0, None))
        check_ranges(self, clip=positive, ema=(ABOVE_0, 0.999999), patience=(1, None))
        check_ranges(self, seed=(0, LARGEST_COUNT))


@dataclass(frozen=True)
class MoreOptions:
    """Another budget for a training that has used up its own."""

    more_minutes: float | None = None
    """With --resume, train a finished run on for so many minutes; the learning rate rises again."""
    more_epochs: float | None = None
    """The same for so many passes over the training text."""
    more_steps: int | None = None
    """The same for so many steps."""

    def __post_init__(self) -> None:
        check_types(self)
        _check_budgets(self, *(f"more_{unit}" for unit in UNITS))


@dataclass(frozen=True)
class SampleOptions:
    """How the next character is chosen, and when to stop."""

    temperature: float = 0.8
    """Divides the logits: below 1 is more careful, above 1 wilder, 0 takes the most likely."""
    top_k: int | None = None
    """Choose among this many most likely characters only."""
    top_p: float | None = None
    """Choose among the fewest characters that hold this share of the probability (0 to 1)."""
    length: int = 500
    """Characters to make, the prime not counted."""
    stop: str | None = None
    """End a sample before this text."""
    seed: int | None = None
    """The same seed gives the same text; without one each call differs."""

    def __post_init__(self) -> None:
        check_types(self)
        check_ranges(self, temperature=(0, None), top_k=(1, None), top_p=(ABOVE_0, 1))
        check_ranges(self, length=(0, None), seed=(0, LARGEST_COUNT))
        if self.stop == "":
            raise UserError(
                f"{option('stop')} is empty; give the text to stop before, or leave it out"
            )

    @property
    def choice(self) -> dict[str, Any]:
        """The options that `sampling.choose.choose` takes, by name: how it chooses a character.

        Example:
            >>> SampleOptions(top_k=3).choice["top_k"]
            3
        """
        others = ("length", "stop", "seed")
        return {name: value for name, value in vars(self).items() if name not in others}


@dataclass(frozen=True)
class MachineOptions:
    """How much of this machine a command uses."""

    threads: int | None = None
    """Threads to compute with (default: measured while it works; for a training in steps or epochs
    all CPUs that this process may use)."""

    def __post_init__(self) -> None:
        check_types(self)
        check_ranges(self, threads=(1, MOST_THREADS))


@dataclass(frozen=True)
class DeviceOptions:
    """Where a command computes."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Compute on the CPU, on an NVIDIA GPU (cuda) or on a Mac's GPU (mps); auto takes cuda if
    PyTorch can use it, else the CPU."""


@dataclass(frozen=True)
class CellOptions:
    """The cell of a model, if it is not one of charlstm's own."""

    cell: str | None = None
    """Your own cell, as MODULE:NAME, if the model is made of one."""


def _check_budgets(options: Any, *names: str) -> None:
    """Refuse two budgets at once, and one that is not above 0."""
    given = [name for name in names if getattr(options, name) is not None]
    if len(given) > 1:
        raise UserError(
            f"{option(given[0])} and {option(given[1])} are both budgets; give one of them"
        )
    check_ranges(options, **dict.fromkeys(names, (ABOVE_0, None)))


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
