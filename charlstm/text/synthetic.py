"""Synthetic tasks: texts in which the answer to some characters lies far back.

Each function writes a text from a seed, and says for every character how uncertain it was. It marks
the characters whose answer lies far back, and says how much more they cost a model that has
forgotten the answer. `KnownText` in `writer.py` defines these figures.

Most functions choose string by string and leave the entropies to the writer. `echo` and `recall`
draw all letters at once. That is fast enough to give a training new lines at each update.
"""

import math
from collections import Counter

import numpy as np

from charlstm.errors import UserError
from charlstm.text.writer import KnownText, Seed, Writer, check_letters, check_sizes, entropy

BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
SINGULAR = {"cloud": "it", "king": "he", "queen": "she", "tree": "it", "sister": "she", "boy": "he"}
PLURAL = ("clouds", "kings", "queens", "trees", "sisters", "boys")
PLACES = ("near", "under", "behind", "before")
ADVERBS = ("now", "often", "still")
STATES = ("tired", "old", "proud", "low")


def brackets(
    length: int, kinds: int = 3, depth: int = 8, opening: float = 0.5, seed: Seed = 0
) -> KnownText:
    """Write balanced brackets: each opening bracket decides what kind its closing bracket has.

    If no bracket is open, one opens. If `depth` brackets are open, one closes. Otherwise one opens
    with chance `opening`. Closing brackets are marked. It is uncertain whether a bracket closes,
    but its kind is certain. After `length` characters the text goes on until all brackets are
    closed. The entropies are for a reader who does not know `length`.

    Args:
        length: characters, at least 1.
        kinds: of brackets, 1 to 4.
        depth: the largest number of brackets that are open at the same time.
        opening: chance that another bracket opens inside an open one.
        seed: of the text.

    Example:
        >>> brackets(10, kinds=2, seed=1).text
        '[]()([][]())'
    """
    check_sizes(length=(length, 1), kinds=(kinds, 1), depth=(depth, 1))
    if kinds > len(BRACKETS) or not 0 <= opening <= 1:
        raise UserError(f"brackets: kinds is at most {len(BRACKETS)}, opening from 0 to 1")
    writer = Writer(seed)
    closers = ""  # the closing brackets that the open ones wait for, the next one last
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
    lines: int, lag: int = 10, size: int = 3, letters: str = "abcdefgh", seed: Seed = 0
) -> KnownText:
    r"""Write lines of letters, a pause, and the same letters again.

    This is the copy task of Hochreiter & Schmidhuber 1997, in the form that Graves, Wayne &
    Danihelka 2014 gave it.

    Args:
        lines: at least 1.
        lag: characters between the end of the letters and the beginning of their copy.
        size: number of letters to remember.
        letters: letters to choose from, without ".", "?" and line ends.
        seed: of the text.

    Example:
        >>> copy(1, lag=5).text
        'fca....?fca\n'
    """
    check_sizes(lines=(lines, 1), lag=(lag, 1), size=(size, 1))
    check_letters(letters, 1, reserved=".?\n")
    writer = Writer(seed)
    for _ in range(lines):
        seen = [writer.choose(dict.fromkeys(letters, 1 / len(letters))) for _ in range(size)]
        writer.choose({"." * (lag - 1) + "?": 1.0})
        for letter in seen:
            writer.choose({letter: 1.0}, mark=letter)
        writer.choose({"\n": 1.0})
    return writer.finish(chance=math.log(len(letters)))


def echo(
    length: int, lag: int = 3, share: float = 0.95, letters: str = "abcd", seed: Seed = 0
) -> KnownText:
    """Write letters that mostly repeat the one `lag` places before.

    Each letter is a repetition with chance `share`. Otherwise it is drawn, and all letters are
    equally likely. All characters after the first `lag` are marked.

    Args:
        length: characters, at least 1.
        lag: how far back the repeated letter is, at least 1.
        share: chance of a repetition.
        letters: to draw from.
        seed: of the text.

    Example:
        >>> echo(40, lag=3).text
        'dccdccaacaacaacaacaacaacaacaacaacaacaaca'
    """
    check_sizes(length=(length, 1), lag=(lag, 1))
    check_letters(letters, 1)
    if not 0 <= share <= 1:
        raise UserError(f"echo: share is {share}; it must be from 0 to 1")
    rng = np.random.default_rng(seed)
    size = len(letters)
    ids = rng.integers(size, size=length)
    repeats = rng.random(length) < share
    for place in np.flatnonzero(repeats):
        if place >= lag:
            ids[place] = ids[place - lag]
    marked = np.arange(length) >= lag
    drawn = (1 - share) / size  # the chance of each letter that is not repeated
    remembered = entropy([share + drawn, *[drawn] * (size - 1)])
    text = "".join(letters[i] for i in ids)
    known = np.where(marked, remembered, math.log(size))
    return KnownText(text, known, marked, chance=math.log(size) - remembered)


def recall(
    lines: int, lag: int = 10, symbols: str = "ABCD", distractors: str = "wxyz", seed: Seed = 0
) -> KnownText:
    r"""Write lines of a symbol, `lag` distractors, "?" and the symbol again.

    This is latch and recall, after the problems of Bengio, Simard & Frasconi 1994. All lines have
    the same length, so their ids fit into a table with one row for each line.

    Args:
        lines: at least 1.
        lag: number of distractors between the symbol and the question mark.
        symbols: letters, one for a line to remember; a guess is right with chance 1 / len(symbols).
        distractors: letters that mean nothing.
        seed: of the text.

    Example:
        >>> recall(2, lag=5).text
        'Dyxxww?D\nCwwzyz?C\n'
    """
    check_sizes(lines=(lines, 1), lag=(lag, 0))
    check_letters(symbols, 1, reserved="?\n")
    check_letters(distractors, 1, reserved="?\n")
    rng = np.random.default_rng(seed)
    first = rng.integers(len(symbols), size=lines)
    between = rng.integers(len(distractors), size=(lines, lag))
    text = "".join(
        symbols[symbol] + "".join(distractors[i] for i in row) + "?" + symbols[symbol] + "\n"
        for symbol, row in zip(first, between, strict=True)
    )
    known = [math.log(len(symbols)), *[math.log(len(distractors))] * lag, 0.0, 0.0, 0.0]
    marked = np.arange(lag + 4) == lag + 2  # the answer, the second last character
    return KnownText(
        text, np.tile(known, lines), np.tile(marked, lines), chance=math.log(len(symbols))
    )


def adding(lines: int, lag: int = 10, seed: Seed = 0) -> KnownText:
    r"""Write lines of `lag` digits, two of them after a "+", and the last digit of their sum.

    This is the adding problem of Hochreiter & Schmidhuber 1997, with digits in place of numbers.
    One "+" stands in the first half and one in the second. All places of a half are equally likely.

    Args:
        lines: at least 1.
        lag: digits in a line, at least 2.
        seed: of the text.

    Example:
        >>> adding(1, lag=6).text
        '4+0078+7=7\n'
    """
    check_sizes(lines=(lines, 1), lag=(lag, 2))
    writer = Writer(seed)
    digits = "0123456789"
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


def agreement(sentences: int, distance: int = 6, seed: Seed = 0) -> KnownText:
    r"""Write English-like sentences whose verb and pronoun agree with a subject some words back.

    `distance` words stand between the subject and the verb. Some of them are nouns, singular or
    plural, that may mislead a reader (Linzen, Dupoux & Goldberg 2016). The first letters of the
    verb (is or are) and of the pronoun (he, she, it or they) are marked. `chance` is the mean cost
    of two guesses: the verb, and later the pronoun. By then the verb has shown whether the subject
    is singular.

    Args:
        sentences: number of sentences, one on each line.
        distance: words between the subject and the verb.
        seed: of the text.

    Example:
        >>> agreement(1, distance=4).text
        'the tree near the cloud still is proud because it is low.\n'
    """
    check_sizes(sentences=(sentences, 1), distance=(distance, 0))
    writer = Writer(seed)
    nouns = [f"{noun} " for noun in (*SINGULAR, *PLURAL)]
    for _ in range(sentences):
        writer.choose({"the ": 1.0})
        subject = writer.choose_evenly(nouns).strip()
        for _ in range(distance // 3):
            writer.choose_evenly([f"{place} the " for place in PLACES])
            writer.choose_evenly(nouns)
        for _ in range(distance % 3):
            writer.choose_evenly([f"{adverb} " for adverb in ADVERBS])
        verb = "is" if subject in SINGULAR else "are"
        pronoun = SINGULAR.get(subject, "they")
        writer.choose({f"{verb} ": 1.0}, mark=verb[0])
        writer.choose_evenly([f"{state} because " for state in STATES])
        writer.choose({f"{pronoun} ": 1.0}, mark=pronoun[0])
        writer.choose({f"{verb} ": 1.0})
        writer.choose_evenly([f"{state}.\n" for state in STATES])
    single = len(SINGULAR) / len(nouns)
    verb_nats = entropy([single, 1 - single])
    # after "are" the pronoun is certain
    pronoun_nats = single * entropy(Counter(SINGULAR.values()).values())
    return writer.finish(chance=(verb_nats + pronoun_nats) / 2)
