"""A name, a path, a folder or "-" becomes text.

If a word is both a path and a name in `registry.py`, the path wins. `read_corpus` decodes the bytes
strictly by the encoding that it was given. It guesses nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from charlstm.errors import UserError, translating
from charlstm.options import DataOptions
from charlstm.text.decoded import Reading
from charlstm.text.encoded import Text
from charlstm.text.pieces import Piece, pieces_of
from charlstm.text.prepared import prepare

IN_MEMORY = 2**25  # bytes or characters; a longer text is prepared on disk


@dataclass(frozen=True)
class Corpus:
    """A text and where it came from.

    Attributes:
        sources: what the user named, in order.
        text: the characters; with the option `bytes`, a character U+0000 to U+00FF for each byte.
            A long text is an `EncodedText`, which has slices, too; `str()` of one is in memory.
        sha256: digest of the files' bytes, one file after the other. If a limit cut the text, it is
            the digest of the rest, in UTF-8.
        options: how the bytes were turned into `text`.
    """

    sources: tuple[str, ...]
    text: Text
    sha256: str
    options: DataOptions

    def parts(self) -> dict[str, slice]:
        """Return the positions of `train`, `validation`, `test` and `all`.

        Example:
            >>> Corpus(("x",), "0123456789", "", DataOptions(split=(0.6, 0.3))).parts()["test"]
            slice(9, 10, None)
        """
        return parts(len(self.text), self.options.split)


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
    return {
        "train": slice(0, first),
        "validation": slice(first, second),
        "test": slice(second, length),
        "all": slice(0, length),
    }


@translating()
def read_corpus(sources: str | Sequence[str], options: DataOptions | None = None) -> Corpus:
    """Read files, folders, archives, named corpora or "-" (standard input) as one text.

    Args:
        sources: a path, a name or "-", or several of them; a folder stands for its text
            files in sorted order, and a packed file for what it holds.
        options: encoding, line ends, split and limit.

    Raises:
        UserError: a source does not exist, cannot be read, or is not text in this encoding; or the
            text is empty.
    """
    options = options or DataOptions()
    if isinstance(sources, str):
        sources = [sources]
    return join(sources, [p for source in sources for p in pieces_of(source, options)], options)


def join(
    sources: Sequence[str],
    pieces: Sequence[Piece],
    options: DataOptions,
    check: Callable[[str], object] = lambda _: None,
) -> Corpus:
    """Make one text of pieces of bytes.

    Args:
        sources: what was named.
        pieces: what that stands for, in order.
        options: encoding, line ends, split and limit.
        check: is called with the sha256 as soon as it is known; it may refuse the text.

    Raises:
        UserError: a piece is not text in this encoding, or all together are empty.
    """
    name = " ".join(sources)
    reading = Reading(pieces, options)
    text: Text | None = None
    if options.limit is not None or sum(piece.size for piece in pieces) <= IN_MEMORY:
        text = _in_memory(reading)
    if text is None:
        text, digest = prepare(name, reading, check)
    elif not text:
        raise UserError(f"{name}: empty; give a text of at least a few dozen characters")
    else:
        digest = reading.sha256
        check(digest)
    return Corpus(tuple(sources), text, digest, options)


def _in_memory(reading: Reading) -> str | None:
    """Return a text; None if it is too long."""
    texts = []
    length = 0
    for text in reading.characters():
        texts.append(text)
        length += len(text)
        if length > IN_MEMORY:
            return None
    return "".join(texts)
