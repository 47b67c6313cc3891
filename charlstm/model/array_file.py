"""A file of arrays and a JSON header, and the bounds within which a strange one is read.

Files are safetensors: a JSON header and raw arrays, in which no code can hide. The header's
metadata has one entry, `charlstm`, a JSON object that holds everything except the arrays. A digest
over both shows whether a file is *damaged*. It is no signature: whoever changes a file on purpose
writes a digest that fits. So all that is read is checked as if a stranger had made it: here the
size and the form of the file, in `section.py` each value, and by `check_weights` each array.
"""

import hashlib
import itertools
import json
import re
import reprlib
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from charlstm.errors import UserError, option, unreadable
from charlstm.machine.atomic_file import write_atomically

VERSION = 1

# All 155,000 characters that Unicode knows, at 14 bytes each in the longest spelling, take 2.2 MB;
# the rest is for the names of very many texts.
MOST_HEADER = 2**23  # bytes
# Numbers, commas and brackets. An array takes up to 50; 100 layers make some 6,000 arrays.
MOST_OUTSIDE_STRINGS = 2**20  # characters
DEEPEST = 32  # brackets inside one another; charlstm's own files have 5

# With weights up to this, float32 holds all products of three of them, summed over two rows of
# 65,536 units: 1e18 * 4e9 is below 3e38. Trained weights seldom pass 100.
LARGEST_WEIGHT = 1e6

Arrays = dict[str, np.ndarray[Any, Any]]
Shapes = dict[str, tuple[int, ...]]

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # possessive: linear, whatever comes


def write_arrays(path: Path, arrays: Arrays, header: dict[str, Any]) -> None:
    """Write arrays and a JSON header in one file. It replaces an old file only once it is complete.

    Raises:
        UserError: the header is larger than `read_arrays` takes; or as for `write_atomically`.
    """
    header = {"version": VERSION, **header}
    header["sha256"] = _digest(arrays, header)
    content = safetensors.numpy.save(arrays, {"charlstm": json.dumps(header)})
    if (length := int.from_bytes(content[:8], "little")) > MOST_HEADER:
        raise UserError(
            f"{path}: not written, because its header would have {length:,} bytes, and at most"
            f" {MOST_HEADER:,} are read; name fewer texts (one folder instead of its files)"
        )
    write_atomically(path, content, f"free some space, or name another {option('out')}")


def read_arrays(path: Path, kind: str) -> tuple[Arrays, dict[str, Any]]:
    """Read what `write_arrays` wrote, and check its kind, version and digest.

    Raises:
        UserError: the file is missing, damaged, of another kind or of an unknown version, or it is
            beyond the bounds above.
    """
    wanted = _wanted(kind)
    digest: object = object()
    while True:
        before = digest
        header = read_header(path, kind)
        digest = header.pop("sha256", None)
        arrays = _arrays(path, wanted)
        if digest == _digest(arrays, header):
            break
        if digest == before:  # else a training may have replaced the file between the two readings
            raise UserError(f"{path}: damaged: its content does not match its digest; {wanted}")
    if header.pop("kind", None) != kind:
        raise UserError(f"{path}: a charlstm file of another kind; {wanted}")
    del header["version"]
    return arrays, header


def _arrays(path: Path, wanted: str) -> Arrays:
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a whole safetensors file ({error}); {wanted}") from None
    except (KeyError, ValueError, TypeError, AttributeError) as error:  # a type NumPy lacks
        raise UserError(f"{path}: holds arrays of an unknown type ({error}); {wanted}") from None


def read_header(path: Path, kind: str) -> dict[str, Any]:
    """Read the header alone, and check its size, its form and its version; the digest is in it.

    Raises:
        UserError: as for `read_arrays`, but nobody compares the digest or the kind.
    """
    wanted = _wanted(kind)
    if path.is_dir():
        raise UserError(f"{path}: this is a folder; {wanted}")
    if path.exists() and not path.is_file():  # a pipe or a device may never end
        raise UserError(f"{path}: not a file that can be read twice; {wanted}")
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            length = int.from_bytes(file.read(8), "little")
            if length > min(MOST_HEADER, size - 8):
                reason = f"a header of {length:,} bytes in a file of {size:,}; at most"
                raise UserError(
                    f"{path}: not a whole safetensors file ({reason} {MOST_HEADER:,}); {wanted}"
                )
            content = file.read(length)
    except OSError as error:
        raise unreadable(path, error, wanted) from None
    try:
        outer = _parsed(content.decode())
    except ValueError as error:
        raise UserError(f"{path}: not a whole safetensors file ({error}); {wanted}") from None
    try:
        header = _parsed(outer["__metadata__"]["charlstm"])
        version = header["version"]
    except (KeyError, ValueError, TypeError) as error:
        raise UserError(f"{path}: has no charlstm metadata ({error}); {wanted}") from None
    if type(version) is not int or version != VERSION:
        raise UserError(
            f"{path}: format version {reprlib.repr(version)}; this charlstm reads version"
            f" {VERSION}; install the charlstm that wrote it, or train again"
        )
    assert isinstance(header, dict)  # what has a version by name is an object
    return header


def check_weights(path: Path, weights: Arrays, shapes: Shapes) -> None:
    """Refuse weights that a network does not have, and any that it cannot compute with.

    Args:
        path: of the file, for messages.
        weights: what the file holds.
        shapes: what the network has, by name.

    Raises:
        UserError: as for `check_shapes` or `check_values`.
    """
    check_shapes(path, weights, shapes)
    check_values(path, weights)


def check_values(path: Path, weights: Arrays) -> None:
    """Refuse weights that are not finite, or beyond `LARGEST_WEIGHT`.

    Raises:
        UserError: there is one.
    """
    for name, array in weights.items():
        if not computable(array):
            raise UserError(
                f"{path}: {name} holds values that are not finite, or beyond"
                f" {LARGEST_WEIGHT:,.0f}; train again"
            )


def check_shapes(path: Path, arrays: Arrays, shapes: Shapes) -> None:
    """Refuse arrays of another name, shape or type than a network has, before one is built.

    Raises:
        UserError: something does not fit.
    """
    odd = sorted(set(arrays) ^ set(shapes))
    if odd:
        verb = "lacks" if odd[0] in shapes else "should not hold"
        raise UserError(f"{path}: {verb} the weight {odd[0]}; train the model again")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape:
            raise UserError(
                f"{path}: {name} has shape {array.shape}, but its options ask for {shape}"
            )
        if array.dtype not in (np.float16, np.float32):
            raise UserError(f"{path}: {name} is {array.dtype}; float16 and float32 are allowed")


def computable(array: np.ndarray[Any, Any]) -> bool:
    """Return whether all numbers are finite, and none is beyond `LARGEST_WEIGHT`.

    Example:
        >>> [computable(np.array([number])) for number in (-1e6, 3e38, np.nan)]
        [True, False, False]
    """
    return float(np.abs(array).max(initial=0.0)) <= LARGEST_WEIGHT  # NaN is not


def _parsed(text: str) -> Any:
    """Parse JSON within the bounds above.

    Deep nesting and very many values cost far more time and memory than the text has bytes.

    Raises:
        ValueError: it is no JSON, or beyond the bounds.
    """
    outside = _STRING.sub("", text)
    if len(outside) > MOST_OUTSIDE_STRINGS:
        raise ValueError("far too many values")
    steps = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[][{}]", outside))
    if max(itertools.accumulate(steps), default=0) > DEEPEST:
        raise ValueError(f"more than {DEEPEST} brackets inside one another")
    return json.loads(text)


def _wanted(kind: str) -> str:
    return f"give a {kind}.safetensors that charlstm wrote"


def _digest(arrays: Arrays, header: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
