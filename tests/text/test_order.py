"""Texts whose end is unlike the rest are told, and no others.

The bounds in `order.py` come from texts of these kinds.
"""

import random

import pytest

from charlstm.text.corpus import read_corpus
from charlstm.text.order import APART, LEAST, MOST, end_apart, told_of_end
from charlstm.text.registry import SHIPPED, corpus_folder, registry

SYLLABLES = [a + b for a in "bdfghklmnprst" for b in "aeiou"]


def names(count, seed=0):
    draw = random.Random(seed)
    return ["".join(draw.choices(SYLLABLES, k=draw.randint(2, 3))) for _ in range(count)]


@pytest.mark.parametrize("count", [500, 3000])
@pytest.mark.parametrize("seed", range(5))
def test_a_sorted_list_is_told_and_a_shuffled_one_is_not(count, seed):
    found = names(count, seed)
    assert told_of_end("\n".join(found)) == ""
    told = told_of_end("\n".join(sorted(found)))
    assert "the last tenth is unlike the rest" in told
    assert "split_by='line'" in told


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_texts_are_silent(name):
    assert told_of_end(read_corpus(name).text) == ""


@pytest.mark.parametrize("name", registry())
def test_the_named_texts_are_silent(name):
    if not (corpus_folder() / registry()[name].file).exists():
        pytest.skip(f"{name} is not here")
    assert told_of_end(read_corpus(name).text) == ""


@pytest.mark.parametrize("length", [1000, 4000])
def test_a_short_piece_of_prose_is_silent_though_chance_sets_its_end_apart(length):
    text = str(read_corpus("tales").text)
    pieces = [text[k * length : (k + 1) * length] for k in range(50)]
    assert max(map(end_apart, pieces)) > APART  # so a long text of it would be told
    assert [piece for piece in pieces if told_of_end(piece)] == []


def test_a_long_text_is_looked_at_all_over():
    found = names(MOST // 4)
    assert len("\n".join(found)) > MOST
    assert end_apart("\n".join(found)) < 0.05
    assert end_apart("\n".join(sorted(found))) > 0.5


@pytest.mark.parametrize("text", ["", "a", "\n" * 5000, "x" * 5000, "a\n" * 2000])
def test_a_text_without_lines_to_draw_is_silent(text):
    assert told_of_end(text) == ""


def test_a_short_text_is_silent():
    assert end_apart("\n".join(sorted(names(2000)))[: LEAST - 1]) == 0
