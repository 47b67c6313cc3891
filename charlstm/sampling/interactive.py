r"""A text that a person and a model write together, letter by letter.

Here is what keys do, and what a screen shows. `terminal.py` reads the keys and draws the screen.

| key | what it does |
| --- | --- |
| 1 to 5 | takes that one of the most likely letters |
| any other letter | is written as it is |
| Enter | lets the model choose, as `sample` would |
| Backspace | takes back what the last key wrote |
| \ and then n, t, \, 1 ... 5 | writes a line end, a tab, a backslash, a digit |
| Ctrl-D | ends |
"""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charlstm.errors import printable
from charlstm.machine.columns import broken, columns_of
from charlstm.model.cells import Array, State
from charlstm.options import SampleOptions
from charlstm.sampling.choose import choose
from charlstm.sampling.sampler import Sampler, read_prime
from charlstm.text.escapes import SINGLE
from charlstm.text.normal_forms import FORMS
from charlstm.text.vocabulary import describe

OFFERED = 5  # letters
ENTER, BACKSPACE, END = ("\r", "\n"), ("\x7f", "\b"), "\x04"
KEYS = (
    "1-5: pick one",
    "letter: type it",
    "Enter: the model picks",
    "Backspace: take back",
    r"\n: line end",
    r"\1: the digit 1",
    "Ctrl-D: done",
)


class Moment(NamedTuple):
    """Where a text stands: what the last key wrote, and what the model knows and expects."""

    piece: str
    logits: Array
    state: list[State]


class Together:
    """A text that grows by keys, and shrinks by Backspace to exactly what was before.

    Args:
        sampler: the model.
        prime: what stands before the text, in the vocabulary's characters.
        options: how the model chooses where it may, and from which seed.

    Example:
        >>> from charlstm import Checkpoint, SampleOptions, Sampler, find_model
        >>> sampler = Sampler(Checkpoint.load(find_model("tinyshakespeare")))
        >>> together = Together(sampler, "ROME", SampleOptions())
        >>> together.press("1")
        True
        >>> together.text
        'O'
    """

    def __init__(self, sampler: Sampler, prime: str, options: SampleOptions) -> None:
        self.sampler = sampler
        self.prime = prime
        self.message = ""
        self.escaping = False
        self._rng = np.random.default_rng(options.seed)
        self._choice = options.choice
        self._moments = [
            Moment("", *read_prime(sampler, sampler.vocabulary.encode(prime, where="prime")))
        ]

    @property
    def text(self) -> str:
        """What was written so far, without the prime."""
        return "".join(moment.piece for moment in self._moments)

    @property
    def state(self) -> list[State]:
        """The model's state after the text."""
        return self._moments[-1].state

    def likely(self) -> list[tuple[str, float]]:
        """Return the most likely next characters and their probabilities at temperature 1."""
        logits = self._moments[-1].logits.astype(np.float64)
        shares = np.exp(logits - np.logaddexp.reduce(logits))
        best = np.argsort(-logits, kind="stable")[:OFFERED]
        return [(self.sampler.vocabulary.characters[i], float(shares[i])) for i in best]

    def press(self, key: str) -> bool:
        """Do what a key stands for; return whether the text goes on.

        A key that can do nothing leaves a message.
        """
        self.message = ""
        if key == END:
            return False
        offered = self.likely()
        if self.escaping:
            self.escaping = False
            self._type(SINGLE.get(key, key))
        elif key == "\\":
            self.escaping = True
        elif key in BACKSPACE:
            self._take_back()
        elif key in ENTER:
            id_ = int(choose(self._moments[-1].logits, self._rng, **self._choice))
            self._write(self.sampler.vocabulary.characters[id_])
        elif key in map(str, range(1, len(offered) + 1)):
            self._write(offered[int(key) - 1][0])
        else:
            self._type(key)
        return True

    def _take_back(self) -> None:
        if len(self._moments) > 1:
            self._moments.pop()
        else:
            self.message = "nothing to take back"

    def _type(self, letter: str) -> None:
        vocabulary = self.sampler.vocabulary
        for typed in (letter, *(unicodedata.normalize(form, letter) for form in FORMS)):
            characters = vocabulary.from_user(typed)
            if not vocabulary.unknown(characters):
                self._write(characters)
                return
        self.message = f"the model does not know {describe(letter)}"

    def _write(self, characters: str) -> None:
        logits, state = self._moments[-1][1:]
        for id_ in self.sampler.vocabulary.encode(characters).tolist():
            logits, state = self.sampler.step(id_, state)
        self._moments.append(Moment(characters, logits, state))

    def screen(self, columns: int, rows: int) -> tuple[list[str], tuple[int, int]]:
        """Lay all out for a terminal.

        Args:
            columns: of the terminal.
            rows: of the terminal, of which the last ones tell the choices and the keys.

        Returns:
            at most `rows` lines of at most `columns` columns, and the row and column of the cursor,
            from 0: where the next letter comes.
        """
        columns = max(2, columns)
        bytewise = self.sampler.vocabulary.bytewise
        offers = [f"{n} {shown(c, bytewise)} {p:.1%}" for n, (c, p) in enumerate(self.likely(), 1)]
        below = [*_rows_of(offers, columns)]
        if self.escaping:
            below.append("\\ and then?")
        if self.message:
            below += broken(self.message, columns)
        keys = _rows_of(KEYS, columns)
        if rows >= len(below) + len(keys) + 3:
            below += keys
        below = ["", *below][: max(0, rows - 1)]
        written = self.sampler.vocabulary.to_user(self.prime + self.text).decode("utf-8", "replace")
        lines = [printable(line.expandtabs()) for line in written.split("\n")]
        above = [row for line in lines for row in broken(line, columns)]
        above = above[-(rows - len(below)) :]
        return above + below, (len(above) - 1, min(columns_of(above[-1]), columns - 1))


def shown(character: str, byte: bool = False) -> str:
    r"""Return a character as a choice shows it: what cannot be seen as an escape, a mark on a dot.

    Args:
        character: what the model may write next.
        byte: whether it stands for a byte. Above 0x7f that is only a part of a character.

    Example:
        >>> shown("a"), shown(" "), shown("\n"), shown("\u0301")
        ('a', 'space', '\\n', '◌́')
    """
    if character == " ":
        return "space"
    if unicodedata.category(character)[0] == "M":  # no byte is one
        return "\u25cc" + character
    if not character.isprintable() or (byte and character > "\x7f"):
        return character.encode("unicode_escape").decode()
    return character


def _rows_of(words: Sequence[str], columns: int) -> list[str]:
    """Put as many words into each row as it can take, three columns apart."""
    rows: list[str] = []
    for word in words:
        if rows and columns_of(rows[-1]) + 3 + columns_of(word) <= columns:
            rows[-1] += "   " + word
        else:
            rows += broken(word, columns)
    return rows
