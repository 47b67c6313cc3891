"""`resume.safetensors`: all that a training needs to go on, checked as it is read."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlstm.errors import UserError
from charlstm.fields import to_json
from charlstm.model.array_file import (
    Arrays,
    Shapes,
    check_shapes,
    check_values,
    read_arrays,
    write_arrays,
)
from charlstm.model.checkpoint import weight_shapes
from charlstm.model.facts import Provenance, Training
from charlstm.model.named_cells import find_cell
from charlstm.model.section import Section
from charlstm.options import MOST_THREADS, ModelOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.progress import Progress


@dataclass(frozen=True)
class Saved:
    """A training that was saved.

    Attributes:
        arrays: weights, optimiser, states and positions by name, as `Trainer.state` returns them.
        progress: its numbers, as `Trainer.state` returns them.
        options: sizes, cell and dropout rates of the model.
        vocabulary: characters by id.
        provenance: the text that it reads.
        training: its options, and how far it has come.
        threads: how many threads the user asked for; None if for no number.
    """

    arrays: Arrays
    progress: dict[str, Any]
    options: ModelOptions
    vocabulary: Vocabulary
    provenance: Provenance
    training: Training
    threads: int | None

    def write(self, path: Path) -> None:
        """Write the file. It replaces an old one only once it is complete.

        Raises:
            UserError: the place cannot be written.
        """
        header = {
            "kind": "resume",
            "model": to_json(self.options),
            "vocabulary": dataclasses.asdict(self.vocabulary),
            "corpus": self.provenance.to_json(),
            "training": self.training.to_json(),
            "progress": self.progress,
            "threads": self.threads,
        }
        write_arrays(path, self.arrays, header)

    @classmethod
    def read(cls, path: Path) -> "Saved":
        """Read what `write` wrote.

        Raises:
            UserError: there is no such file, it is damaged, its cell is not registered, its numbers
                do not belong together, or its weights do not fit its options. Only `Snapshot` knows
                which moments and states fit: those of an optimiser and of streams.
        """
        arrays, header = read_arrays(path, kind="resume")
        saved = Section(header, str(path))
        options = saved.options("model", ModelOptions)
        find_cell(options.cell, str(path))
        vocabulary = saved.vocabulary("vocabulary")
        training = Training.from_json(saved.section("training"))
        copies = ("model.", "average.", "best.") if training.options.ema else ("model.", "best.")
        _check(path, arrays, weight_shapes(options, len(vocabulary)), copies)
        sections = saved.section("progress")
        now, good = (Progress.from_json(sections.section(name)) for name in ("now", "good"))
        if good.step > now.step or good.rollbacks > now.rollbacks:
            raise UserError(f"{path}: its last good state is later than its last one; train again")
        asked = saved.values.get("threads") is not None
        return cls(
            arrays=arrays,
            options=options,
            vocabulary=vocabulary,
            provenance=Provenance.from_json(saved.section("corpus")),
            training=training,
            progress={"now": dataclasses.asdict(now), "good": dataclasses.asdict(good)},
            threads=saved.count("threads", least=1, most=MOST_THREADS) if asked else None,
        )


def _check(path: Path, arrays: Arrays, shapes: Shapes, copies: tuple[str, ...]) -> None:
    """Hold all copies of the weights against the options, before a model is built.

    The best weights become a model, so they must be fit for one. Other weights may be infinite: the
    next step has no finite loss then, and the training goes back to its last good state.
    """
    others = ("optimizer.", "hidden.")
    weights = {k: v for k, v in arrays.items() if not k.removeprefix("good.").startswith(others)}
    wanted = {
        state + copy + name: shape
        for state in ("", "good.")
        for copy in copies
        for name, shape in shapes.items()
    }
    check_shapes(path, weights, wanted)
    best = ("best.", "good.best.")
    check_values(path, {k: v for k, v in weights.items() if k.startswith(best)})
