"""A text too large for memory is written to disk once, as ids, and mapped from there.

It is read three times, in a memory that does not grow with it: for its digest, to count its
characters, and to write their ids. If that was done before, the digest finds it, and the rest is
left out. A file gets its name only when it is whole.

| file | content |
| --- | --- |
| `KEY.ids` | the ids, 1, 2 or 4 bytes each |
| `KEY.json` | how many there are, and which characters they stand for |
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from charlstm.errors import UserError, say
from charlstm.machine.atomic_file import replacing, write_atomically
from charlstm.machine.waiting import Waiting
from charlstm.text.encoded import EncodedText, code_points, stretches, to_text
from charlstm.text.registry import cache_folder
from charlstm.text.vocabulary import Ids, Vocabulary

VERSION = 1
LAST_POINT = 0x10FFFF
_REMEDY = "free some space there, or name another folder with XDG_CACHE_HOME"


class Prepared(NamedTuple):
    """A text on disk, and the sha256 that a `Corpus` has."""

    text: EncodedText
    sha256: str


def prepare(
    name: str,
    size: int,
    digest: str,
    how: dict[str, Any],
    characters: Callable[[Callable[[bytes], object]], Iterable[str]],
) -> Prepared:
    """Return a text on disk; write it if it is not there yet.

    Args:
        name: of the text, for messages.
        size: how many bytes it has.
        digest: sha256 of these bytes.
        how: everything else that its characters depend on, as JSON values; "limit" cuts it.
        characters: reads it from the start, and calls its argument with the bytes that it reads.

    Raises:
        UserError: it cannot be read, or there is no room for it.
    """
    key = _key(VERSION, digest, how)
    path = _folder() / key
    found = _open(path)
    if found is not None:
        return found
    _check_room(path, size // 4, name)  # no encoding has more than 4 bytes for a character
    with Waiting(f"{name}: counting characters", size, "B") as waiting:
        counts, sha256 = _count(characters(waiting.seen), how["limit"])
    points = np.flatnonzero(counts)
    length = int(counts.sum())
    dtype = np.min_scalar_type(len(points) - 1)
    _check_room(path, length * dtype.itemsize, name)
    say(
        f"{name}: {length:,} characters, {len(points):,} different; too large for memory, so its"
        f" ids go to {path}.ids, {length * dtype.itemsize / 1e9:.2g} GB"
    )
    table = np.zeros(LAST_POINT + 1, dtype)
    table[points] = np.arange(len(points))
    with Waiting(f"{name}: preparing", size, "B") as waiting:
        texts = _first(length, characters(waiting.seen))
        _write(path, (table[code_points(text)] for text in texts))
    header = {
        "characters": to_text(points),
        "counts": counts[points].tolist(),
        "sha256": sha256 or digest,
    }
    write_atomically(path.with_suffix(".json"), json.dumps(header).encode(), _REMEDY)
    found = _open(path)
    if found is None:
        raise UserError(f"{name}: changed while it was read; give a text that nobody writes")
    return found


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
    if not path.with_suffix(".ids").exists():  # it gets that name when it is whole
        _check_room(path, len(text) * dtype.itemsize, name)

        def ids() -> Iterator[Ids]:
            with Waiting(f"{name}: preparing for this vocabulary", len(text), "") as waiting:
                for stretch in stretches(text):
                    found = table[stretch.ids]
                    yield found[found >= 0].astype(dtype)
                    waiting.advance(len(stretch))

        _write(path, ids())
    kept = path.with_suffix(".ids").stat().st_size
    return _mapped(path, dtype) if kept else np.empty(0, dtype)  # no file of 0 bytes can be mapped


def _folder() -> Path:
    return cache_folder(_REMEDY) / "prepared"


def _key(*facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _count(texts: Iterable[str], limit: int | None) -> tuple[Ids, str | None]:
    """Count the characters of a text up to a limit.

    Returns:
        the count of each code point, and the digest of what is left if the limit cut the text.
    """
    counts = np.zeros(LAST_POINT + 1, np.int64)
    digest = hashlib.sha256()
    left = limit
    for text in texts:
        cut = left is not None and len(text) > left
        kept = text[:left]
        found = np.bincount(code_points(kept), minlength=1)
        counts[: len(found)] += found
        if left is not None:
            digest.update(kept.encode("utf-8", "surrogatepass"))
            left -= len(kept)
        if cut:
            return counts, digest.hexdigest()
    return counts, None


def _first(length: int, texts: Iterable[str]) -> Iterator[str]:
    """Yield the first characters of a text."""
    for text in texts:
        yield text[:length]
        length -= min(length, len(text))
        if not length:
            return


def _write(path: Path, pieces: Iterable[Ids]) -> None:
    with replacing(path.with_suffix(".ids"), _REMEDY) as file:
        for ids in pieces:
            file.write(ids.data)


def _open(path: Path) -> Prepared | None:
    """Return the text of a key; None if it is not there, or not whole."""
    try:
        header = json.loads(path.with_suffix(".json").read_bytes())
        alphabet = header["characters"]
        counts = np.array(header["counts"], np.int64)
        dtype = np.min_scalar_type(len(alphabet) - 1)
        if path.with_suffix(".ids").stat().st_size != counts.sum() * dtype.itemsize:
            return None
        text = EncodedText(alphabet, _mapped(path, dtype), path.name, known=counts)
        return Prepared(text, header["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _mapped(path: Path, dtype: Any) -> Ids:
    return np.memmap(path.with_suffix(".ids"), dtype, "r")


def _check_room(path: Path, needed: int, name: str) -> None:
    """Refuse a text for which the disk has no room, and say how much it takes.

    Raises:
        UserError: there is less room than needed.
    """
    folder = next(parent for parent in path.parents if parent.exists())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UserError(
            f"{name}: is prepared in {path.parent}, which takes {needed / 1e9:.1f} GB; {folder} has"
            f" {free / 1e9:.1f} GB free; {_REMEDY}"
        )
