"""Runs a student's notebook in one process, and its tests in another: the judge.

A test is code that raises nothing if an answer is right. In the student's own process a student can
make any code raise nothing. So the notebook runs in a kernel of its own, and the tests run in a
second kernel, the judge, which has never loaded the student's code. There `asking` stands for what
the notebook defines, and asks `answering` in the student's kernel.

| cell | runs in |
| --- | --- |
| a student's own, or an answer | the student's kernel |
| locked, without points: the setup | both |
| a test | the judge; what a visible one defines is then known to the notebook, too |

The judge's source is what nbgrader's gradebook holds, so a student's copy of a test counts nothing.
The judge starts before any code of the student runs, in a folder of its own, which holds copies of
the files beside the notebook. The file that says how to connect to it is gone by then.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from queue import Empty
from subprocess import DEVNULL
from typing import Any

import nbformat
import zmq
from jupyter_core.utils import ensure_async, run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbgrader import utils
from traitlets import Any as Anything

from charlstm.collecting.repair import grade_id
from charlstm.judging.runner import Runner

CALL = "import charlstm.judging.asking as _asking; _asking.{}({})"
HIDDEN = "BEGIN HIDDEN TESTS"  # nbgrader's mark
TIMED_OUT = "CellTimeoutError"  # the error that nbgrader writes into the notebook


class Judge(Runner):
    """The kernel that runs the tests of one notebook.

    Attributes:
        student: runs the student's notebook.
    """

    student = Anything()

    async def start(self, folder: str) -> None:
        """Start the kernel in a folder from which it imports nothing."""
        self.reset_execution_trackers()
        self.resources = {"metadata": {"path": folder}}
        self.extra_arguments = [*self.extra_arguments, "--InteractiveShellApp.ignore_cwd=True"]
        self.km = self.create_kernel_manager()
        apart = {"IPYTHONDIR": os.path.join(folder, ".ipython"), "PYTHONNOUSERSITE": "1"}
        await self.async_start_new_kernel(env=os.environ | apart, stdout=DEVNULL, stderr=DEVNULL)

    async def connect(self) -> None:
        """Wait for the kernel, and connect it to the student's."""
        await self.async_start_new_kernel_client()
        self.km.cleanup_connection_file()  # so that nobody else connects to it
        info = self.student.km.get_connection_info()
        await self.run(CALL.format("connect", repr(info)))

    async def run(self, source: str, into: Any = None) -> bool:
        """Run code; return whether it raised nothing.

        Args:
            source: the code.
            into: a cell that gets what the code prints and raises.
        """
        self.nb.cells[0] = cell = nbformat.v4.new_code_cell(source)
        await self.async_execute_cell(cell, 0, store_history=True)
        if into is not None:
            into.outputs += cell.outputs
        return not utils.has_failed(cell)

    async def test(self, cell: Any, source: str, answers: list[str]) -> None:
        """Run a test; the cell gets what it prints and raises.

        Args:
            cell: where the student's copy of the test stood.
            source: the test.
            answers: the released sources of the cells that students fill in.
        """
        cell.outputs = []
        if await self.run(CALL.format("begin", f"get_ipython(), {source!r}, {answers!r}"), cell):
            await self.run(source, cell)
            if HIDDEN not in source:
                await self.run(CALL.format("publish", f"get_ipython(), {source!r}"))

    async def _async_check_alive(self) -> None:
        """Notice that one of the two kernels has died."""
        await super()._async_check_alive()
        if not await ensure_async(self.student.km.is_alive()):
            raise DeadKernelError("Kernel died")

    async def _async_handle_timeout(self, timeout: int, cell: Any = None) -> Any:
        """Interrupt both kernels."""
        await ensure_async(self.student.km.interrupt_kernel())
        return await super()._async_handle_timeout(timeout, cell)


class CutExecute(Runner):
    """Runs a student's notebook, and lets the judge run the tests in it.

    The name is that of earlier versions, because courses set options under it.
    """

    def preprocess(self, nb: Any, resources: Any, km: Any = None) -> Any:
        """Run all cells of a notebook."""
        self.sources = resources["sources"]  # read before any code of the student runs
        self.answers = [
            self.sources[name]
            for cell in nb.cells
            if utils.is_solution(cell) and (name := grade_id(cell)) in self.sources
        ]
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(resources["metadata"]["path"], folder, dirs_exist_ok=True)
            self.judge = Judge(student=self, parent=self.parent, timeout=self.timeout)
            blank = nbformat.v4.new_code_cell()
            self.judge.nb = nbformat.v4.new_notebook(metadata=nb.metadata, cells=[blank])
            run_sync(self.judge.start)(folder)
            try:
                return super().preprocess(nb, resources, km)
            except zmq.Again:
                raise DeadKernelError("Kernel reads no messages") from None
            finally:
                run_sync(self.judge._async_cleanup_kernel)()

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> Any:
        """Run a cell where it belongs."""
        if self.judge.kc is None:
            run_sync(self.judge.connect)()
        source = self.sources.get(grade_id(cell))
        if source is not None and utils.is_grade(cell) and not utils.is_solution(cell):
            run_sync(self._test)(cell, source)
            return cell, resources
        done = super().preprocess_cell(cell, resources, index)
        if source is not None and utils.is_locked(cell):
            run_sync(self.judge.run)(source)
        return done

    async def _test(self, cell: Any, source: str) -> None:
        await self.judge.test(cell, source, self.answers)
        if any(output.get("ename") == TIMED_OUT for output in cell.outputs):
            await self._wait_for_the_end(cell)

    async def _wait_for_the_end(self, cell: Any) -> None:
        """Wait until the student's kernel has ended what was interrupted.

        Raises:
            CellTimeoutError: it does not end.
        """
        asked = self.kc.kernel_info()
        end = time.monotonic() + self.iopub_timeout
        while time.monotonic() < end:
            try:
                told = await self.kc.shell_channel.get_msg(timeout=end - time.monotonic())
            except Empty:
                break
            if told["parent_header"].get("msg_id") == asked:
                return
        raise CellTimeoutError.error_from_timeout_and_cell(
            "The student's kernel does not end", self.iopub_timeout, cell
        )
