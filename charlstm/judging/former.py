"""The former names of modules and functions, for problem sets from before version 0.2.

Such a set, and the answers in it, may say `from charlstm.exercises import expect`, where a module
has another name today. This file is an extension of IPython that makes the former names work in one
kernel. The grader loads it into the kernel that runs a student's notebook. Anyone else who works on
such a notebook writes this line into its first cell:

    %load_ext charlstm.judging.former

Nothing else loads the extension. It imports a module only when somebody asks for that module.
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
    "charlstm.cells": ["charlstm.model.cells"],
    "charlstm.exercises": ["charlstm.notebook.exercises"],
    "charlstm.gradients": ["charlstm.model.network", "charlstm.insight.gradients"],
    "charlstm.novelty": ["charlstm.text.novelty"],
    "charlstm.plots": [
        "charlstm.notebook.figure",
        "charlstm.notebook.text_plots",
        "charlstm.notebook.plots",
    ],
}
NAMES = {"carried": "score_carried", "cold": "score_cold", "fit_streams": "streams_for"}


class _Finder(MetaPathFinder, Loader):
    """Finds a module by its former name. Python asks it after all other finders have failed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in MODULES else None

    def exec_module(self, module: ModuleType) -> None:
        """Fill the empty module that Python has made; a module that only moved takes its place."""
        today = [import_module(name) for name in MODULES[module.__name__]]
        if len(today) == 1:
            sys.modules[module.__name__] = today[0]
        for part in today:
            module.__dict__.update(
                {name: value for name, value in vars(part).items() if name[:2] != "__"}
            )


def load_ipython_extension(shell: Any) -> None:
    """Make the former names work; IPython calls this when it loads the extension."""
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
    """Make `ModelOptions`. For one-hot input, `embedding_size` was 0 and is `None` today."""
    from charlstm.options import ModelOptions

    if named.get("embedding_size") == 0:
        named["embedding_size"] = None
    return ModelOptions(*values, **named)
