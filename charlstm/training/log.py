"""The log of a run: `log.jsonl`, with a JSON line for each validation."""

import contextlib
import dataclasses
import json
import math
from pathlib import Path

from charlstm.errors import unreadable
from charlstm.machine.atomic_file import write_atomically
from charlstm.training.progress import Report


def append(path: Path, report: Report) -> None:
    """Add the line of a report.

    Raises:
        UserError: the file cannot be written.
    """
    values = dataclasses.asdict(report)
    if report.validation is not None and not math.isfinite(report.validation):
        values["validation"] = None  # JSON has no NaN
    try:
        with path.open("ab") as file:  # bytes: the line ends with \n on Windows, too
            file.write(json.dumps(values).encode() + b"\n")
    except OSError as error:
        advice = "free some space; the model so far is kept"
        raise unreadable(path, error, advice) from None


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
