"""Relevance is held against a network of fixed gates, against the paper, and against its sum."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small import CELLS as NAMES
from small_texts import LETTERS, TARGETS, WAYS, H, embedded, reader, scores_of, small

from charlstm.errors import UserError
from charlstm.insight import relevance
from charlstm.insight.activations import record
from charlstm.insight.relevance import relevance_propagation
from charlstm.model.cells import project, run_layers


@pytest.mark.parametrize("instead", [None, "x"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_relevance_sums_to_the_score_if_all_of_it_is_spread(name, way, instead):
    checkpoint, _ = small(name, size=0.4, **way)
    found = relevance_propagation(checkpoint, LETTERS, instead=instead, spread=True)
    assert len(found.score) == len(LETTERS) - 1
    assert np.abs(found.score).max() > 0.3
    np.testing.assert_allclose(found.relevance.sum(1), found.score, rtol=0, atol=1e-6)


def still(x):
    """Return tanh x as a factor that does not change, times x."""
    return (torch.tanh(x) / x).detach() * x


def frozen(name, p, u, state):
    """Advance a cell whose gates and slopes of tanh are constants: all that is left is linear."""
    h = state[0]
    rows = [*torch.cat((u + h @ p.weight_hh.T + p.bias_hh, u)).split(H)]
    if name == "rnn":
        return (still(rows[0]),)
    if name == "gru":
        of_h = (h @ p.weight_hh.T + p.bias_hh).split(H)
        r, z = torch.sigmoid(rows[0]).detach(), torch.sigmoid(rows[1]).detach()
        return ((1 - z) * still(rows[5] + r * of_h[2]) + z * h,)
    c = state[1]
    q = p.weight_peephole if name == "peephole" else torch.zeros(3, H).double()
    if name == "coupled":
        rows.insert(0, -rows[0])
    i, f = (torch.sigmoid(rows[k] + q[k] * c).detach() for k in (0, 1))
    new = f * c + i * still(rows[2])
    return torch.sigmoid(rows[3] + q[2] * new).detach() * still(new), new


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_without_a_stabiliser_it_is_what_a_frozen_network_adds_up(name, way, monkeypatch):
    """The gates get nothing, so relevance is gradient times input of a network of fixed gates."""
    monkeypatch.setattr(relevance, "EPSILON", 1e-13)
    checkpoint, model = small(name, size=0.4, **way)
    found = relevance_propagation(checkpoint, LETTERS, TARGETS)
    xs = embedded(checkpoint, model).requires_grad_()

    def run(layer, inputs, state):
        outputs = []
        for x in inputs:
            state = frozen(name, layer, project(layer, x), state)
            outputs.append(state[0])
        return torch.stack(outputs), state

    layers = [lambda x, s, layer=layer: run(layer, x, s) for layer in model.layers]
    zero = [tuple(s[0] for s in layer) for layer in model.zero_state(1)]
    scores = scores_of(checkpoint, model.head(run_layers(layers, xs, zero, way["readout"])[0]))
    for row, score in enumerate(scores):
        (gradient,) = torch.autograd.grad(score, xs, retain_graph=True)
        expected = (gradient * xs).sum(1).detach()
        np.testing.assert_allclose(found.relevance[row], expected, rtol=0, atol=1e-7)


def share_out(sent, terms, total):
    """Return what each of some terms (A, B) gets of the relevance (A,) of their sums."""
    return terms * (sent / (total + 0.001 * np.where(total < 0, -1, 1)))[:, None]


def test_a_stabiliser_keeps_its_share():
    """Term by term, as the paper has it, for one layer and two letters."""
    checkpoint, model = small(layers=1)
    found = relevance_propagation(checkpoint, LETTERS[:3], [2])
    p = SimpleNamespace(**{n: w.detach().numpy() for n, w in model.layers[0].named_parameters()})
    x = embedded(checkpoint, model).numpy()
    g = slice(2 * H, 3 * H)
    seen = record(checkpoint, LETTERS[:3])[0]
    head = checkpoint.weights["head.weight"]
    slope = head[checkpoint.vocabulary.encode(LETTERS)[2]] - head.mean(0)
    score = found.score
    R_c = share_out(score, (slope * seen["h"][1])[None], score)[0]
    kept, written = seen["f"][1] * seen["c"][0], seen["i"][1] * seen["g"][1]
    R_old, R_g = share_out(R_c, np.stack((kept, written), 1), seen["c"][1]).T
    terms = np.hstack((p.weight_ih[g] * x[1], p.weight_hh[g] * seen["h"][0]))
    z = terms.sum(1) + p.bias_ih[g] + p.bias_hh[g]
    shares = share_out(R_g, terms, z).sum(0)
    assert found.relevance[0, 1] == pytest.approx(shares[:3].sum(), abs=1e-12)
    terms = p.weight_ih[g] * x[0]
    z = terms.sum(1) + p.bias_ih[g] + p.bias_hh[g]
    first = share_out(R_old + shares[3:], terms, z).sum()
    assert found.relevance[0, 0] == pytest.approx(first, abs=1e-12)


def test_relevance_has_no_rule_for_a_cell_of_ones_own():
    told = "no rule for the cell 'read'; it must be one of lstm, .*; occlusion"
    with pytest.raises(UserError, match=told):
        relevance_propagation(small(reader())[0], LETTERS)
