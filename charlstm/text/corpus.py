"""A name, a path, a folder or "-" becomes text.

If a word is both a path and a name in `registry.py`, the path wins. `read_corpus` decodes the bytes
strictly by the encoding that it was given, or that a file's mark names. It guesses nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from charlstm.errors import UserError, option, translating
from charlstm.options import DataOptions
from charlstm.text.chunks import Piece
from charlstm.text.decoded import Reading
from charlstm.text.encoded import EncodedText, Text
from charlstm.text.pieces import pieces_of
from charlstm.text.prepared import prepare
from charlstm.text.split import between, draw, parts

IN_MEMORY = 2**25  # bytes or characters; a longer text is prepared on disk


@dataclass(frozen=True)
class Corpus:
    """A text and where it came from.

    Attributes:
        sources: what the user named, in order.
        text: the characters; with the option `bytes`, a character U+0000 to U+00FF for each byte.
            A long text is an `EncodedText`, which has slices, too; `str()` of one is in memory.
        sha256: digest of the files' bytes, one file after the other: without UTF-8's mark, with a
            line end between files where one lacks it. If a limit cut the text, it is the digest of
            the rest, in UTF-8.
        options: how the bytes were turned into `text`.
        ends: where training and validation end, if their lines or blocks were drawn: `text` has
            those of training first. None if the text is as it was, and its parts lie by position.
    """

    sources: tuple[str, ...]
    text: Text
    sha256: str
    options: DataOptions
    ends: tuple[int, int] | None = None

    def parts(self) -> dict[str, slice]:
        """Return the positions of `train`, `validation`, `test` and `all`.

        Example:
            >>> Corpus(("x",), "0123456789", "", DataOptions(split=(0.6, 0.3))).parts()["test"]
            slice(9, 10, None)
        """
        length = len(self.text)
        return between(*self.ends, length) if self.ends else parts(length, self.options.split)

    def drawn(self, options: DataOptions) -> "Corpus":
        """Return this text, which is as it was, with its parts as these options cut them.

        Raises:
            UserError: its lines or blocks are too long to draw from, or it is not in memory.
        """
        by = options.split_by
        if by == "position":
            return replace(self, options=options)
        name = " ".join(self.sources)
        if isinstance(self.text, EncodedText):
            raise _on_disk(name, options)
        text, train, validation = draw(self.text, options.split, by)
        if not 0 < train < validation:
            raise UserError(
                f"{name}: {option('split_by', by)} finds no {by} for each part, so few or so long"
                f" are they; give more text, or {option('split_by', 'position')}"
            )
        return replace(self, text=text, options=options, ends=(train, validation))


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
        if options.split_by != "position":  # at once: to prepare it takes minutes
            raise _on_disk(name, options)
        text, digest = prepare(name, reading, check)
    elif not text:
        raise UserError(f"{name}: empty; give a text of at least a few dozen characters")
    else:
        digest = reading.sha256
        check(digest)
    return Corpus(tuple(sources), text, digest, options).drawn(options)


def _on_disk(name: str, options: DataOptions) -> UserError:
    return UserError(
        f"{name}: so long a text stays on disk, where {option('split_by', options.split_by)} cannot"
        " draw; mix its lines first, such as by  shuf FILE > mixed.txt  , or give"
        f" {option('limit', IN_MEMORY)}"
    )


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
