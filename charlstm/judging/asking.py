"""The judge's side: stands in a test for what a student's notebook defines.

The judge is a kernel that runs the tests and has never loaded the student's code. A name that the
student's notebook defines is a plain value there, or a `Handle`: calling it sends the arguments to
the student's kernel and returns what comes back.
"""

from __future__ import annotations

import ast
import base64
import builtins
import contextlib
import ctypes
import io
import symtable
import sys
import time
import types
from collections.abc import Iterator
from queue import Empty
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import numpy as np
import torch
import zmq
from IPython.core.getipython import get_ipython
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_client.blocking.client import BlockingKernelClient

from charlstm.judging.arrays import UnreadableAnswerError
from charlstm.judging.outputs import MAX_PRINTED
from charlstm.judging.values import MOST_CHARACTERS, Table

ANSWER = "__import__('charlstm.judging.answering', fromlist=['answer']).answer('{}')"
SECONDS_TO_SEND = 10
SECONDS_TO_END = 5  # after the answer, for what was printed before it


class Handle:
    """Something that exists on the student's side only, such as a function or a generator.

    It can be called, gone through, indexed, measured and turned into a number. Each of these asks
    the student's side and returns a value. It compares and computes nothing, so no test shows it
    what is expected.
    """

    def __init__(self, number: int) -> None:
        self.__dict__["_number"] = number

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it on the student's side."""
        return ask("call", self, list(arguments), named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name != "__name__":
            raise AttributeError(name)
        return ask("attribute", self, name)

    def __iter__(self) -> Iterator[Any]:
        return ask("iter", self)

    def __next__(self) -> Any:
        return ask("next", self)

    def __len__(self) -> int:
        return ask("len", self)

    def __getitem__(self, key: Any) -> Any:
        return ask("item", self, key)

    def __float__(self) -> float:
        return ask("float", self)

    def __bool__(self) -> bool:
        return True


class Questions(Table):
    """The judge's half of the table: it sends functions and modules by value, and reads handles."""

    def write_other(self, value: Any) -> Any:
        """Write what is pickled, by cloudpickle: the code of the tests is ours."""
        return ["known", self._add(value)]

    def other(self, kind: str, parts: Any) -> Any:
        """Return a handle for what exists on the student's side only."""
        number, name = parts
        if kind != "handle" or type(number) is not int or number * self.step >= 0:
            raise UnreadableAnswerError(f"not a value: {kind!r}")
        made = type(name if str(name).isidentifier() else "Handle", (Handle,), {})(number)
        self._put(number, made)
        return made

    def _birth(self, value: Any) -> Any:
        if self._has_state(value) and not isinstance(value, torch.nn.Module):
            return None
        data = io.BytesIO()
        _Pickler(data, self, value).dump(value)
        return base64.b64encode(data.getvalue()).decode()


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles a function or a module of a test. What the table holds stays one object there."""

    def __init__(self, file: io.BytesIO, table: Questions, root: Any) -> None:
        super().__init__(file)
        self.table, self.root = table, root

    def persistent_id(self, value: Any) -> int | None:
        if value is self.root:
            return None
        if id(value) in self.table.numbers:
            return self.table.numbers[id(value)]
        shared = isinstance(value, torch.Tensor | np.ndarray | np.random.Generator)
        inside = isinstance(self.root, torch.nn.Module)
        if shared or (isinstance(value, torch.nn.Module) and not inside):
            return int(self.table.write(value)[1])
        return None

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, types.CellType):  # lists that a function fills outside itself
            with contextlib.suppress(ValueError):
                if isinstance(value.cell_contents, list | dict):
                    self.table.write(value.cell_contents)
        return super().reducer_override(value)


class _Judge:
    """What this process knows of the student's kernel."""

    def __init__(self) -> None:
        self.client: Any = None
        self.table = Questions(1)
        self.borrowed: dict[str, Any] = {}  # the names that came from the student


_judge = _Judge()


def connect(info: Any) -> None:
    """Connect to the student's kernel.

    Args:
        info: what Jupyter's connection file says.
    """
    with contextlib.suppress(AttributeError, OSError):  # Linux: hide the memory from its user
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
    context = zmq.Context()
    context.setsockopt(zmq.SNDTIMEO, 1000 * SECONDS_TO_SEND)
    context.setsockopt(zmq.MAXMSGSIZE, 2 * MOST_CHARACTERS)  # a longer message never arrives
    _judge.client = client = BlockingKernelClient(context=context)
    client.load_connection_info(info)
    client.start_channels(stdin=False, hb=False)
    while True:  # until its messages arrive here, too
        client.kernel_info()
        client.get_shell_msg(timeout=60)
        with contextlib.suppress(Empty):
            client.get_iopub_msg(timeout=0.2)
            return


def ask(do: str, *given: Any) -> Any:
    """Ask the student's side for something, and return its answer.

    Raises:
        UnreadableAnswerError: what came back is no answer.
        Exception: what the student's code raised, under the same name.
    """
    request = base64.b64encode(_judge.table.message((do, *given)).encode()).decode()
    content = _sent(ANSWER.format(request))
    try:
        text = content["user_expressions"]["answer"]["data"]["text/plain"]
        reply = base64.b64decode(ast.literal_eval(text), validate=True).decode()
    except (KeyError, TypeError, ValueError, SyntaxError, MemoryError, RecursionError):
        raise UnreadableAnswerError("the student's kernel sent no answer") from None
    found = _judge.table.read(reply)
    if not isinstance(found, tuple) or not found:
        raise UnreadableAnswerError("the student's kernel sent no answer")
    if found[0] == "value" and len(found) == 2:
        return found[1]
    raise _error(*(str(part) for part in found[1:4]))


def _sent(expression: str) -> Any:
    """Let the student's kernel compute an expression; print what its code prints meanwhile."""
    client = _judge.client
    try:
        sent = client.execute("", silent=True, user_expressions={"answer": expression})
    except zmq.Again:
        raise UnreadableAnswerError("the student's kernel takes no questions") from None
    left, reply, ended, end = MAX_PRINTED, None, False, float("inf")
    while (reply is None or not ended) and time.monotonic() < end:
        with contextlib.suppress(Empty):
            message = client.get_iopub_msg(timeout=0.05 if reply is None else 0.2)
            if message["parent_header"].get("msg_id") == sent:
                content = message["content"]
                ended |= content.get("execution_state") == "idle"
                if message["msg_type"] == "stream" and left > 0:
                    printed = str(content.get("text"))[:left]
                    left -= len(printed)
                    sys.stdout.write(printed)
        if reply is None:
            with contextlib.suppress(Empty):
                message = client.get_shell_msg(timeout=0)
                if message["parent_header"].get("msg_id") == sent:
                    reply, end = message["content"], time.monotonic() + SECONDS_TO_END
    return reply


def _error(name: str, told: str, traceback: str) -> Exception:
    """Return an exception of this name and message; it shows the student's traceback, too."""
    known = getattr(builtins, name, None)
    base = known if isinstance(known, type) and issubclass(known, Exception) else Exception

    def rendered(self: Exception) -> list[str]:
        shell: Any = get_ipython()
        shown = shell.InteractiveTB.structured_traceback(
            type(self), self, _of_the_test(self.__traceback__)
        )
        return [*shown[:-1], *traceback.splitlines()]

    named = name if name.isidentifier() else "Exception"
    made = type(named, (base,), {"_render_traceback_": rendered, "__str__": lambda _: told})
    return base.__new__(made)


def _of_the_test(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """Return a traceback without the frames of this file."""
    if traceback is None or traceback.tb_frame.f_code.co_filename == __file__:
        return None
    rest = _of_the_test(traceback.tb_next)
    return types.TracebackType(rest, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)


def begin(shell: Any, source: str, answers: list[str]) -> None:
    """Prepare a test: give it the names that the student's notebook defines.

    Args:
        shell: the judge's IPython.
        source: the test.
        answers: the released sources of the cells that students fill in. What they define is the
            student's, even if a cell of ours has used the same name.
    """
    space = shell.user_ns
    ask("begin")
    _judge.table = Questions(1)
    for name, value in _judge.borrowed.items():
        if space.get(name) is value:
            del space[name]
    of_student = {name for answer in answers for name in _bound(answer, imports=False)}
    known = space.keys() | vars(builtins).keys()
    asked = [name for name in _read(source) if name in of_student or name not in known]
    _judge.borrowed = dict(ask("names", asked))
    space.update({name: _judge.borrowed[name] for name in asked if name in _judge.borrowed})


def publish(shell: Any, source: str) -> None:
    """Give the student's notebook what a visible test has defined: its later cells may use it."""
    bound = {n: shell.user_ns[n] for n in _bound(source, imports=True) if n in shell.user_ns}
    modules = {n: value.__name__ for n, value in bound.items() if type(value) is types.ModuleType}
    ask("publish", {n: value for n, value in bound.items() if n not in modules}, modules)


def _read(source: str) -> list[str]:
    """Return the names in a cell, wherever in it."""
    return sorted({n.id for n in ast.walk(ast.parse(_plain(source))) if isinstance(n, ast.Name)})


def _bound(source: str, imports: bool) -> list[str]:
    """Return the names that a cell gives to something, outside its functions."""
    symbols = symtable.symtable(_plain(source), "<cell>", "exec").get_symbols()
    return [s.get_name() for s in symbols if s.is_assigned() or (imports and s.is_imported())]


def _plain(source: str) -> str:
    """Return a cell as plain Python, without IPython's commands."""
    return TransformerManager().transform_cell(source)
