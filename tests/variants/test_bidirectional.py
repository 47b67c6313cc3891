"""The network for blanks: against its cells step by step, blind to the place itself, its files."""

import numpy as np
import pytest
import torch
from small import randomize
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.model.array_file import read_arrays, write_arrays
from charlstm.model.cells import project
from charlstm.model.named_cells import find_cell
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.variants import bidirectional
from charlstm.variants.bidirectional import (
    READS,
    Bidirectional,
    chances,
    fit_bidirectional,
    score_blanks,
)
from charlstm.variants.fitting import FitOptions

B, T, E, H = 3, 6, 4, 5
VOCABULARY = Vocabulary("abcdefg")
V = len(VOCABULARY)
each = pytest.mark.parametrize("reads", READS)


def network(reads="both", cell="lstm", embedding_size=E, **more):
    options = ModelOptions(cell, 2, H, embedding_size, **more)
    return randomize(Bidirectional(options, VOCABULARY, reads).double())


def some_ids(*shape, high=V):
    return torch.from_numpy(np.random.default_rng(5).integers(high, size=shape))


def features(stack, xs):
    """Return what two layers say after some inputs, each (B, E); zeros before the first."""
    cell = find_cell(stack.options.cell)
    state = [tuple(torch.zeros(B, H).double() for _ in cell.states) for _ in range(2)]
    said = torch.zeros(B, H).double()
    for x in xs:
        state[0] = cell.step(stack[0], project(stack[0], x), state[0])
        state[1] = cell.step(stack[1], project(stack[1], state[0][0]), state[1])
        said = state[0][0] + state[1][0]
    return said


@each
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_each_place_is_predicted_from_the_others_step_by_step(reads, cell):
    model = network(reads, cell)
    ids = some_ids(B, T, high=V + 1)  # blanks among them
    logits = model(ids)
    wanted = []
    for t in range(T):
        x = [model.embedding.weight[ids[:, k]] for k in range(T)]
        parts = []
        if reads != "backwards":
            parts.append(features(model.forwards, x[:t]))
        if reads != "forwards":
            parts.append(features(model.backwards, x[:t:-1]))
        wanted.append(torch.cat(parts, 1) @ model.head.weight.T + model.head.bias)
    wanted = torch.stack(wanted, 1)
    assert logits.shape == (B, T, V)
    torch.testing.assert_close(logits, wanted, rtol=0, atol=1e-12)
    weights = list(model.parameters())
    toward = torch.from_numpy(np.random.default_rng(1).normal(size=(B, T, V)))
    for a, b in zip(
        torch.autograd.grad((logits * toward).sum(), weights),
        torch.autograd.grad((wanted * toward).sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


@each
@pytest.mark.parametrize("embedding_size", [E, None])
def test_a_place_depends_on_all_it_may_read_and_never_on_itself(reads, embedding_size):
    model = network(reads, embedding_size=embedding_size)
    ids = some_ids(1, T)
    depends = np.zeros((T, T), bool)  # of the row on the column
    for s in range(T):
        changed = ids.clone()
        changed[0, s] = (ids[0, s] + 1) % (V + 1)
        depends[:, s] = ((model(changed) - model(ids)).abs() > 1e-9).any(2).numpy()
    t, s = np.indices((T, T))
    allowed = {"both": s != t, "forwards": s < t, "backwards": s > t}[reads]
    np.testing.assert_array_equal(depends, allowed)


def test_dropout_needs_a_generator_and_also_hits_what_the_softmax_reads():
    model = network(dropout=0.5)
    ids = some_ids(B, T)
    assert torch.equal(model(ids), model(ids))
    one, two = (model(ids, np.random.default_rng(seed)) for seed in (1, 2))
    assert not torch.equal(one, two)
    one, two = (
        model(ids[:, :1], np.random.default_rng(seed)) - model(ids[:, :1]) for seed in (1, 2)
    )
    assert not one.any()  # nothing has been read of a text of one character
    assert not two.any()


def test_a_seed_repeats_the_weights_and_leaves_the_generator_alone():
    before = torch.random.get_rng_state()
    options = ModelOptions(hidden_size=H, embedding_size=E)
    one, same, other = (Bidirectional(options, VOCABULARY, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(one.forwards[0].weight_hh, same.forwards[0].weight_hh)
    assert not torch.equal(one.forwards[0].weight_hh, other.forwards[0].weight_hh)
    assert not torch.equal(one.forwards[0].weight_hh, one.backwards[0].weight_hh)


@pytest.mark.parametrize("hidden", [0.0, 0.6])
def test_fitting_reads_windows_with_blanks_and_predicts_all_their_places(hidden, monkeypatch):
    model = network()
    ids = some_ids(300).numpy()
    seen = []
    forward = Bidirectional.forward

    def watched(self, read, rng):
        logits = forward(self, read, rng)
        seen.append((read.numpy(), logits.detach()))
        return logits

    monkeypatch.setattr(Bidirectional, "forward", watched)
    options = FitOptions(steps=3, batch_size=40, seed=2)
    reports = list(fit_bidirectional(model, ids, 50, options, hidden))
    for step, (report, (read, logits)) in enumerate(zip(reports, seen, strict=True)):
        starts = np.random.default_rng((2, step)).integers(251, size=40)
        targets = np.stack([ids[start : start + 50] for start in starts])
        blank = read == V
        np.testing.assert_array_equal(read[~blank], targets[~blank])
        shares = blank.mean(1)
        if hidden:
            assert shares.min() < 0.1
            assert 0.4 < shares.max() < 0.8
            assert 0.25 < shares.mean() < 0.35
        else:
            assert not blank.any()
        wanted = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).flatten())
        assert report.loss == pytest.approx(wanted.item(), abs=1e-9)
    assert len(seen) == 3


def test_both_sides_learn_what_one_side_cannot_know():
    """Of three letters the outer two decide the middle one, and neither does alone."""
    rng = np.random.default_rng(0)
    left, right = rng.integers(2, size=(2, 900))
    ids = np.stack([left, 2 + left + 2 * right, right], 1).flatten()
    nats = {}
    for reads in READS:
        options = ModelOptions(hidden_size=12, embedding_size=6, dropout=0.0)
        model = Bidirectional(options, VOCABULARY, reads, seed=1)
        list(fit_bidirectional(model, ids[:1800], 12, FitOptions(steps=150, batch_size=32), 0.0))
        nats[reads] = score_blanks(chances(model, ids[1800:])[1::3], ids[1801::3]).nats
    assert nats["both"] < 0.1
    assert min(nats["forwards"], nats["backwards"]) > np.log(2) - 0.05


def test_chances_of_a_short_text_are_those_of_one_reading():
    model = network()
    ids = some_ids(30, high=V + 1).numpy().astype(np.int32)
    logs = chances(model, ids)
    wanted = model(torch.from_numpy(ids[None]).long())[0].log_softmax(1)
    assert logs.dtype == np.float32
    np.testing.assert_allclose(logs, wanted.detach().numpy(), rtol=0, atol=1e-6)


def test_chances_of_a_long_text_know_enough_on_both_sides(monkeypatch):
    monkeypatch.setattr(bidirectional, "PIECE", 4)
    monkeypatch.setattr(bidirectional, "MARGIN", 3)
    monkeypatch.setattr(bidirectional, "ROWS", 2)
    model = network()
    for size in (9, 10, 11, 23):
        ids = some_ids(size).numpy()
        logs = chances(model, ids)
        length = min(size, 10)
        for t in range(size):
            fits = []
            for start in range(size - length + 1):
                if start <= max(0, t - 3) and start + length >= min(size, t + 4):
                    piece = torch.from_numpy(ids[None, start : start + length])
                    fits.append(model(piece)[0, t - start].log_softmax(0).detach().numpy())
            assert min(np.abs(logs[t] - fit).max() for fit in fits) < 1e-6


def test_scores_are_counted():
    logs = np.log([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
    score = score_blanks(logs, np.array([0, 2, 2, 2]))
    assert (score.right, score.places) == (0.75, 4)
    assert score.nats == pytest.approx(-np.log(0.5 * 0.3 * 0.5 * 0.8) / 4)


@each
@pytest.mark.parametrize("embedding_size", [E, None])
def test_a_network_comes_back_from_its_file(reads, embedding_size, tmp_path):
    model = network(reads, "gru", embedding_size, dropout=0.25)
    model.save(tmp_path / "blanks.safetensors")
    again = Bidirectional.load(tmp_path / "blanks.safetensors")
    assert (again.reads, again.options, again.vocabulary) == (reads, model.options, VOCABULARY)
    ids = some_ids(B, T)
    torch.testing.assert_close(again(ids).double(), model(ids), rtol=0, atol=5e-3)  # float16


def test_a_file_with_another_direction_is_refused(tmp_path):
    path = tmp_path / "blanks.safetensors"
    network().save(path)
    arrays, header = read_arrays(path, "bidirectional")
    write_arrays(path, arrays, header | {"kind": "bidirectional", "reads": "sideways"})
    with pytest.raises(UserError, match=r"garbles reads: 'sideways' is not one of both, forwards"):
        Bidirectional.load(path)
    options = header["model"] | {"cell": "nothing"}
    write_arrays(path, arrays, header | {"kind": "bidirectional", "model": options})
    with pytest.raises(UserError, match=r"blanks\.safetensors.*nothing"):
        Bidirectional.load(path)
    write_arrays(path, arrays, header | {"kind": "bidirectional", "reads": "forwards"})
    with pytest.raises(UserError, match=r"backwards\.0"):
        Bidirectional.load(path)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: network("up"), "reads is 'up'; it must be one of both, forwards, backwards"),
        (lambda: fit_bidirectional(network(), np.zeros(9), 1), "window is 1; .* at least 2"),
        (lambda: fit_bidirectional(network(), np.zeros(9), 10), "9 characters, but a window is 10"),
        (lambda: fit_bidirectional(network(), np.zeros(9), 4, hidden=1), "hidden is 1; .* below 1"),
        (
            lambda: fit_bidirectional(network(), np.zeros(9), 4, hidden="x"),
            "hidden is 'x'; .* number",
        ),
        (lambda: fit_bidirectional(network(), some_ids(9).numpy(), "8"), "window is '8'; .* whole"),
        (lambda: fit_bidirectional(network(), some_ids(9).numpy(), 8.0), "window is 8.0; .* whole"),
        (lambda: fit_bidirectional(network(), np.full(9, V), 4), "ids: 7 at position 0; .* 0 to 6"),
        (lambda: fit_bidirectional(network(), np.full(9, -1), 4), "ids: -1 at position 0"),
        (lambda: fit_bidirectional(network(), np.zeros(9), 4), "ids: .* type float64; give whole"),
        (lambda: chances(network(), np.zeros(0, np.int32)), "the text has 0 characters"),
        (lambda: chances(network(), np.zeros(5)), "ids: .* type float64; give whole"),
        (lambda: chances(network(), np.array([0, V + 1])), "ids: 8 at position 1; .* 0 to 7"),
        (lambda: score_blanks(np.zeros((0, V)), np.zeros(0, int)), "0 ids; .* at least one place"),
        (
            lambda: score_blanks(np.zeros((2, V)), np.zeros(3, int)),
            r"\(2, 7\), and there are 3 ids",
        ),
        (lambda: score_blanks(np.zeros((1, V)), np.array([-1])), "ids: -1 at position 0"),
        (
            lambda: Bidirectional(ModelOptions(), VOCABULARY, seed=2**70),
            f"seed is {2**70}; .* from",
        ),
    ],
)
def test_bad_input_is_answered(call, told):
    with pytest.raises(UserError, match=told):
        call()


@each
def test_a_pass_there_and_back_leaves_nothing_on_the_host(reads):
    options = ModelOptions(layers=2, hidden_size=H, embedding_size=E)
    model = Bidirectional(options, VOCABULARY, reads).to("meta")
    logits = model(torch.zeros(B, T, dtype=torch.long, device="meta"))
    logits.sum().backward()
    assert {logits.device, *(p.grad.device for p in model.parameters())} == {torch.device("meta")}
