"""Bytes become symbols, and symbols become bytes again: the same bytes, whatever they are.

A symbol is a character that the model knows, or a single byte. So every file has symbols: a text of
another language, a binary file, a byte-order mark, line ends of any kind. Each symbol stands for
certain bytes, and the bytes of all symbols in a row are the file.
"""

from collections.abc import Iterable, Iterator, Sequence

from charlstm.text.vocabulary import Vocabulary


class Symbols:
    """The symbols of a vocabulary: ids from 0 on are characters, -1 to -256 are the bytes 0 to 255.

    Example:
        >>> symbols = Symbols(Vocabulary("abc"))
        >>> symbols.of("cab€".encode())
        [2, 0, 1, -227, -131, -173]
        >>> symbols.content([2, 0, 1, -227, -131, -173]).decode()
        'cab€'
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._bytewise = vocabulary.bytewise
        self._spelled = [vocabulary.to_user(character) for character in vocabulary.characters]
        self._ids = {spelled: id for id, spelled in enumerate(self._spelled)}

    def of(self, content: bytes) -> list[int]:
        """Return the symbols of a file."""
        symbols: list[int] = []
        for piece in self._pieces(content):
            id = self._ids.get(piece)
            symbols.extend((-1 - byte for byte in piece) if id is None else (id,))
        return symbols

    def _pieces(self, content: bytes) -> Iterator[bytes]:
        """Yield the bytes of each character; a byte that is not UTF-8 stands alone."""
        how = ("latin-1", "strict") if self._bytewise else ("utf-8", "surrogateescape")
        return (character.encode(*how) for character in content.decode(*how))

    def content(self, symbols: Iterable[int]) -> bytes:
        """Return the bytes that symbols stand for, in a row."""
        return b"".join(
            self._spelled[symbol] if symbol >= 0 else bytes((-1 - symbol,)) for symbol in symbols
        )


def count_bytes(symbols: Sequence[int]) -> int:
    """Return how many symbols are single bytes, which the model does not know."""
    return sum(symbol < 0 for symbol in symbols)
