"""A text as numbers: code points in memory, or ids in a file that is mapped instead of read.

A text is a `str`, or an `EncodedText` if it is too large for memory. Both have a length, and slices
that are texts again. What needs more than that is here or in `vocabulary.py`.
"""

import mmap
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from charlstm.errors import UserError

AT_ONCE = 2**22  # characters that are looked at together


class OnDisk(np.memmap[Any, Any]):
    """Ids in a file that `prepared` wrote, and slices of them, which nobody need check again.

    Attributes:
        bound: all are less than this; None for what was computed from them.
    """

    bound: int | None = None

    def __array_finalize__(self, origin: Any) -> None:
        super().__array_finalize__(origin)
        if getattr(self, "_mmap", None) is not None:  # so it lies in the same file
            self.bound = getattr(origin, "bound", None)


Counts = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class EncodedText:
    """A text, or a stretch of one, as ids. They usually lie on disk and are read where needed.

    Attributes:
        alphabet: the characters of the whole text, sorted; the id of one is its place here.
        ids: (N,), of an unsigned type.
        key: names the whole text among those on disk; no two texts have the same.
        first: where the stretch begins in it.
        known: how often each character of the alphabet occurs, (A,), if that was counted before.

    Example:
        >>> text = EncodedText("abn", np.array([1, 0, 2, 0, 2, 0], np.uint8), "fruit")
        >>> len(text), str(text[2:]), [int(n) for n in text.counts]
        (6, 'nana', [3, 1, 2])
    """

    alphabet: str
    ids: np.ndarray[Any, Any]
    key: str
    first: int = 0
    known: Counts | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        for stretch in stretches(self):
            yield from str(stretch)

    def __contains__(self, part: str) -> bool:
        raise UserError(f"a long text cannot be searched for {part!r}; search in str(text)")

    def __getitem__(self, stretch: slice) -> "EncodedText":
        if not isinstance(stretch, slice) or stretch.step not in (None, 1):
            raise UserError(
                f"a long text has no [{stretch!r}]; give a slice without a step, or take str(text)"
            )
        start, stop, _ = stretch.indices(len(self))
        return EncodedText(self.alphabet, self.ids[start:stop], self.key, self.first + start)

    def __str__(self) -> str:
        return to_text(code_points(self.alphabet)[self.ids])

    @cached_property
    def counts(self) -> Counts:
        """How often each character of the alphabet occurs, (A,)."""
        if self.known is not None:
            return self.known
        return how_often(self.ids, len(self.alphabet))


Text = str | EncodedText
AnyText = TypeVar("AnyText", bound=Text)


def occurring(text: Text) -> tuple[np.ndarray[Any, Any], Counts]:
    """Return the code points that occur in a text, in rising order, and how often each does.

    Example:
        >>> points, counts = occurring("banana")
        >>> points.tolist(), counts.tolist()
        ([97, 98, 110], [3, 1, 2])
    """
    if isinstance(text, EncodedText):
        points, counts = code_points(text.alphabet), text.counts
        found = np.flatnonzero(counts)
        return points[found], counts[found]
    counts = np.bincount(code_points(text))
    found = np.flatnonzero(counts)
    return found, counts[found]


def how_often(ids: np.ndarray[Any, Any], size: int) -> Counts:
    """Return how often each of `size` ids occurs, (size,), in a memory that does not grow.

    Raises:
        ValueError: one of them is as large as `size`, or larger.
    """
    counts = np.zeros(size, np.int64)
    for start in range(0, len(ids), AT_ONCE):
        counts += np.bincount(ids[start : start + AT_ONCE], minlength=size)
        release(ids)
    return counts


def stretches(text: AnyText) -> Iterator[AnyText]:
    """Yield a text as stretches that fit into memory, in their order."""
    for start in range(0, len(text), AT_ONCE):
        yield text[start : start + AT_ONCE]  # type: ignore[misc]
        if isinstance(text, EncodedText):
            release(text.ids)


def release(ids: Any) -> None:
    """Let the system forget what was read of a mapped file; else all would count as memory.

    It is read again where it is needed. Ids that lie in memory stay as they are.
    """
    pages = getattr(ids, "_mmap", None)
    if pages is not None and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)


def code_points(text: str) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """Return the code points of a text, (N,)."""
    return np.frombuffer(text.encode(_ORDER, "surrogatepass"), np.uint32)


def to_text(points: np.ndarray[Any, Any]) -> str:
    """Return the text that has these code points; it undoes `code_points`."""
    return points.astype(np.uint32).tobytes().decode(_ORDER, "surrogatepass")


_ORDER = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"
