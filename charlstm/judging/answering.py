"""The student's side of the judging: calls the student's functions, and sends what they answer.

The judge sends each request as an expression to the kernel that runs the student's notebook. This
file answers it there. Nothing here is safe from the student, and nothing need be: whatever comes
back is a value, which the judge compares with its own.
"""

from __future__ import annotations

import base64
import builtins
import io
import operator
import pickle
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

from charlstm.judging.arrays import State
from charlstm.judging.values import Table

MOST_FRAMES = 20
MOST_TRACEBACK = 20_000  # characters
OPERATORS: dict[
    str, Callable[..., Any]
] = {  # what the judge may ask an object, beside its attributes and calls
    "next": next,
    "iter": iter,
    "len": len,
    "item": operator.getitem,
    "float": float,
    "attribute": getattr,
}


class Answers(Table):
    """The student's half of the table: it may unpickle what the judge sends."""

    def made(self, state: State, birth: Any) -> Any:
        """Unpickle functions, modules and optimizers of a test."""
        if isinstance(birth, str):
            return _Unpickler(base64.b64decode(birth), self.objects).load()
        return super().made(state, birth)


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, objects: dict[int, Any]) -> None:
        super().__init__(io.BytesIO(data))
        self.objects = objects

    def persistent_load(self, number: Any) -> Any:
        return self.objects[number]


_table = Answers(-1)


def answer(request: str) -> str:
    """Do what the judge asks, and return a message with the answer, as Base64.

    Args:
        request: a message, as Base64; its value says what to do and with what.
    """
    global _table
    space = _names()
    try:
        do, *given = _table.read(base64.b64decode(request).decode())
        if do == "begin":
            _table = Answers(-1)
            done: Any = None
        elif do == "names":
            there = [name for name in given[0] if name in space or hasattr(builtins, name)]
            done = {name: space.get(name, getattr(builtins, name, None)) for name in there}
        elif do == "publish":
            space.update(given[0])
            space.update({name: import_module(module) for name, module in given[1].items()})
            done = None
        elif do == "call":
            function, arguments, named = given
            done = function(*arguments, **named)
        else:
            done = OPERATORS[do](*given)
        reply = _table.message(("value", done))
    except BaseException as error:
        told = ("error", type(error).__name__, str(error)[:MOST_TRACEBACK], _traceback(error))
        try:
            reply = _table.message(told)
        except Exception:  # what the function has returned or changed cannot be written
            reply = Answers(-1).message(told)
    return base64.b64encode(reply.encode()).decode()


def _names() -> dict[str, Any]:
    """Return the names of the student's notebook."""
    return sys.modules["__main__"].__dict__


def _traceback(error: BaseException) -> str:
    """Return the traceback of an error, from the student's function on."""
    below = error.__traceback__ and error.__traceback__.tb_next
    shown = traceback.format_exception(type(error), error, below, limit=-MOST_FRAMES)
    return "".join(shown)[-MOST_TRACEBACK:]
