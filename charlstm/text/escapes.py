r"""What a person types on a command line: `\n` stands for a line end, `\u00e9` for an é.

A shell passes on `\n` as two characters. The escapes here are those that Python writes with the
codec `unicode_escape`, and so those that messages show.
"""

import re

from charlstm.errors import UserError

SINGLE = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
ESCAPE = re.compile(r"\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.?)", re.DOTALL)
ALLOWED = r"\n \t \r \xXX \uXXXX \UXXXXXXXX"


def unescape(text: str, where: str, bytewise: bool = False) -> str:
    r"""Return a typed text with the characters that its escapes stand for.

    Args:
        text: what was typed.
        where: its name in an error.
        bytewise: `\xXX` stands for a byte, as a model of bytes knows it. It comes back as Python
            gives a byte of a command line that is no UTF-8 (PEP 383); `Vocabulary.from_user` takes
            it so.

    Raises:
        UserError: something else follows a backslash, or the number is that of no character. The
            message has the place, counted from 0.

    Example:
        >>> unescape(r"one\ttwo \\ caf\u00e9", "stop")
        'one\ttwo \\ café'
    """

    def meant(found: re.Match[str]) -> str:
        name = found[1]
        if name in SINGLE:
            return SINGLE[name]
        point = int(name[1:], 16) if len(name) > 1 else -1
        if not 0 <= point <= 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            reason = "is no escape" if point < 0 else "is no character"
            raise UserError(
                f"{where}: {found[0]} at position {found.start()} {reason}; write {ALLOWED},"
                r" or \\ for a backslash"
            )
        byte = bytewise and name[0] == "x" and point > 0x7F
        return chr(point + 0xDC00 if byte else point)

    return ESCAPE.sub(meant, text)
