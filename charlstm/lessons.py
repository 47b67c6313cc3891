"""The command that copies the lessons to where you work: `python -m charlstm.lessons FOLDER`."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from charlstm.errors import UserError, command, counted, say
from charlstm.flags import Positional, parse
from charlstm.machine.atomic_file import write_atomically
from charlstm.quoting import quoted


@dataclass(frozen=True)
class Lessons:
    """Copy the lessons, executed notebooks with their drawings and data, to a folder of yours.

    python -m charlstm.lessons my-lessons

    Run and change the copies as you like. If you give the command again, it adds what is missing,
    and leaves every file that is there as it is.
    """

    folder: Annotated[str, Positional("FOLDER")]
    """Where the copies go; it is made if there is none."""


@functools.partial(command, prints=False)
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, _ = parse(Lessons, argv)
    folder = Path(given.folder)
    source = lessons_folder()
    if folder.resolve().is_relative_to(source.resolve()):
        raise UserError(f"{folder}: the lessons themselves are there; name a folder of your own")
    copied = 0
    changed = []
    for name in handed_out(source):
        target = folder / name
        if not target.exists():
            write_atomically(target, (source / name).read_bytes(), "name a folder of your own")
            copied += 1
        elif not target.is_file() or target.read_bytes() != (source / name).read_bytes():
            changed.append(name)
    for name in changed:
        say(f"{folder / name}: kept as it is, which is not as it is shipped")
    if changed:
        say("to have these as shipped, too: rename yours, or name a new folder")
    begin = f"jupyter lab {quoted(folder / first(source))}"
    say(f"{counted(copied, 'file')} copied to {folder}; to begin: {begin}")
    return 0


def lessons_folder() -> Path:
    """Return the folder of our lessons: in the wheel, or in the checkout."""
    package = Path(__file__).parent
    installed = package / "lesson_files"
    return installed if installed.is_dir() else package.parent / "notebooks" / "lessons"


def handed_out(source: Path) -> Iterator[Path]:
    """Yield what a student needs, relative to the folder: all but the sources.

    Args:
        source: the folder of the lessons.
    """
    for path in sorted(source.rglob("*")):
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(source).parts)
        if path.is_file() and path.suffix != ".py" and not hidden:
            yield path.relative_to(source)


def first(source: Path) -> str:
    """Return the name of the lesson to begin with."""
    return min(path.name for path in source.glob("*.ipynb"))


if __name__ == "__main__":
    sys.exit(main())
