"""Runs the cells of a notebook in a kernel, as nbgrader does, for students' code.

A student must not lose points for things that are no mistakes: the time that PyTorch takes to load,
a warning, or a progress bar. And a cell that prints without end must not fill the disk, so
`outputs` cuts what it prints and shows.
"""

from __future__ import annotations

from collections.abc import Callable
from subprocess import DEVNULL
from typing import Any

import zmq
from jupyter_core.utils import run_sync
from nbgrader.preprocessors import Execute
from traitlets import Instance, Integer, List, Unicode, default

from charlstm.judging import former
from charlstm.judging.outputs import Limits, cut_error

SECONDS_TO_START = 60  # extra time for the first cell
SECONDS_TO_SEND = 10


class Runner(Execute):  # type: ignore[misc]
    """Runs a notebook as nbgrader does, but keeps only what is within the `Limits`.

    If a test writes to standard error, nbgrader counts it as failed. But a warning or a progress
    bar is no error; in Python an error is an exception. So here all printed text counts as standard
    output.
    """

    limits = Instance(Limits, ())
    iopub_timeout = Integer(30)  # seconds that an interrupted cell has to end
    extra_arguments = List(Unicode(), [f"--IPKernelApp.extra_extensions={former.__name__}"])

    @default("shutdown_kernel")
    def _how_it_ends(self) -> str:
        """Kill the kernel at the end: one that reads no messages would be asked for ever."""
        return "immediate"

    @default("timeout_func")
    def _limit(self) -> Callable[[Any], int | None]:
        """Give the first cell more time: it imports PyTorch, which is slow on a busy machine."""

        def limit(cell: Any) -> int | None:
            if self.timeout is None or self.timeout <= 0:  # so a course says: no limit
                return None
            first = self.code_cells_executed == 1
            return int(self.timeout) + (SECONDS_TO_START if first else 0)

        return limit

    def start_new_kernel(self, **options: Any) -> Any:
        """Start the kernel, and keep what it writes to its terminal away from the grader's."""
        return super().start_new_kernel(stdout=DEVNULL, stderr=DEVNULL, **options)

    async def async_start_new_kernel_client(self) -> Any:
        """Connect to the kernel. Do not wait for ever for one that reads no messages."""
        client = await super().async_start_new_kernel_client()
        client.shell_channel.socket.setsockopt(zmq.SNDTIMEO, 1000 * SECONDS_TO_SEND)
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take a message from the kernel, within the limits."""
        if not self.limits.leave(msg, cell):
            return None
        if msg["msg_type"] == "stream":
            msg["content"]["name"] = "stdout"
        return super().process_message(msg, cell, cell_index)

    def on_cell_executed(self, **known: Any) -> None:
        """Take the kernel's last word on a cell, which holds an error's texts once more."""
        if known["execute_reply"]["content"]["status"] == "error":
            cut_error(known["execute_reply"]["content"])
        super().on_cell_executed(**known)
