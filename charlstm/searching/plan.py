"""What a search does, the folder where it lives, and the command that repeats a setting."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import URL

from charlstm.errors import UserError, option
from charlstm.fields import to_json
from charlstm.model.named_cells import import_cell
from charlstm.options import DataOptions, ModelOptions, TrainOptions
from charlstm.quoting import invocation
from charlstm.searching.dimension import written
from charlstm.searching.space import Space
from charlstm.text.corpus import Corpus, read_corpus
from charlstm.training.budget import Budget

Sampler = Literal["grid", "random", "tpe"]


@dataclass(frozen=True)
class Plan:
    """A search: it goes from one process to another as it is.

    Attributes:
        corpus: the sources of the text, as the user gave them.
        data: how the text is read and cut.
        model: what all settings have alike, but for the space.
        training: the same; its seed is the first of the trainings' and the sampler's.
        cell: the cell as it was given, MODULE:NAME or a name.
        given: the words of the command line that all trainings have, options and values.
        space: what is tried.
        sampler: who chooses the settings.
        trials: how many settings.
        repeat: trainings of each setting, with a seed each.
        prune: whether trainings that are behind are ended early.
        folder: where the search lives.
        storage: URL of Optuna's storage, as it was given; None for `search.db` in the folder.
        device: where to train, as `--device` has it.
        threads: of each training; None measures.
        workers: how many processes.
    """

    corpus: Sequence[str]
    data: DataOptions
    model: ModelOptions
    training: TrainOptions
    cell: str
    given: Sequence[str]
    space: Space
    sampler: Sampler
    trials: int
    repeat: int
    prune: bool
    folder: Path
    storage: str | None
    device: str
    threads: int | None
    workers: int

    @cached_property
    def text(self) -> Corpus:
        """The text; read once in each process."""
        return read_corpus(self.corpus, self.data)

    @property
    def url(self) -> str:
        """The URL of Optuna's storage."""
        if self.storage is not None:
            return self.storage
        path = (self.folder / "search.db").absolute()
        return URL.create("sqlite", database=str(path)).render_as_string()  # `?` and `%` escaped

    @property
    def name(self) -> str:
        """The study's name. In its own folder it is the same wherever the folder is moved to."""
        return "search" if self.storage is None else self.folder.name

    @property
    def seeds(self) -> range:
        """The seeds that each setting is trained with."""
        return range(self.training.seed, self.training.seed + self.repeat)

    @property
    def budget(self) -> Budget:
        """How long each training goes on."""
        return Budget.of(self.training)

    def options(self, setting: Mapping[str, Any]) -> tuple[ModelOptions, TrainOptions]:
        """Return the options of a setting.

        Raises:
            UserError: an option refuses its value.
        """
        cell = import_cell(setting.get("cell", self.cell))
        of_model = {field.name for field in dataclasses.fields(ModelOptions)}
        sizes = {name: value for name, value in setting.items() if name in of_model}
        rates = {name: value for name, value in setting.items() if name not in of_model}
        model = dataclasses.replace(self.model, **(sizes | {"cell": cell}))
        return model, dataclasses.replace(self.training, **rates)

    def command(self, setting: Mapping[str, Any], seed: int) -> str:
        """Return the command that trains a setting."""
        words = [*self.given]
        for name, value in setting.items():
            words += [f"--{name.replace('_', '-')}", "none" if value is None else str(value)]
        return invocation("train", *self.corpus, *words, "--seed", seed)

    def facts(self) -> dict[str, Any]:
        """Return what must be the same when a search goes on, as values for JSON."""
        text = self.text
        return json.loads(  # as it comes back: a tuple is a list then
            json.dumps(
                {
                    "text": f"sha256 {text.sha256[:16]}, {len(text.text):,} characters",
                    "space": str(self.space),
                    "sampler": self.sampler,
                    "repeat": self.repeat,
                    "prune": "median" if self.prune else "off",
                    **to_json(self.data),
                    **to_json(self.model),
                    **to_json(self.training),
                    "cell": self.cell,
                    "device": self.device,
                }
            )
        )

    def check_same(self, before: Mapping[str, Any]) -> None:
        """Refuse to go on with another search.

        Args:
            before: the `facts` with which the search began.

        Raises:
            UserError: they differ; the message says in what.
        """
        now = self.facts()
        differing = [n for n in now | dict(before) if now.get(n) != before.get(n)]
        if differing:
            told = "; ".join(
                f"{n} was {written(before.get(n))}, is {written(now.get(n))}" for n in differing
            )
            raise UserError(
                f"{self.folder}: holds another search: {told}; name another folder with"
                f" {option('out')}, or give the same options to go on with this one"
            )
