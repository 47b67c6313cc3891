"""Encoder and decoder: against loops of cells' steps, its training, its files, bad input."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from small import CELLS, randomize

from charlstm.errors import UserError
from charlstm.fields import to_json
from charlstm.model.array_file import write_arrays
from charlstm.model.cells import project
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.variants import encoder_decoder
from charlstm.variants.encoder_decoder import EncoderDecoder, batch, fit_pairs
from charlstm.variants.fitting import FitOptions

SOURCES, TARGETS = Vocabulary("abcdefg"), Vocabulary("pqrst")
B, S, T, H = 3, 4, 5, 6
PAIRS = [("abc", "rqp"), ("cab", "qpr"), ("gg", "ttt"), ("fade", "sp"), ("b", "qqqqq")]


def network(seed=0, size=0.4, **given):
    sizes = {"hidden_size": H, "embedding_size": 2, "layers": 2, "dropout": 0.0}
    named = {name: given.pop(name) for name in list(given) if name not in KINDS}
    model = EncoderDecoder(SOURCES, TARGETS, ModelOptions(**sizes | named), seed=seed, **given)
    return randomize(model.double(), seed, size)


KINDS = ("attention", "both_ways", "neck")
FORMS = [
    {"attention": None}, {"attention": "dot"}, {"attention": "bahdanau"},
    {"attention": "dot", "both_ways": False}, {"neck": 5}, {"neck": 5, "both_ways": False},
]  # fmt: skip
forms = pytest.mark.parametrize("form", FORMS, ids=lambda form: " ".join(map(str, form.values())))
rng = np.random.default_rng(0)
READ = torch.from_numpy(rng.integers(len(SOURCES), size=(B, S)))
BEFORE = torch.from_numpy(rng.integers(len(TARGETS) + 1, size=(B, T)))


def naive_stack(stack, xs, states):
    """Run a stack letter by letter, layer by layer, with each cell's own step."""
    features = []
    for x in xs:
        said = 0
        for k, layer in enumerate(stack):
            states[k] = layer.cell.step(layer, project(layer, x), states[k])
            x = states[k][0]
            said = said + x
        features.append(said)
    return features


def naive(model, read, before):
    """Return the logits and weights of one pair, from lists of ids, with loops."""
    zeros = [(torch.zeros(H).double(),) * len(model.decoder[0].cell.states)] * 2
    xs = [model.source_embedding.weight[k] for k in read]
    states = list(zeros)
    annotations = naive_stack(model.forwards, xs, states)
    if model.backwards is not None:
        others = list(zeros)
        back = naive_stack(model.backwards, xs[::-1], others)[::-1]
        annotations = [a + b for a, b in zip(annotations, back, strict=True)]
        states = [
            tuple(a + b for a, b in zip(one, two, strict=True))
            for one, two in zip(states, others, strict=True)
        ]
    if model.neck:
        vector = model.squeeze.weight @ torch.cat([s for layer in states for s in layer])
        vector = vector + model.squeeze.bias
        whole = (model.expand.weight @ vector + model.expand.bias).reshape(2, -1, H)
        states = [tuple(layer) for layer in whole]
    logits, looks = [], []
    for k in before:
        (h,) = naive_stack(model.decoder, [model.target_embedding.weight[k]], states)
        if model.attend is not None:
            attend = model.attend
            scores = []
            for a in annotations:
                if attend.kind == "dot":
                    scores.append(h @ a)
                else:
                    sums = attend.query.weight @ h + attend.key.weight @ a
                    scores.append(attend.score.weight[0] @ torch.tanh(sums))
            shares = [math.exp(score.item()) for score in scores]
            looks.append([share / sum(shares) for share in shares])
            weights = torch.stack(scores).exp() / torch.stack(scores).exp().sum()
            context = sum(w * a for w, a in zip(weights, annotations, strict=True))
            h = torch.tanh(attend.combine.weight @ torch.cat((context, h)))
        logits.append(model.head.weight @ h + model.head.bias)
    return torch.stack(logits), looks


@forms
def test_a_batch_is_what_loops_of_steps_make_of_each_pair_and_so_are_its_gradients(form):
    model = network(size=0.9, **form)
    logits, weights = model(READ, BEFORE)
    logits.square().sum().backward()
    grads = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    expected = [naive(model, r.tolist(), b.tolist()) for r, b in zip(READ, BEFORE, strict=True)]
    torch.testing.assert_close(logits, torch.stack([z for z, _ in expected]), rtol=0, atol=1e-12)
    if form.get("attention"):
        looked = torch.tensor([w for _, w in expected], dtype=torch.float64)
        torch.testing.assert_close(weights, looked, rtol=0, atol=1e-12)
        torch.testing.assert_close(weights.sum(2), torch.ones(B, T).double(), rtol=0, atol=1e-12)
        assert weights.shape == (B, T, S)
        assert weights.detach().std() > 0.005  # all alike they would be 1 / S
    else:
        assert weights is None
    sum(z.square().sum() for z, _ in expected).backward()
    for name, p in model.named_parameters():
        torch.testing.assert_close(grads[name], p.grad, rtol=1e-9, atol=1e-9, msg=name)
        assert p.grad.abs().max() > 0, name


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_encodes_decodes_and_goes_through_a_neck(cell):
    for form in ({"attention": "bahdanau"}, {"neck": 3}):
        model = network(cell=cell, **form)
        logits, _ = model(READ[:1], BEFORE[:1])
        expected, _ = naive(model, READ[0].tolist(), BEFORE[0].tolist())
        torch.testing.assert_close(logits[0], expected, rtol=0, atol=1e-12)


@forms
def test_letters_one_by_one_are_the_letters_all_at_once(form):
    model = network(**form)
    logits, weights = model(READ, BEFORE)
    encoded = model.encode(READ)
    for t in range(T):
        one, look, state = model.decode(BEFORE[:, t : t + 1], encoded)
        encoded = encoded._replace(state=state)
        torch.testing.assert_close(one[:, 0], logits[:, t], rtol=0, atol=1e-12)
        if weights is not None:
            torch.testing.assert_close(look[:, 0], weights[:, t], rtol=0, atol=1e-12)


def test_all_goes_through_the_neck():
    """Two sources with the same vector are the same to the decoder, and its size is the neck's."""
    model = network(neck=5)
    with torch.no_grad():
        model.squeeze.weight.zero_()
    logits, _ = model(READ, BEFORE[:1].expand(B, -1))
    torch.testing.assert_close(logits[1:], logits[:1].expand(B - 1, -1, -1), rtol=0, atol=1e-12)
    assert model.squeeze.weight.shape == (5, 2 * 2 * H)


def test_a_batch_has_the_end_first_then_last_and_padding_changes_nothing():
    model = network(attention="dot")
    short, long = TARGETS.encode("qr"), TARGETS.encode("pqrst")
    ids = [SOURCES.encode(text) for text in ("abc", "gfe")]
    read, before, asked = batch(model, ids, [short, long])
    end, no = len(TARGETS), encoder_decoder.NO_TARGET
    assert read.tolist() == [[0, 1, 2], [6, 5, 4]]
    assert before.tolist() == [[end, 1, 2, end, end, end], [end, 0, 1, 2, 3, 4]]
    assert asked.tolist() == [[1, 2, end, no, no, no], [0, 1, 2, 3, 4, end]]
    alone, before_alone, _ = batch(model, ids[:1], [short])
    logits, _ = model(alone, before_alone)
    torch.testing.assert_close(model(read, before)[0][:1, :3], logits, rtol=0, atol=1e-12)


def test_the_loss_is_the_mean_over_the_symbols_of_pairs_of_one_length():
    model = network(attention="bahdanau")
    pairs = PAIRS[:2] + PAIRS[2:3] * 6
    nats = {}
    for source, target in PAIRS[:3]:
        ids = TARGETS.encode(target).tolist()
        logits, _ = naive(model, SOURCES.encode(source).tolist(), [len(TARGETS), *ids])
        asked = [*ids, len(TARGETS)]
        nats[source] = -logits.log_softmax(1)[range(len(asked)), asked].detach()
    threes = torch.cat([nats["abc"], nats["cab"]]).mean().item()
    twos = nats["gg"].mean().item()
    found = []
    for seed in range(16):
        options = FitOptions(steps=1, batch_size=2, seed=seed)
        found.append(next(fit_pairs(model, pairs, options)).loss)
        model = network(attention="bahdanau")
    assert all(min(abs(loss - threes), abs(loss - twos)) < 1e-9 for loss in found)
    assert 0 < sum(abs(loss - threes) < 1e-9 for loss in found) < 9  # a quarter of the pairs


@forms
def test_a_pair_is_learnt_and_a_seed_repeats_it(form):
    def losses(seed, steps):
        model = EncoderDecoder(
            SOURCES, TARGETS, ModelOptions(hidden_size=16, embedding_size=None), seed=seed, **form
        )
        options = FitOptions(steps=steps, learning_rate=0.02, beta1=0.9, seed=seed)
        return [report.loss for report in fit_pairs(model, PAIRS, options)]

    first = losses(1, 90)
    assert losses(1, 5) == losses(1, 5) != losses(2, 5)
    assert np.mean(first[-9:]) < 0.6 * np.mean(first[:9])


def test_dropout_is_drawn_in_training_only():
    model = network(attention="dot", dropout=0.5, input_dropout=0.3)
    torch.testing.assert_close(model(READ, BEFORE)[0], model(READ, BEFORE)[0], rtol=0, atol=0)
    one, same, other = (
        model(READ, BEFORE, np.random.default_rng(seed))[0].detach() for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)
    losses = [next(fit_pairs(model, PAIRS[:1], FitOptions(steps=1, seed=s))).loss for s in (1, 2)]
    assert losses[0] != losses[1]


def test_a_seed_repeats_the_weights_and_leaves_the_global_generator():
    state = torch.get_rng_state()
    one, same, other = (
        EncoderDecoder(SOURCES, TARGETS, ModelOptions(hidden_size=4), seed=seed).head.weight
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)


@forms
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_comes_back_from_its_file(form, cell, tmp_path):
    model = network(cell=cell, **form).float()
    model.save(tmp_path / "net.safetensors")
    again = EncoderDecoder.load(tmp_path / "net.safetensors")
    assert again.options == model.options
    assert (again.sources, again.targets, again.neck) == (SOURCES, TARGETS, form.get("neck"))
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight.half().float()), name
    assert again(READ, BEFORE)[0].shape == (B, T, len(TARGETS) + 1)


HEADER = {
    "kind": "encoder_decoder", "model": to_json(ModelOptions(hidden_size=4)),
    "sources": {"characters": "ab", "bytewise": False},
    "targets": {"characters": "ab", "bytewise": False},
    "attention": "dot", "both_ways": True, "neck": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "model"}, "of another kind"),
        ({"attention": "more"}, "garbles attention: 'more' is not one of None, bahdanau, dot"),
        ({"both_ways": 1}, "garbles both_ways"),
        ({"neck": -1}, "garbles neck"),
        ({"neck": 10**9}, "garbles neck"),
        ({"neck": 3}, "attention is 'dot' beside a neck"),
        ({"model": {"cell": "nothing"}}, "nothing"),
        ({"sources": {"characters": "aa", "bytewise": False}}, "net.safetensors: vocabulary: "),
        ({"model": {"hidden_size": 0}}, "hidden_size is 0"),
        ({}, "lacks the weight"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, change, told):
    path = tmp_path / "net.safetensors"
    write_arrays(path, {"head.bias": np.zeros(3, np.float32)}, HEADER | change)
    with pytest.raises(UserError, match=told) as refused:
        EncoderDecoder.load(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"attention": "luong"}, "attention is 'luong'; it must be bahdanau, dot or None"),
        ({"neck": 0}, "neck is 0; it must be from 1 to 65536"),
        ({"neck": 10**12}, "neck is 1000000000000; it must be from 1 to 65536"),
        ({"neck": 2.5}, "neck is 2.5; it must be a whole number from 1 to 65536"),
        ({"neck": True}, "neck is True; it must be a whole number"),
        ({"neck": "2"}, "neck is '2'; it must be a whole number"),
        ({"neck": 2, "attention": "dot"}, "attention is 'dot' beside a neck; it would lead past"),
        ({"seed": 2**70}, f"seed is {2**70}; it must be from 0 to"),
    ],
)
def test_what_cannot_be_built_is_refused(given, told):
    with pytest.raises(UserError, match=told):
        EncoderDecoder(SOURCES, TARGETS, ModelOptions(hidden_size=4), **given)


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([], "pairs: there are none; give at least one source"),
        (None, "pairs is None; it must be a list of pairs"),
        (iter([("a", "b")]), "it must be a list of pairs; list(...) makes one"),
        (["ap", "bq"], "pair 0 is 'ap'; it must be two texts, a source and its target"),
        ([("a", "p"), ("a", "p", "q")], "pair 1 is ('a', 'p', 'q'); it must be two texts"),
        ([("a", "p"), ("", "p")], "source 1 is empty; give a text of at least one letter"),
        ([("a", "p"), ("az", "p")], "source 1: character 'z' (U+007A) at position 1 is not among"),
        ([("a", "pa")], "target 0: character 'a' (U+0061) at position 1 is not among"),
    ],
)
def test_pairs_that_it_cannot_read_are_refused(pairs, told):
    with pytest.raises(UserError, match=re.escape(told)):
        next(fit_pairs(network(), pairs, FitOptions(steps=1)))


def test_an_empty_target_is_a_target_and_options_have_their_defaults():
    reports = fit_pairs(network(), [("a", "")], None)
    assert all(math.isfinite(report.loss) for report in itertools.islice(reports, 2))


@forms
def test_a_step_leaves_nothing_on_the_host(form):
    """On the meta device an operation that mixes in a tensor of the CPU fails."""
    model = network(**form).to("meta")
    read, before, asked = batch(model, [SOURCES.encode("abc")] * 2, [TARGETS.encode("pq")] * 2)
    logits, weights = model(read, before)
    made = [t for t in (read, before, asked, logits, weights) if t is not None]
    assert {t.device.type for t in made} == {"meta"}
    assert len(made) == 4 + bool(form.get("attention"))
