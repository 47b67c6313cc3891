"""How much a student's notebook may print and show while it is graded.

A cell that prints without end makes gigabytes, and so do a picture, a traceback or the state of a
widget that somebody fills up. `Limits` looks at each message that comes from the kernel.
"""

from __future__ import annotations

import json
from typing import Any

MAX_PRINTED = 100_000  # characters that a cell prints
MAX_SHOWN = 20_000_000  # characters of figures, tables and widgets of a notebook; ours have 1e6
MAX_TRACEBACK = 20_000  # characters of an error
MAX_MESSAGES = 10_000  # figures, tables, errors and changes of widgets in a notebook
SHOWN = {"display_data", "execute_result", "update_display_data"}


class Limits:
    """Counts what a notebook prints and shows, and cuts what is beyond the limits."""

    def __init__(self) -> None:
        self._cell: Any = None
        self._printed = 0  # characters, of that cell
        self._errors = 0  # of that cell
        self._shown = 0  # characters, of the notebook
        self._messages = 0  # of the notebook

    def leave(self, message: dict[str, Any], cell: Any) -> bool:
        """Cut a message of the kernel in place; return whether anything is left of it.

        The first error of a cell always stays, as nbgrader counts the cell as failed for it.

        Args:
            message: the message.
            cell: the cell that it is about.

        Example:
            >>> message = {"msg_type": "stream", "content": {"name": "stdout", "text": "a" * 10**6}}
            >>> limits = Limits()
            >>> cell = object()
            >>> limits.leave(message, cell), len(message["content"]["text"])
            (True, 100000)
            >>> limits.leave(message, cell)
            False
        """
        if cell is not self._cell:
            self._cell, self._printed, self._errors = cell, 0, 0
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            content["text"] = content["text"][: max(0, MAX_PRINTED - self._printed)]
            self._printed += len(content["text"])
            return bool(content["text"])
        if kind == "clear_output":
            self._printed = 0
        if kind == "error":
            self._errors += 1
            cut_error(content)
            return self._errors == 1 or self._one_more()
        if kind in SHOWN:
            return self._one_more() and self._show(content)
        if kind.startswith("comm"):
            return self._one_more() and self._fits(content)
        return True

    def _one_more(self) -> bool:
        self._messages += 1
        return self._messages <= MAX_MESSAGES

    def _fits(self, content: Any) -> bool:
        size = len(json.dumps(content, default=str))
        if self._shown + size > MAX_SHOWN:
            return False
        self._shown += size
        return True

    def _show(self, content: dict[str, Any]) -> bool:
        """Put a line in the place of what is too large to show."""
        if not self._fits([content.get("data"), content.get("metadata")]):
            content["data"] = {"text/plain": f"(too large: more than {MAX_SHOWN:,} characters)"}
            content["metadata"] = {}
        return True


def cut_error(content: dict[str, Any]) -> None:
    """Cut the texts of an error in place: its name, its message and its traceback."""
    for key in ("ename", "evalue"):
        content[key] = str(content.get(key, ""))[:MAX_TRACEBACK]
    left = MAX_TRACEBACK
    lines = []
    for line in content.get("traceback") or ():
        lines.append(str(line)[:left])
        left -= len(lines[-1]) + 1
        if left <= 0:
            break
    content["traceback"] = lines
