"""Pairs of texts: their targets are right, and a file without pairs is refused by its line."""

import itertools
import re
from collections import Counter
from datetime import date, timedelta

import pytest

from charlstm.errors import UserError
from charlstm.text import pairs

MADE = {
    "dates": pairs.dates,
    "numbers": pairs.numbers,
    "reversing": pairs.reversing,
    "sorting": pairs.sorting,
    "pig latin": pairs.pig_latin,
}
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def read_date(text):
    """Read a date in any of the spellings, by other means than they were written with."""
    words = re.findall(r"[a-z]+|\d+", text.lower())
    weekday = words.pop(0) if words[0].endswith("day") else None
    months = [MONTHS.index(w[:3]) + 1 for w in words if w[:3] in MONTHS]
    counts = [int(w) for w in words if w.isdigit()]
    if months:
        (month,) = months
        day, year = counts
    elif "/" in text:
        year, month, day = counts
    else:
        day, month, year = counts
    found = date(year, month, day)
    assert weekday in (None, found.strftime("%A").lower())
    return found


def test_dates_are_the_days_that_they_name_in_eight_spellings():
    made = pairs.dates(2000, seed=1)
    for source, target in made:
        assert read_date(source).isoformat() == target
    shapes = Counter(re.sub(r"[a-z]+", "a", re.sub(r"\d+", "0", s.lower())) for s, _ in made)
    assert set(shapes) == {
        "0 a 0", "a 0, 0", "a 0 0", "a 0a a a 0", "a, 0 a 0", "0.0.0", "0/0/0",
    }  # fmt: skip
    assert sum(s.upper() == s for s, _ in made if re.search("[A-Z]", s)) > 200
    years = [int(target[:4]) for _, target in made]
    assert 1900 <= min(years) < 1905
    assert 2095 < max(years) <= 2099
    assert pairs.FIRST_DAY + timedelta(pairs.DAYS - 1) == date(2099, 12, 31)


def test_ordinals_below_a_hundred():
    assert [n for n in range(100) if pairs.ordinal(n).endswith("st")] == [1, *range(21, 100, 10)]
    assert [n for n in range(100) if pairs.ordinal(n).endswith("nd")] == [2, *range(22, 100, 10)]
    assert [n for n in range(100) if pairs.ordinal(n).endswith("rd")] == [3, *range(23, 100, 10)]


def read_number(words):
    value = {word: n for n, word in enumerate(pairs.ONES)}
    value |= {word: 20 + 10 * n for n, word in enumerate(pairs.TENS)}
    total = part = 0
    for word in words.replace("-", " ").split():
        if word == "hundred":
            part *= 100
        elif word == "thousand":
            total, part = part * 1000, 0
        elif word != "and":
            part += value[word]
    return total + part


def test_numbers_in_words_are_the_numbers():
    for number in [*range(2100), *range(0, 1_000_000, 997), 100_000, 100_001, 999_999]:
        assert read_number(pairs.in_words(number)) == number
    assert pairs.in_words(0) == "zero"
    assert pairs.in_words(200_015) == "two hundred thousand and fifteen"
    assert pairs.in_words(342_100) == "three hundred and forty-two thousand one hundred"
    made = pairs.numbers(3000, digits=3)
    assert all(pairs.in_words(int(target)) == source for source, target in made)
    sizes = Counter(len(target) for _, target in made)
    assert set(sizes) == {1, 2, 3}
    assert min(sizes.values()) > 900
    assert ("zero", "0") in made


@pytest.mark.parametrize("make", [pairs.reversing, pairs.sorting])
def test_rows_have_all_lengths_alike_and_their_targets_are_right(make):
    made = make(1000, least=3, most=6, letters="abz")
    sizes = Counter(len(source) for source, _ in made)
    assert set(sizes) == {3, 4, 5, 6}
    assert min(sizes.values()) > 200
    for source, target in made:
        assert set(source) <= set("abz")
        if make is pairs.reversing:
            assert [*target] == [*reversed(source)]
        else:
            assert Counter(source) == Counter(target)
            assert all(a <= b for a, b in itertools.pairwise(target))


def test_pig_latin_moves_the_first_consonants():
    made = pairs.pig_latin(500, least=2, most=3)
    for source, target in made:
        start, rest = re.fullmatch("([^aeiou]*)(.*)", source).groups()
        assert target == (rest + start + "ay" if start else source + "way")
        assert 2 <= len(re.findall("[aeiou]", source)) <= 3
    assert any(source[0] in "aeiou" for source, _ in made)
    assert any(source.startswith("str") for source, _ in made)


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_a_seed_repeats_its_pairs_and_another_makes_others(make):
    assert make(20, seed=3) == make(20, seed=3) != make(20, seed=4)
    assert len(make(20)) == 20


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_too_few_pairs_are_refused(make):
    with pytest.raises(UserError, match="pairs is 0; it must be at least 1"):
        make(0)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: pairs.numbers(1, digits=7), "digits is 7; it must be from 1 to 6"),
        (lambda: pairs.numbers(1, digits=0), "digits is 0; it must be from 1 to 6"),
        (lambda: pairs.numbers(1, 2.5), "digits is 2.5; it must be a whole number from 1 to 6"),
        (lambda: pairs.dates(2.5), "pairs is 2.5; it must be a whole number of at least 1"),
        (lambda: pairs.sorting(1, most=2.5), "most is 2.5; it must be a whole number"),
        (lambda: pairs.in_words(-5), "number is -5; it must be from 0 to 999999"),
        (lambda: pairs.in_words(10**12), "number is 1000000000000; it must be from 0 to 999999"),
        (lambda: pairs.in_words(2.5), "number is 2.5; it must be a whole number from 0 to"),
        (lambda: pairs.ordinal(112), "number is 112; it must be from 0 to 99"),
        (lambda: pairs.check_pairs([]), "pairs: there are none"),
        (
            lambda: pairs.check_pairs([("a", "b"), ("a", 1)]),
            r"pair 1 is \('a', 1\); it must be two",
        ),
        (lambda: pairs.reversing(1, least=0), "least is 0; it must be at least 1"),
        (lambda: pairs.sorting(1, least=4, most=3), "most is 3; it must be at least 4"),
        (lambda: pairs.pig_latin(1, least=4, most=3), "most is 3; it must be at least 4"),
        (lambda: pairs.sorting(1, letters="aba"), "'aba'"),
    ],
)
def test_sizes_out_of_range_are_refused(call, told):
    with pytest.raises(UserError, match=told):
        call()


def test_unseen_leaves_out_a_source_that_was_seen_with_any_target():
    assert pairs.unseen([("a", "b"), ("c", "d")], [("a", "x"), ("d", "c")]) == [("c", "d")]


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_of_pairs_is_read(tmp_path, start, end):
    path = tmp_path / "mine.tsv"
    path.write_bytes(f"{start}für\tfor{end}{end}a b\tc  d".encode())
    assert pairs.read_pairs(path) == [("für", "for"), ("a b", "c  d")]
    assert pairs.read_pairs(str(path)) == pairs.read_pairs(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a\tb\n\nc d\n", "mine.tsv, line 3: 0 tabs; there must be one"),
        (b"a\tb\tc\n", "mine.tsv, line 1: 2 tabs; there must be one"),
        (b"a\tb\n\td\n", "mine.tsv, line 2: the source is empty"),
        (b"a\tb\nc\t\n", "mine.tsv, line 2: the target is empty"),
        (b"a\tb\nc\t\xff\n", "mine.tsv, line 2: not UTF-8"),
        (b"\xef\xbb\xbfa\tb\nc\xff\t\n", "mine.tsv, line 2: not UTF-8"),
        (b"\xef\xbb\xbfa\tb\n\xff\tc\n", "mine.tsv, line 2: not UTF-8"),
        (b"a\tb\rc\td\re\xff\t\r", "mine.tsv, line 3: not UTF-8"),
        (b"a\tb\r\nc\td\r\ne\xff\t\r\n", "mine.tsv, line 3: not UTF-8"),
        ("a\tb\n".encode("utf-16-le"), r"line 1: it has .* U\+0000, as UTF-16 has; save .* UTF-8"),
        (b"a\tb\nc\t\0\n", r"mine.tsv, line 2: it has .* U\+0000"),
        (b"\n\n", "mine.tsv: no pairs; give a file"),
    ],
)
def test_a_file_without_pairs_is_refused_by_its_line(tmp_path, content, told):
    (tmp_path / "mine.tsv").write_bytes(content)
    with pytest.raises(UserError, match=told) as refused:
        pairs.read_pairs(tmp_path / "mine.tsv")
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none.tsv: no such file.*; give a file that has a source"):
        pairs.read_pairs(tmp_path / "none.tsv")
    with pytest.raises(UserError, match="directory"):
        pairs.read_pairs(tmp_path)
