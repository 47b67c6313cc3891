"""A compressed file comes back bit for bit, or says in one line why it does not."""

import dataclasses
import hashlib
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import TEXT

from charlstm.coding import packed as module
from charlstm.coding.packed import HEADER, pack, unpack
from charlstm.errors import UserError
from charlstm.model.checkpoint import Checkpoint, find_model, weight_shapes
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary


def build(seed=0, vocabulary=None):
    """Make a model of weights that are the same on every machine: from whole numbers."""
    vocabulary = vocabulary or Vocabulary.of(TEXT)
    options = ModelOptions(layers=2, hidden_size=12, embedding_size=5)
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(options, len(vocabulary))
    weights = {
        name: (rng.integers(-900, 900, shape) / 1024).astype(np.float32)
        for name, shape in shapes.items()
    }
    return Checkpoint(options, vocabulary, weights)


MODEL = build()
BYTES = build(vocabulary=Vocabulary("".join(map(chr, range(200))), True))
OVERHEAD = HEADER.size + module.CRC.size
TEXTS = st.text("The quick brown fox!\r\n\ufeffé€😀", max_size=80).map(str.encode)


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=80) | TEXTS | TEXTS.map(lambda text: text * 5))
@pytest.mark.parametrize("model", [MODEL, BYTES], ids=["characters", "bytes"])
def test_any_content_comes_back(model, content):
    packed = pack(content, model, threads=1)
    assert unpack(packed.content, model, threads=1) == content
    assert len(packed.content) <= len(content) + OVERHEAD
    assert packed.coded == (len(packed.content) < len(content) + OVERHEAD)


def test_what_would_become_longer_is_stored():
    content = np.random.default_rng(0).bytes(700)
    packed = pack(content, MODEL)
    assert not packed.coded
    assert content in packed.content
    assert unpack(packed.content, build(1)) == content  # needs no model
    assert pack(b"", MODEL).bits_per_char == 0


def test_unknown_bytes_are_counted():
    packed = pack(("The lazy dog é" * 40).encode(), MODEL)
    assert packed.coded
    assert (packed.characters, packed.unknown) == (40 * 15, 40 * 2)
    assert packed.bits_per_char == 8 * len(packed.content) / 600


def test_the_bytes_are_those_of_version_1():
    """If they change, files of version 1 no longer come back: raise VERSION.

    The weights and all arithmetic are whole numbers, so this holds on every machine.
    """
    content = pack((TEXT + "é\r\n").encode() * 3, MODEL).content
    assert module.VERSION == 1
    assert hashlib.sha256(content).hexdigest() == (
        "7899149d37ddcb7daaf25d3b66074da65340080910c15b4c241640a97921973e"
    )


@pytest.mark.parametrize("model", [MODEL, build(vocabulary=Vocabulary("abc\n"))])
def test_damage_of_every_kind_is_told(model):
    content = TEXT.encode() * 2
    packed = pack(content, model).content
    for cut in (len(packed) - 1, HEADER.size, 9, 8):
        with pytest.raises(UserError, match="x: damaged, or not whole"):
            unpack(packed[:cut], model, "x")
    for place in (10, 20, 30, HEADER.size + 3, len(packed) - 1):
        broken = bytearray(packed)
        broken[place] ^= 4
        with pytest.raises(UserError, match="x: damaged, or not whole"):
            unpack(bytes(broken), model, "x")
    for other in (b"", packed[1:], b"PK\3\4" * 20):
        with pytest.raises(UserError, match="x: not a file that charlstm compress wrote"):
            unpack(other, model, "x")


def changed(packed, place, content):
    """Change a file, and its CRC with it."""
    body = packed[:place] + content + packed[place + len(content) : -4]
    return body + struct.pack("<I", zlib.crc32(body))


def test_another_version_and_another_model_are_told():
    packed = pack(TEXT.encode() * 2, MODEL).content
    with pytest.raises(UserError, match="x: format version 2; this charlstm reads version 1"):
        unpack(changed(packed, 8, b"\2"), MODEL, "x")
    with pytest.raises(UserError, match=r"x: another model compressed it .* with model"):
        unpack(packed, build(1), "x")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("options", ModelOptions(layers=2, hidden_size=12, embedding_size=5, readout="last")),
        ("vocabulary", Vocabulary(MODEL.vocabulary.characters[::-1])),
        ("weights", MODEL.weights | {"head.bias": MODEL.weights["head.bias"] + np.float32(2**-10)}),
    ],
)
def test_all_that_predictions_depend_on_tells_models_apart(field, value):
    other = dataclasses.replace(MODEL, **{field: value})
    assert module._identity(other) != module._identity(MODEL)
    dropout = dataclasses.replace(MODEL.options, dropout=0.3)
    same = dataclasses.replace(MODEL, options=dropout)
    assert module._identity(same) == module._identity(MODEL)


def test_a_machine_that_computes_otherwise_is_told(monkeypatch):
    packed = pack(TEXT.encode() * 2, MODEL).content
    softmax = module.decode.__globals__["softmax"]
    monkeypatch.setitem(
        module.decode.__globals__, "softmax", lambda logits: softmax(logits * 1.001)
    )
    with pytest.raises(UserError, match="x: what comes back is not what was compressed"):
        unpack(packed, MODEL, "x")
    monkeypatch.undo()
    invalid = changed(packed, HEADER.size, b"\xff" * (len(packed) - HEADER.size - 4))
    with pytest.raises(UserError, match="x: what comes back is not what was compressed"):
        unpack(invalid, MODEL, "x")


# --- the shipped model ---------------------------------------------------------------------------


def costs(text):
    """Return the bits of a text in a file, and by `evaluate`, carried."""
    from charlstm.measuring.scores import score_carried

    checkpoint = Checkpoint.load(find_model(None))
    packed = pack(text, checkpoint)
    assert unpack(packed.content, checkpoint) == text
    model = CharModel.from_checkpoint(checkpoint)
    ids = checkpoint.vocabulary.encode("\n" + text.decode())
    score = score_carried(model, ids)
    return 8 * len(packed.content), score.bits_per_char * score.characters


PASSAGE = b"""MENENIUS:
Your belly's answer? What!
The kingly-crowned head, the vigilant eye,
The counsellor heart, the arm our soldier,
Our steed the leg, the tongue our trumpeter.
With other muniments and petty helps
In this our fabric, if that they--
"""


def test_a_passage_costs_what_evaluate_measures():
    bits, expected = costs(PASSAGE)
    assert expected < bits - 8 * OVERHEAD < expected + 64 + 8


@pytest.mark.slow
def test_a_long_text_costs_the_same_to_two_thousandths():
    """Apart from the header, which is 304 bits of any file."""
    from charlstm.text.corpus import read_corpus

    text = read_corpus("plays").text
    letters = Checkpoint.load(find_model(None)).vocabulary
    known = text.translate(dict.fromkeys(map(ord, letters.unknown(text))))[:12_000].encode()
    bits, expected = costs(known)
    assert expected < bits - 8 * OVERHEAD < 1.002 * expected
