"""Names under which problem sets that were handed out before version 0.2 know the package.

Such a set says `from charlstm.exercises import expect`, and so do the answers in it. This file is
an extension of IPython that makes these names known in one kernel. The grader loads it into the
kernel in which a student's notebook runs. Whoever goes on with such a notebook by himself writes

    %load_ext charlstm.grading.former

into its first cell. Nothing else loads it, and it imports no module before somebody asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MODULES = {
    "charlstm.cells": "charlstm.model.cells",
    "charlstm.exercises": "charlstm.notebook.exercises",
    "charlstm.gradients": "charlstm.insight.gradients",
    "charlstm.novelty": "charlstm.text.novelty",
    "charlstm.plots": "charlstm.notebook.plots",
}
NAMES = {"carried": "score_carried", "cold": "score_cold", "fit_streams": "streams_for"}


class _Finder(MetaPathFinder, Loader):
    """Finds a module by its former name. Python asks it after all others have failed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in MODULES else None

    def exec_module(self, module: ModuleType) -> None:
        """Put the module of today in the place of the empty one that Python has made."""
        today = import_module(MODULES[module.__name__])
        if today.__name__ == "charlstm.notebook.plots":  # was one file with text_plots
            module.__dict__.update(vars(import_module("charlstm.notebook.text_plots")))
            module.__dict__.update(vars(today))
        else:
            sys.modules[module.__name__] = today


def load_ipython_extension(shell: Any) -> None:
    """Make the former names known; IPython calls this where the extension is loaded."""
    sys.meta_path.append(_Finder())
    package = import_module("charlstm")
    today = package.__getattr__

    def known(name: str) -> Any:
        try:
            return today(name)
        except AttributeError:
            if name not in NAMES:
                raise
        return getattr(package, NAMES[name])

    package.__dict__["__getattr__"] = known
    package.__dict__["ModelOptions"] = _model_options


def _model_options(*values: Any, **named: Any) -> Any:
    """Make `ModelOptions`, in which one-hot input was `embedding_size=0` and is `None` today."""
    from charlstm.options import ModelOptions

    if named.get("embedding_size") == 0:
        named["embedding_size"] = None
    return ModelOptions(*values, **named)
