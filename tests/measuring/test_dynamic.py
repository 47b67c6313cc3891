"""Dynamic evaluation agrees with the paper's rule, which is written out here once more."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import randomize

from charlstm.errors import UserError
from charlstm.measuring import dynamic as rule
from charlstm.measuring.dynamic import mean_squares, score_dynamic
from charlstm.measuring.scores import score_carried
from charlstm.model.checkpoint import Checkpoint, find_model
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.corpus import read_corpus

V = 9


@pytest.fixture
def model():
    return randomize(CharModel(ModelOptions(layers=2, hidden_size=8, embedding_size=4), V))


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(V, size=1210, dtype=np.int32)


def losses_and_gradients(model, ids, weights, update, streams=1):
    """Walk over segments of 128 with weights of our own; the state crosses, the gradient does not.

    `update(gradients)` changes `weights` after each segment, which holds a piece of every stream.
    """
    total = 0.0
    each, left = divmod(len(ids), streams)
    ends = [each * (k + 1) for k in range(streams)]
    ends[-1] += left
    at = [end - each for end in ends]  # the last characters that were read
    at[-1] -= left
    states = [None] * streams
    while any(place < end - 1 for place, end in zip(at, ends, strict=True)):
        tracked = {name: w.clone().requires_grad_() for name, w in weights.items()}
        nats = []
        for k in range(streams):
            # what is left over is a segment of its own
            end = ends[k] - left * (k == streams - 1 and at[k] < ends[k] - 1 - left)
            piece = torch.from_numpy(ids[at[k] : min(at[k] + 128 // streams + 1, end)]).long()
            if len(piece) > 1:
                call = piece[None, :-1], states[k]
                logits, state = torch.func.functional_call(model, tracked, call)
                logs = torch.log_softmax(logits[0], -1)
                nats.append(-logs[torch.arange(len(piece) - 1), piece[1:]])
                states[k] = [tuple(s.detach() for s in layer) for layer in state]
                at[k] += len(piece) - 1
        everything = torch.cat(nats)
        gradients = torch.autograd.grad(everything.mean(), list(tracked.values()))
        total += everything.sum().item()
        update(dict(zip(tracked, gradients, strict=True)))
    return total / (len(ids) - streams)


@pytest.mark.parametrize("streams", [1, 3])
def test_dynamic_is_krauses_rule(streams, model, ids):
    model = model.double()
    # 4 and 7 segments; the last of each is shorter. With 3 streams 2 characters are left over
    history = ids[:410]
    text = ids[410:]
    trained = {name: p.detach().clone() for name, p in model.named_parameters()}
    sums = {name: torch.zeros_like(w) for name, w in trained.items()}

    def add(gradients):
        for name, gradient in gradients.items():
            sums[name] += gradient**2

    losses_and_gradients(model, history, trained, add)
    roots = {name: (total / 4).sqrt() for name, total in sums.items()}
    everything = torch.cat([root.flatten() for root in roots.values()])
    weights = {name: w.clone() for name, w in trained.items()}

    def learn(gradients):
        for name, gradient in gradients.items():
            floor = rule.FLOOR * everything.mean()
            back = (0.05 * (roots[name] + floor) / everything.mean()).clamp(max=1.0)
            change = back * (trained[name] - weights[name])
            weights[name] += change - 0.01 * gradient / (roots[name] + floor)

    expected = losses_and_gradients(model, text, weights, learn, streams)
    score = score_dynamic(model, text, history, rate=0.01, decay=0.05, streams=streams)
    assert score.characters == 800 - streams
    assert score.nats == pytest.approx(expected, abs=1e-12)
    assert abs(score.nats - score_carried(model, text).nats) > 1e-3  # the rule did something
    for name, p in model.named_parameters():
        assert torch.equal(p, trained[name])
        assert p.grad is None
    for square, root in zip(mean_squares(model, history), roots.values(), strict=True):
        torch.testing.assert_close(square, root**2, rtol=0, atol=1e-12)


def test_dynamic_at_rate_zero_is_carried(model, ids):
    assert score_dynamic(model, ids, ids, rate=0.0).nats == pytest.approx(
        score_carried(model, ids).nats
    )


def test_dynamic_learns_a_text_that_repeats_itself(model, ids):
    again = np.tile(ids[:40], 60)
    assert score_dynamic(model, again, ids, rate=0.03).nats < score_carried(model, again).nats - 0.3


def test_dynamic_survives_a_character_that_the_history_lacks():
    """Its weights have no size; without the floor they would leap at its first sight."""
    checkpoint = Checkpoint.load(find_model(None))
    model = CharModel.from_checkpoint(checkpoint)
    tales = read_corpus(["tales"]).text.replace("$", "")
    strange = tales[2000:2200] + "$" + tales[2200:2400]
    history, text = (
        checkpoint.vocabulary.encode(part, unknown="skip") for part in (tales[:2000], strange)
    )
    assert score_dynamic(model, text, history).nats < score_carried(model, text).nats


def test_the_sizes_come_from_all_of_a_long_history(monkeypatch):
    monkeypatch.setattr(rule, "STRETCH", 10)
    spread = rule._spread(np.arange(5000, dtype=np.int32))
    assert len(spread) == rule.STRETCHES * 10
    assert (spread[0], spread[-1]) == (0, 4999)
    assert (np.diff(spread.reshape(-1, 10)) == 1).all()


@given(st.integers(2, 400), st.data())
def test_each_place_is_read_once_and_after_the_one_before(length, data):
    streams = data.draw(st.integers(1, length // 2))
    segments = list(rule.reading(length, streams))
    places = np.concatenate([p.flatten() for p in segments])
    first = set(range(length)) - set(places.tolist())
    assert first == {length // streams * k for k in range(streams)}
    assert len(set(places.tolist())) == len(places) == length - streams
    read = set(first)
    for segment in segments:
        assert segment.size <= max(rule.SEGMENT, streams)
        for row in segment.tolist():
            assert all(place - 1 in read | set(row[:k]) for k, place in enumerate(row))
        read |= set(segment.flatten().tolist())


def test_a_text_can_be_too_short_for_streams(model, ids):
    with pytest.raises(UserError, match="4 streams: a text of 7 characters makes 3 at most"):
        score_dynamic(model, ids[:7], ids, streams=4)


def test_dynamic_needs_a_history(model, ids):
    with pytest.raises(UserError, match="1 character"):
        score_dynamic(model, ids, ids[:1])
