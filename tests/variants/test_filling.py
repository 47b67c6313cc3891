"""Filling: against all fillings written out, and answers to what cannot be filled."""

import numpy as np
import pytest
import torch
from small import randomize

from charlstm.errors import UserError
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.variants.bidirectional import Bidirectional
from charlstm.variants.filling import fill, try_each

VOCABULARY = Vocabulary("abc")
V = 3


def network(reads="both", vocabulary=VOCABULARY):
    options = ModelOptions(layers=2, hidden_size=5, embedding_size=4)
    return randomize(Bidirectional(options, vocabulary, reads).double())


def probabilities(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids]))[0].softmax(1).numpy()


def all_fillings(model, ids, chance=1.0):
    """Yield every filling and its probability: the surest blank first, whatever was chosen."""
    blanks = [k for k, x in enumerate(ids) if x == V]
    if not blanks:
        yield VOCABULARY.decode(ids), chance
        return
    p = probabilities(model, ids)
    place = max(blanks, key=lambda k: p[k].max())
    for x in range(V):
        yield from all_fillings(model, [*ids[:place], x, *ids[place + 1 :]], chance * p[place, x])


TEXT = "ab__ca_b"
IDS = [V if x == "_" else "abc".index(x) for x in TEXT]


@pytest.mark.parametrize("reads", ["both", "forwards", "backwards"])
def test_a_wide_beam_finds_every_filling_and_its_probability(reads):
    model = network(reads)
    wanted = dict(all_fillings(model, IDS))
    found = fill(model, TEXT, beam=V**3)
    assert len(wanted) == V**3
    assert {filled.text for filled in found.texts} == set(wanted)
    for filled in found.texts:
        assert filled.probability == pytest.approx(wanted[filled.text], rel=1e-9)
    chances = [filled.probability for filled in found.texts]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1)


def test_a_narrow_beam_keeps_the_best_after_each_blank():
    model = network()
    for beam in (1, 2, 4):
        kept = [(1.0, IDS)]
        for _ in range(3):
            grown = []
            for chance, ids in kept:
                p = probabilities(model, ids)
                place = max((k for k, x in enumerate(ids) if x == V), key=lambda k: p[k].max())
                for x in range(V):
                    grown.append((chance * p[place, x], [*ids[:place], x, *ids[place + 1 :]]))
            kept = sorted(grown, reverse=True)[:beam]
        found = [(filled.text, filled.probability) for filled in fill(model, TEXT, beam=beam).texts]
        for (text, got), (chance, ids) in zip(found, kept, strict=True):
            assert text == VOCABULARY.decode(ids)
            assert got == pytest.approx(chance, rel=1e-9)


def test_alternatives_know_how_the_other_blanks_are_filled():
    model = network()
    found = fill(model, TEXT, shown=2)
    p = probabilities(model, VOCABULARY.encode(found.texts[0].text).tolist())
    assert len(found.alternatives) == 3
    for place, shown in zip((2, 3, 6), found.alternatives, strict=True):
        best = np.argsort(-p[place])[:2]
        assert list(shown) == ["abc"[k] for k in best]
        assert list(shown.values()) == pytest.approx(p[place, best], rel=1e-9)


def test_one_blank_far_into_a_text_reads_what_is_near():
    model = network()
    rng = np.random.default_rng(0)
    left, right = ("".join(rng.choice(list("abc"), 200)) for _ in range(2))
    found = fill(model, f"{left}?{right}", blank="?", beam=2)
    near = [*VOCABULARY.encode(left[-64:]), V, *VOCABULARY.encode(right[:64])]
    p = probabilities(model, [int(x) for x in near])[64]
    for filled, k in zip(found.texts, np.argsort(-p), strict=False):
        assert filled.text == f"{left}{'abc'[k]}{right}"
        assert filled.probability == pytest.approx(p[k], rel=1e-9)
    assert len(found.texts) == 2


@pytest.mark.parametrize(
    ("text", "how", "told"),
    [
        ("abc", {}, r"text: it has no blank; put a '_' where a character is missing"),
        ("a_c", {"blank": "__"}, r"blank is '__'; it must be one character, such as '_'"),
        ("a_c", {"blank": ""}, r"blank is ''; it must be one character"),
        ("a_c", {"blank": None}, r"blank is None; it must be one character"),
        (None, {}, r"text is None; it must be a text"),
        ("abc", {"blank": "b"}, r"blank is 'b' \(U\+0062\), which .* knows.* pass blank='_'"),
        ("a_xc", {}, r"text: character 'x' \(U\+0078\) at position 2 is not among .* 3 characters"),
        ("a_c", {"beam": 0}, "beam is 0; it must be at least 1"),
        ("a_c", {"shown": 0}, "shown is 0; it must be at least 1"),
        ("a_c", {"beam": 2.5}, "beam is 2.5; it must be a whole number of at least 1"),
    ],
)
def test_what_cannot_be_filled_is_answered(text, how, told):
    with pytest.raises(UserError, match=told):
        fill(network(), text, **how)


def test_a_model_that_knows_the_usual_blank_asks_for_another():
    model = network(vocabulary=Vocabulary("ab_"))
    with pytest.raises(UserError, match=r"write the blanks as '\?' and pass blank='\?'"):
        fill(model, "a_b")
    assert len(fill(model, "a_?b", blank="?").texts) == 3


@pytest.mark.parametrize("place", [0, 3, 7, 8])
def test_trying_each_character_is_the_rule_of_bayes(place):
    model = network("forwards")
    ids = np.random.default_rng(2).integers(V, size=9)
    joint = []
    for x in range(V):
        text = ids.copy()
        text[place] = x
        p = probabilities(model, text.tolist())
        joint.append(np.prod([p[t, text[t]] for t in range(place, min(place + 5, 9))]))
    ids[place] = V  # which is not read
    got = np.exp(try_each(model, ids, place, ahead=4))
    np.testing.assert_allclose(got, np.array(joint) / sum(joint), rtol=1e-5)


def test_only_a_network_that_reads_forwards_can_try():
    with pytest.raises(UserError, match="reads is 'both'; only a network that reads 'forwards'"):
        try_each(network(), np.zeros(5, np.int32), 2)


@pytest.mark.parametrize(
    ("ids", "place", "ahead", "told"),
    [
        ([0, 1, 2], -1, 3, "place is -1; it must be from 0 to 2"),
        ([0, 1, 2], 3, 3, "place is 3; it must be from 0 to 2"),
        ([0, 1, 2], 1.0, 3, "place is 1.0; it must be a whole number from 0 to 2"),
        ([0, 1, 2], 1, -3, "ahead is -3; it must be at least 0"),
        ([0, 1, V], 1, 3, "ids: 3 at position 2; each must be from 0 to 2"),
        ([0.0, 1.0, 2.0], 1, 3, "ids: the numbers are of type float64; give whole numbers"),
    ],
)
def test_places_and_ids_that_are_not_there_are_refused(ids, place, ahead, told):
    with pytest.raises(UserError, match=told):
        try_each(network("forwards"), np.array(ids), place, ahead)
