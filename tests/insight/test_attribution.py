"""Blame is held against reading again, against autograd, and against texts with a known answer."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small import CELLS as NAMES
from small import TEXT
from small_texts import LETTERS, TARGETS, WAYS, embedded, read, reader, scores_of, small
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.insight.attribution import METHODS, gradient_times_input, occlusion
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel, initialize
from charlstm.options import ModelOptions
from charlstm.text import synthetic
from charlstm.text.vocabulary import Vocabulary


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


def test_no_draws_are_refused():
    with pytest.raises(UserError, match="draws is 0; give at least 1, or None"):
        occlusion(small()[0], LETTERS, draws=0)


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
@pytest.mark.parametrize(
    ("task", "updates", "lines"), [("recall", 150, 40), ("agreement", 300, 20)]
)
def test_shares_of_the_letters_that_decide(task, updates, lines):
    """The table in the docstring: means over five seeds. `-s` prints it."""
    table = {}
    for seed in range(5):
        for kind, checkpoint in zip(
            ("trained", "untrained"), train(task, seed, updates), strict=True
        ):
            right, share = shares(checkpoint, task, lines)
            table.setdefault(kind, []).append([right, *share.values()])
    print(f"\n{task:22} right", *METHODS, "chance", sep="  ")
    for kind, rows in table.items():
        print(
            f"{kind:22}",
            *(f"{np.mean(c):.2f} ({min(c):.2f}-{max(c):.2f})" for c in np.transpose(rows)),
        )
    trained, untrained = (np.array(table[kind]) for kind in ("trained", "untrained"))
    assert trained[:, 0].min() > 0.9
    assert trained[:, 1].min() > 0.35
    gradient, relevance = trained[:, 2], trained[:, 3]
    assert (relevance > gradient if task == "recall" else gradient > relevance).all()
    assert (trained[:, 1] > untrained[:, 1] + 0.2).all()
