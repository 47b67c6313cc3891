"""Finds what a person should look at in a student's code: what reaches for the tests.

Tests run where a student's code cannot reach them, so none of this gives points. It is a list of
facts, not of offences: the notebook replaces a function of a library, or uses a name that has no
place in an answer. Who means to hide such a line can.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from IPython.core.inputtransformer2 import TransformerManager

UNREADABLE = "UnreadableAnswerError"  # the error in a test whose answer was none
REPLACED = ("builtins", "charlstm", "contextlib", "gc", "io", "numpy", "numpy.testing", "torch")
REPLACED_IN_SYS = ("sys.excepthook", "sys.displayhook", "sys.modules")
SHELL = ("do_execute", "run_cell", "run_cell_async", "run_code", "showtraceback", "_showtraceback")
USED = (
    *("_getframe", "currentframe", "settrace", "setprofile", "get_objects", "get_referrers"),
    *("input_transformers_post", "input_transformers_cleanup", "ast_transformers"),
    *("_exit", "dup2", "SIGKILL", "SIGSTOP", "__array__", "__array_ufunc__", "__torch_function__"),
)
IN_TEXTS = ("/proc/", "gradebook.db", "charlstm.judging")


def signs(sources: Sequence[str]) -> list[str]:
    """Return what a notebook's own code replaces and uses that a person should look at.

    Args:
        sources: its code cells.

    Example:
        >>> signs(["import contextlib as c", "c.redirect_stderr = Mine", "sys._getframe(1)"])
        ['replaces contextlib.redirect_stderr', 'uses _getframe']
    """
    trees = list(_parsed(sources))
    modules = {name: module for tree in trees for name, module in _imported(tree)}
    found = [fact for tree in trees for node in ast.walk(tree) for fact in _facts(node, modules)]
    return list(dict.fromkeys(found))


def _parsed(sources: Sequence[str]) -> Iterator[ast.Module]:
    for source in sources:
        try:
            yield ast.parse(TransformerManager().transform_cell(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # it does not run either


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the names that a cell imports, and what each stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                root = name.name.partition(".")[0]
                yield (name.asname, name.name) if name.asname else (root, root)
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}"


def _facts(node: ast.AST, modules: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
        whole = _dotted(node, modules)
        if node.attr in SHELL:
            yield f"replaces {node.attr}"
        elif _is_replaced(whole):
            yield f"replaces {whole}"
    elif isinstance(node, ast.Call) and _dotted(node.func, modules) in ("setattr", "delattr"):
        of = _dotted(node.args[0], modules) if node.args else ""
        name = node.args[1] if len(node.args) > 1 else None
        if isinstance(name, ast.Constant) and _is_replaced(whole := f"{of}.{name.value!s}"):
            yield f"replaces {whole}"
    name = getattr(node, "attr", None) or getattr(node, "name", None) or getattr(node, "id", None)
    if name in USED:
        yield f"uses {name}"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from (f"names {text}" for text in IN_TEXTS if text in node.value)


def _dotted(node: ast.expr, modules: dict[str, str]) -> str:
    """Return the full name of an expression such as `np.linalg.norm`; "" if it has none."""
    if isinstance(node, ast.Name):
        return modules.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and (of := _dotted(node.value, modules)):
        return f"{of}.{node.attr}"
    return ""


def _is_replaced(whole: str) -> bool:
    module = whole.rpartition(".")[0]
    ours = module.startswith("charlstm.")
    return module in REPLACED or ours or whole.startswith(REPLACED_IN_SYS)
