"""`resume.safetensors`: all that a training needs to go on, checked as it is read."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlstm.model.checkpoint import Arrays, read_arrays, write_arrays
from charlstm.model.facts import Provenance, Training
from charlstm.model.named_cells import find_cell
from charlstm.model.section import Section
from charlstm.options import MOST_THREADS, ModelOptions, to_json
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
            UserError: there is no such file, it is damaged, or its cell is not registered.
        """
        arrays, header = read_arrays(path, kind="resume")
        saved = Section(header, str(path))
        options = saved.options("model", ModelOptions)
        find_cell(options.cell, str(path))
        progress = saved.section("progress")
        asked = saved.values.get("threads") is not None
        return cls(
            arrays=arrays,
            options=options,
            vocabulary=saved.vocabulary("vocabulary"),
            provenance=Provenance.from_json(saved.section("corpus")),
            training=Training.from_json(saved.section("training")),
            progress={
                name: dataclasses.asdict(Progress.from_json(progress.section(name)))
                for name in ("now", "good")
            },
            threads=saved.count("threads", least=1, most=MOST_THREADS) if asked else None,
        )
