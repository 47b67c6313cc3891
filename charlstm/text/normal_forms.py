r"""Two ways to write an é: one character, or an e and an accent that is put onto it.

Unicode's normal forms make one of the other: NFC composes, NFD decomposes (Unicode Standard Annex
15). Both look the same. But a model that has read the one does not know the other. macOS, some
keyboards and some editors write decomposed letters; Devanagari and Hebrew have letters that both
forms decompose.
"""

import unicodedata
from collections.abc import Callable
from typing import Literal, NamedTuple

Form = Literal["NFC", "NFD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD")
MOST_MARKS = 30  # that are looked at before and after a character


class OtherForm(NamedTuple):
    """A piece of a text, and what it is in a normal form."""

    piece: str
    form: Form
    mended: str

    @property
    def advice(self) -> str:
        """What a user can do, with both as escapes, because they look the same."""
        piece, mended = (x.encode("unicode_escape").decode() for x in (self.piece, self.mended))
        return (
            f"it knows {piece} as {mended}: give the text in the normal form {self.form}, as"
            f" Python's unicodedata.normalize('{self.form}', text) does"
        )


def other_form(text: str, position: int, knows: Callable[[str], bool]) -> OtherForm | None:
    r"""Return the normal form in which a model knows what stands at a place of a text.

    Args:
        text: any text.
        position: of a character that the model does not know.
        knows: whether the model knows all characters of a piece.

    Returns:
        the letter there with all its marks, the form, and the letter in that form; None if the
        model knows it in neither.

    Example:
        >>> found = other_form("caf\u00e9", 3, set("cafe\u0301").issuperset)
        >>> found.form, ascii(found.mended)
        ('NFD', "'e\\u0301'")
    """
    start, end = _letter(text, position)
    piece = text[start:end]
    for form in FORMS:
        mended = unicodedata.normalize(form, piece)
        if mended != piece and knows(mended):
            return OtherForm(piece, form, mended)
    return None


def _letter(text: str, position: int) -> tuple[int, int]:
    """Return where the letter at a position begins and ends, marks and composed parts included."""

    def composed(start: int, end: int) -> int:
        return len(unicodedata.normalize("NFC", text[start:end]))

    start, end = position, position + 1
    first, last = max(0, position - MOST_MARKS), min(len(text), position + MOST_MARKS)
    while start > first and (
        unicodedata.combining(text[start]) or composed(start - 1, end) == composed(start, end)
    ):
        start -= 1
    while end < last and (
        unicodedata.combining(text[end]) or composed(start, end + 1) == composed(start, end)
    ):
        end += 1
    return start, end
