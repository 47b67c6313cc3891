"""What a file says about its model: what text it read, how it was trained, how good it is.

A file holds these facts as JSON beside the weights. Here each group of facts is a dataclass. A
`Section` checks the facts once, while they are read. Format version 1 sets the names in the JSON.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from charlstm.errors import figure
from charlstm.fields import to_json
from charlstm.model.section import Section
from charlstm.options import MOST_THREADS, DataOptions, Part, TrainOptions

if TYPE_CHECKING:
    from charlstm.text.corpus import Corpus

KINDS = ("cpu", "cuda", "mps")  # of devices
LARGEST_NATS = math.log(sys.float_info.max)  # exp() of a larger number is no float


@dataclass(frozen=True)
class Provenance:
    """The text that a model was trained on.

    Attributes:
        sources: what the user named, in order.
        sha256: digest of the text, as in `Corpus`.
        characters: length of the text, all its parts together.
        options: how the text was read and cut.
    """

    sources: tuple[str, ...]
    sha256: str
    characters: int
    options: DataOptions

    @classmethod
    def of(cls, corpus: Corpus) -> Provenance:
        """Return the provenance of a text that has been read."""
        return cls(corpus.sources, corpus.sha256, len(corpus.text), corpus.options)

    @classmethod
    def from_json(cls, saved: Section) -> Provenance:
        """Read what `to_json` made."""
        return cls(
            sources=saved.texts("sources"),
            sha256=saved.text("sha256"),
            characters=saved.count("characters"),
            options=saved.options("options", DataOptions),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values by name."""
        return {
            "sources": list(self.sources),
            "sha256": self.sha256,
            "characters": self.characters,
            "options": to_json(self.options),
        }


@dataclass(frozen=True)
class Training:
    """How a model was trained.

    Attributes:
        options: budget, windows, optimiser.
        steps: how many steps it took.
        epochs: how many passes over the training text it took; not a whole number, in general.
        seconds: how long it took, validation included.
        threads: how many threads it used. Another number adds numbers up in another order, and so
            rounds otherwise.
        device: where it was done, by PyTorch's name for that kind of device.
    """

    options: TrainOptions
    steps: int
    epochs: float
    seconds: float
    threads: int
    device: str = "cpu"

    @classmethod
    def from_json(cls, saved: Section) -> Training:
        """Read what `to_json` made."""
        return cls(
            options=saved.options("options", TrainOptions),
            steps=saved.count("steps"),
            epochs=saved.number("epochs"),
            seconds=saved.number("seconds"),
            threads=saved.count("threads", least=1, most=MOST_THREADS),
            device=saved.one_of("device", KINDS) if "device" in saved else "cpu",
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values by name."""
        return {
            "options": to_json(self.options),
            "steps": self.steps,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "threads": self.threads,
            "device": self.device,
        }


@dataclass(frozen=True)
class Score:
    """How well a model predicted a text.

    Attributes:
        nats: the mean of -ln p, where p is the probability that the model gave to the character
            that came.
        characters: how many characters the model predicted.
        interval: for samples of a text, half of the 95 % confidence interval of `nats`, as
            `measuring.sampled` explains; None if all was scored.

    Example:
        >>> score = Score(nats=2.0, characters=10)
        >>> round(score.bits_per_char, 4), round(score.perplexity, 4)
        (2.8854, 7.3891)
    """

    nats: float
    characters: int
    interval: float | None = None

    @property
    def bits_per_char(self) -> float:
        """Bits per character."""
        return self.nats / math.log(2)

    @property
    def perplexity(self) -> float:
        """exp(nats): the number of equally likely characters that would be as hard to guess."""
        return math.exp(self.nats) if self.nats < LARGEST_NATS else math.inf

    @classmethod
    def from_json(cls, saved: Section) -> Score:
        """Read what `to_json` made; bits and perplexity follow from the nats."""
        interval = saved.number("interval") if "interval" in saved else None
        return cls(saved.number("nats"), saved.count("characters", least=1), interval)

    def to_json(self) -> dict[str, Any]:
        """Return the figures by name."""
        finite = math.isfinite(self.perplexity)
        figures = {
            "nats": self.nats,
            "bits_per_char": self.bits_per_char,
            "perplexity": self.perplexity if finite else None,  # JSON has no infinity
            "characters": self.characters,
        }
        return figures if self.interval is None else figures | {"interval": self.interval}


@dataclass(frozen=True)
class Calibration:
    """What a model's logits were divided by after the training, and what that brought.

    Attributes:
        temperature: the divisor. It is part of the weights.
        characters: how many characters of the validation part chose it, from the first on.
        before: score of as many characters after them, one pass, without the temperature.
        after: the same with it.
    """

    temperature: float
    characters: int
    before: Score
    after: Score

    @classmethod
    def from_json(cls, saved: Section) -> Calibration:
        """Read what `to_json` made."""
        return cls(
            temperature=saved.number("temperature"),
            characters=saved.count("characters", least=1),
            before=Score.from_json(saved.section("before")),
            after=Score.from_json(saved.section("after")),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values by name."""
        return {
            "temperature": self.temperature,
            "characters": self.characters,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
        }

    def __str__(self) -> str:
        """Tell it in two sentences."""
        return (
            f"Its logits were divided by {self.temperature:.3f}. The first {self.characters:,}"
            f" characters of validation chose that; on the next {self.after.characters:,} it gives"
            f" {figure(self.after.nats, 4)} nats instead of {figure(self.before.nats, 4)}."
        )


@dataclass(frozen=True)
class Measured:
    """How good a model is. Before a training is finished, only `validation_nats` is known.

    Attributes:
        validation_nats: nats per character at the best validation so far (cold, at most 64
            windows); None once the training is finished.
        part: which part of the text was measured when the training was finished.
        start: position of its first character in the text.
        stop: position after its last character.
        carried: score of one pass that carries the state along.
        cold: score of windows of 256 characters, each from the zero state.
        calibration: what the logits were divided by; None if by nothing.
    """

    validation_nats: float | None = None
    part: Part | None = None
    start: int | None = None
    stop: int | None = None
    carried: Score | None = None
    cold: Score | None = None
    calibration: Calibration | None = None

    @classmethod
    def from_json(cls, saved: Section) -> Measured:
        """Read what `to_json` made."""
        nats = saved.number("validation_nats") if "validation_nats" in saved else None
        found = "calibration" in saved
        calibration = Calibration.from_json(saved.section("calibration")) if found else None
        if "part" not in saved:
            return cls(nats, calibration=calibration)
        start = saved.count("from")
        return cls(
            validation_nats=nats,
            part=saved.one_of("part", get_args(Part)),
            start=start,
            stop=saved.count("to", least=start),
            carried=Score.from_json(saved.section("carried")),
            cold=Score.from_json(saved.section("cold")),
            calibration=calibration,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values by name, without those that are None."""
        values = {
            "validation_nats": self.validation_nats,
            "part": self.part,
            "from": self.start,
            "to": self.stop,
            "carried": self.carried and self.carried.to_json(),
            "cold": self.cold and self.cold.to_json(),
            "calibration": self.calibration and self.calibration.to_json(),
        }
        return {key: value for key, value in values.items() if value is not None}
