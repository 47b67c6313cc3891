"""How wide a text is in a terminal; a guess, as terminals differ."""

import unicodedata


def columns_of(text: str) -> int:
    """Return how many columns a terminal gives a text in one line (Unicode, annex 11).

    Example:
        >>> columns_of("ab"), columns_of("\u6f22"), columns_of("e\u0301")
        (2, 2, 1)
    """
    return sum(map(_width, text))


def broken(line: str, columns: int) -> list[str]:
    """Break a line where a terminal of so many columns, 2 at least, is full.

    Example:
        >>> broken("to be or not", 5)
        ['to be', ' or n', 'ot']
    """
    rows = [""]
    left = columns
    for character in line:
        width = _width(character)
        if width > left:
            rows.append("")
            left = columns
        rows[-1] += character
        left -= width
    return rows


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
