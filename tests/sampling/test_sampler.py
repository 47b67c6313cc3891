"""The sampler agrees with torch; samples depend on seed, prime, stop text and number."""

import itertools
import tracemalloc

import numpy as np
import pytest
import torch
from small import CELLS as NAMES
from small import TEXT, randomize

from charlstm.errors import UserError
from charlstm.machine.cpus import _blas, blas_threads
from charlstm.model.checkpoint import Checkpoint, weight_shapes
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, SampleOptions
from charlstm.sampling.choose import choose
from charlstm.sampling.sampler import Sampler, generate, generate_many, read_prime
from charlstm.text.novelty import novelty
from charlstm.text.vocabulary import Vocabulary

V = 11
LETTERS = Vocabulary("\nabcdefghij")


def build(name="lstm", layers=2, size=0.4, **sizes):
    sizes = {"hidden_size": 24, "embedding_size": 7, **sizes}
    options = ModelOptions(name, layers, **sizes)
    model = randomize(CharModel(options, V), size=size)
    return model, Sampler(Checkpoint(options, LETTERS, model.to_arrays()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", [{}, {"embedding_size": None, "readout": "last", "layers": 3}])
def test_logits_are_torchs_over_500_characters(name, sizes):
    model, sampler = build(name, size=0.2, **sizes)  # larger weights make an RNN chaotic
    ids = np.random.default_rng(0).integers(V, size=500, dtype=np.int32)
    with torch.inference_mode():
        expected = model(torch.from_numpy(ids[None]))[0][0].numpy()
    at_once, _ = sampler.read(ids)
    np.testing.assert_allclose(at_once, expected, rtol=0, atol=1e-5)
    state = sampler.zero_state()
    stepped = []
    for i in ids:
        logits, state = sampler.step(i, state)
        stepped.append(logits)
    assert stepped[0].dtype == np.float32
    np.testing.assert_allclose(stepped, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_samples_made_at_once_do_not_mix(name):
    _, sampler = build(name, size=0.2)
    ids = np.random.default_rng(0).integers(V, size=(30, 3))
    state = [tuple(np.tile(s, (3, 1)) for s in layer) for layer in sampler.zero_state()]
    for row in ids:
        together, state = sampler.step(row, state)
    for column in range(3):
        alone, _ = sampler.read(ids[:, column])
        np.testing.assert_allclose(together[column], alone[-1], rtol=0, atol=1e-5)


def text_of(sampler, prime="", **options):
    return "".join(generate(sampler, prime, SampleOptions(**options)))


def test_the_seed_decides_the_text():
    _, sampler = build()
    first = text_of(sampler, "abc", length=60, seed=5)
    assert first == text_of(sampler, "abc", length=60, seed=5)
    assert first != text_of(sampler, "abc", length=60, seed=6)
    assert len(first) == 60
    assert text_of(sampler, "abc", length=60) != text_of(sampler, "abc", length=60)


def test_the_prime_decides_what_follows():
    _, sampler = build()
    options = {"length": 40, "temperature": 0.0}
    assert text_of(sampler, "abc", **options) != text_of(sampler, "jih", **options)
    assert text_of(sampler, "", **options) == text_of(sampler, "\n", **options)
    whole = text_of(sampler, "abc", **options)
    assert text_of(sampler, "abc" + whole[:10], **options)[:30] == whole[10:]


def test_a_long_prime_is_read_in_pieces_as_in_one(monkeypatch):
    _, sampler = build()
    prime = "".join(np.random.default_rng(1).choice(list("abcdefghij"), 300))
    expected = text_of(sampler, prime, temperature=0.0, length=30)
    monkeypatch.setattr("charlstm.sampling.sampler.CHUNK", 7)
    assert text_of(sampler, prime, temperature=0.0, length=30) == expected


def test_an_unknown_character_in_the_prime_is_named():
    _, sampler = build()
    with pytest.raises(UserError, match=r"prime: character 'x' \(U\+0078\) at position 2"):
        list(generate(sampler, "abxc"))


@pytest.mark.parametrize("options", [{}, {"top_k": 3}, {"top_p": 0.8}])
def test_many_samples_have_the_distribution_of_one(options):
    _, sampler = build()
    settings = SampleOptions(length=1, seed=0, **options)
    counts = {
        "many": [c for row in generate_many(sampler, 4000, "ab", settings) for c in row],
        "one": [text_of(sampler, "ab", length=1, seed=k, **options) for k in range(4000)],
    }
    many, one = (np.array([c.count(x) for x in LETTERS.characters]) for c in counts.values())
    seen = many + one > 0
    chi_square = ((many - one)[seen] ** 2 / (many + one)[seen]).sum()
    assert chi_square < seen.sum() + 4.5 * np.sqrt(2 * seen.sum()) + 6


def test_one_sample_stops_before_the_text():
    _, sampler = build()
    whole = text_of(sampler, "a", length=80, seed=3)
    assert (
        text_of(sampler, "a", length=80, seed=3, stop=whole[20:23]) == whole.split(whole[20:23])[0]
    )
    assert text_of(sampler, "a", length=80, seed=3, stop="abcd" * 9) == whole  # not there


def test_many_samples_stop_each_at_its_own_place():
    _, sampler = build()
    plain = SampleOptions(length=80, seed=3)
    whole = list(map("".join, zip(*generate_many(sampler, 5, "a", plain), strict=True)))
    stopping = SampleOptions(length=80, seed=3, stop="c")
    cut = list(map("".join, zip(*generate_many(sampler, 5, "a", stopping), strict=True)))
    assert cut == [text.split("c")[0] for text in whole]
    assert len({len(text) for text in cut}) > 1
    with pytest.raises(UserError, match="number is 0"):
        next(generate_many(sampler, 0))


def at_once(sampler, number, prime="", original=None, **options):
    rows = generate_many(sampler, number, prime, SampleOptions(**options), 1, original)
    return list(map("".join, zip(*rows, strict=True)))


@pytest.mark.parametrize(
    "options",
    [{}, {"temperature": 0.3, "no_repeat": 4}, {"temperature_in_words": 0.4, "min_p": 0.05}],
    ids=str,
)
def test_a_sample_depends_on_the_seed_and_its_index_alone(options):
    """Also across the number of samples, and when others stop early."""
    _, sampler = build()
    options = {"length": 60, "seed": 5} | options
    three = at_once(sampler, 3, "ab", **options)
    assert len(set(three)) == 3
    for number in (1, 2, 7):
        assert at_once(sampler, number, "ab", **options)[:3] == three[:number]
    assert text_of(sampler, "ab", **options) == three[0]
    stop = three[1][20:22]
    assert at_once(sampler, 3, "ab", stop=stop, **options) == [t.split(stop)[0] for t in three]


def test_the_first_sample_is_drawn_with_the_generator_of_the_seed():
    """As it was before there were others, so that the text of a seed stays what it was."""
    _, sampler = build()
    rng = np.random.default_rng(5)
    logits, state = sampler.read(sampler.vocabulary.encode("ab"))
    logits, text = logits[-1], ""
    for _ in range(60):
        i = choose(logits, rng, 0.8)
        text += LETTERS.characters[i]
        logits, state = sampler.step(i, state)
    assert text_of(sampler, "ab", length=60, seed=5) == text


def test_samples_end_where_the_bans_leave_nothing():
    _, sampler = build()
    options = {"length": 500, "seed": 1, "no_repeat": 2, "temperature": 2.0}
    texts = at_once(sampler, 4, "abab", **options)
    assert len({len(text) for text in texts}) > 1
    assert max(map(len, texts)) <= V**2
    assert texts[0] == text_of(sampler, "abab", **options)
    held = at_once(sampler, 4, "abab", stop="a" * 4, **options)  # no_repeat forbids it
    assert held == texts


def test_a_text_is_not_copied():
    _, sampler = build()
    original = text_of(sampler, length=400, seed=1, temperature=0.2)
    options = {"length": 400, "seed": 1, "temperature": 0.2}
    assert text_of(sampler, **options) == original
    options = SampleOptions(**options, no_copy=6)
    text = "".join(generate(sampler, "", options, 1, original))
    assert len(novelty(text, original).longest) == 6
    with pytest.raises(UserError, match="no_copy=6 needs the text that must not be copied"):
        generate(sampler, "", options)


def test_generation_costs_nothing_before_it_is_asked_for():
    _, sampler = build()
    endless = generate(sampler, "a", SampleOptions(length=10**12, seed=0))
    assert len(list(itertools.islice(endless, 10))) == 10


# --- threads -------------------------------------------------------------------------------------


def test_a_step_has_its_threads_and_the_caller_his_own(monkeypatch):
    """Also when two samples are written in turns."""
    _, sampler = build()
    used = []
    step = sampler.step
    monkeypatch.setattr(
        sampler, "step", lambda *given: (used.append(_blas().numbers()[0]), step(*given))[1]
    )
    before = _blas().numbers()
    two, three = (generate(sampler, "", SampleOptions(length=5), threads) for threads in (2, 3))
    for _ in zip(two, three, strict=True):
        assert _blas().numbers() == before
    assert used == [2, 3] * 4


def test_a_text_does_not_depend_on_the_number_of_threads():
    _, sampler = build(hidden_size=256, size=0.1)  # OpenBLAS uses no second thread for small ones
    options = SampleOptions(length=300, seed=5, temperature=1.0)
    texts = {"".join(generate(sampler, "abcdef" * 50, options, threads)) for threads in (1, 2, 4)}
    assert len(texts) == 1


def test_a_sampler_does_not_depend_on_the_threads_that_made_it():
    vocabulary = Vocabulary("".join(map(chr, range(32, 97))))
    model = randomize(CharModel(ModelOptions(hidden_size=448, embedding_size=64), 65))
    checkpoint = Checkpoint(model.options, vocabulary, model.to_arrays())
    logits = []
    for number in (1, 2):
        with blas_threads(number):
            sampler = Sampler(checkpoint)
        with blas_threads(1):
            logits.append([sampler.step(i, sampler.zero_state())[0] for i in range(65)])
    np.testing.assert_array_equal(*logits)


@pytest.mark.parametrize(("size", "expected"), [(399_999, None), (400_000, 1)])
def test_a_seed_keeps_one_thread_where_the_head_would_round_otherwise(monkeypatch, size, expected):
    _, sampler = build()
    asked = []
    monkeypatch.setattr("charlstm.sampling.sampler.blas_threads", asked.append)
    monkeypatch.setattr(Sampler, "head_size", size)
    for given in (None, 2):
        generate(sampler, "", SampleOptions(seed=1), given)
    generate(sampler, "", SampleOptions())
    assert asked == [expected, 2, None]


def test_several_samples_with_a_seed_keep_one_number_of_threads(monkeypatch):
    _, sampler = build()
    asked = []

    def threads(fixed=None):
        asked.append(fixed)
        return blas_threads(fixed)

    monkeypatch.setattr("charlstm.sampling.sampler.blas_threads", threads)
    monkeypatch.setattr("charlstm.sampling.sampler.usable_cpus", lambda: 2)
    for options, given in [({"seed": 1}, None), ({"seed": 1}, 3), ({}, None), ({}, 3)]:
        list(generate_many(sampler, 2, "", SampleOptions(length=2, **options), given))
    assert asked == [2, 1, 3, 1, None, 1, 3, 1]  # the 1 reads the prime


def test_one_hot_input_of_many_characters_needs_no_square_of_them():
    """A table of 20,000 x 20,000 numbers would take 1.6 GB."""
    characters = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
    options = ModelOptions(hidden_size=2, embedding_size=None)
    rng = np.random.default_rng(0)
    shapes = weight_shapes(options, len(characters))
    weights = {name: rng.normal(0, 1, s).astype(np.float32) for name, s in shapes.items()}
    tracemalloc.start()
    sampler = Sampler(Checkpoint(options, Vocabulary(characters), weights))
    logits, _ = sampler.read(np.array([7, 19_999]))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert logits.shape == (2, 20_000)
    assert most < 20e6


@pytest.mark.parametrize("prime", ["", "T", TEXT[:2], TEXT[5:40]])
def test_a_prime_is_read_in_pieces_as_at_once(checkpoint, prime, monkeypatch):
    sampler = Sampler(checkpoint)
    monkeypatch.setattr("charlstm.sampling.sampler.CHUNK", 3)
    logits, state = sampler.read(sampler.vocabulary.encode(prime or "\n"))
    found, after = read_prime(sampler, sampler.vocabulary.encode(prime))
    np.testing.assert_allclose(found, logits[-1], rtol=1e-5, atol=1e-6)
    for layer, other in zip(state, after, strict=True):
        for one, same in zip(layer, other, strict=True):
            np.testing.assert_allclose(same, one, rtol=1e-5, atol=1e-6)
