"""Cells that have a name: charlstm's own five, and those that a reader registers.

A model file holds the name of its cell, but no code. Reading the file never imports a module. To
use a file with your own cell, first import the module that registers the cell.
"""

import contextlib
import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from charlstm.errors import UserError, option
from charlstm.model.cells import CELLS, Cell

_registered: dict[str, Cell] = {}


def register_cell(name: str, cell: Cell) -> None:
    """Give a cell a name, so that it can be trained, saved, loaded, sampled and measured.

    A name can be registered again with a changed cell, because in a notebook one runs the same
    lines more than once.

    Args:
        name: its name in `ModelOptions.cell` and in model files; not the name of one of charlstm's
            own cells.
        cell: its step, and what others must know about it.

    Raises:
        UserError: one of charlstm's cells has this name, the name cannot stand in `MODULE:NAME`, or
            the cell does not do what `Cell` describes.

    Example:
        >>> from charlstm.model.cells import Cell, rnn, relu
        >>> def relu_rnn(p, u, state):
        ...     return rnn(p, u, state, activation=relu)
        >>> register_cell("relu-rnn", Cell(relu_rnn, gates=("h",), states=("h",)))
        >>> find_cell("relu-rnn").states
        ('h',)
    """
    if name in CELLS:
        raise UserError(
            f"register_cell: {name!r} is charlstm's own cell, as are {', '.join(CELLS)}; choose"
            " another name"
        )
    if not name or ":" in name or name.split() != [name]:
        raise UserError(
            f"register_cell: the name is {name!r}; give one without spaces and colons, as 'my-cell'"
        )
    for hidden_size in (4, 5):  # a step that fits one size by chance does not fit both
        _try(name, cell, hidden_size)
    _registered[name] = cell


def known_cells() -> dict[str, Cell]:
    """Return all cells by name: the five, then those that were registered."""
    return CELLS | _registered


def find_cell(name: str, where: str | None = None) -> Cell:
    """Return a cell by its name.

    Args:
        name: the name of one of charlstm's own cells, or the name of a registered cell.
        where: the file that has the name, for the message.

    Raises:
        UserError: there is no such cell.
    """
    known = known_cells()
    if name not in known:
        raise UserError(
            f"{f'{where}: cell' if where else option('cell')} is {name!r}; it must be one of"
            f" {', '.join(known)}; for a cell of your own import the module that registers it"
            f" first, or on the command line give --cell MODULE:{name}"
        )
    return known[name]


def check_cell(given: str | None, own: str, where: object) -> None:
    """Refuse a cell that a user names for a model of another cell.

    Args:
        given: the cell's name; None names none.
        own: the name of the model's cell.
        where: the model, for the message.

    Raises:
        UserError: they differ.
    """
    if given not in (None, own):
        raise UserError(f"{option('cell')} is {given}, but {where} has {own}; leave it out")


def import_cell(given: str) -> str:
    """Import the module that registers a cell, and return the cell's name.

    Args:
        given: `MODULE:NAME`, with the module as in an `import` statement. The module may lie in the
            current folder. A name alone imports nothing; that cell must be known already.

    Raises:
        UserError: there is no such module, its import fails, or it registers no such cell.
    """
    module, colon, name = given.partition(":")
    if not colon:
        find_cell(given)
        return given
    what = option("cell", given)
    if not name or not all(part.isidentifier() for part in module.split(".")):
        raise UserError(f"{what}: it must be MODULE:NAME, such as my_cells:mingru, no path")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # standard output is for what was asked for
            importlib.import_module(module)
    except (Exception, SystemExit) as error:  # whatever the reader's own code raises
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module}.".startswith(f"{missing}."):
            raise UserError(
                f"{what}: no module {module} in {here} or on Python's path; go to the folder where"
                " it is, and leave out .py"
            ) from None
        raise UserError(f"{what}: importing {module} fails with {_told(error)}") from error
    finally:
        sys.path.remove(here)
    if name not in _registered:
        raise UserError(
            f"{what}: {module} registers no cell {name!r}; registered are"
            f" {', '.join(_registered) or 'none'}; {module} must call"
            f" charlstm.register_cell({name!r}, Cell(...))"
        )
    return name


def _try(name: str, cell: Cell, hidden_size: int) -> None:
    """Run a cell for one step on NumPy, as the sampler will, and refuse it if that fails."""
    if not isinstance(cell, Cell):
        raise UserError(
            f"register_cell: {name!r} is a {type(cell).__name__}; it must be a Cell(step, gates,"
            " states)"
        )
    B = 2
    D = 3  # all sizes differ, so that a wrong shape shows
    H = hidden_size
    rows = len(cell.gates) * H
    try:
        shapes = cell.shapes(D, H)
        p = SimpleNamespace(**{key: np.zeros(shape, np.float32) for key, shape in shapes.items()})
        state = (np.zeros((B, H), np.float32),) * len(cell.states)
        with np.errstate(all="ignore"):
            got = [part.shape for part in cell.step(p, np.zeros((B, rows), np.float32), state)]
    except Exception as error:  # whatever the reader's own code raises
        raise UserError(
            f"register_cell: the step of {name!r} fails on NumPy arrays, which the sampler passes"
            f" ({_told(error)}); use operators, and tanh and sigmoid from charlstm.model.cells"
        ) from error
    if shapes.get("weight_ih") != (rows, D) or shapes.get("bias_ih") != (rows,):
        raise UserError(
            f"register_cell: the parameters of {name!r} are {', '.join(shapes)}; there must be"
            f" weight_ih (G*H, D) and bias_ih (G*H,), with G = {len(cell.gates)} gates"
        )
    if not got or got != [(B, H)] * len(cell.states):
        raise UserError(
            f"register_cell: the step of {name!r} returns arrays of shapes {got} for a state of"
            f" {len(cell.states)} arrays ({B}, {H}); it must return a tuple of as many arrays of"
            " the same shape"
        )


def _told(error: BaseException) -> str:
    """Return, as one line, what went wrong in a reader's own code."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
