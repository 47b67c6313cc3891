"""The log of a run: `log.jsonl`, with a JSON line for each validation."""

import contextlib
import dataclasses
import json
import math
import os
from pathlib import Path

from charlstm.errors import unreadable
from charlstm.machine.atomic_file import NO_LINK, flush_folder, write_atomically
from charlstm.training.progress import Report


def append(path: Path, report: Report) -> None:
    """Add the line of a report: the whole of it, or nothing.

    Raises:
        UserError: the file cannot be written, or is a link.
    """
    values = dataclasses.asdict(report)
    if report.validation is not None and not math.isfinite(report.validation):
        values["validation"] = None  # JSON has no NaN
    line = json.dumps(values).encode() + b"\n"  # bytes: it ends with \n on Windows, too
    try:
        with open(path, "ab", buffering=0, opener=_no_link) as file:
            end = file.tell()
            try:
                while line:  # a disk that becomes full takes a part of it
                    line = line[file.write(line) :]
            except BaseException:
                file.truncate(end)
                raise
    except OSError as error:
        advice = "free some space; the model so far is kept"
        raise unreadable(path, error, advice) from None


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | NO_LINK, 0o666)


def flush(path: Path) -> None:
    """Let the lines so far outlast a power failure.

    Raises:
        UserError: the disk does not take them.
    """
    try:
        with open(path, "rb+", opener=_no_link) as file:
            os.fsync(file.fileno())
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(path, error, "free some space; the model so far is kept") from None
    flush_folder(path.parent)


def cut(path: Path, step: int) -> None:
    """Drop the lines after a step, because a resumed training does these steps again.

    Raises:
        UserError: as for `write_atomically`.
    """
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):  # a crash may leave half a line
            if json.loads(line)["step"] <= step:
                kept.append(line + "\n")
    write_atomically(path, "".join(kept).encode(), "free some space, then resume again")
