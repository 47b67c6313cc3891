"""Pairs of texts: a source, and the one target that is right.

Most functions make pairs from a seed by a rule, so the right target of any source is known, of one
that no network has seen, too. `read_pairs` takes pairs from a file of your own.
"""

import codecs
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from charlstm.errors import UserError, unreadable
from charlstm.text.writer import Seed, check_letters, check_sizes

Pair = tuple[str, str]

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST_DAY = date(1900, 1, 1)
DAYS = (date(2100, 1, 1) - FIRST_DAY).days
SPELLINGS: tuple[Callable[[date], str], ...] = (
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{d.day} {MONTHS[d.month - 1][:3].upper()} {d.year}",
    lambda d: f"{MONTHS[d.month - 1][:3]} {d.day} {d.year}",
    lambda d: f"the {ordinal(d.day)} of {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()]}, {d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{d.day}.{d.month}.{d.year}",
    lambda d: f"{d.year}/{d.month}/{d.day}",
)
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ONSETS = ("", "b", "d", "k", "l", "m", "n", "p", "s", "t", "br", "ch", "gl", "pr", "st", "str")
VOWELS = "aeiou"


def dates(pairs: int, seed: Seed = 0) -> list[Pair]:
    """Return days of 1900 to 2099, each in one of eight spellings, and as ISO 8601 writes them.

    Args:
        pairs: how many, at least 1. All days and all spellings are equally likely.
        seed: of the pairs.

    Example:
        >>> for pair in dates(3, seed=3):
        ...     print(pair)
        ('20 April 2062', '2062-04-20')
        ('November 21, 1935', '1935-11-21')
        ('10.4.1936', '1936-04-10')
    """
    check_sizes(pairs=(pairs, 1))
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(pairs):
        day = FIRST_DAY + timedelta(days=int(rng.integers(DAYS)))
        made.append((SPELLINGS[rng.integers(len(SPELLINGS))](day), day.isoformat()))
    return made


def ordinal(number: int) -> str:
    """Return a number from 0 to 99 as a place in a row.

    Raises:
        UserError: the number is not whole, or out of its range.

    Example:
        >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 22)]
        ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '22nd']
    """
    check_sizes(number=(number, 0, 99))
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number // 10 == 1 else ends.get(number % 10, 'th')}"


def numbers(pairs: int, digits: int = 6, seed: Seed = 0) -> list[Pair]:
    """Return whole numbers in words, and in digits.

    Args:
        pairs: how many, at least 1. Numbers of 1 to `digits` digits are equally likely.
        digits: most digits of a number, 1 to 6.
        seed: of the pairs.

    Example:
        >>> numbers(2, seed=3)
        [('seventeen thousand seven hundred and eight', '17708'), ('thirty-one', '31')]
    """
    check_sizes(pairs=(pairs, 1), digits=(digits, 1, 6))
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(pairs):
        size = int(rng.integers(digits))
        number = int(rng.integers(10**size if size else 0, 10 ** (size + 1)))
        made.append((in_words(number), str(number)))
    return made


def in_words(number: int) -> str:
    """Return a number from 0 to 999,999 in words, as British English has it.

    Raises:
        UserError: the number is not whole, or out of its range.

    Example:
        >>> in_words(40_012)
        'forty thousand and twelve'
    """
    check_sizes(number=(number, 0, 999_999))
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        rest = f" and {in_words(number % 100)}" if number % 100 else ""
        return f"{ONES[number // 100]} hundred{rest}"
    below = number % 1000
    join = " and " if 0 < below < 100 else " " if below else ""
    return f"{in_words(number // 1000)} thousand{join}{in_words(below) if below else ''}"


def reversing(
    pairs: int, least: int = 2, most: int = 12, letters: str = LETTERS, seed: Seed = 0
) -> list[Pair]:
    """Return rows of letters, and the same rows from their end to their beginning.

    Args:
        pairs: how many, at least 1.
        least: fewest letters of a source, at least 1. All lengths are equally likely.
        most: most letters of a source.
        letters: to draw from.
        seed: of the pairs.

    Example:
        >>> reversing(2, most=5)
        [('nhibb', 'bbihn'), ('aevq', 'qvea')]
    """
    return [(row, row[::-1]) for row in _rows(pairs, least, most, letters, seed)]


def sorting(
    pairs: int, least: int = 2, most: int = 12, letters: str = LETTERS, seed: Seed = 0
) -> list[Pair]:
    """Return rows of letters, and the same letters in the order of their code points.

    Args:
        pairs: how many, at least 1.
        least: fewest letters of a source, at least 1. All lengths are equally likely.
        most: most letters of a source.
        letters: to draw from.
        seed: of the pairs.

    Example:
        >>> sorting(2, most=5)
        [('nhibb', 'bbhin'), ('aevq', 'aeqv')]
    """
    return [(row, "".join(sorted(row))) for row in _rows(pairs, least, most, letters, seed)]


def pig_latin(pairs: int, least: int = 1, most: int = 4, seed: Seed = 0) -> list[Pair]:
    """Return invented words, and the same in pig latin.

    The consonants before the first vowel move to the end, and "ay" follows. A word that begins with
    a vowel gets "way".

    Args:
        pairs: how many, at least 1.
        least: fewest syllables of a word, at least 1. All numbers are equally likely.
        most: most syllables of a word.
        seed: of the pairs.

    Example:
        >>> pig_latin(3, seed=49)
        [('mu', 'umay'), ('esosto', 'esostoway'), ('iglestra', 'iglestraway')]
    """
    _check_lengths(pairs, least, most)
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(pairs):
        syllables = int(rng.integers(least, most + 1))
        word = "".join(
            ONSETS[rng.integers(len(ONSETS))] + VOWELS[rng.integers(len(VOWELS))]
            for _ in range(syllables)
        )
        rest = word.lstrip("".join(set(LETTERS) - set(VOWELS)))
        moved = word[: len(word) - len(rest)]
        made.append((word, f"{rest}{moved or 'w'}ay"))
    return made


def unseen(pairs: Sequence[Pair], seen: Sequence[Pair]) -> list[Pair]:
    """Return those pairs whose source is not among the sources in `seen`.

    Example:
        >>> unseen([("ab", "ba"), ("abc", "cba")], [("ab", "ba")])
        [('abc', 'cba')]
    """
    sources = {source for source, _ in seen}
    return [pair for pair in pairs if pair[0] not in sources]


def read_pairs(path: Path | str) -> list[Pair]:
    r"""Return the pairs in a file: on each line a source, a tab, and its target, in UTF-8.

    Empty lines are left out. A line may end as on Linux, on Windows, or on an old Mac.

    Raises:
        UserError: the file cannot be read, a line is not a pair, or there is none. The message
            names the file and the line.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "mine.tsv"
        ...     _ = path.write_text("ab\tba\nabc\tcba\n")
        ...     read_pairs(path)
        [('ab', 'ba'), ('abc', 'cba')]
    """
    path = Path(path)
    advice = "give a file that has a source, a tab and a target on each line"
    try:
        content = path.read_bytes().removeprefix(codecs.BOM_UTF8)  # Windows may put it there
    except OSError as error:
        raise unreadable(path, error, advice) from None
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {number}: not UTF-8; save the file as UTF-8") from None
    if "\0" in text:
        number = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(
            f"{path}, line {number}: it has the character U+0000, as UTF-16 has; save the file as"
            " UTF-8"
        )
    pairs = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        sides = line.split("\t")
        if len(sides) != 2:
            raise UserError(f"{path}, line {number}: {len(sides) - 1} tabs; there must be one")
        if not all(sides):
            raise UserError(
                f"{path}, line {number}: the {'target' if sides[0] else 'source'} is empty; write"
                " one, or remove the line"
            )
        pairs.append((sides[0], sides[1]))
    if not pairs:
        raise UserError(f"{path}: no pairs; {advice}")
    return pairs


def check_pairs(pairs: Sequence[Pair]) -> None:
    """Refuse what is no list of pairs.

    Raises:
        UserError: they are no list, there is no pair, or one is not two texts.

    Example:
        >>> check_pairs([("ab", "ba"), "ab"])
        Traceback (most recent call last):
        charlstm.errors.UserError: pair 1 is 'ab'; it must be two texts, a source and its target
    """
    if not isinstance(pairs, Sequence):
        raise UserError(f"pairs is {pairs!r}; it must be a list of pairs; list(...) makes one")
    if not pairs:
        raise UserError("pairs: there are none; give at least one source with its target")
    for n, pair in enumerate(pairs):
        two = isinstance(pair, tuple | list) and len(pair) == 2
        if not two or not all(isinstance(side, str) for side in pair):
            raise UserError(f"pair {n} is {pair!r}; it must be two texts, a source and its target")


def _rows(pairs: int, least: int, most: int, letters: str, seed: Seed) -> list[str]:
    _check_lengths(pairs, least, most)
    check_letters(letters, 1)
    rng = np.random.default_rng(seed)
    sizes = rng.integers(least, most + 1, size=pairs)
    return ["".join(letters[k] for k in rng.integers(len(letters), size=size)) for size in sizes]


def _check_lengths(pairs: int, least: int, most: int) -> None:
    check_sizes(pairs=(pairs, 1), least=(least, 1), most=(most, 1))
    if most < least:
        raise UserError(f"most is {most}; it must be at least {least}, which is least")
