"""One safe file: weights, options, vocabulary, how the model was trained and how good it is.

Files are safetensors: a JSON header and raw arrays, in which no code can hide. The header's
metadata has one entry, `charlstm`, a JSON object that holds everything except the weights. A digest
over both shows whether a file is damaged. A file is replaced whole, so that there is always a whole
one. This module needs NumPy, but not torch.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from charlstm.errors import UserError, option, unreadable
from charlstm.machine.atomic_file import write_atomically
from charlstm.model.facts import Calibration, Measured, Provenance, Training
from charlstm.model.named_cells import find_cell, import_cell
from charlstm.model.section import Section
from charlstm.options import ModelOptions, to_json
from charlstm.text.vocabulary import Vocabulary

VERSION = 1
PRETRAINED = Path(__file__).parents[1] / "pretrained"
DEFAULT = "tinyshakespeare"
FLOAT16_MAX = 65504.0  # the largest finite number in float16
Arrays = dict[str, np.ndarray[Any, Any]]


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

    def save(self, path: Path) -> None:
        """Write the model with float16 weights, or with float32 if one is too large for float16.

        Whatever happens, `path` holds either the whole old file or the whole new one.

        Raises:
            UserError: the place cannot be written, or a weight is not finite.
        """
        header: dict[str, Any] = {
            "kind": "model",
            "model": to_json(self.options),
            "vocabulary": dataclasses.asdict(self.vocabulary),
        }
        facts = {"corpus": self.provenance, "training": self.training, "measured": self.measured}
        header |= {key: fact.to_json() for key, fact in facts.items() if fact is not None}
        if not all(np.isfinite(array).all() for array in self.weights.values()):
            raise UserError(
                f"{path}: not written, because the weights are no longer finite; train again with"
                f" a smaller {option('learning_rate')}"
            )
        write_arrays(path, compact(self.weights), header)

    @classmethod
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


def weight_shapes(options: ModelOptions, vocabulary_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every weight by name.

    Example:
        >>> shapes = weight_shapes(ModelOptions(hidden_size=8, embedding_size=4), 10)
        >>> shapes["embedding.weight"], shapes["layers.0.weight_ih"], shapes["head.weight"]
        ((10, 4), (32, 4), (10, 8))
    """
    cell = find_cell(options.cell)
    hidden = options.hidden_size
    embedding = options.embedding_size
    shapes: dict[str, tuple[int, ...]] = {}
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
    if name not in (None, checkpoint.options.cell):
        raise UserError(
            f"{option('cell')} is {name}, but {given or DEFAULT} has {checkpoint.options.cell};"
            " leave it out"
        )
    return checkpoint


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


def write_arrays(path: Path, arrays: Arrays, header: dict[str, Any]) -> None:
    """Write arrays and a JSON header in one file. It replaces an old file only once it is complete.

    Raises:
        UserError: as for `write_atomically`.
    """
    header = {"version": VERSION, **header}
    header["sha256"] = _digest(arrays, header)
    content = safetensors.numpy.save(arrays, {"charlstm": json.dumps(header)})
    write_atomically(path, content, f"free some space, or name another {option('out')}")


def read_arrays(path: Path, kind: str) -> tuple[Arrays, dict[str, Any]]:
    """Read what `write_arrays` wrote, and check its kind, version and digest.

    Raises:
        UserError: the file is missing, damaged, of another kind or of an unknown version.
    """
    wanted = f"give a {kind}.safetensors that charlstm wrote"
    if path.is_dir():
        raise UserError(f"{path}: this is a folder; {wanted}")
    try:
        with path.open("rb"):
            pass  # without permission, this raises OSError; safetensors has an error of its own
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = json.loads(metadata["charlstm"])
        digest = header.pop("sha256")
        version = header["version"]
    except OSError as error:
        raise unreadable(path, error, wanted) from None
    except safetensors.SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file ({error}); {wanted}") from None
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path}: has no charlstm metadata ({error}); {wanted}") from None
    if version != VERSION:
        raise UserError(
            f"{path}: format version {version!r}; this charlstm reads version {VERSION}; install"
            " the charlstm that wrote it, or train again"
        )
    if digest != _digest(arrays, header):
        raise UserError(f"{path}: damaged: its content does not match its digest; {wanted}")
    if header.pop("kind", None) != kind:
        raise UserError(f"{path}: a charlstm file of another kind; {wanted}")
    del header["version"]
    return arrays, header


def check_weights(path: Path, weights: Arrays, shapes: dict[str, tuple[int, ...]]) -> None:
    """Refuse weights of another name, shape or type than a network has, and any that is not finite.

    Args:
        path: of the file, for messages.
        weights: what the file holds.
        shapes: what the network has, by name.

    Raises:
        UserError: something does not fit.
    """
    odd = sorted(set(weights) ^ set(shapes))
    if odd:
        verb = "lacks" if odd[0] in shapes else "should not hold"
        raise UserError(f"{path}: {verb} the weight {odd[0]}; train the model again")
    for name, shape in shapes.items():
        array = weights[name]
        if array.shape != shape:
            raise UserError(
                f"{path}: {name} has shape {array.shape}, but its options ask for {shape}"
            )
        if array.dtype not in (np.float16, np.float32):
            raise UserError(f"{path}: {name} is {array.dtype}; float16 and float32 are allowed")
        if not np.isfinite(array).all():
            raise UserError(f"{path}: {name} holds values that are not finite; train again")


def _digest(arrays: Arrays, header: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
