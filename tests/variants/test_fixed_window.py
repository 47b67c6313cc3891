"""The network with a fixed window: its formula, what it sees, its two protocols, its files."""

import copy

import numpy as np
import pytest
import torch
from small import TEXT, randomize

from charlstm import score_carried, score_cold
from charlstm.errors import UserError
from charlstm.model.array_file import write_arrays
from charlstm.model.checkpoint import Checkpoint
from charlstm.text.vocabulary import Vocabulary
from charlstm.variants.fitting import FitOptions, fit_next
from charlstm.variants.fixed_window import FixedWindow

LETTERS = Vocabulary("abcdefg")
B, T, K, E, H = 3, 8, 4, 5, 9
IDS = torch.from_numpy(np.random.default_rng(1).integers(7, size=(B, T)))


def made(reads=K):
    return randomize(FixedWindow(LETTERS, reads, E, H).double())


def naive(model, ids):
    """Return logits (B, T, V) by a loop over places and letters."""
    weight = model.hidden.weight.view(H, E, model.reads)  # the oldest letter comes first
    logits = torch.zeros(*ids.shape, 7).double()
    for s in range(len(ids)):
        for t in range(ids.shape[1]):
            a = model.hidden.bias.clone()
            for j in range(model.reads):
                if t - j >= 0:
                    a = (
                        a
                        + weight[:, :, model.reads - 1 - j] @ model.embedding.weight[ids[s, t - j]]
                    )
            logits[s, t] = model.head.bias + model.head.weight @ a.tanh()
    return logits


@pytest.mark.parametrize("reads", [1, 2, K, T + 3])
def test_logits_and_gradients_are_those_of_the_formula(reads):
    model = made(reads)
    other = copy.deepcopy(model)
    logits, _ = model(IDS)
    expected = naive(other, IDS)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-12)
    (logits**2).sum().backward()
    (expected**2).sum().backward()
    for (name, weight), twin in zip(model.named_parameters(), other.parameters(), strict=True):
        assert weight.grad.abs().max() > 0, name
        torch.testing.assert_close(weight.grad, twin.grad, rtol=1e-9, atol=1e-10)


def test_it_sees_k_letters_and_no_other():
    model = made()
    before, _ = model(IDS)
    for t in range(T):
        changed = IDS.clone()
        changed[:, t] = (changed[:, t] + 1) % 7
        after, _ = model(changed)
        differs = (after != before).any(2)
        assert differs[:, t : t + K].all()
        assert not differs[:, :t].any()
        assert not differs[:, t + K :].any()


@pytest.mark.parametrize("reads", [1, K, T + 3])
@pytest.mark.parametrize("cuts", [[1] * T, [2, 5, 1], [7, 1]])
def test_pieces_of_any_length_give_what_one_pass_gives(reads, cuts):
    model = made(reads)
    whole, last = model(IDS)
    state, pieces = None, []
    for piece in IDS.split(cuts, 1):
        logits, state = model(piece, state)
        pieces.append(logits)
    torch.testing.assert_close(torch.cat(pieces, 1), whole, rtol=0, atol=1e-12)
    assert torch.equal(state, last)
    assert torch.equal(state, IDS[:, max(0, T - reads + 1) :])


def test_it_trains_and_is_scored_in_both_protocols():
    vocabulary = Vocabulary.of(TEXT)
    ids = vocabulary.encode(TEXT * 20)
    model = FixedWindow(vocabulary, 5, 8, 24)
    before = score_cold(model, ids[:300]).nats
    list(fit_next(model, ids, 16, FitOptions(steps=150, batch_size=8)))
    carried = score_carried(model, ids[:300], chunk=7)
    assert carried.nats < 0.5 < before
    assert carried.nats == pytest.approx(score_carried(model, ids[:300]).nats, abs=1e-5)
    assert score_cold(model, ids[:300], window=10).nats > carried.nats + 0.1


def test_a_seed_gives_the_weights_and_leaves_torch_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (FixedWindow(LETTERS, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    for name in ("embedding.weight", "hidden.weight", "head.weight"):
        weights = [model.state_dict()[name] for model in (one, same, other)]
        assert torch.equal(weights[0], weights[1])
        assert not torch.equal(weights[0], weights[2])


def test_a_file_brings_it_back(tmp_path):
    path = tmp_path / "window.safetensors"
    model = made().float()
    model.save(path)
    again = FixedWindow.load(path)
    assert (again.reads, again.vocabulary) == (K, LETTERS)
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight.half().float())
    with pytest.raises(UserError, match="of another kind"):
        Checkpoint.load(path)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"kind": "transformer"}, "of another kind"),
        ({"reads": 0}, "garbles reads"),
        ({"reads": K + 1}, "shape"),
        ({"vocabulary": {"characters": "aa", "bytewise": False}}, "all different"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, changed, told):
    model = made().float()
    header = {
        "kind": "fixed window", "reads": K, "embedding_size": E, "hidden_size": H,
        "vocabulary": {"characters": LETTERS.characters, "bytewise": False},
    }  # fmt: skip
    path = tmp_path / "window.safetensors"
    weights = {name: weight.numpy() for name, weight in model.state_dict().items()}
    write_arrays(path, weights, header | changed)
    with pytest.raises(UserError, match=told) as refused:
        FixedWindow.load(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("reads", 0, "from 1 to 1024"),
        ("reads", 2.5, "a whole number from 1 to 1024"),
        ("embedding_size", 0, "from 1 to 65536"),
        ("hidden_size", 0, "from 1 to 65536"),
        ("seed", 2**70, "from 0 to"),
    ],
)
def test_a_size_out_of_its_range_is_refused(name, value, allowed):
    with pytest.raises(UserError, match=f"{name} is {value}; it must be {allowed}"):
        FixedWindow(LETTERS, **{name: value})


def test_a_state_and_a_text_of_another_shape_are_refused():
    model = made()
    for wrong in (IDS[:, :K], IDS[:2, :2], IDS[0, :2]):
        with pytest.raises(UserError, match=r"this model needs \(3, n\), n at most 3"):
            model(IDS, wrong)
    for wrong in (IDS[0], IDS[:, :0]):
        with pytest.raises(UserError, match=r"must be \(B, T\), T at least 1"):
            model(wrong)
    with pytest.raises(UserError, match="ids: 7 is among them"):
        model(torch.full((1, 2), 7))


def test_a_step_leaves_nothing_on_the_host():
    """On PyTorch's meta device an operation with a tensor of the CPU fails."""
    model = made().to("meta")
    logits, state = model(IDS.to("meta"))
    logits, state = model(IDS.to("meta"), state)
    logits.sum().backward()
    assert {p.grad.device.type for p in model.parameters()} == {state.device.type} == {"meta"}
