"""A long text is written to disk once, as ids, and mapped from there.

It is read three times, in a memory that does not grow with it: for its digest, to count its
characters, and to write their ids. If that was done before, the digest finds it, and the rest is
left out. Each reading must give the same digest, so that no other text goes by its name. A file
gets its name only when it is whole.

| file | content |
| --- | --- |
| `KEY.ids` | the ids, 1, 2 or 4 bytes each |
| `KEY.json` | how many there are, and which characters they stand for |
| `lock` | held by the process that writes here; a second one waits for it |
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from charlstm.errors import UserError, say
from charlstm.machine.atomic_file import replacing, write_atomically
from charlstm.machine.cache import cache_folder, writing_alone
from charlstm.machine.waiting import Waiting
from charlstm.text.decoded import Reading
from charlstm.text.encoded import (
    Counts,
    EncodedText,
    OnDisk,
    code_points,
    how_often,
    stretches,
    to_text,
)
from charlstm.text.vocabulary import Ids, Vocabulary

VERSION = 1
LAST_POINT = 0x10FFFF
_CACHE = "another cache folder (XDG_CACHE_HOME on Linux)"
Found = TypeVar("Found")
_REMEDY = f"free some space there, or name {_CACHE}"


def prepare(name: str, reading: Reading, check: Callable[[str], object]) -> tuple[EncodedText, str]:
    """Return a text on disk, and its digest; write it if it is not there yet.

    Args:
        name: of the text, for messages.
        reading: reads it from the start, as often as it is asked.
        check: is called with the digest, before anything is written; it may refuse the text.

    Raises:
        UserError: it cannot be read, it changes meanwhile, or there is no room for it.
    """
    with Waiting(f"{name}: reading", reading.size, "B") as waiting:
        digest = reading.digest(waiting.seen)
    check(digest)
    how = {"cut": reading.cut} | {
        each: getattr(reading.options, each) for each in ("encoding", "newlines", "bytes", "limit")
    }
    key = _key(VERSION, digest, how)
    path = _folder() / key
    found = _open(path)
    if found is None:
        with writing_alone(path.parent, _REMEDY):
            found = _open(path) or _prepared(path, name, reading, digest)
    return found, digest


def _prepared(path: Path, name: str, reading: Reading, digest: str) -> EncodedText:
    """Write a text, and return it."""
    _check_room(path, reading.shortest(), name, "at least ")
    counts = np.zeros(LAST_POINT + 1, np.int64)
    for text in _again(name, "counting characters", reading, digest):
        found = np.bincount(code_points(text), minlength=1)
        counts[: len(found)] += found
    points = np.flatnonzero(counts)
    length = int(counts.sum())
    dtype = np.min_scalar_type(len(points) - 1)
    _check_room(path, length * dtype.itemsize, name)
    say(
        f"{name}: {length:,} characters, {len(points):,} different; a long text, so its ids go to"
        f" {path}.ids, {length * dtype.itemsize / 1e9:.2g} GB"
    )
    table = np.zeros(LAST_POINT + 1, dtype)
    table[points] = np.arange(len(points))
    texts = _again(name, "preparing", reading, digest)
    _write(path, (table[code_points(text)] for text in texts))
    header = {"characters": to_text(points), "counts": counts[points].tolist()}
    write_atomically(path.with_suffix(".json"), json.dumps(header).encode(), _REMEDY)
    return _still_there(_open(path), path)


def encoded_with(vocabulary: Vocabulary, text: EncodedText, name: str) -> Ids:
    """Return a text's ids in a vocabulary, without the characters that it lacks, from disk.

    Args:
        vocabulary: of a model.
        text: a text, or a stretch of one.
        name: of the text, for messages.

    Raises:
        UserError: there is no room for them.
    """
    table = vocabulary.ids_of(text.alphabet)
    if np.array_equal(table, np.arange(len(table))):
        return text.ids
    dtype = np.min_scalar_type(len(vocabulary) - 1)
    path = _folder() / _key(text.key, text.first, len(text), table.tolist())

    def ids() -> Iterator[Ids]:
        with Waiting(f"{name}: preparing for this vocabulary", len(text), "") as waiting:
            for stretch in stretches(text):
                found = table[stretch.ids]
                yield found[found >= 0].astype(dtype)
                waiting.advance(len(stretch))

    counts = np.zeros(len(vocabulary), np.int64)
    np.add.at(counts, table[table >= 0], text.counts[table >= 0])
    kept = int(counts.sum())
    if not kept:
        return np.empty(0, dtype)  # no file of 0 bytes can be mapped
    found = _mapped(path, dtype, counts)
    if found is None:
        with writing_alone(path.parent, _REMEDY):
            found = _mapped(path, dtype, counts)
            if found is None:
                _check_room(path, kept * dtype.itemsize, name)
                _write(path, ids())
                found = _mapped(path, dtype, counts)
    return _still_there(found, path)


def _still_there(found: Found | None, path: Path) -> Found:
    """Return what was written a moment ago.

    Raises:
        UserError: it is not there any more, or not as it was written.
    """
    if found is None:
        raise UserError(
            f"{path}.ids: is gone or damaged already; let nothing else write there, and try again"
        )
    return found


def _folder() -> Path:
    return cache_folder("long texts", f"set HOME, or name {_CACHE}") / "prepared"


def _key(*facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _again(name: str, doing: str, reading: Reading, digest: str) -> Iterator[str]:
    """Yield the characters of a text that was read before.

    Raises:
        UserError: at the end, if it was another text this time.
    """
    with Waiting(f"{name}: {doing}", reading.size, "B") as waiting:
        yield from reading.characters(waiting.seen)
    if reading.sha256 != digest:
        raise UserError(f"{name}: changed while it was read; give a text that nobody writes")


def _write(path: Path, pieces: Iterable[Ids]) -> None:
    with replacing(path.with_suffix(".ids"), _REMEDY) as file:
        for ids in pieces:
            file.write(ids.data)


def _open(path: Path) -> EncodedText | None:
    """Return the text of a key; None if it is not there, or not whole."""
    try:
        header = json.loads(path.with_suffix(".json").read_bytes())
        alphabet = header["characters"]
        counts = np.array(header["counts"], np.int64)
        ids = _mapped(path, np.min_scalar_type(len(alphabet) - 1), counts)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if ids is None else EncodedText(alphabet, ids, path.name, known=counts)


def _mapped(path: Path, dtype: Any, counts: Counts) -> OnDisk | None:
    """Return the ids in a file; None if it is not there, or they do not occur `counts` times."""
    try:
        ids = OnDisk(path.with_suffix(".ids"), dtype, "r")
        if not np.array_equal(how_often(ids, len(counts)), counts):
            return None
    except (OSError, ValueError):
        return None
    ids.bound = len(counts)
    return ids


def _check_room(path: Path, needed: int, name: str, least: str = "") -> None:
    """Refuse a text for which the disk has no room, and say how much it takes.

    Raises:
        UserError: there is less room than needed.
    """
    folder = next(parent for parent in path.parents if parent.exists())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UserError(
            f"{name}: is prepared in {path.parent}, which takes {least}{needed / 1e9:.1f} GB;"
            f" {folder} has {free / 1e9:.1f} GB free; {_REMEDY}"
        )
