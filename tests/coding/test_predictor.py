"""The predictor predicts what the sampler predicts, with bits that no machine changes."""

import os
import subprocess
import sys

import numpy as np
import pytest
from small import CELLS as NAMES
from small import randomize
from test_fixed_point import nearest

from charlstm.coding import tables
from charlstm.coding.fixed_point import ONE
from charlstm.coding.predictor import Predictor
from charlstm.errors import UserError
from charlstm.model.cells import Cell, relu, rnn
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.named_cells import register_cell
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.sampling.sampler import Sampler
from charlstm.text.vocabulary import Vocabulary

LETTERS = Vocabulary("ab\ncdefghij")


def build(name="lstm", layers=2, size=0.4, **sizes):
    options = ModelOptions(name, layers, **{"hidden_size": 24, "embedding_size": 7, **sizes})
    model = randomize(CharModel(options, len(LETTERS)), size=size)
    return Checkpoint(options, LETTERS, model.to_arrays())


def logits_of(reader, ids, state, of=lambda x: x):
    rows = []
    for i in ids:
        logits, state = reader.step(i, state)
        rows.append(of(logits))
    return np.array(rows)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", [{}, {"embedding_size": None, "readout": "last", "layers": 3}])
def test_its_logits_are_the_samplers(name, sizes):
    checkpoint = build(name, size=0.2, **sizes)  # larger weights make an RNN chaotic
    ids = np.random.default_rng(0).integers(len(LETTERS), size=300)
    predictor = Predictor(checkpoint)
    sampler = Sampler(checkpoint)
    _, state = predictor.start()
    _, expected = sampler.step(2, sampler.zero_state())  # a line end
    got = logits_of(predictor, ids, state, lambda x: x.units / ONE)
    np.testing.assert_allclose(got, logits_of(sampler, ids, expected), rtol=0, atol=2e-4)


def whole_tanh(x):
    return np.sign(x) * tables.tanh(np.abs(x))


def whole_sigmoid(x):
    return nearest(ONE // 2 * whole_tanh(nearest(ONE // 2 * x))) + ONE // 2


def test_each_bit_is_that_of_whole_numbers():
    """An LSTM written out once more, in int64 and without BLAS."""
    checkpoint = build()
    w = {k: np.rint(v * float(ONE)).astype(np.int64) for k, v in checkpoint.weights.items()}
    state = [np.zeros((2, 24), np.int64)] * 2
    predictor = Predictor(checkpoint)
    carried = predictor._zero_state
    for character in np.random.default_rng(0).integers(len(LETTERS), size=100):
        got, carried = predictor.step(character, carried)
        x = w["embedding.weight"][character]
        features = 0
        for k in range(2):
            p = {n: w[f"layers.{k}.{n}"] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
            h, c = state[k]
            gates = nearest(p["weight_ih"] @ x) + p["bias_ih"]
            gates = gates + nearest(p["weight_hh"] @ h) + p["bias_hh"]
            i, f, g, o = gates.reshape(4, 24)
            c = nearest(whole_sigmoid(f) * c) + nearest(whole_sigmoid(i) * whole_tanh(g))
            x = nearest(whole_sigmoid(o) * whole_tanh(c))
            state[k] = np.array((x, c))
            features = features + x
        logits = nearest(w["head.weight"] @ features) + w["head.bias"]
        assert (got.units == logits).all()


# prints what NumPy's BLAS calls its kernels, a digest of exact logits, and one of the sampler's
PROBE = """
import hashlib, sys
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits
from charlstm import Checkpoint, Sampler, find_model
from charlstm.coding.predictor import Predictor
checkpoint = Checkpoint.load(find_model(sys.argv[1]))
ids = checkpoint.vocabulary.encode("First Citizen:\\nBefore we proceed any further, hear me speak.")
digests = [hashlib.sha256(), hashlib.sha256()]
with threadpool_limits(int(sys.argv[2])):
    predictor, sampler = Predictor(checkpoint), Sampler(checkpoint)
    logits, state = predictor.start()
    _, other = sampler.step(0, sampler.zero_state())
    for i in ids:
        logits, state = predictor.step(i, state)
        digests[0].update(logits.units.astype("<i8"))
        for layer in state:
            for part in layer:
                digests[0].update(part.units.astype("<i8"))
        _, other = sampler.step(i, other)
        digests[1].update(other[-1][0].copy())
print(threadpool_info()[0].get("architecture"), *(d.hexdigest() for d in digests))
"""
MACHINES = [
    {},
    {"OPENBLAS_CORETYPE": "Prescott"},
    {"OPENBLAS_CORETYPE": "Nehalem"},
    {"OPENBLAS_CORETYPE": "Sandybridge"},
    {"OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3"},
]


@pytest.mark.slow
def test_other_kernels_and_threads_change_nothing():
    """The kernels are real ones: with them the sampler's float32 does change."""
    exact, rounded, kernels = set(), set(), set()
    for machine in MACHINES:
        for threads in ("1", "2"):
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", PROBE, "tinyshakespeare", threads],
                env=os.environ | machine, capture_output=True, text=True, check=True,
            )  # fmt: skip
            kernel, *digests = done.stdout.split()
            kernels.add(kernel)
            exact.add(digests[0])
            rounded.add(digests[1])
    assert len(exact) == 1
    if len(kernels) > 1:  # OpenBLAS on x86
        assert len(rounded) > 1


def test_a_text_starts_after_a_line_end_or_the_first_character():
    checkpoint = build()
    predictor = Predictor(checkpoint)
    at_start, _ = predictor.start()
    after_line_end, _ = predictor.step(2, predictor._zero_state)
    assert (at_start.units == after_line_end.units).all()
    other = Checkpoint(checkpoint.options, Vocabulary("abkcdefghij"), checkpoint.weights)
    first, _ = Predictor(other).step(0, predictor._zero_state)
    assert (Predictor(other).start()[0].units == first.units).all()


def test_a_cell_of_the_readers_own_that_keeps_to_the_operators_works():
    register_cell("half-rnn", Cell(lambda p, x, s: rnn(p, 0.5 * x, s), ("h",), ("h",)))
    checkpoint = build("half-rnn", size=0.2)
    predictor = Predictor(checkpoint)
    sampler = Sampler(checkpoint)
    logits, _ = predictor.start()
    expected, _ = sampler.step(2, sampler.zero_state())
    np.testing.assert_allclose(logits.units / ONE, expected, rtol=0, atol=1e-5)


def test_a_cell_that_asks_for_more_is_refused():
    def step(p, x, state):
        return rnn(p, x, state, activation=relu)

    register_cell("relu-rnn", Cell(step, ("h",), ("h",)))
    with pytest.raises(UserError, match="the cell 'relu-rnn' computes with more than"):
        Predictor(build("relu-rnn")).start()
