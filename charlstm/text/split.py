"""A text is cut into parts: for training, for validation, and what is left for a test.

By position the first part is for training. Of a text that goes on this asks the right thing: how
well does a model know what comes next? Of a sorted list it asks how well names with A to W prepare
for those with X. There lines can be drawn instead, or blocks of running text.

What is drawn goes behind the rest, each part in the order that it had. So parts are stretches of a
text however it was cut. Equal lines are drawn together: no line of training is in validation. Their
hash decides, and nothing else. So a list is cut alike at each reading, with each version of Python
and NumPy, and a line that was in validation is nearly always there again when the list has grown.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from typing import Literal

BLOCK = 1000  # characters of a block, at least; it ends with the line that is begun there
LONGEST_BLOCK = 2 * BLOCK  # a longer line is cut

Unit = Literal["line", "block"]


def parts(length: int, split: tuple[float, float]) -> dict[str, slice]:
    """Return where `train`, `validation`, `test` and `all` lie in a text of this length.

    Example:
        >>> parts(10, (0.6, 0.3))["validation"]
        slice(6, 9, None)
    """
    train, validation = split
    first = int(length * train)
    nothing_left = train + validation > 1 - 1e-9  # such as 0.9 + 0.1, up to rounding
    second = length if nothing_left else int(length * (train + validation))
    return between(first, second, length)


def between(first: int, second: int, length: int) -> dict[str, slice]:
    """Return the parts of a text of this length by the two places between them."""
    return {
        "train": slice(0, first),
        "validation": slice(first, second),
        "test": slice(second, length),
        "all": slice(0, length),
    }


def draw(text: str, split: tuple[float, float], unit: Unit) -> tuple[str, int, int]:
    r"""Put the lines or blocks that are drawn for validation and test behind the others.

    A part may be a little shorter than its share, because a unit is not cut. Lines count as equal
    without the white space around them; empty ones belong to the line before.

    Args:
        text: the characters.
        split: shares of training and validation.
        unit: what is drawn.

    Returns:
        the same units in the new order, and where training and validation end. The last line gets
        a line end if it has none and does not stay the last.

    Example:
        >>> draw("Ada\nBo\nCy\nBo\nDi\n", (0.6, 0.4), "line")
        ('Bo\nBo\nDi\nAda\nCy\n', 9, 16)
    """
    units = [*(lines(text) if unit == "line" else blocks(text))]
    keys = [each.strip() for each in units]
    sizes: Counter[str] = Counter()
    for key, each in zip(keys, units, strict=True):
        sizes[key] += len(each)
    room = {name: where.stop - where.start for name, where in parts(len(text), split).items()}
    of: dict[str, str] = {}
    for key in sorted(sizes, key=_drawn_at):
        for part in ("validation", "test"):
            if sizes[key] <= room[part]:
                room[part] -= sizes[key]
                of[key] = part
                break
    pieces: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for key, each in zip(keys, units, strict=True):
        pieces[of.get(key, "train")].append(each)
    *others, _ = [part for part in pieces.values() if part] or [[]]
    for moved in others:
        if unit == "line" and not moved[-1].endswith(("\n", "\r")):
            moved[-1] += "\n"  # else it and the line behind it would be one
    train, validation, test = map("".join, pieces.values())
    return train + validation + test, len(train), len(train) + len(validation)


def lines(text: str) -> Iterator[str]:
    r"""Yield the lines of a text with their ends, and with the empty lines after them.

    Example:
        >>> [*lines("a\r\n \nb")]
        ['a\r\n \n', 'b']
    """
    held: list[str] = []
    item = False  # whether what is held has more than white space
    for line in io.StringIO(text, newline=""):  # "": they keep the ends that they have
        empty = not line.strip()
        if item and not empty:
            yield "".join(held)
            held = []
        item = item or not empty
        held.append(line)
    if held:
        yield "".join(held)


def blocks(text: str) -> Iterator[str]:
    r"""Yield a text in blocks of 1,000 characters and the rest of the line, 2,000 at most.

    Example:
        >>> [len(block) for block in blocks("to be or not to be\n" * 100 + "to be " * 500)]
        [1007, 1000, 1000, 1000, 893]
    """
    start = 0
    while start < len(text):
        end = text.find("\n", start + BLOCK - 1, start + LONGEST_BLOCK)
        stop = start + BLOCK if end < 0 else end + 1
        yield text[start:stop]
        start = stop


def _drawn_at(key: str) -> bytes:
    """Return the place of a unit among those that are drawn."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
