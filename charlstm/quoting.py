"""Commands that messages print: each can be pasted into a shell, whatever a file is called."""

import os
import re
import shlex
from pathlib import Path

ON_WINDOWS = os.name == "nt"
PLAIN_ON_WINDOWS = re.compile(r"[\w./:\\+=-]+")  # a word that cmd and PowerShell take as it is


def quoted(word: object) -> str:
    r"""Write a word as a shell takes it.

    A path that begins with a dash gets `./`, else it would be taken for a flag. Quotes are those of
    Unix shells. On Windows they are double quotes, which cmd and PowerShell both take. A name that
    no line can show, because it is no UTF-8 or holds control characters, is written in the way of
    bash, zsh and ksh.

    Example:
        >>> print(quoted("runs/my text"), quoted(Path("-x")), quoted("a\tb"))
        'runs/my text' ./-x $'a\x09b'
    """
    text = str(word)
    if isinstance(word, Path) and text.startswith("-"):
        text = os.path.join(".", text)
    if ON_WINDOWS:
        return text if PLAIN_ON_WINDOWS.fullmatch(text) else f'"{text}"'
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, os.fsencode(text))) + "'"


def _escaped(byte: int) -> str:
    """Write a byte for a shell's `$'...'`."""
    plain = 32 <= byte < 127 and byte not in b"'\\"
    return chr(byte) if plain else f"\\x{byte:02x}"


def invocation(verb: str, *words: object) -> str:
    """Write a command of charlstm.

    Example:
        >>> print(invocation("sample", Path("runs/my text")))
        python -m charlstm.sample 'runs/my text'
    """
    return " ".join([f"python -m charlstm.{verb}", *map(quoted, words)])
