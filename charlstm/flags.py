"""Options from the command line: with `usage.py` the only file that knows tyro.

A command is a dataclass of options and of groups of options (`options.py`). `parse` reads the
command line once. It gives tyro another dataclass with the same names and help, in which every
option has the default `_NOT_GIVEN`. So the result shows exactly which options were given. `parse`
then fills in the defaults of the command's own dataclass. Later `lay_over` lays the options that
were given over those of a preset or a model.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import functools
import inspect
import io
import sys
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import tyro
from tyro.constructors import PrimitiveConstructorSpec

from charlstm.errors import UserError
from charlstm.fields import Split
from charlstm.options import Items, Sources
from charlstm.usage import dash_hint, in_one_line

Command = TypeVar("Command")
Group = TypeVar("Group")

SHORT = {
    "temperature": "--temp",
    "temperature_in_words": "--temp-in-words",
}  # second, shorter names of flags
_NOT_GIVEN = type("NotGiven", (int,), {})()  # an int: tyro checks the type of any other default
CONFIG = (tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes)


@dataclass(frozen=True)
class Positional:
    """Marks a field that stands without a flag: `model: Annotated[str, Positional("MODEL")]`."""

    metavar: str


@dataclass(frozen=True)
class Only:
    """Marks a group whose options a command takes only in part: those in `names`.

    The help shows `default` as the default of each, if the real defaults come from elsewhere.
    """

    names: Sequence[str]
    default: str = ""


def parse(kind: type[Command], argv: Sequence[str] | None) -> tuple[Command, Set[str]]:
    """Read a command line into a `kind`; None reads `sys.argv[1:]`.

    `--help` prints the docstring of `kind` and ends the process. A command's class has the name of
    its module: `Train` for `python -m charlstm.train`.

    Returns:
        the command, and the names of the options that were given, whatever their values.

    Raises:
        UserError: a flag or value that cannot be read, with the flag that was probably meant.
    """
    program = f"python -m charlstm.{kind.__name__.lower()}"
    words = sys.argv[1:] if argv is None else argv
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            parsed = _tyro(_shown(kind), words, program)
        return _fill(kind, parsed), frozenset(_names(parsed))
    except SystemExit as end:
        if end.code in (0, None):
            raise
        error = in_one_line(told.getvalue()) + dash_hint(told.getvalue(), words)
    except UserError as refused:
        error = str(refused)
    raise UserError(f"{error}; {program} --help lists all options")


def lay_over(base: Group, options: Group, given: Set[str]) -> Group:
    """Return `base`, in which `options` replace the fields that were given.

    Example:
        >>> from charlstm.options import SampleOptions
        >>> preset = SampleOptions(length=9)
        >>> asked = SampleOptions(top_k=3)
        >>> both = lay_over(preset, asked, {"top_k"})
        >>> both.length, both.top_k
        (9, 3)
    """
    names = {field.name for field in dataclasses.fields(base)} & given  # type: ignore[arg-type]
    return dataclasses.replace(base, **{name: getattr(options, name) for name in names})  # type: ignore[type-var]


def completion(commands: Sequence[type[Any]], program: str, shell: str) -> str:
    """Return a script that completes a program's commands and their flags in a shell."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
        _tyro(_one_of(commands), ["--tyro-write-completion", shell, "-"], program)
    # where no option or choice fits, the shell completes names of files
    return told.getvalue().replace("complete -F", "complete -o default -F")


def _tyro(kind: Any, words: Sequence[str], program: str) -> Any:
    return tyro.cli(kind, args=list(words), prog=program, config=CONFIG)


def _fields(kind: type[Any], default: Any = None) -> Iterator[tuple[str, Any, Any, Any]]:
    """Yield the name, type, mark and default of each field; `default` may be an instance."""
    hints = get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        mark = None
        if get_origin(hint) is Annotated:
            hint, mark = get_args(hint)
        yield field.name, hint, mark, getattr(default, field.name, field.default)


def _verbs(hint: Any) -> tuple[type[Any], ...]:
    """Return the dataclasses that a field chooses from, as in `verb: Build | Grade`; or none."""
    kinds = get_args(hint) if get_origin(hint) is UnionType else ()
    return kinds if all(map(dataclasses.is_dataclass, kinds)) else ()


def _shown(kind: type[Any], group: Any = None, only: Only | None = None) -> type[Any]:
    """Return the dataclass that tyro gets instead of `kind`; the help shows `group`'s defaults."""
    docs = _docs(kind)
    fields: list[Any] = []
    for name, hint, mark, default in _fields(kind, group):
        if only is not None and name not in only.names:
            continue
        if dataclasses.is_dataclass(hint):
            about = {"help": hint.__doc__}  # else tyro searches the source for it: 0.1 s
            group_type = _shown(hint, default, mark)  # type: ignore[arg-type]
            fields.append((name, group_type, dataclasses.field(metadata=about)))
        elif verbs := _verbs(hint):
            fields.append((name, _one_of(verbs)))
        else:
            told = only.default if only else ""
            entry = _option(name, hint, mark, docs[name], told or _default(hint, default))
            required = default is dataclasses.MISSING
            fields.append((name, entry) if required else (name, entry, _NOT_GIVEN))
    shown = dataclasses.make_dataclass(kind.__name__, fields, kw_only=True)
    shown.__doc__ = kind.__doc__
    return shown


def _one_of(kinds: Sequence[type[Any]]) -> Any:
    # not `X | Y`: tyro would check that with typeguard, and importing typeguard takes 0.1 s
    return Union.__getitem__(tuple(map(_shown, kinds)))


def _fill(kind: type[Any], parsed: Any, group: Any = None) -> Any:
    """Make a `kind` from the options that were given, and from defaults for all others."""
    values = {}
    refused: list[str] = []  # all of them are told, not only the first
    for name, hint, _, default in _fields(kind, group):
        value = getattr(parsed, name, _NOT_GIVEN)
        if dataclasses.is_dataclass(hint):
            try:
                values[name] = _fill(hint, value, default)  # type: ignore[arg-type]
            except UserError as error:
                refused.append(str(error))
                values[name] = default
        elif verbs := _verbs(hint):
            (verb,) = (verb for verb in verbs if verb.__name__ == type(value).__name__)
            values[name] = _fill(verb, value)
        else:
            values[name] = default if value is _NOT_GIVEN else value
    try:
        filled = kind(**values)
    except UserError as error:
        refused += _each_refused(kind, parsed, group) or [str(error)]
    if refused:
        raise UserError("; ".join(refused))
    return filled


def _each_refused(kind: type[Any], parsed: Any, group: Any) -> list[str]:
    """Return why each given option of a group is refused that is refused by itself."""
    told = []
    for name, *_ in _fields(kind) if group is not None else ():
        if (value := getattr(parsed, name, _NOT_GIVEN)) is not _NOT_GIVEN:
            try:
                dataclasses.replace(group, **{name: value})
            except UserError as error:
                told.append(str(error))
    return told


def _names(parsed: Any) -> Iterator[str]:
    """Yield the names of the options that were given, also of those in groups."""
    for name, value in vars(parsed).items():
        if dataclasses.is_dataclass(value):
            yield from _names(value)
        elif value is not _NOT_GIVEN:
            yield name


def _option(name: str, hint: Any, mark: Any, doc: str, default: str) -> Any:
    """Return the type of an option, annotated with all that tyro should know about it."""
    about = tyro.conf.arg(
        help=doc,
        help_behavior_hint=f"(default: {default})" if default and "(default" not in doc else "",
        metavar=mark.metavar if mark else None,
        aliases=[SHORT[name]] if name in SHORT else None,
    )
    if bool in (hint, *get_args(hint)):
        return Annotated[bool, about]
    entry = Annotated[object, _reader(hint), about]  # the reader knows the real type
    return Annotated[entry, tyro.conf.Positional] if mark else entry


def _reader(hint: Any) -> PrimitiveConstructorSpec[Any]:
    """Return what turns words of the command line into a value of this type."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    choices = tuple(c for kind in kinds if get_origin(kind) is Literal for c in get_args(kind))
    if hint is Split:
        return _spec(2, "TRAIN VALIDATION", lambda words: Split(*map(float, words)))
    if hint is Sources:
        return _spec("*", "CORPUS ...", Sources)
    if hint is Items:
        return _spec("*", "OPTION=VALUES ...", Items)
    if choices:
        return _spec(1, "{" + ",".join(choices) + "}", lambda words: words[0], choices)
    if str in kinds:
        return _spec(1, "STR", lambda words: words[0])
    number = int if int in kinds else float
    if NoneType not in kinds:
        return _spec(1, number.__name__.upper(), lambda words: number(words[0]))
    return _spec(
        1,
        f"{number.__name__.upper()}|none",
        lambda words: None if words[0].lower() == "none" else number(words[0]),
    )


def _spec(
    count: int | Literal["*"],
    metavar: str,
    read: Callable[[list[str]], Any],
    choices: tuple[str, ...] | None = None,
) -> PrimitiveConstructorSpec[Any]:
    return PrimitiveConstructorSpec(
        count, metavar, read, lambda value: True, lambda value: [str(value)], choices
    )


def _default(hint: Any, default: Any) -> str:
    """Return a default as the help shows it; empty for a text or choice that may be left out."""
    if default is dataclasses.MISSING:
        return ""
    if default is None:
        return "none" if {int, float} & set(get_args(hint)) else ""
    if isinstance(default, tuple):
        return " ".join(map(str, default))
    return str(default)


def _docs(kind: type[Any]) -> dict[str, str]:
    """Return the text under each field of a dataclass."""
    (definition,) = (c for c in _classes(kind.__module__) if c.name == kind.__name__)
    docs = {}
    for field, text in pairwise(definition.body):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(doc))),
            ):
                docs[name] = " ".join(doc.split())
    return docs


@functools.cache
def _classes(module: str) -> list[ast.ClassDef]:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]
