"""The causal transformer: its formula, what it sees, its blocks, its two protocols, its files."""

import copy
import math

import numpy as np
import pytest
import torch
from small import TEXT, randomize
from torch.nn import functional as F

from charlstm import score_carried, score_cold
from charlstm.errors import UserError
from charlstm.model.array_file import write_arrays
from charlstm.model.checkpoint import Checkpoint
from charlstm.text.vocabulary import Vocabulary
from charlstm.variants.fitting import FitOptions, fit_next
from charlstm.variants.transformer import CausalTransformer

LETTERS = Vocabulary("abcdefg")
B, T, L, D, HEADS = 3, 11, 12, 6, 3
IDS = torch.from_numpy(np.random.default_rng(1).integers(7, size=(B, T)))
LONG = torch.from_numpy(np.random.default_rng(2).integers(7, size=(B, 40)))


def made(context=L, layers=2):
    return randomize(CausalTransformer(LETTERS, context, layers, D, HEADS).double())


def naive(model, ids):
    """Return logits (T, V) of one text by a loop over places and heads."""
    x = model.embedding.weight[ids].clone()
    for t in range(len(ids)):
        for i in range(D):
            angle = t / 10_000 ** ((i - i % 2) / D)
            x[t, i] = x[t, i] + (math.cos(angle) if i % 2 else math.sin(angle))
    size = D // HEADS
    for layer in model.encoder.layers:
        a = F.layer_norm(x, (D,), layer.norm1.weight, layer.norm1.bias)
        q, k, v = (a @ layer.self_attn.in_proj_weight.T + layer.self_attn.in_proj_bias).chunk(
            3, 1
        )  # each (T, D)
        looked = []
        for t in range(len(ids)):
            heads = []
            for h in range(HEADS):
                own = slice(h * size, (h + 1) * size)
                scores = k[: t + 1, own] @ q[t, own] / math.sqrt(size)
                heads.append(scores.softmax(0) @ v[: t + 1, own])
            looked.append(torch.cat(heads))
        x = x + torch.stack(looked) @ layer.self_attn.out_proj.weight.T
        x = x + layer.self_attn.out_proj.bias
        a = F.layer_norm(x, (D,), layer.norm2.weight, layer.norm2.bias)
        inner = F.gelu(a @ layer.linear1.weight.T + layer.linear1.bias)
        x = x + inner @ layer.linear2.weight.T + layer.linear2.bias
    norm = model.encoder.norm
    return F.layer_norm(x, (D,), norm.weight, norm.bias) @ model.head.weight.T + model.head.bias


def test_logits_and_gradients_are_those_of_the_formula():
    model = made()
    other = copy.deepcopy(model)
    logits, _ = model(IDS)
    expected = torch.stack([naive(other, ids) for ids in IDS])
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-10)
    (logits**2).sum().backward()
    (expected**2).sum().backward()
    for (name, weight), twin in zip(model.named_parameters(), other.parameters(), strict=True):
        assert weight.grad.abs().max() > 0, name
        torch.testing.assert_close(weight.grad, twin.grad, rtol=1e-7, atol=1e-7)


def test_it_does_not_see_what_comes():
    model = made()
    before, _ = model(IDS)
    for t in range(T):
        changed = IDS.clone()
        changed[:, t] = (changed[:, t] + 1) % 7
        after, _ = model(changed)
        torch.testing.assert_close(after[:, :t], before[:, :t], rtol=0, atol=1e-12)
        assert ((after - before)[:, t:].abs().amax(2) > 1e-9).all()


def test_each_place_of_a_long_text_sees_nine_letters_before_it_or_more():
    """Of 12: blocks end after 12, 15, 18, ... letters."""
    model = made()
    logits, state = model(LONG)
    assert torch.equal(state, LONG[:, -9:])
    for t in range(40):
        begin = max(0, (t - 9) // 3 * 3)
        alone, _ = model(LONG[:, begin : t + 1])
        torch.testing.assert_close(logits[:, t], alone[:, -1], rtol=0, atol=1e-10)
        assert begin == 0 or 9 <= t - begin < 12


@pytest.mark.parametrize("cuts", [[12, 3, 6, 19], [12, 9, 19], [15, 25]])
def test_pieces_give_what_one_pass_gives(cuts):
    model = made()
    whole, last = model(LONG)
    state, pieces = None, []
    for piece in LONG.split(cuts, 1):
        logits, state = model(piece, state)
        pieces.append(logits)
    torch.testing.assert_close(torch.cat(pieces, 1), whole, rtol=0, atol=1e-10)
    assert torch.equal(state, last)


@pytest.mark.parametrize("cuts", [[1] * 40, [7, 1, 25, 7]])
def test_pieces_of_any_length_see_as_much(cuts):
    model = made()
    start, state = 0, None
    for piece in LONG.split(cuts, 1):
        logits, state = model(piece, state)
        for t in range(piece.shape[1]):
            ends = start + t + 1
            seen = [model(LONG[:, ends - n : ends])[0][:, -1] for n in range(min(10, ends), 13)
                    if n <= ends]  # fmt: skip
            assert any(torch.allclose(logits[:, t], one, rtol=0, atol=1e-10) for one in seen)
        start += piece.shape[1]


def test_evaluation_mode_gives_the_same_in_pytorchs_fast_path():
    model = made().float()
    expected, _ = model(IDS)
    model.eval()
    with torch.inference_mode():
        logits, _ = model(IDS)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-4)


def test_it_trains_and_is_scored_in_both_protocols():
    vocabulary = Vocabulary.of(TEXT)
    ids = vocabulary.encode(TEXT * 20)
    model = CausalTransformer(vocabulary, 16, 1, 24, 2)
    before = score_cold(model, ids[:300]).nats
    options = FitOptions(steps=200, batch_size=8, beta1=0.9)
    list(fit_next(model, ids, 16, options))
    carried = score_carried(model, ids[:300], chunk=4)
    assert carried.nats < 0.5 < before
    assert carried.nats == pytest.approx(score_carried(model, ids[:300]).nats, abs=1e-5)
    assert score_cold(model, ids[:300], window=10).nats > carried.nats + 0.05


def test_a_seed_gives_the_weights_and_leaves_torch_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (CausalTransformer(LETTERS, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    for name in ("embedding.weight", "encoder.layers.1.linear1.weight", "head.weight"):
        weights = [model.state_dict()[name] for model in (one, same, other)]
        assert torch.equal(weights[0], weights[1])
        assert not torch.equal(weights[0], weights[2])
    first, second = one.encoder.layers
    for name, weight in first.named_parameters():
        if weight.ndim > 1:
            assert not torch.equal(weight, second.get_parameter(name))


def test_a_file_brings_it_back(tmp_path):
    path = tmp_path / "transformer.safetensors"
    model = made().float()
    model.save(path)
    again = CausalTransformer.load(path)
    assert (again.context, again.heads, again.vocabulary) == (L, HEADS, LETTERS)
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight.half().float())
    rounded = copy.deepcopy(model)
    rounded.load_state_dict(again.state_dict())
    assert torch.equal(again(IDS)[0], rounded(IDS)[0])
    with pytest.raises(UserError, match="of another kind"):
        Checkpoint.load(path)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"kind": "fixed window"}, "of another kind"),
        ({"context": 0}, "garbles context"),
        ({"context": 13}, "multiple of 4"),
        ({"layers": 3}, "shape|encoder.layers.2"),
        ({"size": 9}, "multiple of 2"),
        ({"vocabulary": {"characters": "aa", "bytewise": False}}, "all different"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, changed, told):
    model = made().float()
    header = {
        "kind": "transformer", "context": L, "layers": 2, "size": D, "heads": HEADS,
        "vocabulary": {"characters": LETTERS.characters, "bytewise": False},
    }  # fmt: skip
    path = tmp_path / "transformer.safetensors"
    weights = {name: weight.numpy() for name, weight in model.state_dict().items()}
    write_arrays(path, weights, header | changed)
    with pytest.raises(UserError, match=told) as refused:
        CausalTransformer.load(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"context": 0}, "context is 0; it must be from 4 to 65536"),
        ({"context": 30}, "context is 30; it must be a multiple of 4"),
        ({"layers": 0}, "layers is 0; it must be from 1 to 256"),
        ({"size": 30}, "size is 30; it must be a multiple of 4"),
        ({"size": 9, "heads": 3}, "size is 9; it must be a multiple of 2"),
        ({"heads": 0}, "heads is 0; it must be from 1 to 256"),
        ({"seed": 2**70}, "seed is .*; it must be from 0 to"),
    ],
)
def test_a_size_out_of_its_range_is_refused(given, told):
    with pytest.raises(UserError, match=told):
        CausalTransformer(LETTERS, **given)


def test_a_state_and_a_text_of_another_shape_are_refused():
    model = made()
    for wrong in (IDS[:, :10], IDS[:2, :2], IDS[0, :2]):
        with pytest.raises(UserError, match=r"this model needs \(3, n\), n at most 9"):
            model(IDS, wrong)
    with pytest.raises(UserError, match=r"must be \(B, T\), T at least 1"):
        model(IDS[:, :0])
    with pytest.raises(UserError, match="ids: 7 is among them"):
        model(torch.full((1, 2), 7))


def test_a_step_leaves_nothing_on_the_host():
    """On PyTorch's meta device an operation with a tensor of the CPU fails."""
    model = made().to("meta")
    logits, state = model(IDS.to("meta"))
    logits, state = model(IDS.to("meta"), state)
    logits.sum().backward()
    assert {p.grad.device.type for p in model.parameters()} == {state.device.type} == {"meta"}
