"""Work in a thread for the newest values only, so that a panel answers however fast a hand moves.

While a figure is being drawn, a slider may move ten times. Nobody wants to see the nine figures in
between. The last one is drawn as soon as the one before it is ready.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w

from charlstm.notebook.panel import mark, told

STALE = "charlstm-stale"
# the picture fades at once, and comes back slowly: a quick answer does not flicker
STYLE = f"<style>.{STALE} {{ opacity: 0.25; }}</style>"


class Newest:
    """Calls a function with the newest values of controls, and dims a picture until it is done.

    Args:
        controls: the widgets whose values count, by name. Each gets its name as CSS class.
        draw: called with the values by name: at once for the first values, then in a thread.
        picture: dimmed from a change until nothing is left to draw.

    Attributes:
        message: a widget for the box that shows the picture. It tells why the newest values could
            not be drawn, and dims the picture.
    """

    def __init__(
        self,
        controls: Mapping[str, w.Widget],
        draw: Callable[[dict[str, Any]], None],
        picture: w.Widget,
    ) -> None:
        self._controls = controls
        self._draw = draw
        self._picture = picture
        self.message = w.HTML(STYLE)
        self._lock = threading.Lock()
        self._waiting = False
        self._thread: threading.Thread | None = None
        for name, control in controls.items():
            mark(control, name)
            control.observe(self._changed, names="value")
        draw(self._values())

    def _values(self) -> dict[str, Any]:
        return {name: control.value for name, control in self._controls.items()}

    def _changed(self, _: object) -> None:
        with self._lock:
            self._waiting = True
            self._picture.add_class(STALE)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        try:
            while self._goes_on():
                self._draw(self._values())
                self.message.value = STYLE
        except Exception as error:
            self.message.value = STYLE + told(error)
            # the next change tries anew, or one that came meanwhile; the picture stays dim
            with self._lock:
                self._thread = None
                waiting = self._waiting
            if waiting:
                self._changed(None)
            raise

    def _goes_on(self) -> bool:
        """Return whether values wait; if none do, the picture is up to date and the thread ends."""
        with self._lock:
            if self._waiting:
                self._waiting = False
                return True
            self._picture.remove_class(STALE)
            self._thread = None
            return False

    def join(self, timeout: float | None = None) -> None:
        """Wait until all is drawn."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
