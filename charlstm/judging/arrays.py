"""Arrays, tensors and random generators as JSON: by dtype, shape and bytes, without pickle."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import torch

KINDS = "biufc"  # of NumPy's dtypes: numbers
State = list[Any]


class UnreadableAnswerError(Exception):
    """What came from a student's process is no value."""


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def array_state(value: Any) -> State:
    """Return dtype, shape and bytes of an array or a NumPy number."""
    numbers = np.asarray(value)
    return ["array", numbers.dtype.str, list(numbers.shape), _text(numbers.tobytes())]


def read_array(parts: State) -> Any:
    """Return the array of dtype, shape and bytes; it cannot be written to.

    Raises:
        UnreadableAnswerError: it holds no numbers.
    """
    dtype, shape, data = parts
    kind = np.dtype(dtype)
    if kind.kind not in KINDS:
        raise UnreadableAnswerError(f"not an array of numbers: {dtype!r}")
    return np.frombuffer(base64.b64decode(data), kind).reshape(shape)


def tensor_state(tensor: torch.Tensor) -> State:
    """Return dtype, shape, bytes, whether it needs a gradient, has a graph, and is a parameter."""
    numbers = torch.empty(tensor.numel(), dtype=tensor.dtype)  # in one piece, whatever the strides
    numbers.copy_(tensor.detach().reshape(-1))
    data = numbers.view(torch.uint8).numpy().tobytes()
    about = [tensor.requires_grad, tensor.grad_fn is not None]
    about.append(isinstance(tensor, torch.nn.Parameter))
    return ["tensor", str(tensor.dtype)[6:], list(tensor.shape), _text(data), *about]


def _numbers(dtype: str, shape: list[int], data: str) -> torch.Tensor:
    kind = getattr(torch, dtype)
    if not isinstance(kind, torch.dtype):
        raise UnreadableAnswerError(f"not a tensor of numbers: {dtype!r}")
    raw = bytearray(base64.b64decode(data))
    empty = torch.empty(0, dtype=kind)
    return (torch.frombuffer(raw, dtype=kind) if raw else empty).reshape(shape)


def read_tensor(dtype: str, shape: list[int], data: str, grad: bool, graph: bool, own: bool) -> Any:
    """Return the tensor of a state. Of a graph only that there is one is kept.

    Raises:
        UnreadableAnswerError: it holds no numbers.
    """
    numbers = _numbers(dtype, shape, data)
    if own:
        return torch.nn.Parameter(numbers, requires_grad=grad)
    if graph:  # the graph itself stays where it is
        leaf = numbers.requires_grad_()
        with torch.enable_grad():
            return leaf.view_as(leaf)
    return numbers.requires_grad_() if grad else numbers


def change_tensor(held: Any, dtype: str, shape: list[int], data: str, *about: bool) -> None:
    """Give a tensor the state that it has on the other side; it stays the same object.

    Raises:
        UnreadableAnswerError: it is a parameter, and would get another shape.
    """
    numbers = _numbers(dtype, shape, data)
    if isinstance(held, torch.nn.Parameter) and held.shape != numbers.shape:
        raise UnreadableAnswerError(f"a parameter of another shape: {shape}")
    if held.shape == numbers.shape and held.dtype == numbers.dtype:
        held.data.copy_(numbers)
    else:
        held.data = numbers
    if held.is_leaf and held.requires_grad != about[0]:
        held.requires_grad_(about[0])


def listed(state: Any) -> Any:
    """Write the state of a random generator as JSON."""
    if isinstance(state, dict):
        return {key: listed(part) for key, part in state.items()}
    return ["array", *array_state(state)[1:]] if isinstance(state, np.ndarray) else state


def unlisted(state: Any) -> Any:
    """Return the state that `listed` has written."""
    if isinstance(state, dict):
        return {key: unlisted(part) for key, part in state.items()}
    return read_array(state[1:]) if isinstance(state, list) else state
