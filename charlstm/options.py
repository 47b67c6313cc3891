"""Every option once: its name, default, unit, allowed range and help.

A command is a dataclass made of the groups below; `parse` turns its fields into flags
(`hidden_size` becomes `--hidden-size`), the text under each field into the help, and the command
line back into an instance. Each group checks itself when it is made, so that a library call and a
command line get the same answer.
"""

from __future__ import annotations

import codecs
import contextlib
import dataclasses
import io
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Optional,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import tyro

from charlstm.errors import UserError

Options = TypeVar("Options")
Part = Literal["train", "validation", "test", "all"]
Unknown = Literal["error", "skip"]
MOST_THREADS = 1024

DEFAULT_MINUTES = 3.0


class Split(NamedTuple):
    """Shares of a text, by position."""

    train: float
    validation: float


class Sources(tuple[str, ...]):
    """Files, folders, names or "-", in the order in which they are read."""


# How tyro reads the two from a command line; given so, it need not import typeguard (0.1 s).
SplitFlag = Annotated[
    Split,
    tyro.constructors.PrimitiveConstructorSpec(
        nargs=2,
        metavar="TRAIN VALIDATION",
        instance_from_str=lambda words: Split(*map(float, words)),
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda split: [f"{share:g}" for share in split],
    ),
]
SourcesArgument = Annotated[
    Sources,
    tyro.conf.Positional,
    tyro.constructors.PrimitiveConstructorSpec(
        nargs="*",
        metavar="CORPUS ...",
        instance_from_str=Sources,
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=list,
    ),
]


@dataclass(frozen=True)
class DataOptions:
    """How a text is read and cut."""

    encoding: str = "utf-8"
    """Codec of the files."""
    newlines: Literal["keep", "lf"] = "keep"
    """Line ends: keep them, or turn CR LF and CR into LF."""
    split: SplitFlag = Split(0.9, 0.1)
    """Shares of the text for training and validation, by position; the rest is never read."""
    bytes: bool = False
    """Model bytes (256 at most) instead of Unicode characters."""
    limit: Optional[int] = None
    """Keep no more than this many characters, from the start."""
    min_count: int = 1
    """Leave out characters that occur less often than this."""

    def __post_init__(self) -> None:
        train, validation = self.split
        if not (0 < train < 1 and 0 < validation < 1 and train + validation < 1 + 1e-9):
            raise UserError(
                f"--split is {train:g} {validation:g}; give two shares above 0 that sum to at most"
                " 1, such as --split 0.9 0.1"
            )
        check(self, min_count=(1, None), limit=(1, None))
        try:
            codecs.lookup(self.encoding)
        except LookupError as error:
            raise UserError(
                f"--encoding {self.encoding}: {error}; Python's codec names are allowed, such as"
                " utf-8, latin-1, cp1252 or utf-16"
            ) from None


@dataclass(frozen=True)
class ModelOptions:
    """The model: everything that its weights depend on, and its dropout rates."""

    cell: str = "lstm"
    """The recurrence: lstm, rnn, gru, peephole, coupled, or the name of a registered one."""
    layers: int = 1
    """Recurrent layers, one above the other."""
    hidden_size: int = 384
    """Units in each layer."""
    embedding_size: int = 64
    """Numbers that stand for a character; 0 is one-hot input."""
    readout: Literal["sum", "last"] = "sum"
    """What the softmax reads: the sum of all layers' outputs, or the last layer's."""
    input_dropout: float = 0.0
    """Share of the input set to zero, the same units over a window (0 to 1)."""
    dropout: float = 0.05
    """The same between layers and before the softmax (0 to 1)."""
    weight_drop: float = 0.0
    """Share of the recurrent weights set to zero in each window (0 to 1)."""

    def __post_init__(self) -> None:
        check(self, layers=(1, 100), hidden_size=(1, 65536), embedding_size=(0, 65536))
        check(self, input_dropout=(0, 0.99), dropout=(0, 0.99), weight_drop=(0, 0.99))


@dataclass(frozen=True)
class TrainOptions:
    """One training: its budget, its windows, its optimiser."""

    minutes: Optional[float] = None
    """Budget in minutes, validation included (3 if no budget is given)."""
    epochs: Optional[float] = None
    """Budget in passes over the training text."""
    steps: Optional[int] = None
    """Budget in steps, a window of every stream each."""
    batch_size: int = 16
    """Streams that are read side by side."""
    window: int = 32
    """Characters between two truncations of back-propagation through time."""
    reset: float = 0.05
    """Chance that a stream starts a window from the zero state, as sampling does."""
    learning_rate: float = 1.2e-2
    """Highest learning rate; it decays to 2 % of this over the budget."""
    beta1: float = 0.0
    """AdamW's momentum; 0 has none, so that each step follows the gradient of its own windows."""
    weight_decay: float = 0.1
    """AdamW's decay of the weight matrices, times the learning rate at each step."""
    clip: float = 1.0
    """Largest global norm of the gradient; 0 turns clipping off."""
    ema: float = 0.999
    """Decay per step of the averaged weights, which are kept where they are better; 0 is none."""
    patience: int = 20
    """Validations without a better one before training stops; 0 never stops early."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """bf16 runs the LSTM in bfloat16; auto does so where the CPU is made for it."""
    seed: int = 0
    """Seed of the initial weights, dropout, offsets and resets."""

    def __post_init__(self) -> None:
        budgets = [
            name for name in ("minutes", "epochs", "steps") if getattr(self, name) is not None
        ]
        if len(budgets) > 1:
            raise UserError(f"--{budgets[0]} and --{budgets[1]} are both budgets; give one of them")
        for name in budgets:
            _check_above_zero(self, name)
        _check_above_zero(self, "learning_rate")
        check(self, batch_size=(1, None), window=(1, None), reset=(0, 1), weight_decay=(0, None))
        check(self, beta1=(0, 0.999))
        check(self, clip=(0, None), ema=(0, 0.999999), patience=(0, None), seed=(0, 2**63 - 1))


@dataclass(frozen=True)
class SampleOptions:
    """How the next character is chosen, and when to stop."""

    temperature: Annotated[float, tyro.conf.arg(aliases=["--temp"])] = 0.8
    """Divides the logits: below 1 is more careful, above 1 wilder, 0 takes the most likely."""
    top_k: Optional[int] = None
    """Choose among this many most likely characters only."""
    top_p: Optional[float] = None
    """Choose among the fewest characters that hold this share of the probability (0 to 1)."""
    length: int = 500
    """Characters to make, the prime not counted."""
    stop: Optional[str] = None
    """End a sample before this text."""
    seed: Optional[int] = None
    """The same seed gives the same text; without one each call differs."""

    def __post_init__(self) -> None:
        check(self, temperature=(0, None), length=(0, None), top_k=(1, None), seed=(0, 2**63 - 1))
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise UserError(f"--top-p is {self.top_p:g}; it must be above 0 and at most 1")
        if self.stop == "":
            raise UserError("--stop is empty; give the text to stop before, or leave it out")


def check(options: Any, **ranges: tuple[float, float | None]) -> None:
    """Refuse a number outside its range (bounds included) by the name of its flag; None passes.

    Raises:
        UserError: a number is too small, too large or not finite.
    """
    for name, (low, high) in ranges.items():
        value = getattr(options, name)
        if value is None:
            continue
        if not (value >= low and (high is None or value <= high)) or value == math.inf:
            allowed = f"at least {low}" if high is None else f"from {low} to {high}"
            raise UserError(f"{flag(name)} is {value}; it must be {allowed}")


def _check_above_zero(options: Any, name: str) -> None:
    if not 0 < getattr(options, name) < math.inf:
        raise UserError(f"{flag(name)} is {getattr(options, name)}; it must be above 0 and finite")


def flag(name: str) -> str:
    """Return the flag of a field: `flag("hidden_size")` is `"--hidden-size"`."""
    return "--" + name.replace("_", "-")


def given_flags(argv: Sequence[str] | None) -> set[str]:
    """Return the fields whose flags stand on a command line, whatever their values."""
    words = sys.argv[1:] if argv is None else argv
    return {w[2:].split("=")[0].replace("-", "_") for w in words if w.startswith("--")}


def from_json(kind: type[Options], values: Mapping[str, Any], where: str) -> Options:
    """Make an options group from what `dataclasses.asdict` saved, names and types checked.

    Raises:
        UserError: a name that this version does not know, or a value of another type.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise UserError(f"{where}: unknown option {unknown[0]!r}; known are {', '.join(fields)}")
    restored = dict(values)
    if "split" in fields and isinstance(values.get("split"), list) and len(values["split"]) == 2:
        restored["split"] = Split(*values["split"])
    for name, value in restored.items():
        if get_origin(hints[name]) is Literal and value not in get_args(hints[name]):
            allowed = ", ".join(get_args(hints[name]))
            raise UserError(f"{where}: {name} is {value!r}; it must be one of {allowed}")
        if not _fits(value, hints[name]):
            raise UserError(f"{where}: option {name} is {value!r}, which is of the wrong type")
    return kind(**restored)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a JSON value is of the type that a field declares; an int will do for a float."""
    if get_origin(hint) is Literal:
        return True
    kinds = get_args(hint) or (hint,)
    if hint is Split:
        return isinstance(value, tuple) and all(_fits(share, float) for share in value)
    return type(value) in kinds or (type(value) is int and float in kinds)


def parse(
    kind: type[Options], argv: Sequence[str] | None, default: Options | None = None
) -> Options:
    """Read a command line, `sys.argv[1:]` if None; `--help` prints `kind`'s docstring and ends.

    A command's class is named as its module: `Train` for `python -m charlstm.train`.

    Raises:
        UserError: a flag or value that cannot be read, with the flag that was probably meant.
    """
    program = f"python -m charlstm.{kind.__name__.lower()}"
    told = io.StringIO()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with contextlib.redirect_stderr(told):
            parsed: Options = tyro.cli(  # type: ignore[assignment]
                kind,
                args=arguments,
                prog=program,
                default=default,
                config=(tyro.conf.OmitArgPrefixes, tyro.conf.DisallowNone),
            )
            return parsed
    except SystemExit as end:
        if end.code == 0:
            raise
        raise UserError(_one_line(told.getvalue(), program)) from None


def _one_line(box: str, program: str) -> str:
    """Take the message out of the box that tyro draws around it."""
    lines = [line.strip("│ \n") for line in box.splitlines() if not line.startswith(("╭", "╰"))]
    parts = [part.strip() for part in re.split("─{3,}", " ".join(lines))]
    told = [
        part for part in parts if not part.startswith(("For full helptext", "Argument helptext"))
    ]
    message = re.sub(r"^Error parsing \w+: (?=--)", "", "; ".join(told))
    return f"{message.rstrip('.')}; {program} --help lists all options"
