"""What is recorded is what the equations and PyTorch compute, character by character."""

import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small import CELLS as NAMES
from small import randomize

from charlstm.errors import UserError
from charlstm.insight.activations import check_place, record, trace, watch
from charlstm.model.cells import CELLS, Cell, one_step, project, rnn
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.named_cells import register_cell
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary

TEXT = "abc a\ncab b"
H = 5


def small(cell="lstm", layers=2, embedding_size=3, readout="sum"):
    """Return a checkpoint in float64 with random weights and biases, and its model."""
    options = ModelOptions(
        cell=cell, layers=layers, hidden_size=H, embedding_size=embedding_size, readout=readout
    )
    vocabulary = Vocabulary.of(TEXT)
    model = randomize(CharModel(options, len(vocabulary)), size=0.7).double()
    return Checkpoint(options, vocabulary, model.to_arrays()), model


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(name, a_x, a_h, state, p):
    """Return the gates of one step by name, from the two shares of their sums, each (G*H,)."""
    u, v = a_x.reshape(-1, H), a_h.reshape(-1, H)
    s = u + v
    if name == "gru":
        r, z = sigmoid(s[0]), sigmoid(s[1])
        return {"r": r, "z": z, "n": np.tanh(u[2] + r * v[2])}
    if name == "coupled":
        return {"f": sigmoid(s[0]), "g": np.tanh(s[1]), "o": sigmoid(s[2])}
    if name == "rnn":
        return {}
    c = state[1]
    q = p("weight_peephole") if name == "peephole" else np.zeros((3, H))
    i, f, g = sigmoid(s[0] + q[0] * c), sigmoid(s[1] + q[1] * c), np.tanh(s[2])
    return {"i": i, "f": f, "g": g, "o": sigmoid(s[3] + q[2] * (f * c + i * g))}


@pytest.mark.parametrize("readout", ["sum", "last"])
@pytest.mark.parametrize("embedding_size", [3, None])
@pytest.mark.parametrize("name", NAMES)
def test_states_and_gates_are_those_of_a_loop(name, embedding_size, readout):
    checkpoint, model = small(name, embedding_size=embedding_size, readout=readout)
    recorded = record(checkpoint, TEXT)
    ids = torch.from_numpy(checkpoint.vocabulary.encode(TEXT))[None]
    inputs = model.embed(ids).detach().numpy()[0]
    assert len(recorded) == 2
    for layer, values in enumerate(recorded):

        def p(weight, layer=layer):
            return checkpoint.weights[f"layers.{layer}.{weight}"]

        cell = CELLS[name]
        assert set(values) == {*cell.states, *cell.gates}
        state = [np.zeros(H) for _ in cell.states]
        for t, x in enumerate(inputs):
            a_x = p("weight_ih") @ x + p("bias_ih")
            a_h = p("weight_hh") @ state[0] + p("bias_hh")
            for gate, value in by_hand(name, a_x, a_h, state, p).items():
                np.testing.assert_allclose(values[gate][t], value, rtol=0, atol=1e-12)
            state = [values[s][t] for s in cell.states]
        inputs = values["h"]


@pytest.mark.parametrize("name", NAMES)
def test_states_are_those_of_the_torch_model(name):
    checkpoint, model = small(name, layers=3)
    recorded = record(checkpoint, TEXT)
    ids = torch.from_numpy(checkpoint.vocabulary.encode(TEXT))[None]
    for length in (1, 4, len(TEXT)):
        with torch.no_grad():
            _, state = model(ids[:, :length])
        for values, layer in zip(recorded, state, strict=True):
            for s, tensor in zip(CELLS[name].states, layer, strict=True):
                assert values[s].shape == (len(TEXT), H)
                np.testing.assert_allclose(values[s][length - 1], tensor[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_that_of_cells_from_the_state_before_it(name):
    checkpoint, model = small(name, layers=3)
    cell = CELLS[name]
    recorded = record(checkpoint, TEXT)
    inputs = model.embed(torch.from_numpy(checkpoint.vocabulary.encode(TEXT))).detach().numpy()
    for layer, values in enumerate(recorded):
        names = cell.shapes(len(TEXT), H)
        p = SimpleNamespace(**{x: checkpoint.weights[f"layers.{layer}.{x}"] for x in names})
        for t in range(1, len(TEXT)):  # so no state is zero
            before = tuple(values[s][t - 1] for s in cell.states)
            assert all(np.abs(s).min() > 0 for s in before)
            seen = {}
            step = cell.step if name == "rnn" else lambda *a, f=seen.update: cell.step(*a, watch=f)
            _, state = one_step(step, p, project(p, inputs[t]), before)
            seen |= dict(zip(cell.states, state, strict=True))
            assert set(seen) == set(values)
            for value, expected in seen.items():
                np.testing.assert_allclose(values[value][t], expected, rtol=0, atol=1e-12)
        inputs = values["h"]


@pytest.mark.parametrize("name", NAMES)
def test_a_trace_is_what_the_record_has_of_some_units(name):
    checkpoint, _ = small(name, layers=3)
    recorded = record(checkpoint, TEXT)
    places = [(layer, value, 4 - layer) for layer in (2, 0, 1) for value in recorded[layer]]
    traced = trace(checkpoint, TEXT, places)
    assert traced.shape == (len(places), len(TEXT))
    for row, (layer, value, unit) in zip(traced, places, strict=True):
        np.testing.assert_array_equal(row, recorded[layer][value][:, unit])


def test_a_trace_keeps_nothing_but_the_units_asked_for():
    checkpoint, _ = small("rnn", layers=1)

    def peak(length):
        text = (TEXT * length)[:length]
        tracemalloc.start()
        trace(checkpoint, text, [(0, "h", 1)])
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)  # what is imported and cached at first
    # for each character its number (float64) and its id, which are made from the text at once;
    # all units would take another 40 bytes
    assert peak(3_000) - peak(300) < 2_700 * 30


@pytest.mark.parametrize(
    "place", [(2, "c", 0), (-1, "c", 0), (0, "r", 0), (0, "c", 5), (0, "c", -1)]
)
def test_a_unit_that_is_not_there_is_refused(place):
    layer, name, unit = place
    told = (
        f"layer {layer}, '{name}' of unit {unit}: no such unit; layers are 0 to 1,"
        " values c, f, g, h, i, o, units 0 to 4"
    )
    checkpoint, _ = small()
    check_place(checkpoint, (1, "f", 4))
    with pytest.raises(UserError, match=told):
        check_place(checkpoint, place)
    with pytest.raises(UserError, match=told):
        trace(checkpoint, TEXT, [(0, "c", 0), place])


def test_texts_side_by_side_are_read_as_alone():
    checkpoint, _ = small()
    texts = "abc a", "cab b", "\n\n\nab"
    ids = np.stack([checkpoint.vocabulary.encode(text) for text in texts])
    side_by_side = list(watch(checkpoint, ids))
    for row, text in enumerate(texts):
        for layer, values in enumerate(record(checkpoint, text)):
            for name, alone in values.items():
                together = np.stack([seen[layer][name][row] for seen in side_by_side])
                np.testing.assert_allclose(together, alone, rtol=0, atol=1e-13)


def test_a_float32_model_is_recorded_in_float32():
    checkpoint, _ = small()
    weights = {name: array.astype(np.float32) for name, array in checkpoint.weights.items()}
    single = record(replace(checkpoint, weights=weights), TEXT)
    for values, exact in zip(single, record(checkpoint, TEXT), strict=True):
        for name in values:
            assert values[name].dtype == np.float32
            np.testing.assert_allclose(values[name], exact[name], rtol=0, atol=1e-5)


def test_a_cell_without_watch_shows_its_states_alone():
    register_cell("quiet", Cell(lambda p, x, state: rnn(p, x, state), ("h",), ("h",)))
    (values,) = record(small("quiet", layers=1)[0], TEXT)
    assert list(values) == ["h"]


def test_an_empty_or_unknown_text_is_refused():
    with pytest.raises(UserError, match="the text is empty"):
        record(small()[0], "")
    with pytest.raises(UserError, match="the text is empty"):
        trace(small()[0], "", [(0, "c", 0)])
    with pytest.raises(UserError, match="'x'"):
        record(small()[0], "ax")
