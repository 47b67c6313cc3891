"""Dynamic evaluation agrees with the paper's rule, which is written out here once more."""

import numpy as np
import pytest
import torch
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


def losses_and_gradients(model, ids, weights, update):
    """Walk over segments of 128 with weights of our own; the state crosses, the gradient does not.

    `update(gradients)` changes `weights` after each segment.
    """
    total = 0.0
    state = None
    for start in range(0, len(ids) - 1, 128):
        piece = torch.from_numpy(ids[start : start + 129]).long()
        tracked = {name: w.clone().requires_grad_() for name, w in weights.items()}
        logits, state = torch.func.functional_call(model, tracked, (piece[None, :-1], state))
        nats = -torch.log_softmax(logits[0], -1)[torch.arange(len(piece) - 1), piece[1:]]
        gradients = torch.autograd.grad(nats.mean(), list(tracked.values()))
        state = [tuple(s.detach() for s in layer) for layer in state]
        total += nats.sum().item()
        update(dict(zip(tracked, gradients, strict=True)))
    return total / (len(ids) - 1)


def test_dynamic_is_krauses_rule(model, ids):
    model = model.double()
    # 4 and 7 segments; the last of each is shorter
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

    expected = losses_and_gradients(model, text, weights, learn)
    score = score_dynamic(model, text, history, rate=0.01, decay=0.05)
    assert score.characters == 799
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


def test_dynamic_needs_a_history(model, ids):
    with pytest.raises(UserError, match="1 character"):
        score_dynamic(model, ids, ids[:1])
