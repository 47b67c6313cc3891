"""Values that pass between the judge and a student's process, and stay the same objects there.

A test runs in the *judge*, a process that never loads a student's code. The student's functions run
in another process. What a test passes to them, and what they return, is written as JSON: numbers,
texts, lists, and arrays by dtype, shape and bytes. Nothing that comes from a student is unpickled
or run.

Both sides keep a table of the objects that both know. An object has the same number on both sides.
Each message tells which of them have changed, so a list that a function has changed in place is
changed in the judge, too. What has no form here stays on its side, and the other side gets a
*handle*.
"""

from __future__ import annotations

import gc
import json
import weakref
from dataclasses import dataclass, fields
from numbers import Number
from typing import Any

import numpy as np
import torch

from charlstm import options
from charlstm.judging import arrays
from charlstm.judging.arrays import State, UnreadableAnswerError
from charlstm.model.network import CharModel

MOST_CHARACTERS = 20_000_000  # of a message: more is no answer to any test
OPTIONS = {kind.__name__: kind for kind in (options.ModelOptions, options.SampleOptions)}
CONTAINERS = {"list": list, "dict": dict}


@dataclass(frozen=True)
class Reference:
    """Stands for a weak reference of the other side: calling it says whether its object lives."""

    alive: bool

    def __call__(self) -> bool | None:
        """Return None if the object is gone, as a weak reference does."""
        return self.alive or None


class Table:
    """The objects that both sides know, and what the other side knows of each.

    Args:
        step: 1 for the judge, -1 for the student's side: new objects are numbered 1, 2, 3, ... or
            -1, -2, -3, ...

    Example:
        >>> judge, student = Table(1), Table(-1)
        >>> given = [np.arange(3.0), "ab"]
        >>> there = student.read(judge.message(given))
        >>> there[0][1] = 7
        >>> there.append(None)
        >>> judge.read(student.message("done"))
        'done'
        >>> given
        [array([0., 7., 2.]), 'ab', None]
    """

    def __init__(self, step: int) -> None:
        self.step = step
        self.objects: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}  # by `id`; an object in the table lives as long as it
        self.known: dict[int, State] = {}
        self.count = 0
        self._new: list[State] = []
        self._collected = False

    def message(self, value: Any) -> str:
        """Write a value, and all that has changed since the last message.

        Raises:
            ValueError: the message is too large.
        """
        self._new = []
        self._collected = False
        written = self.write(value)
        changed = []
        for number in list(self.known):
            state = self._state(self.objects[number])
            if state != self.known[number]:
                self.known[number] = state
                changed.append([number, state])
        text = json.dumps([self._new, changed, written])
        if len(text) > MOST_CHARACTERS:
            raise ValueError(f"too large: more than {MOST_CHARACTERS:,} characters as JSON")
        return text

    def read(self, text: str) -> Any:
        """Read a message; return its value.

        Raises:
            UnreadableAnswerError: it is no message.
        """
        try:
            new, changed, value = json.loads(text)
            for number, state, _ in new:
                if type(number) is not int or number * self.step >= 0 or number in self.objects:
                    raise ValueError(f"{number} is no number of a new object")
                if state[0] in CONTAINERS:  # they may hold each other: all are there before any is
                    self._put(number, CONTAINERS[state[0]]())
            for number, state, birth in new:
                if state[0] not in CONTAINERS:
                    self._put(number, self.made(state, birth))
            for number, state, *birth in [*new, *changed]:
                self.known[number] = state
                if not birth or state[0] in CONTAINERS or state[0] == "module":
                    self.change(self.objects[number], state)
            return self.value(value)
        except UnreadableAnswerError:
            raise
        except Exception as error:  # a made-up message can fail anywhere
            raise UnreadableAnswerError(f"not a message: {type(error).__name__}: {error}") from None

    def write(self, value: Any) -> Any:
        """Write a value as JSON. An object that is new to the other side is put into the table."""
        if value is None or type(value) in (bool, int, float, str):
            return value
        if id(value) in self.numbers:
            return ["known", self.numbers[id(value)]]
        if isinstance(value, np.generic):
            return ["scalar", *arrays.array_state(np.asarray(value))[1:]]
        if isinstance(value, str | bool | int | float):  # an enumeration, or a class of its own
            plain = next(kind for kind in (bool, int, float, str) if isinstance(value, kind))
            return plain(value)
        if isinstance(value, tuple):
            return ["tuple", [self.write(part) for part in value]]
        if isinstance(value, set | frozenset):
            return ["set", [self.write(part) for part in value]]
        if isinstance(value, range):
            return ["range", [value.start, value.stop, value.step]]
        if isinstance(value, complex):
            return ["complex", [value.real, value.imag]]
        if type(value) in OPTIONS.values():
            held = {each.name: self.write(getattr(value, each.name)) for each in fields(value)}
            return ["options", type(value).__name__, held]
        if isinstance(value, weakref.ref | Reference):
            return ["reference", self._lives(value)]
        if self._has_state(value):
            return ["known", self._add(value)]
        return self.write_other(value)

    def write_other(self, value: Any) -> Any:
        """Write what has no form of its own: as a handle, which the other side can ask."""
        if isinstance(value, np.ndarray):
            return self.write(value.tolist())  # texts
        if hasattr(value, "__array__"):
            return self.write(np.asarray(value))
        if isinstance(value, Number):
            return float(value)  # type: ignore[arg-type]
        return ["handle", self._put(self._next(), value), type(value).__name__]

    def value(self, written: Any) -> Any:
        """Return the value that `write` has written."""
        if not isinstance(written, list):
            if isinstance(written, dict):
                raise UnreadableAnswerError("not a value: a bare dictionary")
            return written
        kind, *parts = written
        if kind == "known":
            return self.objects[parts[0]]
        if kind == "scalar":
            return arrays.read_array(parts)[()]
        if kind in ("tuple", "set"):
            make = {"tuple": tuple, "set": set}[kind]
            return make(self.value(part) for part in parts[0])
        if kind in ("range", "complex"):
            return {"range": range, "complex": complex}[kind](*parts[0])
        if kind == "options":
            return OPTIONS[parts[0]](**{name: self.value(p) for name, p in parts[1].items()})
        if kind == "reference":
            return Reference(bool(parts[0]))
        return self.other(kind, parts)

    def other(self, kind: str, parts: State) -> Any:
        """Return what only one side may send."""
        raise UnreadableAnswerError(f"not a value: {kind!r}")

    def made(self, state: State, birth: Any) -> Any:
        """Make an object that is new here, of its state and of what `_birth` says."""
        kind, *parts = state
        if kind == "array":
            return arrays.read_array(parts).copy()
        if kind == "tensor":
            return arrays.read_tensor(*parts)
        if kind == "module" and len(birth) == 2:
            return self._model(birth[0], birth[1], parts[0])
        raise UnreadableAnswerError(f"not an object: {kind!r}")

    def change(self, held: Any, state: State) -> None:
        """Give an object of the table the state that it has on the other side."""
        if isinstance(held, list):
            held[:] = [self.value(part) for part in state[1]]
        elif isinstance(held, dict):
            pairs = [(self.value(key), self.value(part)) for key, part in state[1]]
            held.clear()
            held.update(pairs)
        elif isinstance(held, np.ndarray):
            np.copyto(held, arrays.read_array(state[1:]))
        elif isinstance(held, torch.Tensor):
            arrays.change_tensor(held, *state[1:])
        elif isinstance(held, np.random.Generator):
            held.bit_generator.state = arrays.unlisted(state[1])
        elif isinstance(held, torch.nn.Module):
            self._change_module(held, state[-1])

    def _put(self, number: int, value: Any) -> int:
        self.objects[number] = value
        self.numbers[id(value)] = number
        return number

    def _next(self) -> int:
        self.count += self.step
        return self.count

    def _add(self, value: Any) -> int:
        """Put an object into the table; write it behind those that it is made of."""
        number = self._put(self._next(), value)
        self.known[number] = []  # so that what holds itself ends
        birth = self._birth(value)
        self.known[number] = self._state(value)
        self._new.append([number, self.known[number], birth])
        return number

    def _birth(self, value: Any) -> Any:
        """Return what the other side needs to make the object, beyond its state."""
        if isinstance(value, CharModel):
            return [self.write(value.options), value.vocabulary_size]
        return None

    def _has_state(self, value: Any) -> bool:
        """Return whether an object of this side is put into the table."""
        if isinstance(value, np.ndarray):
            return value.dtype.kind in arrays.KINDS
        return isinstance(value, list | dict | torch.Tensor | CharModel)

    def _state(self, value: Any) -> State:
        """Return what the other side must know of an object whenever it changes."""
        if isinstance(value, list):
            return ["list", [self.write(part) for part in value]]
        if isinstance(value, dict):
            return ["dict", [[self.write(key), self.write(part)] for key, part in value.items()]]
        if isinstance(value, np.ndarray) and value.dtype.kind in arrays.KINDS:
            return arrays.array_state(value)
        if isinstance(value, torch.Tensor):
            return arrays.tensor_state(value)
        if isinstance(value, np.random.Generator):
            return ["generator", arrays.listed(value.bit_generator.state)]
        if isinstance(value, torch.nn.Module):
            held = value.state_dict(keep_vars=True)
            return ["module", {name: self.write(tensor) for name, tensor in held.items()}]
        return ["opaque"]

    def _lives(self, reference: Any) -> bool:
        """Return whether the object of a weak reference lives, once garbage is collected."""
        if reference() is not None and not self._collected:
            self._collected = True
            gc.collect()
        return reference() is not None

    def _model(self, written: Any, vocabulary_size: int, held: dict[str, Any]) -> Any:
        """Make a `CharModel` of its options; its weights are put into it afterwards."""
        sizes = self.value(written)
        if not isinstance(sizes, options.ModelOptions):  # a handle would answer anew at each look
            raise UnreadableAnswerError("not a model: its sizes are no ModelOptions")
        most = sum(self.value(tensor).numel() for tensor in held.values())
        width = max(sizes.hidden_size, sizes.embedding_size or 0, sizes.layers)
        if width * max(sizes.hidden_size, vocabulary_size) > most:
            raise UnreadableAnswerError("not a model: it has fewer weights than its sizes say")
        return CharModel(sizes, vocabulary_size)

    def _change_module(self, module: Any, held: dict[str, Any]) -> None:
        """Put the other side's tensors into a module, each under its name."""
        for name, before in list(module.state_dict(keep_vars=True).items()):
            path, _, last = name.rpartition(".")
            owner = module.get_submodule(path)
            place = owner._parameters if last in owner._parameters else owner._buffers
            after = self.value(held[name]) if name in held else None
            if getattr(after, "shape", None) != before.shape:  # a table that fits one text, say
                raise UnreadableAnswerError(f"not a model: {name} has another shape")
            if after is not before:
                place[last] = after
