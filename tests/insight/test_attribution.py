"""Blame is held against reading again, against autograd, and against texts with a known answer."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small import CELLS as NAMES
from small import TEXT, randomize
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.insight import attribution
from charlstm.insight.attribution import (
    METHODS,
    Blame,
    gradient_times_input,
    occlusion,
    relevance_propagation,
)
from charlstm.model.cells import Cell, project, relu, rnn, run_layers
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.named_cells import register_cell
from charlstm.model.network import CharModel, initialize
from charlstm.options import ModelOptions
from charlstm.text import synthetic
from charlstm.text.vocabulary import Vocabulary

LETTERS = TEXT[:37]  # more than two blocks of occlusion
TARGETS = [1, 16, 17, 36]
H = 5
WAYS = [
    {"embedding_size": 3, "readout": "sum", "layers": 2},
    {"embedding_size": None, "readout": "last", "layers": 3},
]


def small(cell="lstm", size=0.7, **changed):
    """Return a checkpoint in float64 with random weights and biases, and its model."""
    options = ModelOptions(**({"cell": cell, "hidden_size": H, "embedding_size": 3} | changed))
    vocabulary = Vocabulary.of(TEXT)
    model = randomize(CharModel(options, len(vocabulary)), size=size).double()
    return Checkpoint(options, vocabulary, model.to_arrays()), model


def reader(name="read"):
    """Register a cell that charlstm does not know, and return its name."""
    register_cell(name, Cell(lambda p, u, state: rnn(p, u, state, relu), ("h",), ("h",)))
    return name


def read(model, xs, readout):
    """Return the logits after each letter of texts, (B, T, V), for their embeddings (B, T, E)."""
    features, _ = run_layers(list(model.layers), xs, model.zero_state(len(xs)), readout)
    return model.head(features)


def embedded(checkpoint, model):
    return model.embed(torch.from_numpy(checkpoint.vocabulary.encode(LETTERS)).long()).detach()


def scores_of(checkpoint, logits):
    """Return the score of each target, its logit minus the mean: (N,), or (N, B) for B texts."""
    ids = checkpoint.vocabulary.encode(LETTERS)
    centred = logits - logits.mean(-1, keepdim=True)
    return torch.stack([centred[..., t - 1, ids[t]] for t in TARGETS])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [*NAMES, "read"])
def test_occlusion_is_what_reading_again_tells(name, way):
    checkpoint, model = small(reader() if name == "read" else name, **way)
    found = occlusion(checkpoint, LETTERS, TARGETS)
    xs = embedded(checkpoint, model)
    T = len(LETTERS)
    texts = xs.repeat(T + 1, 1, 1)  # the last is whole
    texts[range(T), range(T)] = xs.mean(0)
    with torch.no_grad():
        scores = scores_of(checkpoint, read(model, texts, way["readout"]))
    np.testing.assert_allclose(found.score, scores[:, T], rtol=0, atol=1e-10)
    falls = scores[:, T:] - scores[:, :T]
    np.testing.assert_allclose(found.relevance, falls, rtol=0, atol=1e-10)


def test_occlusion_replaces_a_letter_by_letters_of_the_text():
    checkpoint, model = small()
    found = occlusion(checkpoint, LETTERS, TARGETS, draws=3, seed=7)
    xs = embedded(checkpoint, model)
    T = len(LETTERS)
    drawn = np.random.default_rng(7).integers(T, size=(T, 3))
    falls = torch.zeros(3, len(TARGETS), T).double()
    for k in range(3):
        texts = xs.repeat(T + 1, 1, 1)
        texts[range(T), range(T)] = xs[drawn[:, k]]
        with torch.no_grad():
            scores = scores_of(checkpoint, read(model, texts, "sum"))
        falls[k] = scores[:, T:] - scores[:, :T]
    np.testing.assert_allclose(found.relevance, falls.mean(0), rtol=0, atol=1e-10)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [*NAMES, "read"])
def test_the_gradient_is_that_of_the_whole_text(name, way):
    checkpoint, model = small(reader() if name == "read" else name, **way)
    found = gradient_times_input(checkpoint, LETTERS, TARGETS)
    xs = embedded(checkpoint, model).requires_grad_()
    scores = scores_of(checkpoint, read(model, xs[None], way["readout"])[0])
    np.testing.assert_allclose(found.score, scores.detach(), rtol=0, atol=1e-10)
    for row, score in enumerate(scores):
        (gradient,) = torch.autograd.grad(score, xs, retain_graph=True)
        expected = (gradient * xs).sum(1).detach()
        np.testing.assert_allclose(found.relevance[row], expected, rtol=0, atol=1e-10)


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
    monkeypatch.setattr(attribution, "EPSILON", 1e-13)
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


def share_out(relevance, terms, total):
    """Return what each of some terms (A, B) gets of the relevance (A,) of their sums."""
    return terms * (relevance / (total + 0.001 * np.where(total < 0, -1, 1)))[:, None]


def test_a_stabiliser_keeps_its_share():
    """Term by term, as the paper has it, for one layer and two letters."""
    checkpoint, model = small(layers=1)
    found = relevance_propagation(checkpoint, LETTERS[:3], [2])
    p = SimpleNamespace(**{n: w.detach().numpy() for n, w in model.layers[0].named_parameters()})
    x = embedded(checkpoint, model).numpy()
    g = slice(2 * H, 3 * H)
    seen = attribution.record(checkpoint, LETTERS[:3])[0]
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


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_targets_can_be_asked_one_by_one(method, data):
    text = data.draw(st.text(TEXT, min_size=2, max_size=40))
    places = data.draw(st.lists(st.integers(1, len(text) - 1), min_size=1, max_size=4))
    checkpoint, _ = small("gru")
    together = METHODS[method](checkpoint, text)
    some = METHODS[method](checkpoint, text, places, instead="T")
    assert together.relevance.shape == (len(text) - 1, len(text))
    assert some.targets.tolist() == sorted(set(places))
    for row, place in enumerate(some.targets):
        alone = METHODS[method](checkpoint, text, [place], instead="T")
        np.testing.assert_allclose(some.score[row], alone.score[0], rtol=0, atol=1e-10)
        np.testing.assert_allclose(some.relevance[row], alone.relevance[0], rtol=0, atol=1e-7)
        assert not together.relevance[place - 1, place:].any()


@pytest.mark.parametrize("method", METHODS.values())
def test_why_this_letter_and_not_that_one(method):
    """Each target has its own other letter. Nothing speaks for a letter rather than itself."""
    checkpoint, _ = small("coupled")
    found = method(checkpoint, "The fox", [3, 6], instead="qT")
    for row, (place, letter) in enumerate([(3, "q"), (6, "T")]):
        alone = method(checkpoint, "The fox", [place], instead=letter)
        assert alone.score[0] == pytest.approx(found.score[row], abs=1e-10)
        np.testing.assert_allclose(found.relevance[row], alone.relevance[0], rtol=0, atol=1e-7)
    itself = method(checkpoint, "The fox", [6], instead="x")
    assert itself.score[0] == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(itself.relevance, 0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS.values())
def test_a_float32_model_is_explained_in_float32(method):
    checkpoint, _ = small()
    weights = {name: array.astype(np.float32) for name, array in checkpoint.weights.items()}
    single = method(Checkpoint(checkpoint.options, checkpoint.vocabulary, weights), LETTERS)
    exact = method(checkpoint, LETTERS)
    assert single.relevance.dtype == single.score.dtype == np.float32
    np.testing.assert_allclose(single.score, exact.score, rtol=0, atol=1e-4)
    np.testing.assert_allclose(single.relevance, exact.relevance, rtol=0, atol=1e-3)


def test_the_share_counts_size():
    blame = Blame("abcd", np.array([2, 3]), np.zeros(2), np.array([[1.0, -3, 0, 0], [0, 0, 0, 0]]))
    assert blame.share(np.array([False, True, True, True])).tolist() == [0.75, 0.0]
    assert blame.share(np.array([[True] * 4, [False] * 4])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("method", METHODS.values())
@pytest.mark.parametrize(
    ("text", "how", "told"),
    [
        ("", {}, "the text is ''; give at least one letter, and one to explain"),
        ("T", {}, "the text is 'T'; give at least"),
        ("T\u20ac", {}, "\u20ac"),
        ("The", {"targets": [0, 1]}, "target 0: in a text of 3 letters give places from 1 to 2"),
        ("The", {"targets": [3]}, "target 3: in a text of 3"),
        ("The", {"targets": []}, "no targets: in a text of 3"),
        ("The", {"instead": "The"}, "instead has 3 letters; give one, or one for each of the 2"),
        ("The", {"instead": ""}, "instead has 0 letters"),
        ("The", {"instead": "\u20ac"}, "\u20ac"),
    ],
)
def test_what_cannot_be_explained(method, text, how, told):
    with pytest.raises(UserError, match=told):
        method(small()[0], text, **how)


def test_relevance_has_no_rule_for_a_cell_of_ones_own():
    told = "no rule for the cell 'read'; it must be one of lstm, .*; occlusion"
    with pytest.raises(UserError, match=told):
        relevance_propagation(small(reader())[0], LETTERS)


def lines_of(task, count, seed):
    """Yield lines with a known answer: text, marked places, which letters decide, another answer.

    In `recall` the first letter decides. In `agreement` the end of the subject does: the s of a
    plural, or the space where no s stands.
    """
    if task == "recall":
        known = synthetic.recall(count, 12, "abcdefgh", "ijklmnop", seed)
    else:
        known = synthetic.agreement(count, 3, seed)
    start = 0
    for line in known.text.splitlines(keepends=True):
        marked = np.flatnonzero(known.marked[start : start + len(line)])
        start += len(line)
        decides = np.zeros(len(line), bool)
        if task == "recall":
            decides[0] = True
            other = "abcdefgh"["bcdefgha".index(line[0])]
        else:
            end = line.index(" ", len("the "))
            decides[end - 1 : end + 1] = True
            other = "a" if line[marked[0]] == "i" else "i"
        yield line, marked, decides, other


def train(task, seed, updates):
    """Return an LSTM trained on new lines of a task, and one of the same start, untrained."""
    vocabulary = Vocabulary.of("".join(line for line, *_ in lines_of(task, 300, 0)))
    options = ModelOptions(hidden_size=32 if task == "recall" else 48, embedding_size=None)
    model = initialize(CharModel(options, len(vocabulary)), forget_bias=3.0, seed=seed)
    untrained = Checkpoint(options, vocabulary, model.to_arrays())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    rng = np.random.default_rng(seed)
    for _ in range(updates):
        lines = [(line, marked) for line, marked, *_ in lines_of(task, 32, rng)]
        width = max(len(line) for line, _ in lines)
        ids = np.stack([vocabulary.encode(line.ljust(width, "\n")) for line, _ in lines])
        rows = torch.arange(len(lines)).repeat_interleave(len(lines[0][1]))
        asked = torch.from_numpy(np.concatenate([marked for _, marked in lines]))
        batch = torch.from_numpy(ids).long()
        logits, _ = model(batch)
        loss = F.cross_entropy(logits[rows, asked - 1], batch[rows, asked])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return Checkpoint(options, vocabulary, model.to_arrays()), untrained


def shares(checkpoint, task, count):
    """Return how often a model is right, and for each method the share on what decides."""
    right = []
    found = {name: [] for name in (*METHODS, "chance")}
    for line, (target, *_), decides, other in lines_of(task, count, seed=1000):
        for name, method in METHODS.items():
            blame = method(checkpoint, line, [target], instead=other)
            found[name].append(blame.share(decides)[0])
        found["chance"].append(decides.sum() / target)
        right.append(blame.score[0] > 0)
    return np.mean(right), {name: float(np.mean(values)) for name, values in found.items()}


def test_a_trained_model_blames_the_letter_to_recall():
    trained, untrained = train("recall", seed=0, updates=100)
    right, share = shares(trained, "recall", 6)
    _, before = shares(untrained, "recall", 6)
    assert right == 1
    assert share["occlusion"] > 0.6
    assert share["relevance propagation"] > 0.4
    for name in METHODS:
        assert share[name] > before[name] + 0.05
    assert before["occlusion"] < 0.3


@pytest.mark.slow
@pytest.mark.parametrize(("task", "updates"), [("recall", 150), ("agreement", 300)])
def test_shares_of_the_letters_that_decide(task, updates):
    """The table in the docstring: means over five seeds, 40 lines each. `-s` prints it."""
    table = {}
    for seed in range(5):
        for kind, checkpoint in zip(
            ("trained", "untrained"), train(task, seed, updates), strict=True
        ):
            right, share = shares(checkpoint, task, 40)
            table.setdefault(kind, []).append([right, *share.values()])
    print(f"\n{task:22} right", *METHODS, "chance", sep="  ")
    for kind, rows in table.items():
        print(
            f"{kind:22}",
            *(f"{np.mean(c):.2f} ({min(c):.2f}-{max(c):.2f})" for c in np.transpose(rows)),
        )
    trained, untrained = (np.array(table[kind]) for kind in ("trained", "untrained"))
    assert trained[:, 0].min() > 0.9
    assert trained[:, 1].min() > 0.5
    assert (trained[:, 1] > untrained[:, 1] + 0.2).all()
