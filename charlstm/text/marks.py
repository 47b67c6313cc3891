r"""An encoding's mark is no text: the first bytes of a file may say how it is encoded.

Such bytes (a byte order mark, "BOM") stand at the beginning of what Notepad and spreadsheets save.
They are a signature and no character, so they are left out. What they say is obeyed, whatever
`encoding` was asked for: a text in another encoding does not begin with them. So files of several
encodings can be read together, and nobody need know what his editor calls "Unicode". Without a mark
nothing is guessed: what looks like UTF-16 is refused, and the message names the option that reads
it.
"""

import codecs
import unicodedata

from charlstm.errors import UserError, option

MARKS = {  # the longest first: that of UTF-32-LE begins like that of UTF-16-LE
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
LONGEST_MARK = max(map(len, MARKS))
MOST_CONTROLS = 0.01  # share of control characters in what may be a text
_UNITS = {"utf-32-le": 4, "utf-32-be": 4, "utf-16-le": 2, "utf-16-be": 2}  # bytes
_SPACES = "\t\n\v\f\r\b\x1b"  # controls that a typewriter or a terminal needs


def mark_of(start: bytes) -> bytes:
    r"""Return the mark that bytes begin with; empty if they begin with none.

    Example:
        >>> mark_of(b"\xef\xbb\xbfabc"), mark_of(b"abc")
        (b'\xef\xbb\xbf', b'')
    """
    return next((mark for mark in MARKS if start.startswith(mark)), b"")


def encoding_of(start: bytes, encoding: str, name: str) -> str:
    r"""Return the encoding of a file: that of its mark, or else the one that was asked for.

    Args:
        start: its first bytes, some dozens or more.
        encoding: what was asked for.
        name: of the file, for messages.

    Raises:
        UserError: only a mark could tell the order of its bytes, and there is none.

    Example:
        >>> encoding_of(b"\xff\xfea\0", "utf-8", "x"), encoding_of(b"a\0", "utf-16-le", "x")
        ('utf-16-le', 'utf-16-le')
    """
    if mark := mark_of(start):
        return MARKS[mark]
    codec = codecs.lookup(encoding).name
    if start and codec in ("utf-16", "utf-32"):
        found = looks_wide(start, whole=False) or ""
        order = found if found.startswith(codec) else f"{codec}-le"
        raise UserError(
            f"{name}: no mark at its beginning tells the order of its bytes; name that, such as"
            f" {option('encoding', order)}"
        )
    return "utf-8" if codec == "utf-8-sig" else encoding


def is_wide(encoding: str) -> bool:
    """Whether a text in this encoding has zero bytes.

    Example:
        >>> is_wide("UTF-16"), is_wide("latin-1")
        (True, False)
    """
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def looks_wide(start: bytes, whole: bool) -> str | None:
    r"""Return which of UTF-16 and UTF-32 bytes without a mark look like.

    Args:
        start: the first bytes of a file.
        whole: there are no more.

    Example:
        >>> looks_wide("größe".encode("utf-16-be"), True), looks_wide(b"a\0b", True)
        ('utf-16-be', None)
    """
    found = {}
    for encoding, unit in _UNITS.items():
        if whole and len(start) % unit:
            continue
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(start)
        except UnicodeDecodeError:
            continue
        if text and not any(_is_odd(c) for c in set(text)):
            found[encoding] = sum(c < "\x80" for c in text) / len(text)
    best = max(found, key=lambda each: found[each], default=None)
    return best if best and found[best] else None


def looks_one_byte(some: bytes) -> bool:
    r"""Whether bytes look like a text in an encoding of one byte a character, such as latin-1.

    Example:
        >>> looks_one_byte("größe".encode("latin-1")), looks_one_byte(bytes(range(256)))
        (True, False)
    """
    return few_controls(some.decode("latin-1"))


def few_controls(text: str) -> bool:
    r"""Whether hardly any character controls a machine. Compressed bytes read as text have 11 %.

    Example:
        >>> few_controls("two\tlines\n"), few_controls("\x01\x02")
        (True, False)
    """
    controls = sum((c < " " or c == "\x7f") and c not in _SPACES for c in text)
    return controls <= MOST_CONTROLS * len(text)


def _is_odd(character: str) -> bool:
    """Whether no text has this character: a control, or one that Unicode has not given out."""
    if character in _SPACES:
        return False
    return unicodedata.category(character) in ("Cc", "Cn", "Cs", "Co")
