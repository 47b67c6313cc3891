"""Characters become ids, and ids become characters again.

The id of a character is its place among the vocabulary's characters. A vocabulary made from a text
sorts them by code point. A vocabulary of bytes writes each byte as the character U+0000 to U+00FF
with the same number, so that the rest of the package knows only characters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from charlstm.errors import UserError, option
from charlstm.text.encoded import OnDisk, Text, code_points, occurring, stretches, to_text
from charlstm.text.normal_forms import other_form

Ids = np.ndarray[Any, np.dtype[np.integer[Any]]]
SHAPES = ("one whole number", "one row of whole numbers, (N,)", "rows of whole numbers, (B, T)")
NAMED = 5  # unknown characters that a message names
LARGE_VOCABULARY = 1000  # above this, the softmax costs more than a small recurrent layer


@dataclass(frozen=True)
class Vocabulary:
    """The characters that a model knows, in the order of their ids.

    Example:
        >>> vocabulary = Vocabulary.of("hello")
        >>> vocabulary.characters
        'ehlo'
        >>> vocabulary.encode("hole")
        array([1, 3, 2, 0], dtype=int32)
        >>> vocabulary.decode([1, 3, 2, 0])
        'hole'
    """

    characters: str
    bytewise: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.characters, str) or not isinstance(self.bytewise, bool):
            raise UserError("vocabulary: its characters must be a text, and bytewise true or false")
        if len(set(self.characters)) != len(self.characters) or not self.characters:
            raise UserError("vocabulary: it must have one or more characters, all different")
        if self.bytewise and max(self.characters) > "\xff":
            raise UserError("vocabulary: a vocabulary of bytes holds U+0000 to U+00FF only")

    def __len__(self) -> int:
        return len(self.characters)

    @classmethod
    def of(cls, text: Text, *, min_count: int = 1, bytewise: bool = False) -> "Vocabulary":
        """Collect the characters that occur at least `min_count` times in `text`, sorted.

        Raises:
            UserError: no character occurs that often.
        """
        points, counts = occurring(text)
        kept = points[counts >= min_count]
        if not kept.size:
            raise UserError(
                f"{option('min_count')} is {min_count}, but no character occurs more than"
                f" {counts.max(initial=0)} times; give a smaller count"
            )
        return cls(to_text(kept), bytewise)

    @cached_property
    def _id_of(self) -> Ids:
        """The id of each code point, or -1; the last entry stands for all larger code points."""
        points = code_points(self.characters)
        table = np.full(int(points.max()) + 2, -1, np.int32)
        table[points] = np.arange(len(points), dtype=np.int32)
        return table

    def encode(
        self, text: str, *, unknown: Literal["error", "skip"] | None = None, where: str = "text"
    ) -> Ids:
        """Return the ids of a text's characters.

        Args:
            text: any text; a vocabulary of bytes takes bytes as characters U+0000 to U+00FF.
            unknown: "skip" leaves out a character that has no id; "error" and None refuse it. The
                message for "error" offers "skip": a function with an option `unknown` passes it on.
                One without leaves out `unknown`, and its message offers nothing that it lacks.
            where: the name of the text in an error.

        Returns:
            ids, int32, shape (len(text),); fewer if unknown characters were skipped.

        Raises:
            UserError: a character is unknown and `unknown` is not "skip". The message names it and
                its position, counted from 0. Or the text is no `str`.
        """
        if not isinstance(text, str):
            raise UserError(f"{where}: it must be a str, not {type(text).__name__}; give str(text)")
        ids = self.ids_of(text)
        known = ids >= 0
        if known.all():
            return ids
        if unknown == "skip":
            return ids[known]
        position = int(np.argmin(known))
        others = self.unknown(text)
        raise self._refused(text, position, others, where, can_skip=unknown == "error")

    def _refused(
        self, text: str, at: int, unknown: str, where: str, can_skip: bool, before: int = 0
    ) -> UserError:
        """Return the error for a character that has no id, with all that a user can do about it."""
        others = unknown.replace(text[at], "")
        nor = ", ".join(map(self._name, others[:NAMED]))
        if len(others) > NAMED:
            nor += f" and {len(others) - NAMED} more"
        nor = f" (nor {'are' if len(others) > 1 else 'is'} {nor})" if others else ""
        kind = "byte" if self.bytewise else "character"
        skip = f", or pass {option('unknown', 'skip')}" if can_skip else ""
        return UserError(
            f"{where}: {kind} {self._name(text[at])} at position {before + at} is not among the"
            f" model's {len(self)} {kind}s{nor}; {self._in_other_form(text, at)}remove it{skip}"
        )

    def _name(self, character: str) -> str:
        return f"0x{ord(character):02x}" if self.bytewise else describe(character)

    def _in_other_form(self, text: str, at: int) -> str:
        """Say in which normal form the model knows a letter; nothing if it knows it in none."""
        if self.bytewise:
            try:
                read = text.encode("latin-1")
                text = read.decode("utf-8")
            except UnicodeError:
                return ""
            at = len(read[:at].decode("utf-8", "ignore"))  # the byte may stand amid a letter
        known = set(self.characters)
        found = other_form(text, at, lambda piece: known.issuperset(self.from_user(piece)))
        return f"{found.advice}, or " if found else ""

    def ids_of(self, text: str) -> Ids:
        """Return the id of each character, int32, (N,), or -1 where the vocabulary lacks it."""
        table = self._id_of
        return table[np.minimum(code_points(text), len(table) - 1)]

    def check(self, text: Text, where: str) -> None:
        """Refuse a text with a character that the vocabulary lacks, however long the text is.

        Raises:
            UserError: as for `encode` with "error".
        """
        unknown = self.unknown(text)
        if not unknown:
            return
        position = 0
        for stretch in stretches(text):
            known = self.ids_of(str(stretch)) >= 0
            if not known.all():
                at = int(np.argmin(known))
                raise self._refused(str(stretch), at, unknown, where, True, before=position)
            position += len(stretch)

    def unknown(self, text: Text) -> str:
        """Return the characters of `text` that have no id, each once, sorted."""
        present = to_text(occurring(text)[0])
        return "".join(sorted(set(present) - set(self.characters)))

    def decode(self, ids: Sequence[int] | Ids) -> str:
        """Return the text that has these ids; it undoes `encode`.

        Raises:
            UserError: they are not whole numbers from 0 to V - 1 in one row.
        """
        return to_text(code_points(self.characters)[check_ids(ids, len(self), "ids")])

    def from_user(self, text: str) -> str:
        """Turn what a person typed into this vocabulary's characters; bytes stand for UTF-8.

        In a locale of ASCII alone, Python gives other characters of a command line as bytes in
        disguise (PEP 383). They are taken for UTF-8, too.
        """
        typed = text.encode("utf-8", "surrogateescape")
        if self.bytewise:
            return typed.decode("latin-1")
        return typed.decode("utf-8", "surrogateescape")

    def to_user(self, text: str) -> bytes:
        """Turn this vocabulary's characters into the bytes that a file or a terminal gets."""
        return text.encode("latin-1") if self.bytewise else text.encode("utf-8", "surrogatepass")


def encode_texts(
    vocabulary: Vocabulary, texts: Sequence[str], name: str, least: int = 0
) -> list[Ids]:
    """Return the ids of each of several texts.

    Args:
        vocabulary: the characters that a model knows.
        texts: any texts.
        name: what one of them is, for messages, such as "source".
        least: characters that each must have.

    Raises:
        UserError: one text is given in place of several, a text is too short or none at all, or a
            character is unknown. The message has the text's number, counted from 0.

    Example:
        >>> [ids.tolist() for ids in encode_texts(Vocabulary("abc"), ["ab", "c"], "source")]
        [[0, 1], [2]]
    """
    if isinstance(texts, str):
        raise UserError(
            f"{name}s is one text, {texts!r}; give a list of texts, such as [{texts!r}]"
        )
    for n, text in enumerate(texts):
        if not isinstance(text, str):
            raise UserError(f"{name} {n} is {text!r}; it must be a text")
        if len(text) < least:
            raise UserError(f"{name} {n} is empty; give a text of at least one letter")
    return [vocabulary.encode(text, where=f"{name} {n}") for n, text in enumerate(texts)]


def check_ids(ids: Any, size: int, name: str, axes: tuple[int, ...] = (1,)) -> Any:
    """Return ids as an array if each is a whole number from 0 to `size` - 1, as places are, too.

    NumPy would take -1 for the last row of a table, true for a mask, and a wrong row of what is too
    large for its type.

    Args:
        ids: (N,), or a sequence of whole numbers.
        size: how many ids there are: V, or the length of the text in which they are places.
        name: of the argument, for messages.
        axes: how many axes they may have: 0 for a single id, 2 for rows of equal length.

    Returns:
        an array of whole numbers; a single id that is an int or NumPy's own comes back as it is.

    Raises:
        UserError: their shape is another, they are not whole numbers, or one is out of its range.

    Example:
        >>> check_ids([0, 2, -1], 3, "ids")
        Traceback (most recent call last):
        charlstm.errors.UserError: ids: -1 at position 2; each must be from 0 to 2
    """
    if type(ids) in (np.int64, int) and 0 in axes and 0 <= ids < size:
        return ids  # fast, for the steps of a sample
    if isinstance(ids, OnDisk) and ids.bound is not None and ids.bound <= size and ids.ndim in axes:
        return ids  # to look a long text through takes long
    shapes = " or ".join(SHAPES[n] for n in axes)
    try:
        array = ids if isinstance(ids, np.memmap) else np.asarray(ids)  # what is mapped stays so
    except ValueError:
        raise UserError(f"{name}: rows of different lengths; give {shapes}") from None
    if array.ndim not in axes:
        raise UserError(f"{name}: the shape is {array.shape}; give {shapes}")
    if not array.size:
        return array.astype(np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        raise UserError(
            f"{name}: the numbers are of type {array.dtype}; give whole numbers from 0 to"
            f" {size - 1}"
        )
    if array.min() < 0 or array.max() >= size:
        wrong = np.argwhere((array < 0) | (array >= size))[0]
        place = ", ".join(map(str, wrong))
        at = f" at position {place}" if place else ""
        raise UserError(f"{name}: {array[tuple(wrong)]}{at}; each must be from 0 to {size - 1}")
    return array


def describe(character: str) -> str:
    """Name a character for a message.

    Example:
        >>> describe("€")
        "'€' (U+20AC)"
    """
    return f"{character!r} (U+{ord(character):04X})"
