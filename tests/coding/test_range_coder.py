"""Symbols come back, and cost what the model says."""

import numpy as np
import pytest
from small import randomize

from charlstm.coding.frequencies import apportion
from charlstm.coding.predictor import Predictor
from charlstm.coding.range_coder import _Decoder, _Encoder, decode, encode
from charlstm.measuring.scores import score_carried
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary

V = 40


@pytest.fixture
def model():
    return randomize(CharModel(ModelOptions(layers=2, hidden_size=20, embedding_size=7), V))


@pytest.fixture
def predictor(model):
    letters = Vocabulary("\n" + "".join(map(chr, range(97, 96 + V))))
    return Predictor(Checkpoint(model.options, letters, model.to_arrays()))


def draw(predictor, number, rng):
    """Draw a text from the model itself."""
    logits, state = predictor.start()
    for _ in range(number):
        chances = np.exp((logits.units - logits.units.max()) / 2**20)
        character = int(rng.choice(V, p=chances / chances.sum()))
        yield character
        logits, state = predictor.step(character, state)


def test_a_text_costs_what_evaluate_measures(model, predictor):
    ids = list(draw(predictor, 1000, np.random.default_rng(0)))
    content = encode(predictor, ids)
    assert list(decode(predictor, content, len(ids))) == ids
    nats = score_carried(model, np.array([0, *ids], np.int32))  # 0: a line end
    bits = nats.bits_per_char * nats.characters
    # two words at the end, and (log2 N + 1) / 2 bits to learn that all are characters
    assert bits < 8 * len(content) < bits + 64 + 8


def test_bytes_between_the_characters_come_back(predictor):
    rng = np.random.default_rng(0)
    ids = rng.integers(-256, V, 500).tolist()
    content = encode(predictor, ids)
    assert list(decode(predictor, content, len(ids))) == ids
    assert list(decode(predictor, encode(predictor, []), 0)) == []


def test_rare_bytes_become_cheap(predictor):
    """The same unknown byte again and again: at the end it costs no more than a character."""
    texts = [[-14, *draw(predictor, 9, np.random.default_rng(0))] * k for k in (20, 40)]
    characters = [[i for i in text if i >= 0] for text in texts]
    more, plain = (
        np.diff([len(encode(predictor, t)) for t in pair]) for pair in (texts, characters)
    )
    assert more - plain < 25  # bytes, for 20 unknown ones between 180 characters


def test_whole_numbers_of_any_ratio_are_coded_as_they_are():
    """The cost is exactly 24 - log2(frequency): the library changes no frequency."""
    rng = np.random.default_rng(0)
    bits = 0.0
    encoder = _Encoder()
    coded = []
    for _ in range(4000):
        frequencies = apportion(2 ** rng.integers(0, 38, 30))
        symbol = int(rng.integers(30))
        bits += 24 - np.log2(frequencies[symbol])
        assert encoder.code(frequencies, symbol) == symbol
        coded.append((frequencies, symbol))
    content = encoder.content()
    assert bits < 8 * len(content) < bits + 64
    decoder = _Decoder(content)
    assert all(decoder.code(frequencies, -1) == symbol for frequencies, symbol in coded)


def test_any_number_of_threads_gives_the_same_bits(predictor):
    ids = list(draw(predictor, 60, np.random.default_rng(0)))
    assert encode(predictor, ids, 1) == encode(predictor, ids, 2) == encode(predictor, ids)
