"""The one way in: `charlstm VERB ...` and `python -m charlstm VERB ...`.

Both do what `python -m charlstm.VERB ...` does.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from charlstm import __version__
from charlstm.errors import UserError, command

VERBS = (
    "train", "search", "sample", "evaluate", "compress", "page", "plot", "corpora", "benchmark",
    "course", "lessons",
)  # fmt: skip
SHELLS = ("bash", "zsh", "fish")  # not tcsh: for that tyro needs another package, shtab


@functools.partial(command, prints=False)
def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb and return its exit code.

    Without a verb it lists the verbs. That is an answer, not a mistake, so the code is 0.
    """
    first, *rest = [*(sys.argv[1:] if argv is None else argv)] or ["--help"]
    if first in VERBS:
        code: int = importlib.import_module(f"charlstm.{first}").main(rest)
        return code
    if first in ("-h", "--help"):
        print(listing())
    elif first == "--version":
        print(f"charlstm {__version__}")
    elif first == "--completion":
        if rest[:1] not in ([shell] for shell in SHELLS):
            raise UserError(f"--completion without a shell; give one of {', '.join(SHELLS)}")
        from charlstm.flags import completion

        print(completion([_class(verb) for verb in VERBS], "charlstm", rest[0]))
    else:
        close = difflib.get_close_matches(first, VERBS, 1)
        meant = f"; perhaps you meant {close[0]}" if close else ""
        raise UserError(f"{first}: no such command{meant}; there are {', '.join(VERBS)}")
    return 0


def listing() -> str:
    """Return the list of verbs, each with the first line of its help."""
    lines = ["usage: charlstm VERB ...   (or python -m charlstm VERB ...)", ""]
    lines += [f"  {verb:12}{_class(verb).__doc__.splitlines()[0]}" for verb in VERBS]
    lines += [
        "",
        "charlstm VERB --help lists the options of a verb; charlstm --version prints the version.",
        f"charlstm --completion SHELL prints completion for {', '.join(SHELLS)}; in bash:",
        '  eval "$(charlstm --completion bash)"',
    ]
    return "\n".join(lines)


def _class(verb: str) -> Any:
    """Return the dataclass of a verb, such as `Train` in `charlstm.train`."""
    return getattr(importlib.import_module(f"charlstm.{verb}"), verb.capitalize())


if __name__ == "__main__":
    sys.exit(main())
