"""Choose the next character of each of several samples, by all options of `SampleOptions`.

The options act in this order:

1. the bans, `no_repeat` and `no_copy`, take away characters. If none is left, the sample ends;
2. the temperature divides the logits. Inside a word it may be another one;
3. `top_k`, `top_p` and `min_p` leave the most likely characters;
4. one of them is drawn, with the generator of that sample.

So a sample depends on its seed and on its place among the samples, and not on how many there are or
where others end. The one exception is rounding. The matrix products of several samples may round
other than those of one; see `generate_many`.
"""

import unicodedata
from typing import Any

import numpy as np

from charlstm.errors import UserError, option
from charlstm.model.cells import Array
from charlstm.options import SampleOptions
from charlstm.sampling.bans import NoCopy, NoRepeat
from charlstm.sampling.choose import choose
from charlstm.text.vocabulary import Ids, Vocabulary

JOINERS = "\u200c\u200d"  # stand inside words of Persian and of Indic scripts


class Chooser:
    """Chooses the next ids, and remembers what it has chosen, as far as the options need it.

    Args:
        vocabulary: of the model.
        prime: what the samples go on from. An empty one stands for the beginning of a line.
        options: how to choose.
        number: N; None is one sample, whose logits are (V,) instead of (N, V).
        original: the text that `options.no_copy` keeps from being copied.
        first: the place of the first of these samples among all that have the seed.

    Attributes:
        ended: which of the samples have ended, because every character was banned, (N,).
        going: how many have not.

    Raises:
        UserError: `options.no_copy` without `original`.

    Example:
        >>> options = SampleOptions(no_repeat=2, seed=0)
        >>> chooser = Chooser(Vocabulary("ab"), np.array([0, 0]), options)
        >>> [int(chooser(np.zeros(2))), int(chooser(np.zeros(2)))]  # "aa" was there
        [1, 0]
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        prime: Ids,
        options: SampleOptions,
        number: int | None = None,
        original: str | None = None,
        first: int = 0,
    ) -> None:
        rows = number or 1
        seed: Any = np.random.SeedSequence(options.seed).entropy
        places = range(first, first + rows)
        self._rngs = [np.random.default_rng(_seed_of(seed, place)) for place in places]
        self._bans = list(_bans(vocabulary, prime, options, rows, original))
        self.ended = np.zeros(rows, bool)
        self.going = rows
        outside = options.choice
        inside = outside | {"temperature": options.temperature_in_words}
        self._choices = (outside, inside)
        self._in_word: Any = None
        if options.temperature_in_words is not None:
            self._in_word = goes_on(vocabulary)
            self._inside = np.full(rows, len(prime) and self._in_word[prime[-1]], bool)

    def __call__(self, logits: Array) -> Any:
        """Choose from logits (V,) or (N, V).

        Returns:
            one id, or ids (N,). The id of a sample that has ended means nothing.
        """
        if self._bans:
            logits = self._allowed(logits)
        ids = self._drawn(logits)
        if self._bans:
            taken = np.atleast_1d(ids)
            for ban in self._bans:
                ban.take(taken)
        if self._in_word is not None:
            self._inside = np.atleast_1d(self._in_word[ids])
        return ids

    def _allowed(self, logits: Array) -> Array:
        """Set the logits of banned ids to minus infinity."""
        banned = [pair for ban in self._bans for pair in ban.banned()]
        if not banned:
            return logits
        allowed = np.array(logits, ndmin=2)  # a copy
        for row, ids in banned:
            allowed[row, ids] = -np.inf
        stuck = np.isneginf(allowed.max(-1))
        if stuck.any():
            self.ended |= stuck
            self.going = int((~self.ended).sum())
            allowed[stuck] = 0  # something has to be drawn, though nobody reads it
        return allowed.reshape(logits.shape)

    def _drawn(self, logits: Array) -> Any:
        if logits.ndim == 1:
            place = self._in_word is not None and bool(self._inside[0])
            return choose(logits, self._rngs[0], **self._choices[place])
        if self._in_word is None:
            return choose(logits, self._rngs, **self._choices[0])
        ids = np.empty(len(logits), np.int64)
        for inside, choice in enumerate(self._choices):
            rows = np.flatnonzero(self._inside == inside)
            if rows.size:
                ids[rows] = choose(logits[rows], [self._rngs[row] for row in rows], **choice)
        return ids


def _seed_of(seed: int, place: int) -> np.random.SeedSequence:
    """Return the seed of a sample; that of the first is the seed itself."""
    return np.random.SeedSequence(seed, spawn_key=(place,) if place else ())


def _bans(
    vocabulary: Vocabulary, prime: Ids, options: SampleOptions, number: int, original: str | None
) -> Any:
    if options.no_repeat is not None:
        yield NoRepeat(options.no_repeat, prime, number)
    if options.no_copy is not None:
        if original is None:
            raise UserError(
                f"{option('no_copy', options.no_copy)} needs the text that must not be copied; give"
                f" it as {option('original')}"
            )
        ids = vocabulary.encode(original, unknown="skip")  # runs of what is left stay runs
        yield NoCopy(options.no_copy, ids, prime, number)


def goes_on(vocabulary: Vocabulary) -> Any:
    """Return, for each id, whether a word goes on after that character, (V,) of bool.

    It does after letters, marks, digits, and the joiners inside words. An apostrophe or a hyphen
    ends a word. In a vocabulary of bytes a word goes on after each byte that is not ASCII.

    Where no spaces stand between words, as in Chinese, Japanese or Thai, a word seems to go on
    until the next punctuation mark.

    Example:
        >>> goes_on(Vocabulary("a -é")).tolist()
        [True, False, False, True]
    """
    characters = vocabulary.characters
    if vocabulary.bytewise:
        return np.array([c > "\x7f" or c.isalnum() for c in characters])
    return np.array(
        [c.isalnum() or unicodedata.category(c)[0] == "M" or c in JOINERS for c in characters]
    )
