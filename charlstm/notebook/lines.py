"""Printed lines that fit: JupyterLab breaks a line that is too long inside words and numbers."""

import textwrap

COLUMNS = 90  # beside the file browser, a window of 1300 pixels has room for 109


def wrapped(text: str, columns: int = COLUMNS) -> str:
    r"""Return a text whose lines are at most so long; new lines begin between words.

    Line ends and spaces of the text stay as they are, but for the spaces at which a line breaks.
    A word that is too long for a line is cut.

    Example:
        >>> wrapped("ROMEO:\n\nIf I profane with my unworthiest hand", 20)
        'ROMEO:\n\nIf I profane with my\nunworthiest hand'
    """
    lines = []
    for line in text.split("\n"):
        lines += [line] if len(line) <= columns else textwrap.wrap(line, columns) or [""]
    return "\n".join(lines)
