"""The log of a run: `log.jsonl`, with a JSON line for each validation."""

import contextlib
import dataclasses
import io
import json
import math
import os
from pathlib import Path

from charlstm.errors import UserError, unreadable
from charlstm.machine.atomic_file import flush_folder, write_atomically
from charlstm.training.lock import open_plain
from charlstm.training.progress import Report

MOST_BYTES = 2**26  # of a log that is read: some 200,000 validations
LONGEST_LINE = 10_000  # bytes; a line has some 300


def append(path: Path, report: Report) -> None:
    """Add the line of a report: the whole of it, or nothing.

    Raises:
        UserError: the file cannot be written, or is not a plain one.
    """
    values = dataclasses.asdict(report)
    if report.validation is not None and not math.isfinite(report.validation):
        values["validation"] = None  # JSON has no NaN
    line = json.dumps(values).encode() + b"\n"  # bytes: it ends with \n on Windows, too
    try:
        with open(path, "ab", buffering=0, opener=open_plain) as file:
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


def read(path: Path) -> list[dict[str, float]]:
    """Return the numbers of each line; without those that are not finite, and half a last line.

    Raises:
        UserError: the file cannot be read, is not a plain one, too large, or no log.
    """
    try:
        with open(path, "rb", opener=open_plain) as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error, "name the folder of a run, which has a log") from None
    if len(content) > MOST_BYTES:
        raise UserError(f"{path}: more than {MOST_BYTES:,} bytes; no training writes such a log")
    found = []
    for line in content.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            values = json.loads(line) if len(line) <= LONGEST_LINE else None
            if isinstance(values, dict) and _number(values.get("step")):
                found.append({name: float(each) for name, each in values.items() if _number(each)})
    if not found:
        raise UserError(f"{path}: no line of a training in it; wait for its first validation")
    return found


def _number(value: object) -> bool:
    """Whether it is a number that can be drawn; a whole one may have thousands of digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300


def flush(path: Path) -> None:
    """Let the lines so far outlast a power failure.

    Raises:
        UserError: the disk does not take them, or the file is not a plain one.
    """
    try:
        with open(path, "rb+", opener=open_plain) as file:
            os.fsync(file.fileno())
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(path, error, "free some space; the model so far is kept") from None
    flush_folder(path.parent)


def cut(path: Path, step: int) -> None:
    """Drop the lines after a step, because a resumed training does these steps again.

    Raises:
        UserError: the file is not a plain one, cannot be read, or is too large; or as for
            `write_atomically`.
    """
    try:
        with open(path, "rb", opener=open_plain) as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(path, error, "make it readable, or remove it") from None
    if len(content) > MOST_BYTES:
        raise UserError(
            f"{path}: more than {MOST_BYTES:,} bytes; move it elsewhere, and a new log begins"
        )
    kept = bytearray()
    for line in io.BytesIO(content):
        if len(line) <= LONGEST_LINE and _is_within(line, step):
            kept += line.rstrip() + b"\n"
    write_atomically(path, bytes(kept), "free some space, then resume again")


def _is_within(line: bytes, step: int) -> bool:
    """Whether it is a whole line up to a step; a crash may leave half a line."""
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        return bool(json.loads(line)["step"] <= step)
    return False
