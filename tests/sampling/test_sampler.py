"""The sampler against torch and against the distribution it should draw from."""

import itertools

import numpy as np
import pytest
import torch
from conftest import CELLS as NAMES
from conftest import randomize
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, SampleOptions
from charlstm.sampling.sampler import Sampler, choose, generate, generate_many
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
    state, stepped = sampler.zero_state(), []
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


def reference(logits, temperature, top_k, top_p):
    """The distribution by its definition, one id after the other in exact order."""
    p = np.exp(logits / temperature)
    p /= p.sum()
    ranked = sorted(range(len(p)), key=lambda i: (-p[i], i))[:top_k]
    left = sum(p[i] for i in ranked)
    kept, held = [], 0.0
    for i in ranked:
        if top_p is not None and held >= top_p * left:
            break
        kept.append(i)
        held += p[i]
    out = np.zeros_like(p)
    out[kept] = p[kept] / p[kept].sum()
    return out


DRAWS = 20_000


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("top_k", "top_p"), [(None, None), (3, None), (None, 0.6), (5, 0.7)])
def test_draws_follow_the_distribution(temperature, top_k, top_p, batched):
    logits = np.array([0.3, -1.0, 2.0, 0.3, 1.1, -0.2, 0.0, 0.9], np.float32)
    rng = np.random.default_rng(7)
    if batched:
        drawn = choose(np.tile(logits, (DRAWS, 1)), rng, temperature, top_k, top_p)
    else:
        drawn = [choose(logits, rng, temperature, top_k, top_p) for _ in range(DRAWS)]
    counts = np.bincount(drawn, minlength=len(logits))
    expected = DRAWS * reference(logits.astype(float), temperature, top_k, top_p)
    assert counts[expected == 0].sum() == 0
    alive = expected > 0
    chi_square = ((counts - expected)[alive] ** 2 / expected[alive]).sum()
    degrees = alive.sum() - 1
    assert chi_square < degrees + 4.5 * np.sqrt(2 * degrees) + 6  # beyond 1 in 10,000


logits_of_any_size = st.lists(
    st.floats(-50, 50, width=32, allow_subnormal=False), min_size=2, max_size=12
)


@given(logits_of_any_size, st.integers(0, 2**32))
def test_temperature_to_zero_is_the_most_likely(values, seed):
    logits = np.array(values, np.float32)
    rng = np.random.default_rng(seed)
    assert choose(logits, rng, temperature=0) == logits.argmax()
    assert logits[choose(logits, rng, temperature=1e-300)] >= logits.max() - 1e-6
    assert choose(logits, rng, top_k=1) == logits.argmax()
    assert choose(logits, rng, top_p=1e-9) == logits.argmax()


@given(
    logits_of_any_size,
    st.integers(1, 12),
    st.floats(0.01, 1, allow_subnormal=False),
    st.integers(0, 2**32),
)
def test_no_draw_leaves_the_most_likely(values, top_k, top_p, seed):
    logits = np.array(values, np.float32)
    allowed = reference(logits.astype(float), 1.0, top_k, top_p) > 0
    drawn = choose(np.tile(logits, (20, 1)), np.random.default_rng(seed), 1.0, top_k, top_p)
    near = np.sort(logits)[::-1]
    if allowed.sum() < len(near) and near[allowed.sum() - 1] - near[allowed.sum()] > 1e-3:
        assert allowed[drawn].all()
    else:  # a sum at the edge of top_p may round either way
        assert (logits[drawn] >= near[min(allowed.sum(), len(near) - 1)]).all()


def test_of_equal_logits_top_k_keeps_exactly_k():
    drawn = choose(np.zeros((2000, 6)), np.random.default_rng(0), top_k=4)
    assert sorted(set(drawn.tolist())) == [0, 1, 2, 3]


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


@given(st.text("abc", min_size=1, max_size=4), st.text("abcde", max_size=60))
def test_a_stop_text_ends_the_sample_before_it(stop, text):
    from charlstm.sampling.sampler import _until

    passed = list(_until(iter(text), stop))
    assert "".join(passed) == text.split(stop)[0]


def test_characters_are_held_back_only_while_they_may_be_the_stop():
    from charlstm.sampling.sampler import _Stop

    stop = _Stop("aab")
    assert [stop.take(c) for c in "caaacab"] == ["c", "", "", "a", "aac", "", "ab"]


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


def test_many_samples_stop_each_at_its_own_place():
    _, sampler = build()
    plain = SampleOptions(length=80, seed=3)
    whole = list(map("".join, zip(*generate_many(sampler, 5, "a", plain), strict=True)))
    stopping = SampleOptions(length=80, seed=3, stop="c")
    cut = list(map("".join, zip(*generate_many(sampler, 5, "a", stopping), strict=True)))
    assert cut == [text.split("c")[0] for text in whole]
    assert len({len(text) for text in cut}) > 1
    with pytest.raises(UserError, match="--number is 0"):
        next(generate_many(sampler, 0))


def test_generation_costs_nothing_before_it_is_asked_for():
    _, sampler = build()
    endless = generate(sampler, "a", SampleOptions(length=10**12, seed=0))
    assert len(list(itertools.islice(endless, 10))) == 10
