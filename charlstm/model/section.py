"""One JSON object of a file, read key by key and checked once.

A missing or garbled value raises a `UserError`, which names the file and the key. A value that a
method returns needs no further check.
"""

import math
import reprlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from charlstm.errors import UserError
from charlstm.fields import LARGEST_COUNT, from_json
from charlstm.text.vocabulary import Vocabulary

Value = TypeVar("Value")


class Section:
    """One JSON object of a file.

    Args:
        values: the object.
        file: the file, for messages.
        path: the keys that lead to the object, for messages; empty for the outermost object.

    Raises:
        UserError: in every method, for a value that is missing or garbled.

    Example:
        >>> section = Section({"steps": -3}, "model.safetensors", "training")
        >>> section.count("steps")
        Traceback (most recent call last):
        charlstm.errors.UserError: model.safetensors: its metadata garbles training.steps: -3 is not
        a whole number of at least 0; train the model again
    """

    def __init__(self, values: dict[str, Any], file: str, path: str = "") -> None:
        self.values = values
        self.file = file
        self.path = path

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def count(self, key: str, least: int = 0, most: int = LARGEST_COUNT) -> int:
        """Return a whole number."""
        allowed = f"a whole number of at least {least}"
        if most < LARGEST_COUNT:
            allowed += f" and at most {most}"
        value = self._take(key, lambda v: type(v) is int and least <= v <= most, allowed)
        return cast(int, value)

    def number(self, key: str, signed: bool = False, most: float = math.inf) -> float:
        """Return a finite number, of at least 0 or signed. JSON may also hold NaN and infinity."""
        least, allowed = (-math.inf, "") if signed else (0, " of at least 0")
        if most < math.inf:
            allowed += f" and at most {most:g}"

        def fits(value: Any) -> bool:
            return type(value) in (int, float) and least <= value <= most and abs(value) < math.inf

        value = self._take(key, fits, f"a finite number{allowed}")
        try:
            return float(value)
        except OverflowError:  # JSON may hold whole numbers that are too large for floats
            raise self._garbled(key, "a number that is small enough") from None

    def flag(self, key: str) -> bool:
        """Return true or false."""
        return cast(bool, self._take(key, lambda v: isinstance(v, bool), "true or false"))

    def text(self, key: str) -> str:
        """Return a text."""
        return cast(str, self._take(key, lambda v: isinstance(v, str), "a text"))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts in a list."""

        def fits(value: Any) -> bool:
            return isinstance(value, list) and all(isinstance(v, str) for v in value)

        return tuple(self._take(key, fits, "a list of texts"))

    def one_of(self, key: str, allowed: Sequence[Value]) -> Value:
        """Return a value that is among those allowed."""
        names = ", ".join(map(str, allowed))
        return cast(Value, self._take(key, lambda v: v in allowed, f"one of {names}"))

    def section(self, key: str) -> "Section":
        """Return an object inside this one."""
        inside = self._take(key, lambda v: isinstance(v, dict), "a JSON object")
        return Section(inside, self.file, self._path(key))

    def options(self, key: str, kind: type[Value]) -> Value:
        """Return a group of options, and check their names, types and ranges."""
        values = self.section(key).values
        try:
            return from_json(kind, values, self._path(key))
        except UserError as error:
            raise UserError(f"{self.file}: {error}") from None

    def vocabulary(self, key: str) -> Vocabulary:
        """Return the characters that a model knows."""
        saved = self.section(key)
        characters = saved.text("characters")
        bytewise = saved.flag("bytewise")
        try:
            return Vocabulary(characters, bytewise)
        except UserError as error:
            raise UserError(f"{self.file}: {error}") from None

    def _take(self, key: str, fits: Callable[[Any], bool], allowed: str) -> Any:
        """Return a value if it fits."""
        if key not in self.values:
            raise UserError(
                f"{self.file}: its metadata lacks {self._path(key)}; train the model again"
            )
        if not fits(self.values[key]):
            raise self._garbled(key, allowed)
        return self.values[key]

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _garbled(self, key: str, allowed: str) -> UserError:
        return UserError(
            f"{self.file}: its metadata garbles {self._path(key)}: {reprlib.repr(self.values[key])}"
            f" is not {allowed}; train the model again"
        )
