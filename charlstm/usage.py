"""What a command line that cannot be read is told: tyro's message in one line, and a hint."""

import re
from collections.abc import Sequence
from pathlib import Path

from charlstm.quoting import quoted

_RULE = re.compile(r"╭.*|[│╰ ]*(─{9,}|-{9,})[│╯ ]*")  # in an error of tyro's; the top has a title
_MISSING = re.compile(r"Missing value for argument '(--[\w-]+)'")
_SAID_ANYWAY = ("For full helptext", "Argument helptext")


def in_one_line(box: str) -> str:
    """Return, as one line, the message in the box that tyro draws around it.

    The box has a title, then parts with a rule between them. Where standard output cannot take its
    round corners, tyro draws only the rules, of hyphens.
    """
    parts: list[list[str]] = [[]]
    for line in box.splitlines():
        if _RULE.fullmatch(line):
            parts.append([])
        else:
            parts[-1].append(line.strip("│ "))
    told = [" ".join(filter(None, part)) for part in parts[1:]]  # before the first is the title
    told = [part for part in told if part and not part.startswith(_SAID_ANYWAY)]
    return "; ".join(told).rstrip(".")


def dash_hint(error: str, words: Sequence[str]) -> str:
    """Return what to do where a value or a file begins with a dash, and so was taken for a flag."""
    files = [word for word in words if word.startswith("-") and Path(word).is_file()]
    if files and files[0] in error:
        return f"; the file of this name is {quoted('./' + files[0])}"
    missing = _MISSING.search(error)
    if missing and missing[1] in words[:-1]:
        value = words[words.index(missing[1]) + 1]
        if value.startswith("-"):
            return f"; if {value} is meant as its value, write {missing[1]}={quoted(value)}"
    return ""
