"""The convolutional model: its path by a naive formula, any cut into pieces, training, its file."""

import copy

import numpy as np
import pytest
import torch
from small import CELLS, TEXT, randomize

from charlstm import SampleOptions, TrainOptions, fit, score_carried, score_cold
from charlstm.errors import UserError
from charlstm.fields import to_json
from charlstm.model.array_file import write_arrays
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.sampling.choose import choose
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.trainer import Trainer
from charlstm.variants.convolution import ConvolutionalModel, write

LETTERS = Vocabulary("abcdefg")
B, T, K, C, E, H = 3, 8, 4, 6, 5, 9
IDS = torch.from_numpy(np.random.default_rng(1).integers(7, size=(B, T)))


def made(embedding_size=E, cell="lstm", kernel_size=K, layers=2, **more):
    options = ModelOptions(
        cell=cell, layers=layers, hidden_size=H, embedding_size=embedding_size, **more
    )
    return randomize(ConvolutionalModel(options, LETTERS, kernel_size, C).double())


def naive(model, ids):
    """Return logits (B, T, V): the filters as a sum over characters, then the same stack."""
    table = torch.eye(7).double() if model.embedding is None else model.embedding.weight
    W, b = model.convolution.weight, model.convolution.bias  # (C, E, K): the oldest comes first
    y = torch.zeros(*ids.shape, C).double()
    for s in range(len(ids)):
        for t in range(ids.shape[1]):
            a = b.clone()
            for j in range(W.shape[2]):
                if t - j >= 0:
                    a = a + W[:, :, W.shape[2] - 1 - j] @ table[ids[s, t - j]]
            y[s, t] = a.clamp(min=0)
    features, _ = model.layers(y)
    return features @ model.head.weight.T + model.head.bias


@pytest.mark.parametrize("embedding_size", [E, None])
@pytest.mark.parametrize("kernel_size", [1, 2, K, T + 3])
def test_logits_and_gradients_are_those_of_the_formula(embedding_size, kernel_size):
    model = made(embedding_size, kernel_size=kernel_size)
    other = copy.deepcopy(model)
    logits, _ = model(IDS)
    expected = naive(other, IDS)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-12)
    (logits**2).sum().backward()
    (expected**2).sum().backward()
    for (name, weight), twin in zip(model.named_parameters(), other.parameters(), strict=True):
        assert weight.grad.abs().max() > 0, name
        torch.testing.assert_close(weight.grad, twin.grad, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("cuts", [[1] * T, [2, 5, 1], [7, 1]])
def test_pieces_of_any_length_give_what_one_pass_gives(cell, cuts):
    model = made(cell=cell)
    whole, last = model(IDS)
    state, pieces = None, []
    for piece in IDS.split(cuts, 1):
        logits, state = model(piece, state)
        pieces.append(logits)
    torch.testing.assert_close(torch.cat(pieces, 1), whole, rtol=0, atol=1e-12)
    for layer, twin in zip(state, last, strict=True):
        for s, z in zip(layer, twin, strict=True):
            torch.testing.assert_close(s, z, rtol=0, atol=1e-12)


def test_it_does_not_see_what_comes():
    model = made()
    before, _ = model(IDS)
    for t in range(T):
        changed = IDS.clone()
        changed[:, t] = (changed[:, t] + 1) % 7
        after, _ = model(changed)
        assert torch.equal(after[:, :t], before[:, :t])
        assert (after[:, t:] != before[:, t:]).any(2).all()
    assert model.zero_state(B)[0][0].shape == (B, (K - 1) * E)


def test_zeros_in_some_rows_start_these_anew():
    """The trainer resets streams by zeros."""
    model = made()
    _, state = model(IDS)
    keep = torch.tensor([[1.0], [0.0], [1.0]]).double()
    reset = [tuple(s * keep for s in layer) for layer in state]
    logits, _ = model(IDS, reset)
    torch.testing.assert_close(logits[1:2], model(IDS[1:2])[0], rtol=0, atol=1e-12)
    torch.testing.assert_close(logits[::2], model(IDS, state)[0][::2], rtol=0, atol=1e-12)


@pytest.mark.parametrize("rate", ["dropout", "input_dropout"])
def test_dropout_follows_the_generator_alone(rate):
    model = made(layers=1, **{"dropout": 0.0, rate: 0.5})
    runs = [model(IDS, rng=np.random.default_rng(seed))[0] for seed in (1, 1, 2)]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    assert not torch.equal(runs[0], model(IDS)[0])


def test_it_trains_and_is_scored_as_any_model():
    vocabulary = Vocabulary.of(TEXT)
    ids = vocabulary.encode(TEXT * 20)
    options = ModelOptions(hidden_size=24, embedding_size=8)
    model = ConvolutionalModel(options, vocabulary, 3, 12)
    before = score_cold(model, ids[:300]).nats
    reports = list(fit(model, ids[:900], ids[900:], TrainOptions(steps=120, batch_size=4)))
    assert reports[-1].validation < 1.5 < before
    carried = score_carried(model, ids[:300], chunk=7)
    cold = score_cold(model, ids[:300], window=50)
    assert carried.nats < 1.5
    assert carried.nats == pytest.approx(score_carried(model, ids[:300]).nats, abs=1e-5)
    assert cold.nats != pytest.approx(carried.nats, abs=1e-4)


def test_a_training_is_scored_by_its_best_weights():
    vocabulary = Vocabulary.of(TEXT)
    ids = vocabulary.encode(TEXT * 6)
    model = ConvolutionalModel(ModelOptions(hidden_size=8, embedding_size=4), vocabulary, 3, 5)
    trainer = Trainer(model, ids[:300], ids[300:], TrainOptions(steps=4, batch_size=2))
    list(trainer.fit())
    trainer.best = {name: 0.5 * array for name, array in trainer.best.items()}
    best = copy.deepcopy(model).load_arrays(trainer.best)
    assert trainer.score_training() == pytest.approx(score_cold(best, ids[:300]).nats, abs=1e-6)


def test_a_letter_is_drawn_after_all_that_was_read():
    """A text is what a seed draws from the model that reads all anew for each letter."""
    model = made()
    read = []
    hook = model.register_forward_hook(lambda _, given, __: read.append(given[0].shape[1]))
    written = "".join(write(model, "abcagfe", SampleOptions(length=40, temperature=1.5, seed=3)))
    hook.remove()
    assert read == [7] + [1] * 39
    text, rng = "abcagfe", np.random.default_rng(3)
    for _ in range(40):
        logits, _ = model(torch.from_numpy(LETTERS.encode(text))[None])
        text += LETTERS.characters[choose(logits[0, -1].detach().numpy(), rng, temperature=1.5)]
    assert written == text[7:]
    assert len(set(written)) > 3


def test_a_text_ends_where_it_is_told_to_and_a_seed_repeats_it():
    model = made()
    whole = "".join(write(model, "", SampleOptions(length=200, seed=1)))
    assert whole == "".join(write(model, "", SampleOptions(length=200, seed=1)))
    assert whole != "".join(write(model, "", SampleOptions(length=200, seed=2)))
    stop = whole[40:43]
    ended = "".join(write(model, "", SampleOptions(length=200, seed=1, stop=stop)))
    assert ended == whole[: whole.index(stop)]
    with pytest.raises(UserError, match="prime"):
        list(write(model, "z"))


def test_a_seed_gives_the_weights_and_leaves_torch_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    options = ModelOptions(hidden_size=H, embedding_size=E)
    one, same, other = (ConvolutionalModel(options, LETTERS, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    for name in ("convolution.weight", "layers.0.weight_ih", "head.weight"):
        weights = [model.state_dict()[name] for model in (one, same, other)]
        assert torch.equal(weights[0], weights[1])
        assert not torch.equal(weights[0], weights[2])


def test_a_file_brings_it_back(tmp_path):
    path = tmp_path / "convolution.safetensors"
    model = made(embedding_size=None, cell="gru").float()
    model.save(path)
    again = ConvolutionalModel.load(path)
    assert (again.options, again.vocabulary) == (model.options, LETTERS)
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight.half().float())
    with pytest.raises(UserError, match="of another kind"):
        Checkpoint.load(path)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"kind": "model"}, "of another kind"),
        ({"kernel_size": 0}, "garbles kernel_size"),
        ({"channels": C + 1}, "shape"),
        ({"model": to_json(ModelOptions(cell="nothing"))}, "nothing"),
        ({"vocabulary": {"characters": "aa", "bytewise": False}}, "all different"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, changed, told):
    model = made().float()
    header = {
        "kind": "convolution", "model": to_json(model.options), "kernel_size": K, "channels": C,
        "vocabulary": {"characters": LETTERS.characters, "bytewise": False},
    }  # fmt: skip
    path = tmp_path / "convolution.safetensors"
    write_arrays(path, model.to_arrays(), header | changed)
    with pytest.raises(UserError, match=told) as refused:
        ConvolutionalModel.load(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("kernel_size", 0, "from 1 to 64"),
        ("kernel_size", 65, "from 1 to 64"),
        ("kernel_size", 2.5, "a whole number from 1 to 64"),
        ("channels", 0, "from 1 to 65536"),
        ("seed", 2**70, "from 0 to"),
    ],
)
def test_a_size_out_of_its_range_is_refused(name, value, allowed):
    with pytest.raises(UserError, match=f"{name} is {value}; it must be {allowed}"):
        ConvolutionalModel(ModelOptions(), LETTERS, **{name: value})


def test_a_state_and_a_text_of_another_shape_are_refused():
    model = made()
    (before,), *hidden = model.zero_state(B)
    for wrong in ([before[:, 1:]], [before[1:]], [before.T], [before, before]):
        with pytest.raises(UserError, match=r"needs \[\[\(3, 15\)\]\]: .* zero_state\(B\) makes"):
            model(IDS, [wrong, *hidden])
    with pytest.raises(UserError, match=r"needs \[\[\(3, 15\)\]\]"):
        model(IDS, [])
    with pytest.raises(UserError, match=r"inputs have the shape \(3, 0\); .* T at least 1"):
        model(IDS[:, :0])
    with pytest.raises(UserError, match=r"character 'z' .* at position 1 .*; remove it$"):
        list(write(model, "az"))


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_leaves_nothing_on_the_host(cell):
    """On PyTorch's meta device an operation with a tensor of the CPU fails."""
    model = made(cell=cell).to("meta")
    logits, state = model(IDS.to("meta"))
    logits, state = model(IDS.to("meta"), state)
    logits.sum().backward()
    assert {s.device.type for layer in state for s in layer} == {"meta"}
    assert {p.grad.device.type for p in model.parameters()} == {"meta"}


def test_it_is_a_character_model():
    assert isinstance(made(), CharModel)
