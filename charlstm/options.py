"""Every option once: its name, default, unit, allowed range and help.

The groups below are plain dataclasses. A command is a dataclass made of them: `flags.py` turns its
fields into flags (`hidden_size` becomes `--hidden-size`) and the text under each field into the
help. Each group checks itself when it is made, so a library call and a command line get the same
answer. `None` means that an option is off or was not given. `fields.py` has the checks.
"""

from __future__ import annotations

import codecs
import reprlib
from dataclasses import dataclass
from typing import Any, Literal, get_args

from charlstm.errors import UserError, option
from charlstm.fields import ABOVE_0, LARGEST_COUNT, Split, check_ranges, check_types

Part = Literal["train", "validation", "test", "all"]
Unknown = Literal["error", "skip"]
Unit = Literal["minutes", "epochs", "steps"]

UNITS: tuple[Unit, ...] = get_args(Unit)  # of a budget
DEFAULT_MINUTES = 3.0
MOST_THREADS = 1024
LARGEST_RUN = 10_000  # characters that a ban compares


class Sources(tuple[str, ...]):
    """Files, folders, names or "-", in the order in which they are read."""


class Items(tuple[str, ...]):
    """Options to try, each with its values: `layers=1,2`."""


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
    """Model bytes (256 at most) instead of Unicode characters, whatever the encoding."""
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
    min_p: float | None = None
    """Choose among the characters that have at least this share of the likeliest one's probability
    (0 to 1)."""
    temperature_in_words: float | None = None
    """Temperature after the first letter of a word; 0 draws only where a word begins (for scripts
    with spaces)."""
    no_repeat: int | None = None
    """Never write a run of this many characters that the sample, or its prime, has already."""
    no_copy: int | None = None
    """Never write a run of more than this many characters of the text that the model has read."""
    length: int = 500
    """Characters to make, the prime not counted."""
    stop: str | None = None
    """End a sample before this text."""
    seed: int | None = None
    """The same seed gives the same text; without one each call differs."""

    def __post_init__(self) -> None:
        check_types(self)
        check_ranges(self, temperature=(0, None), top_k=(1, None), top_p=(ABOVE_0, 1))
        check_ranges(self, min_p=(ABOVE_0, 1), temperature_in_words=(0, None))
        check_ranges(self, no_repeat=(2, LARGEST_RUN), no_copy=(1, LARGEST_RUN))
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
        return {name: getattr(self, name) for name in ("temperature", "top_k", "top_p", "min_p")}

    @property
    def manner(self) -> dict[str, Any]:
        """All that says how a text is written, by name: not how long it is, and not its seed."""
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
