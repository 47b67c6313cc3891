"""One safe file: weights, options, vocabulary, how the model was trained and how good it is.

`array_file.py` says in what form. A file is replaced whole, so that there is always a whole one.
This module needs NumPy, but not torch.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from charlstm.errors import UserError, option, translating
from charlstm.fields import to_json
from charlstm.model.array_file import (
    LARGEST_WEIGHT,
    Arrays,
    Shapes,
    check_weights,
    computable,
    read_arrays,
    write_arrays,
)
from charlstm.model.facts import Calibration, Measured, Provenance, Training
from charlstm.model.named_cells import check_cell, find_cell, import_cell
from charlstm.model.section import Section
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary

PRETRAINED = Path(__file__).parents[1] / "pretrained"
DEFAULT = "tinyshakespeare"
FLOAT16_MAX = 65504.0  # the largest finite number in float16


@dataclass(frozen=True)
class Checkpoint:
    """A trained model: all that sampling and evaluating need.

    Attributes:
        options: sizes and cell.
        vocabulary: characters by id.
        weights: arrays by name, with the shapes that `weight_shapes` returns. They are float32,
            and float16 or float32 in the file.
        provenance: the text that it was trained on; None if the file does not say.
        training: how it was trained; None if the file does not say.
        measured: how good it is; None if the file does not say.
    """

    options: ModelOptions
    vocabulary: Vocabulary
    weights: Arrays
    provenance: Provenance | None = None
    training: Training | None = None
    measured: Measured | None = None

    @property
    def calibration(self) -> Calibration | None:
        """What the logits were divided by after the training; None if by nothing."""
        return self.measured.calibration if self.measured else None

    @translating()
    def save(self, path: Path) -> None:
        """Write the model with float16 weights, or with float32 if one is too large for float16.

        Whatever happens, `path` holds either the whole old file or the whole new one.

        Raises:
            UserError: the place cannot be written; or a weight is not finite, or so large that the
                file could not be read again.
        """
        header: dict[str, Any] = {
            "kind": "model",
            "model": to_json(self.options),
            "vocabulary": dataclasses.asdict(self.vocabulary),
        }
        facts = {"corpus": self.provenance, "training": self.training, "measured": self.measured}
        header |= {key: fact.to_json() for key, fact in facts.items() if fact is not None}
        if not all(map(computable, self.weights.values())):
            raise UserError(
                f"{path}: not written, because a weight is beyond {LARGEST_WEIGHT:,.0f} or no"
                f" longer finite; train again with a smaller {option('learning_rate')}"
            )
        write_arrays(path, compact(self.weights), header)

    @classmethod
    @translating()
    def load(cls, path: str | Path) -> "Checkpoint":
        """Read a model, and check everything in the file.

        Raises:
            UserError: the file is missing or damaged, charlstm did not write it, its version is
                unknown, or its weights do not fit its options.
        """
        path = Path(path)
        weights, header = read_arrays(path, kind="model")
        saved = Section(header, str(path))
        options = saved.options("model", ModelOptions)
        vocabulary = saved.vocabulary("vocabulary")
        find_cell(options.cell, str(path))
        check_weights(path, weights, weight_shapes(options, len(vocabulary)))
        return cls(
            options,
            vocabulary,
            {name: array.astype(np.float32) for name, array in weights.items()},
            Provenance.from_json(saved.section("corpus")) if "corpus" in saved else None,
            Training.from_json(saved.section("training")) if "training" in saved else None,
            Measured.from_json(saved.section("measured")) if "measured" in saved else None,
        )


def compact(weights: Arrays) -> Arrays:
    """Return weights as they are stored: in float16, or in float32 if one is too large for that.

    Example:
        >>> compact({"bias": np.array([0.1, 2.0])})["bias"].dtype
        dtype('float16')
    """
    fits = all(np.abs(array).max() <= FLOAT16_MAX for array in weights.values())
    dtype = np.float16 if fits else np.float32
    return {name: array.astype(dtype) for name, array in weights.items()}


def weight_shapes(options: ModelOptions, vocabulary_size: int) -> Shapes:
    """Return the shape of every weight by name.

    Example:
        >>> shapes = weight_shapes(ModelOptions(hidden_size=8, embedding_size=4), 10)
        >>> shapes["embedding.weight"], shapes["layers.0.weight_ih"], shapes["head.weight"]
        ((10, 4), (32, 4), (10, 8))
    """
    cell = find_cell(options.cell)
    hidden = options.hidden_size
    embedding = options.embedding_size
    shapes: Shapes = {}
    if embedding:
        shapes["embedding.weight"] = (vocabulary_size, embedding)
    for layer in range(options.layers):
        size = hidden if layer else embedding or vocabulary_size
        for name, shape in cell.shapes(size, hidden).items():
            shapes[f"layers.{layer}.{name}"] = shape
    return shapes | {"head.weight": (vocabulary_size, hidden), "head.bias": (vocabulary_size,)}


def open_model(given: str | None, cell: str | None = None) -> Checkpoint:
    """Find and load a model, as the commands do.

    Args:
        given: as for `find_model`.
        cell: the model's own cell as MODULE:NAME, whose module is imported first; None for a model
            that is made of one of charlstm's cells.

    Raises:
        UserError: there is no such model or cell, or the model is made of another cell.
    """
    name = None if cell is None else import_cell(cell)
    checkpoint = Checkpoint.load(find_model(given))
    check_cell(name, checkpoint.options.cell, given or DEFAULT)
    return checkpoint


@translating()
def find_model(given: str | None) -> Path:
    """Return the file of a model, given as a file, a run folder or a shipped model's name.

    None stands for the default model, `tinyshakespeare`.

    Raises:
        UserError: there is no such model.
    """
    if given == "":
        raise UserError("the model's name is empty; name a file, a run folder or a shipped model")
    path = Path(DEFAULT if given is None else given)
    if path.is_dir():
        path = path / "model.safetensors"
        if not path.exists():
            raise UserError(f"{given}: no model.safetensors in this folder; name a run or a file")
    if path.exists():
        return path
    shipped = PRETRAINED / f"{path.name}.safetensors"
    if path.name == str(path) and shipped.exists():
        return shipped
    names = ", ".join(sorted(p.stem for p in PRETRAINED.glob("*.safetensors"))) or "none"
    raise UserError(
        f"{given}: no such file or run folder, and no shipped model of that name (shipped: {names})"
        "; name one of these, or train one with python -m charlstm.train"
    )
