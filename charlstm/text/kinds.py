"""What a file is, by its first bytes: a document that is no text, or a text with marks in it.

Bytes that are no text are refused, each with what to do instead. A page, a table or JSON is text,
and somebody may mean to learn it as it stands: it is read, and told for what it is.
"""

import codecs
import re
from dataclasses import dataclass
from pathlib import PurePath

from charlstm.errors import option
from charlstm.options import DataOptions
from charlstm.text.marks import few_controls, is_wide, looks_wide, mark_of

LEAST_ROWS = 5  # lines that look alike make a table, if no two are the same


@dataclass(frozen=True)
class Kind:
    """What a file is.

    Attributes:
        name: such as "a PDF document".
        advice: what to do with it.
        text: whether it can be learned as it stands.
    """

    name: str
    advice: str
    text: bool = False


AS_TEXT = "save it as plain text (.txt, UTF-8), and give that file"
_UNPACK = "unpack it, and give what it holds"
EPUB = Kind("an EPUB book", f"{AS_TEXT}; Calibre does that by ebook-convert BOOK.epub BOOK.txt")
OFFICE = Kind("an Office document", AS_TEXT)
OPEN_DOCUMENT = Kind("an OpenDocument file", AS_TEXT)
TAR = Kind("a tar archive", "unpack it by tar -xf FILE; then give its folder or files")
_PICTURE = Kind("a picture", "a program that reads scans, such as tesseract, makes a text of it")
_RECORDING = Kind("a recording", "give its words as a text file")
_PACKED = Kind("a packed file", _UNPACK)
_TWICE = Kind("a packed file inside a packed file", _UNPACK)
_MODEL = Kind("a file of weights", "give a text")
_PDF = Kind("a PDF document", "save its text by pdftotext FILE.pdf; then give FILE.txt")

_BINARY = {  # first bytes, with which no text begins
    b"%PDF-1": _PDF, b"%PDF-2": _PDF,
    b"\x89PNG\r\n": _PICTURE, b"\xff\xd8\xff": _PICTURE, b"II*\0": _PICTURE,
    b"MM\0*": _PICTURE, b"\x1aE\xdf\xa3": _RECORDING,
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Kind("an old Office document", AS_TEXT),
    b"(\xb5/\xfd": _PACKED, b"7z\xbc\xaf'\x1c": _PACKED, b"Rar!\x1a\x07": _PACKED,
    b"\x04\"M\x18": _PACKED, b"\x1f\x9d": _PACKED,
    b"\x1f\x8b": _TWICE, b"\xfd7zXZ\0": _TWICE, b"PK\x03\x04": _TWICE,
    b"SQLite format 3\0": Kind("a database (SQLite)", "save the texts in it as a text file"),
}  # fmt: skip
_WITH_ZEROS = [  # where, and bytes with which a text could begin, too, if no zeros followed
    (0, b"GIF8", _PICTURE), (8, b"WEBP", _PICTURE), (0, b"ID3", _RECORDING),
    (0, b"OggS", _RECORDING), (0, b"fLaC", _RECORDING), (0, b"RIFF", _RECORDING),
    (4, b"ftyp", _RECORDING), (257, b"ustar", TAR), (8, b'{"', _MODEL),
    (0, b"PAR1", Kind("a table (Parquet)", "save its column of texts as a text file")),
]  # fmt: skip

_HTML = Kind("an HTML page", "to learn its words alone, save it as text from a browser", True)
_XML = Kind("XML", "to learn its words alone, take out the tags", True)
_RTF = Kind("an RTF document", f"to learn its words alone, {AS_TEXT}", True)
_NOTEBOOK = Kind(
    "a notebook",
    "to learn its words and code alone, save them by jupyter nbconvert --to markdown FILE",
    True,
)
_JSON = Kind("JSON", "to learn its texts alone, save them as a text file", True)
_TABLE = Kind("a table (CSV or TSV)", "to learn one column, save it alone as a text file", True)

_MARKUP = {
    rb"\s*(<!doctype html|<html|<\?xml[^>]*>\s*(<!doctype html|<html))": _HTML,
    rb"\s*<\?xml\s": _XML,
    rb"\{\\rtf\d": _RTF,
    rb'\s*\{\s*"(cells|metadata|nbformat)"\s*:.*"(cell_type|nbformat)"': _NOTEBOOK,
    rb'\s*\{\s*"([^"\\\n]|\\.)*"\s*:': _JSON,
    rb'\s*\[\s*(\{\s*"|"([^"\\\n]|\\.)*"\s*[],]|-?\d[\d.eE+-]*\s*,|\[\s*["\d-])': _JSON,
}
_TABLES = {".csv", ".tsv", ".tab"}


def kind_of(start: bytes, name: str) -> Kind | None:
    r"""Return what a file is, if it is something other than plain text and that can be told.

    Args:
        start: its first bytes, unpacked.
        name: of the file.

    Example:
        >>> kind_of(b"%PDF-1.7", "x").name, kind_of(b'{"a": 1}\n', "x").text, kind_of(b"a", "x")
        ('a PDF document', True, None)
    """
    for first, kind in _BINARY.items():
        if start.startswith(first):
            return kind
    if b"\0" in start and not mark_of(start):
        return next((kind for at, b, kind in _WITH_ZEROS if start[at:].startswith(b)), None)
    inside = start.removeprefix(mark_of(start))
    for pattern, kind in _MARKUP.items():
        if re.match(pattern, inside, re.I | re.S):
            return kind
    return _TABLE if PurePath(name).suffix.lower() in _TABLES or _in_columns(inside) else None


def _in_columns(start: bytes) -> bool:
    """Whether all lines have as many tabs, or as many commas: one tab, or two commas, at least."""
    rows = set(start.replace(b"\r\n", b"\n").split(b"\n")[:-1])  # the last one may be cut off
    if len(rows) < LEAST_ROWS:
        return False
    for between, least in ((b"\t", 1), (b",", 2), (b";", 2)):
        counts = {row.count(between) for row in rows}
        if len(counts) == 1 and counts.pop() >= least:
            return True
    return False


def why_no_text(start: bytes, whole: bool, options: DataOptions) -> Kind | None:
    r"""Return what bytes are if they are no text in the encoding that was asked for.

    It looks for what decoding would not tell, or tell badly: zero bytes, and bytes that are wrong,
    or could not be wrong, and would be control characters.

    Args:
        start: the first bytes of a file.
        whole: there are no more.
        options: the encoding.

    Example:
        >>> why_no_text(b"a\0b\0", True, DataOptions()).advice
        "read it with encoding='utf-16-le'"
        >>> why_no_text(b"a\0b", True, DataOptions()).name
        'not text'
    """
    instead = f"give a text, or model bytes with {option('bytes')}"
    if mark_of(start) or is_wide(options.encoding):
        return None
    if b"\0" in start:
        if encoding := looks_wide(start, whole):
            family = encoding[:6].upper()
            return Kind(
                f"{family} without its mark", f"read it with {option('encoding', encoding)}"
            )
        return Kind("not text", f"it has a zero byte at offset {start.index(0)}; {instead}")
    try:
        text = start.decode(options.encoding, "replace")
    except (LookupError, UnicodeError):  # told where it is decoded
        return None
    strict = codecs.lookup(options.encoding).name.startswith("utf")  # not every byte is a character
    if (strict and "\ufffd" not in text) or few_controls(text):
        return None
    return Kind("not text", f"as {options.encoding} it is full of control characters; {instead}")
