"""Where a training lives if the user names no folder: in `runs/`, under the name of its text."""

import os
from pathlib import Path

_PORTS = {f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10)}
DEVICES = {"con", "prn", "aux", "nul", *_PORTS}  # on Windows no file can have such a name


def name_of(source: str) -> str:
    """Return the name of a text: its file's or folder's, without the ending.

    What comes through a pipe has none: `train <(zcat x.gz)` names /dev/fd/63, and in a moment that
    is another file, or nothing.

    Example:
        >>> name_of("-"), name_of("poems/roses.txt"), name_of("tales")
        ('stdin', 'roses', 'tales')
    """
    if source in ("-", "/dev/stdin"):
        return "stdin"
    real = Path(os.path.realpath(source))
    return "pipe" if real.parent.name == "fd" and not real.exists() else real.stem


def free_folder(name: str) -> Path:
    """Return `runs/name`, or the first of `runs/name-2`, `runs/name-3` ... that does not exist.

    The name is changed if Windows would not take it, so that a run can move there.

    Example:
        >>> free_folder("my-text").as_posix(), free_folder("aux").as_posix()
        ('runs/my-text', 'runs/text-aux')
    """
    name = name.rstrip(". ") or "text"  # Windows drops dots and spaces at the end
    if name.split(".")[0].rstrip().lower() in DEVICES:
        name = f"text-{name}"
    folder = Path("runs") / name
    count = 1
    while folder.exists():
        count += 1
        folder = Path("runs") / f"{name}-{count}"
    return folder
