"""Runs one student's notebook, and nothing else: `apart` starts it as a process of its own.

It reads the notebook from standard input, with the tests, and writes what each cell put out to
standard output. Both are files without a name, and Linux lets no process of the same account look
into this one, unless that is root. What the student's code starts, also in a session of its own and
after its parent has ended, stays a descendant of this process, and ends with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from traitlets.config import Config

MEMORY = 4_000_000_000  # bytes that all processes of a submission may use
PROCESSES = 64
DISK = 500_000_000  # bytes in the submission's folder
LOOK = 0.2  # seconds between two looks at what is used
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36  # linux/prctl.h
CONTAINED = "contained"  # name of the kernel that `sandbox` describes


def main() -> None:
    """Run the notebook that standard input describes."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    given = json.load(sys.stdin)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)  # what is started from here inherits neither
    os.dup2(nowhere, 1)
    _shut_the_door()
    # jsonschema would load this to check addresses, which takes two seconds; notebooks have none
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    with Watch(Path(given["folder"])) as watch:
        answer = _run(given)
    if watch.exceeded:
        answer = {"error": "NotRunError", "reason": f"it {watch.exceeded}"}
    json.dump(answer, told)
    told.close()


def _run(given: dict[str, Any]) -> dict[str, Any]:
    """Run all cells; return the outputs of each, or the error that stopped the notebook."""
    import nbformat

    from charlstm.judging.judge import CutExecute

    notebook = nbformat.from_dict(given["notebook"])
    resources = {"metadata": {"path": given["work"]}, "sources": given["sources"]}
    config = Config(given["config"])
    if given["contain"]:
        config.CutExecute.kernel_name = CONTAINED
        run = Path(given["folder"], "run")  # sockets are files there: there is no network
        config.ConnectionFileMixin.transport = "ipc"
        config.ConnectionFileMixin.ip = str(run / "kernel")
        config.ConnectionFileMixin.connection_file = str(run / "kernel.json")
    try:
        CutExecute(config=config).preprocess(notebook, resources)
    except Exception as error:  # whatever stops it must not stop the class
        return {"error": type(error).__name__, "reason": str(error)[:1000]}
    return {"outputs": [cell.get("outputs", []) for cell in notebook.cells]}


class Watch:
    """Ends what a submission has started if that uses too much, and in any case at the end.

    Attributes:
        exceeded: what was too much; "" if nothing.
    """

    def __init__(self, folder: Path):
        self.exceeded = ""
        self._folder = folder
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()
        end_family()

    def _look(self) -> None:
        while not self._done.wait(LOOK):
            family = psutil.Process().children(recursive=True)
            self.exceeded = self._too_much(family)
            if self.exceeded:
                _kill(family)
                while not self._done.wait(LOOK / 10):  # until the end of its kernel is noticed
                    _kill(psutil.Process().children(recursive=True))

    def _too_much(self, family: list[psutil.Process]) -> str:
        if len(family) > PROCESSES:
            return f"started more than {PROCESSES} processes"
        if sum(map(_memory, family)) > MEMORY:
            return f"used more than {MEMORY // 10**9} GB of memory"
        if _size(self._folder) > DISK:
            return f"wrote more than {DISK // 10**6} MB"
        return ""


def _memory(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _size(folder: Path) -> int:
    """Return how many bytes lie in a folder."""
    size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # gone since
                size += os.lstat(os.path.join(where, name)).st_size
    return size


def _kill(family: list[psutil.Process]) -> None:
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.kill()


def end_family() -> None:
    """End all descendants of this process. Linux gives it those whose parent has ended, too."""
    end = time.monotonic() + 10
    while (family := psutil.Process().children(recursive=True)) and time.monotonic() < end:
        _kill(family)
        with contextlib.suppress(ChildProcessError, AttributeError):  # no such call on Windows
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def _shut_the_door() -> None:
    """Let nobody look into this process, adopt orphans, and end if the grader ends."""

    def stop(number: int, frame: object) -> None:
        end_family()
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        prctl(PR_SET_DUMPABLE, 0)
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    main()
