"""What all panels share: a box of widgets that a notebook shows.

A panel shows a figure as PNG bytes in an `Image`, and a text as HTML. It uses neither pyplot nor
`print`: ipykernel 7 runs callbacks in a thread of their own, where pyplot draws wrong figures and
printed text appears nowhere.

A notebook also keeps a picture of the panel, with a text that describes it. Pages without a kernel
show that picture.
"""

import base64
import html
from collections.abc import Sequence
from typing import Any

import ipywidgets as w
from matplotlib.figure import Figure

from charlstm.errors import translated
from charlstm.notebook.describe import describe
from charlstm.notebook.still import still


class Panel:
    """A box of widgets; a notebook shows it if it is the last expression of a cell.

    Args:
        name: the box gets the CSS class charlstm-NAME. Tests and styles find it by that class.
        parts: the widgets in the box, from top to bottom.

    Attributes:
        widget: the box.
    """

    _figure: Figure | None = None  # what the panel draws, if it draws

    def __init__(self, name: str, parts: Sequence[w.Widget]) -> None:
        self._name = name
        self.widget = w.VBox(list(parts))
        mark(self.widget, name)

    def _repr_mimebundle_(self, **how: Any) -> Any:
        """Let IPython show the box in place of the object, or its picture where no box can be."""
        picture, alt = still(self.widget, self._name)
        alt += f" The figure: {describe(self._figure)}" if self._figure else ""
        shown = self.widget._repr_mimebundle_(**how)
        shown |= {"text/plain": alt, "image/png": base64.b64encode(picture).decode("ascii")}
        return shown, {"image/png": {"alt": alt}}


def mark(widget: w.Widget, name: str) -> None:
    """Give a widget the CSS class charlstm-NAME."""
    widget.add_class(f"charlstm-{name.replace('_', '-')}")


def told(error: Exception) -> str:
    """Return HTML that tells an error, a bug of ours by its kind.

    Work in a thread has no other way: what it raises or prints appears nowhere.
    """
    mistake = translated(error)
    return html.escape(f"{type(error).__name__}: {error}" if mistake is None else str(mistake))


def figure_image() -> w.Image:
    """Return an empty `Image` for a figure."""
    return w.Image(format="png", width=640)
