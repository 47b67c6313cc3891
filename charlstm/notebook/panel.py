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
from traitlets import Unicode

from charlstm.errors import translated
from charlstm.notebook.describe import describe
from charlstm.notebook.figure import png
from charlstm.notebook.still import still

# JupyterLab takes arrows and letters for its own shortcuts, also where a menu has the focus
# (ipywidgets issue 3912), unless an attribute forbids it. With Shift or Ctrl they stay its own.
# The sliders of ipywidgets 8.1 have a label that screen readers do not connect with them.
_KEYS = """
const panel = this.closest('.charlstm-panel');
for (const slider of panel.querySelectorAll('[role=slider]'))
  slider.setAttribute('aria-label', slider.closest('.widget-slider').firstChild.textContent);
if (!window.charlstmKeys)
  window.addEventListener('keydown', window.charlstmKeys = (event) =>
    event.target.closest('.charlstm-panel') && event.target.toggleAttribute(
      'data-lm-suppress-shortcuts',
      !(event.shiftKey || event.ctrlKey || event.altKey || event.metaKey)), true);
"""
# ipywidgets shows where the keyboard is by a pale border. On any page the colour of text is seen.
# The name of the class stands here three times, else the rule of ipywidgets would win.
ACCESS = f"""<style onload="{_KEYS}">
.charlstm-panel.charlstm-panel.charlstm-panel :focus-visible
{{outline: 2px solid currentColor !important}}</style>"""


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
        style = w.HTML(ACCESS, layout=w.Layout(display="none"))
        self.widget = w.VBox([style, *parts])
        mark(self.widget, "panel")
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


class Picture(w.Image):  # type: ignore[misc]
    """The picture of a panel's figure, with its description in words.

    An `Image` has no alt text. Its `tooltip` becomes the title of the picture, which screen readers
    tell in its place. ipywidgets 8.1 writes it only where there is a `description` that is empty.
    """

    description = Unicode("").tag(sync=True)

    def __init__(self) -> None:
        super().__init__(format="png", width=640)

    def show(self, figure: Figure) -> None:
        """Show a figure, and say what it shows."""
        self.tooltip = describe(figure)
        self.value = png(figure)
