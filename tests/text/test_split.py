"""Lines and blocks that are drawn for validation cover the text, and equal ones stay together."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.text.split import BLOCK, LONGEST_BLOCK, blocks, draw, lines, parts

SPLITS = st.sampled_from([(0.9, 0.1), (0.8, 0.1), (0.5, 0.5), (0.3, 0.3)])
UNITS = {"line": lines, "block": blocks}
# lists of items, with repeats, all line ends, and lines of white space only
LISTS = st.lists(
    st.tuples(st.sampled_from(["Ada", "Bo", "Cy", "Di"]), st.sampled_from(["\n", "\r\n", "\r"])),
    max_size=40,
).map(lambda pairs: "".join(map("".join, pairs)))
TEXTS = LISTS | st.text("ab \t\r\n\u2028\x0b€", max_size=60)
LONG = st.lists(st.integers(0, 3000), max_size=12).map(
    lambda sizes: "\n".join("abcdefg "[k % 8] * size for k, size in enumerate(sizes))
)


@given(TEXTS | LONG)
def test_lines_and_blocks_cover_a_text(text):
    for units in UNITS.values():
        assert "".join(units(text)) == text


@given(TEXTS)
def test_a_line_is_one_item_and_empty_lines_belong_to_it(text):
    for line in itertools.islice(lines(text), 1, None):  # the first may be empty
        first, *others = line.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert first.strip()
        assert not "".join(others).strip()


@given(LONG)
def test_blocks_are_long_enough_and_end_with_a_line_where_one_ends(text):
    *found, _ = [*blocks(text), ""]
    for block in found[:-1]:
        assert BLOCK <= len(block) <= LONGEST_BLOCK
        assert block.endswith("\n") or len(block) == BLOCK


def parts_of(text, split, unit):
    drawn, train, validation = draw(text, split, unit)
    return drawn[:train], drawn[train:validation], drawn[validation:]


@given(TEXTS | LONG, SPLITS, st.sampled_from([*UNITS]))
def test_each_unit_of_the_text_is_in_one_part(text, split, unit):
    found = parts_of(text, split, unit)
    more = Counter("".join(found))
    more.subtract(text)
    added = {"\n": 1} if unit == "line" and not text.endswith(("\n", "\r")) else {}
    assert +more in (Counter(), Counter(added))  # what is moved ends its line
    assert not -more
    wanted = {name: where.stop - where.start for name, where in parts(len(text), split).items()}
    assert len(found[1]) <= wanted["validation"]
    assert len(found[2]) <= wanted["test"]
    assert parts_of(text, split, unit) == found  # the same at each reading


@given(LISTS, SPLITS)
def test_no_line_of_training_is_in_validation_or_test(text, split):
    train, validation, test = ({*part.split()} for part in parts_of(text, split, "line"))
    assert not train & validation
    assert not train & test
    assert not validation & test


@given(LISTS, SPLITS)
def test_each_part_keeps_the_order_of_the_text(text, split):
    items = text.split()
    for part in parts_of(text, split, "line"):
        kept = {*part.split()}
        assert part.split() == [item for item in items if item in kept]


def test_a_sorted_list_is_drawn_from_all_over():
    names = [f"{a}{b}{c}" for a, b, c in itertools.product("abcdefghij", repeat=3)]
    train, validation, test = parts_of("\n".join(names) + "\n", (0.8, 0.1), "line")
    assert (len(train.split()), len(validation.split()), len(test.split())) == (800, 100, 100)
    assert {name[0] for name in validation.split()} == {*"abcdefghij"}


def test_a_list_that_grows_keeps_its_lines_where_they_were():
    names = [f"{a}{b}{c}" for a, b, c in itertools.product("abcdefghij", repeat=3)]
    before, after = (
        {*parts_of("\n".join(names[:count]) + "\n", (0.9, 0.1), "line")[1].split()}
        for count in (900, 1000)
    )
    assert len(before & after) >= 0.9 * len(before)


def test_a_line_too_frequent_for_validation_stays_in_training():
    text = "Enter\n" * 50 + "".join(f"line {k:02}\n" for k in range(50))
    train, validation, _ = parts_of(text, (0.9, 0.1), "line")
    assert train.count("Enter") == 50
    assert len(validation) >= 0.09 * len(text)


@pytest.mark.parametrize("unit", [*UNITS])
def test_long_texts_are_quick(unit):
    text = "x" * 2_000_000 + "\n" * 1_000_000 + " " * 1_000_000
    assert len(draw(text, (0.9, 0.1), unit)[0]) == len(text)


def test_what_was_drawn_once_is_drawn_for_ever():
    """A model file remembers only how a text was cut, so another order would mix its parts up."""
    names = "".join(f"name {k}\n" for k in range(40))
    assert parts_of(names, (0.9, 0.1), "line")[1] == "name 9\nname 12\nname 32\nname 38\n"


@given(st.lists(st.text("ab", min_size=1, max_size=4), min_size=30, max_size=60))
def test_lines_stay_lines_also_where_the_last_one_has_no_end(items):
    text = "\n".join(items)
    drawn, train, validation = draw(text, (0.6, 0.3), "line")
    assert sorted(drawn.splitlines()) == sorted(items)
    for part in (drawn[:train], drawn[train:validation]):
        assert part.endswith("\n") or part in ("", drawn)
