"""Synthetic texts about which the truth is known: how well any model could predict each character.

Each function writes a text from a seed, and says for every character how uncertain it was to a
reader who knows the source and all characters before: its entropy in nats, 0 where it was certain.
The mean is the least loss that any model can reach in the long run. Characters whose answer lies
far back are `marked`: on them a model that forgets pays `chance` more than one that remembers.

Everything is written by choices among strings of which none begins another, so that a choice is
known once its characters are; the entropies follow from the weights of those still possible.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlstm.errors import UserError

Floats = np.ndarray[Any, np.dtype[np.float64]]
MOST_CONTEXTS = 5000  # of a Markov chain: their square is kept in memory
BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
SINGULAR = {"cloud": "it", "king": "he", "queen": "she", "tree": "it", "sister": "she", "boy": "he"}
PLURAL = ("clouds", "kings", "queens", "trees", "sisters", "boys")
PLACES = ("near", "under", "behind", "before")
ADVERBS = ("now", "often", "still")
STATES = ("tired", "old", "proud", "low")


@dataclass(frozen=True)
class SourceText:
    """A text and the truth about it.

    Attributes:
        text: N characters.
        entropy: (N,), nats of each character, given the source and all characters before it.
        marked: (N,), bool: characters whose answer lies far back.
        chance: mean nats that a marked character costs more, where the answer is forgotten but
            everything else is known.
    """

    text: str
    entropy: Floats
    marked: np.ndarray[Any, np.dtype[np.bool_]]
    chance: float


def markov(
    length: int, order: int = 2, letters: str = "abcd", seed: int = 0
) -> tuple[SourceText, float]:
    """Write a stationary Markov chain: each letter depends on the `order` letters before it.

    The chances after each context are drawn from a flat Dirichlet distribution by the seed.

    Args:
        length: characters, at least 1.
        order: k, at least 0.
        letters: A different letters; there are A^k contexts.
        seed: of the chances and of the text.

    Returns:
        the text, and the entropy rate in nats (Shannon 1948, theorem 5): the entropies after each
        context, weighted by how often the context comes.

    Example:
        >>> source, rate = markov(10_000, order=1, letters="ab", seed=3)
        >>> bool(abs(source.entropy.mean() - rate) < 0.01)
        True
    """
    _check_sizes(length=(length, 1), order=(order, 0))
    _check_letters(letters, 1)
    writer, size = _Writer(seed), len(letters)
    if size**order > MOST_CONTEXTS:
        raise UserError(
            f"markov: {size} letters of order {order} have {size**order:,} contexts; at most"
            f" {MOST_CONTEXTS:,} are allowed; give a smaller order, or fewer letters"
        )
    chances = writer.rng.dirichlet(np.ones(size), size**order)  # (A^k, A), contexts in base A
    often = _stationary(chances)
    rate = float(np.dot(often, [_entropy(row) for row in chances]))
    after = [dict(zip(letters, row, strict=True)) for row in chances.tolist()]
    context = 0
    for place in range(length):
        if place < order:  # the start, from the contexts that begin as it does
            weights = often.reshape(size**place, size, -1)[context].sum(-1).tolist()
            options = dict(zip(letters, weights, strict=True))
        else:
            options = after[context]
        letter = writer.choose(options)
        context = (context * size + letters.index(letter)) % size**order
    return writer.finish(chance=0.0), rate


def weather_diary(
    days: int,
    change: float = 0.1,
    habits: Mapping[str, Sequence[float]] | None = None,
    seed: int = 0,
) -> SourceText:
    r"""Write a diary, a word a day, of someone whose doings depend on a weather never mentioned.

    A hidden Markov model: the weather changes to each other one with equal chance. What the diary
    tells about tomorrow follows by the forward algorithm (Rabiner 1989, section III A).

    Args:
        days: lines.
        change: chance that tomorrow's weather is another.
        habits: for each word, its chance in each weather.
        seed: of the text.

    Example:
        >>> weather_diary(3).text
        'read\nwalk\nwalk\n'
    """
    _check_sizes(days=(days, 1))
    habits = habits or {"walk": (0.7, 0.3, 0.1), "read": (0.2, 0.4, 0.3), "mend": (0.1, 0.3, 0.6)}
    writer = _Writer(seed)
    if len({len(chances) for chances in habits.values()}) != 1:
        raise UserError("weather_diary: every word needs as many chances as there are weathers")
    table = np.array(list(habits.values()), float).T  # (weather, word)
    if not 0 <= change <= 1 or table.min() < 0 or not np.allclose(table.sum(1), 1):
        raise UserError(
            "weather_diary: change must be from 0 to 1, and the chances of the words in each"
            " weather must sum to 1"
        )
    count, words = len(table), list(habits)
    moves = np.full((count, count), change / max(1, count - 1))
    np.fill_diagonal(moves, 1 - change if count > 1 else 1.0)
    belief = np.full(count, 1 / count)  # in the weather of the day, given all days before
    for _ in range(days):
        expected = belief @ table
        word = writer.choose({f"{w}\n": p for w, p in zip(words, expected, strict=True)})[:-1]
        seen = belief * table[:, words.index(word)]
        belief = seen / seen.sum() @ moves
    return writer.finish(chance=0.0)


def brackets(
    length: int, kinds: int = 3, depth: int = 8, opening: float = 0.5, seed: int = 0
) -> SourceText:
    """Write balanced brackets: at a closing one, which kind it is was settled by its opening one.

    Outside all brackets one opens, at the greatest depth one closes; between, one opens with chance
    `opening`. Closing brackets are marked: that one closes is uncertain, which one never is. The
    text goes on after `length` until all are closed; a reader does not know where that is.

    Args:
        length: characters, at least 1.
        kinds: of brackets, 1 to 4.
        depth: most brackets that are open at a time.
        opening: chance of another one inside.
        seed: of the text.

    Example:
        >>> brackets(10, kinds=2, seed=1).text
        '[]()([][]())'
    """
    _check_sizes(length=(length, 1), kinds=(kinds, 1), depth=(depth, 1))
    if kinds > len(BRACKETS) or not 0 <= opening <= 1:
        raise UserError(f"brackets: kinds is at most {len(BRACKETS)}, opening from 0 to 1")
    writer, closers = _Writer(seed), ""
    written = 0
    while written < length or closers:
        chance = 1.0 if not closers else 0.0 if len(closers) == depth else opening
        options = dict.fromkeys(list(BRACKETS)[:kinds], chance / kinds)
        if closers:
            options[closers[-1]] = 1 - chance
        forced = closers[-1] if written >= length else None
        bracket = writer.choose(options, forced=forced, mark=closers[-1:])
        closing = bracket == closers[-1:]
        closers = closers[:-1] if closing else closers + BRACKETS[bracket]
        written += 1
    return writer.finish(chance=math.log(kinds))


def copy(
    lines: int, lag: int = 10, size: int = 3, letters: str = "abcdefgh", seed: int = 0
) -> SourceText:
    r"""Write lines of letters, a pause, and the same letters again.

    The copy task of Hochreiter & Schmidhuber 1997 in the form of Graves, Wayne & Danihelka 2014.

    Args:
        lines: at least 1.
        lag: characters between the end of the letters and the beginning of their copy.
        size: letters to remember.
        letters: to choose from, neither "." nor "?" nor a line end.
        seed: of the text.

    Example:
        >>> copy(1, lag=5).text
        'fca....?fca\n'
    """
    _check_sizes(lines=(lines, 1), lag=(lag, 1), size=(size, 1))
    _check_letters(letters, 1, reserved=".?\n")
    writer = _Writer(seed)
    for _ in range(lines):
        seen = [writer.choose(dict.fromkeys(letters, 1 / len(letters))) for _ in range(size)]
        writer.choose({"." * (lag - 1) + "?": 1.0})
        for letter in seen:
            writer.choose({letter: 1.0}, mark=letter)
        writer.choose({"\n": 1.0})
    return writer.finish(chance=math.log(len(letters)))


def recall(
    lines: int, lag: int = 10, symbols: str = "ABCD", distractors: str = "wxyz", seed: int = 0
) -> SourceText:
    r"""Write lines of a symbol, `lag` distractors, "?" and the symbol again.

    Latch and recall, after the problems of Bengio, Simard & Frasconi 1994.

    Args:
        lines: at least 1.
        lag: distractors between the symbol and the question.
        symbols: to remember one of; chance is 1 / len(symbols).
        distractors: letters that mean nothing.
        seed: of the text.

    Example:
        >>> recall(1, lag=5).text
        'Cxwwzz?C\n'
    """
    _check_sizes(lines=(lines, 1), lag=(lag, 0))
    _check_letters(symbols, 1, reserved="?\n")
    _check_letters(distractors, 1, reserved="?\n")
    writer = _Writer(seed)
    for _ in range(lines):
        symbol = writer.choose(dict.fromkeys(symbols, 1 / len(symbols)))
        for _ in range(lag):
            writer.choose(dict.fromkeys(distractors, 1 / len(distractors)))
        writer.choose({"?": 1.0})
        writer.choose({symbol: 1.0}, mark=symbol)
        writer.choose({"\n": 1.0})
    return writer.finish(chance=math.log(len(symbols)))


def adding(lines: int, lag: int = 10, seed: int = 0) -> SourceText:
    r"""Write lines of `lag` digits, two of them after a "+", and the last digit of their sum.

    The adding problem of Hochreiter & Schmidhuber 1997 with digits for numbers: one is marked in
    the first half, the other in the second, each place as likely as any other.

    Args:
        lines: at least 1.
        lag: digits in a line, at least 2.
        seed: of the text.

    Example:
        >>> adding(1, lag=6).text
        '4+0078+7=7\n'
    """
    _check_sizes(lines=(lines, 1), lag=(lag, 2))
    writer, digits = _Writer(seed), "0123456789"
    for _ in range(lines):
        total = 0
        for first, end in ((0, lag // 2), (lag // 2, lag)):
            chosen = False
            for place in range(first, end):
                chance = 0.0 if chosen else 1 / (end - place)  # the last place at the latest
                options = {"+": chance} | dict.fromkeys(digits, (1 - chance) / 10)
                if writer.choose(options) == "+":
                    chosen = True
                    total += int(writer.choose(dict.fromkeys(digits, 0.1)))
        answer = str(total % 10)
        writer.choose({"=": 1.0})
        writer.choose({answer: 1.0}, mark=answer)
        writer.choose({"\n": 1.0})
    return writer.finish(chance=math.log(10))


def agreement(sentences: int, distance: int = 6, seed: int = 0) -> SourceText:
    r"""Write English-like sentences whose verb and pronoun agree with a subject some words back.

    Between them stand `distance` words, with nouns of either number to be misled by (Linzen,
    Dupoux & Goldberg 2016). Marked are the first letter of the verb (is or are) and of the pronoun
    (he, she, it or they); `chance` is that of guessing the verb, and then the pronoun, which the
    verb has told the number of.

    Args:
        sentences: lines.
        distance: words between the subject and the verb.
        seed: of the text.

    Example:
        >>> agreement(1, distance=4).text
        'the tree near the cloud still is proud because it is low.\n'
    """
    _check_sizes(sentences=(sentences, 1), distance=(distance, 0))
    writer = _Writer(seed)
    nouns = [f"{noun} " for noun in (*SINGULAR, *PLURAL)]
    for _ in range(sentences):
        writer.choose({"the ": 1.0})
        subject = writer.choose_evenly(nouns).strip()
        for _ in range(distance // 3):
            writer.choose_evenly([f"{place} the " for place in PLACES])
            writer.choose_evenly(nouns)
        for _ in range(distance % 3):
            writer.choose_evenly([f"{adverb} " for adverb in ADVERBS])
        verb, pronoun = ("is", SINGULAR[subject]) if subject in SINGULAR else ("are", "they")
        writer.choose({f"{verb} ": 1.0}, mark=verb[0])
        writer.choose_evenly([f"{state} because " for state in STATES])
        writer.choose({f"{pronoun} ": 1.0}, mark=pronoun[0])
        writer.choose({f"{verb} ": 1.0})
        writer.choose_evenly([f"{state}.\n" for state in STATES])
    single = len(SINGULAR) / len(nouns)
    verb_nats = _entropy([single, 1 - single])
    pronoun_nats = single * _entropy(Counter(SINGULAR.values()).values())  # "are" tells "they"
    return writer.finish(chance=(verb_nats + pronoun_nats) / 2)


class _Writer:
    """A text in the making, chosen string by string."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self._pieces: list[str] = []
        self._entropy: list[float] = []
        self._marked: list[bool] = []

    def choose(
        self, options: Mapping[str, float], forced: str | None = None, mark: str = ""
    ) -> str:
        """Add one of the strings by its chance, or the one forced; none begins another.

        Its first character is marked if it is `mark`.
        """
        if forced is None:
            forced = self._draw(options)
        possible = dict(options)
        for place, character in enumerate(forced):
            following: dict[str, float] = {}
            for name, chance in possible.items():
                following[name[place]] = following.get(name[place], 0.0) + chance
            self._entropy.append(_entropy(following.values()))
            self._marked.append(place == 0 and character == mark)
            possible = {n: p for n, p in possible.items() if n[place] == character}
        self._pieces.append(forced)
        return forced

    def choose_evenly(self, options: Sequence[str]) -> str:
        return self.choose(dict.fromkeys(options, 1 / len(options)))

    def _draw(self, options: Mapping[str, float]) -> str:
        """Choose by chance; in plain Python, which for a few options is faster than NumPy."""
        left, last = self.rng.random() * sum(options.values()), ""
        for name, chance in options.items():
            left -= chance
            last = name if chance else last
            if left < 0:
                break
        return last

    def finish(self, chance: float) -> SourceText:
        text = "".join(self._pieces)
        return SourceText(text, np.array(self._entropy), np.array(self._marked), chance)


def _entropy(chances: Iterable[float]) -> float:
    """Return the entropy in nats of a choice with these chances, or multiples of them."""
    some = [chance for chance in chances if chance > 0]
    total = sum(some)
    return max(0.0, -sum(c / total * math.log(c / total) for c in some))


def _stationary(chances: Floats) -> Floats:
    """Return how often each context comes in the long run, for chances (A^k, A) of what follows."""
    contexts, size = chances.shape
    moves = np.zeros((contexts, contexts))
    for letter in range(size):
        after = (np.arange(contexts) * size + letter) % contexts
        moves[np.arange(contexts), after] += chances[:, letter]
    # often @ moves = often, with the sum 1 in place of one of the equations
    equations = moves.T - np.eye(contexts)
    equations[-1] = 1.0
    return np.linalg.solve(equations, np.eye(contexts)[-1])


def _check_sizes(**sizes: tuple[int, int]) -> None:
    for name, (value, least) in sizes.items():
        if value < least:
            raise UserError(f"{name} is {value}; it must be at least {least}")


def _check_letters(letters: str, least: int, reserved: str = "") -> None:
    if len(set(letters)) != len(letters) or len(letters) < least or set(letters) & set(reserved):
        raise UserError(
            f"the letters {letters!r} must be at least {least}, all different"
            + (f", and none of {reserved!r}" if reserved else "")
        )
