"""A long text costs as much at its end as at its beginning, and its states stay finite.

`CHARACTERS=200000 python -m pytest -s -m slow tests/sampling/test_long_text.py` writes texts of
that length, and prints how many characters a second the first and the last tenth of each took.
"""

import itertools
import os
import time
import tracemalloc

import numpy as np
import pytest
from small import CELLS, randomize

from charlstm.model.checkpoint import Checkpoint, find_model
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, SampleOptions
from charlstm.sampling.sampler import Sampler, generate, generate_many
from charlstm.sampling.stop import end_before
from charlstm.text.corpus import read_corpus
from charlstm.text.novelty import novelty
from charlstm.text.vocabulary import Vocabulary

LENGTH = int(os.environ.get("CHARACTERS", "2000"))
LETTERS = Vocabulary("\nabcdefghij")
FLAT = 20_000  # bytes; a byte for each character would be more in the long form
pytestmark = pytest.mark.slow


def built(cell, size):
    options = ModelOptions(cell, 2, hidden_size=24, embedding_size=7)
    model = randomize(CharModel(options, len(LETTERS)), size=size or 0.4)
    if not size:  # all gates are open: c grows by one at each step, where nothing bounds it
        for layer in model.layers:
            layer.bias_ih.data[:] = 1000
            if cell == "peephole":
                layer.weight_peephole.data.abs_()
    return Sampler(Checkpoint(options, LETTERS, model.to_arrays()))


def write(name, sampler, texts, each=0):
    """Write to the end; hold the states and the memory against what they may be.

    The memory may grow by `each` bytes a character.
    """
    newest = []
    step = sampler.step

    def watched(ids, state):
        newest[:] = step(ids, state)
        return newest

    sampler.step = watched
    speeds, memory = [], []
    for tenth in range(10):
        if tenth == 1:
            tracemalloc.start()  # not while the speed is measured
        started = time.perf_counter()
        assert sum(1 for _ in itertools.islice(texts, LENGTH // 10)) == LENGTH // 10
        speeds.append(LENGTH / 10 / (time.perf_counter() - started))
        logits, state = newest
        assert all(np.isfinite(part).all() for part in [logits, *itertools.chain(*state)])
        if 0 < tenth < 9:
            memory.append(tracemalloc.get_traced_memory()[0])
        if tenth == 8:
            tracemalloc.stop()
    assert (
        memory[-1] - memory[1] < FLAT + each * LENGTH
    )  # what the first run of a test imports is no growth
    first, last = speeds[0], speeds[-1]
    print(f"{name}: {first:,.0f} characters a second, at the end {last:,.0f}; memory {memory}")
    return state


@pytest.mark.parametrize("temperature", [0.0, 0.8, 1.5])
@pytest.mark.parametrize("size", [0.4, 20.0, None])
@pytest.mark.parametrize("cell", list(CELLS))
def test_states_of_a_long_text_are_finite_and_memory_is_flat(cell, size, temperature):
    sampler = built(cell, size)
    options = SampleOptions(length=LENGTH, temperature=temperature, seed=1)
    state = write(f"{cell}, {size}, {temperature}", sampler, generate(sampler, "", options, 1))
    if size is None and cell in ("lstm", "peephole"):
        assert state[0][1].max() > 0.9 * LENGTH  # it has grown


@pytest.mark.parametrize("temperature", [0.0, 0.8, 1.5])
@pytest.mark.parametrize("name", ["tinyshakespeare", "tales"])
def test_the_shipped_models_write_long_texts(name, temperature):
    sampler = Sampler(Checkpoint.load(find_model(name)))
    options = SampleOptions(length=LENGTH, temperature=temperature, seed=1)
    write(f"{name}, {temperature}", sampler, generate(sampler, "", options))


@pytest.mark.parametrize(
    ("options", "each"),
    [
        ({"min_p": 0.05, "temperature_in_words": 0.3}, 0),
        ({"temperature": 0.3, "no_repeat": 15}, 130),
        ({"no_copy": 12}, 0),
    ],
    ids=str,
)
def test_options_of_a_long_text_keep_its_speed(options, each):
    """`no_repeat` remembers each run, in so many bytes; nothing else grows."""
    sampler = Sampler(Checkpoint.load(find_model("tales")))
    options = SampleOptions(length=LENGTH, seed=1, **options)
    tales = read_corpus("tales").text
    write(f"{options}", sampler, generate(sampler, "", options, 1, tales), each)


def test_several_long_texts_and_a_long_text_to_stop_before():
    sampler = built("lstm", 0.4)
    options = SampleOptions(length=LENGTH, seed=1, stop="a" * 1000)
    write("5 at once, a stop text of 1,000", sampler, generate_many(sampler, 5, "", options, 1))


def test_what_is_held_back_is_no_longer_than_the_text_to_stop_before():
    """Every character may begin that text, and after each a long start of it has to be given up."""
    tail = "a" * 999
    speeds = []
    given = end_before(tail + "b", (["a"] for _ in range(LENGTH)), 1)
    for written in range(LENGTH):
        if written % (LENGTH // 10) == 0:
            speeds.append(time.perf_counter())
        (piece,) = next(given)
        assert len(piece) == (written >= len(tail))
    print(*(f"{LENGTH / 10 / (b - a):,.0f}" for a, b in itertools.pairwise(speeds)))
    assert next(given) == [tail]


def test_a_long_text_that_repeats_itself_is_compared_in_memory_that_its_length_bounds():
    text = "the same again, and " * (LENGTH // 20)
    tracemalloc.start()
    started = time.perf_counter()
    found = novelty(text, text[: LENGTH // 2])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found.longest) == LENGTH // 2 - LENGTH // 2 % 20 or found.copied[100] == 1
    print(f"novelty: {time.perf_counter() - started:.1f} s, {most / len(text):.0f} bytes each")
    assert most < 400 * len(text)
