"""Samples end before a text that the user names."""

from collections.abc import Iterator

from charlstm.errors import UserError, option
from charlstm.text.vocabulary import Vocabulary


def check_stop(text: str | None, vocabulary: Vocabulary) -> None:
    """Refuse a text to stop before which the model can never write.

    Raises:
        UserError: it has a character that the model does not know.
    """
    try:
        vocabulary.encode(text or "", where=option("stop"))
    except UserError as unknown:
        raise UserError(f"{unknown}; as it is, no sample would ever stop there") from None


def end_before(text: str, written: Iterator[list[str]], number: int) -> Iterator[list[str]]:
    """End each sample before a text would come, and hold back what may be the start of that text.

    Args:
        text: where to stop.
        written: yields rows of N characters, the next one of each sample.
        number: N.

    Yields:
        N strings to append to the N samples, some of them empty, until all samples have ended.

    Example:
        >>> "".join(piece for (piece,) in end_before("aab", ([c] for c in "caaacaabac"), 1))
        'caaac'
    """
    ends = [_End(text) for _ in range(number)]
    for row in written:
        yield [end.take(character) for end, character in zip(ends, row, strict=True)]
        if all(end.reached for end in ends):
            return
    yield [end.held for end in ends]


class _End:
    """The end of one sample: the text to stop before, and what is held back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.held = ""
        self.reached = False

    def take(self, character: str) -> str:
        """Take the next character, and return what can be passed on now."""
        if self.reached:
            return ""
        held = self.held + character
        if held == self.text:
            self.held = ""
            self.reached = True
            return ""
        start = next(k for k in range(len(held) + 1) if self.text.startswith(held[k:]))
        self.held = held[start:]
        return held[:start]
