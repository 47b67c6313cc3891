"""Runs each student's notebook apart: in a process and a folder of its own, with a fresh home.

    /tmp/charlstm-x1y2/   gone at the end
        work/     the files beside the notebook: where the student's code runs
        home/     HOME, IPYTHONDIR, and the folders of Jupyter and XDG
        tmp/      TMPDIR
        run/      how the grader reaches the kernel
        kernels/  how a kernel is started in a sandbox

The process gets the notebook and the tests, and gives back what each cell put out. It knows neither
the course's folder nor its gradebook; this process writes the points. Its environment holds what
Python needs and no more, so no password of yours.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from charlstm.judging import alone, sandbox

KEPT = ("PATH", "LANG", "TZ", "SYSTEMROOT", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
KEPT_BEGIN = ("LC_", "CHARLSTM_", "OMP_", "MKL_")
MARK = "CHARLSTM_SUBMISSION"  # a variable of every process that belongs to a submission
MAX_RESULT = 64_000_000  # bytes that are read back
SECONDS_TO_END = 15


@dataclass(frozen=True)
class Job:
    """What the process that runs a notebook must know.

    Attributes:
        course: the course's folder, to hide it.
        notebook: the student's notebook, with the released cells in it.
        sources: the source of each cell that nbgrader knows, with hidden tests, by grade id.
        files: the files to put beside the notebook, by name.
        config: options of the class that runs notebooks, as nbgrader's configuration has them.
        seconds: limit for the whole notebook; None for no limit.
    """

    course: Path
    notebook: Any
    sources: dict[str, str]
    files: Mapping[str, Path]
    config: dict[str, Any]
    seconds: float | None


class Running:
    """A notebook that is being run.

    Args:
        job: the notebook and what belongs to it.
        contain: run the student's code in a sandbox.
        threads: threads of each process; None leaves that to the libraries.
    """

    def __init__(self, job: Job, contain: bool = False, threads: int | None = None):
        self.root = Path(tempfile.mkdtemp(prefix="charlstm-")).resolve()
        for name in ("work", "home", "tmp", "run"):
            (self.root / name).mkdir()
        for name, path in job.files.items():
            (self.root / "work" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, self.root / "work" / name)
        if contain:
            spec = self.root / "kernels" / alone.CONTAINED / "kernel.json"
            spec.parent.mkdir(parents=True)
            about = {
                "argv": sandbox.kernel_command(self.root, job.course),
                "display_name": "contained",
            }
            about |= {"language": "python", "interrupt_mode": "message"}
            spec.write_text(json.dumps(about), encoding="utf-8")
        given = {
            "notebook": job.notebook,
            "sources": job.sources,
            "config": job.config,
            "contain": contain,
            "folder": str(self.root),
            "work": str(self.root / "work"),
        }
        self._told = tempfile.TemporaryFile()  # noqa: SIM115 - read when the process has ended
        self._mistakes = tempfile.TemporaryFile()  # noqa: SIM115
        self._end = time.monotonic() + job.seconds if job.seconds else None
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps(given).encode())
            file.seek(0)
            self._process = subprocess.Popen(
                [sys.executable, "-m", alone.__name__],
                stdin=file,
                stdout=self._told,
                stderr=self._mistakes,
                cwd=self.root,
                env=_environment(self.root, threads),
                start_new_session=True,
            )

    def ended(self) -> bool:
        """Whether the process has ended. One that takes too long is ended here."""
        if self._end and time.monotonic() > self._end:
            self._terminate()
        return self._process.poll() is not None

    def result(self) -> dict[str, Any]:
        """Return `outputs` of each cell, or `error` and its `reason`. Leave nothing behind."""
        try:
            size = self._told.seek(0, os.SEEK_END)
            self._told.seek(0)
            if self._end and time.monotonic() > self._end:
                return not_run("it took too long in all")
            if size > MAX_RESULT:
                return not_run(f"its outputs have more than {MAX_RESULT // 10**6} MB")
            if self._process.returncode:  # what it left may be another's
                return not_run(self._why())
            try:
                read = json.loads(self._told.read())
            except ValueError:
                return not_run(self._why())
            return read if isinstance(read, dict) else not_run(self._why())
        finally:
            self.stop()

    def stop(self) -> None:
        """End the process and all that it started, and remove its folder."""
        self._terminate()
        for process in psutil.process_iter():  # those that were not its descendants any more
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(MARK) == str(self.root):
                    process.kill()
        self._told.close()
        self._mistakes.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def _terminate(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()  # it ends its descendants
            try:
                self._process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _why(self) -> str:
        self._mistakes.seek(0)
        lines = self._mistakes.read(MAX_RESULT).decode(errors="replace").strip().splitlines()
        return f"its process ended ({lines[-1] if lines else f'code {self._process.returncode}'})"


def not_run(reason: str) -> dict[str, Any]:
    """Return the result of a notebook that was not run to its end."""
    return {"error": "NotRunError", "reason": reason}


def _environment(root: Path, threads: int | None) -> dict[str, str]:
    """Return the environment of the process: what Python needs, and fresh folders."""
    kept = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith(KEPT_BEGIN)}
    if threads:
        kept |= {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    home = root / "home"
    folders = {
        "HOME": home,
        "USERPROFILE": home,
        "IPYTHONDIR": home / ".ipython",
        "JUPYTER_CONFIG_DIR": home / ".jupyter",
        "JUPYTER_DATA_DIR": home / "jupyter",
        "JUPYTER_RUNTIME_DIR": root / "run",
        "JUPYTER_PATH": root,
        "MPLCONFIGDIR": home / "matplotlib",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local",
        "XDG_STATE_HOME": home / ".state",
        "XDG_RUNTIME_DIR": root / "run",
        **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), root / "tmp"),
    }
    own = {"USER": "student", "LOGNAME": "student", "NBGRADER_EXECUTION": "autograde"}
    own |= {"PYTHONNOUSERSITE": "1", MARK: str(root)}
    return {**kept, **own, **{name: str(path) for name, path in folders.items()}}
