"""The forecaster: its windows, its path against a naive LSTM, no leak, its file, bad input."""

import numpy as np
import pytest
import torch
from small import randomize

from charlstm.errors import UserError
from charlstm.model.array_file import write_arrays
from charlstm.variants.fitting import FitOptions
from charlstm.variants.forecast import Forecaster, Scale, fit_forecast, windows

RNG = np.random.default_rng(0)
SERIES = RNG.normal(20, 5, 60)
CUT = 40


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def naive(model, window):
    """Return the next number by the equations of the LSTM, one number at a time, in float64."""
    p = {name: weight.detach().numpy() for name, weight in model.named_parameters()}
    H = p["layers.0.weight_hh"].shape[1]
    layers = sorted({name.split(".")[1] for name in p if name.startswith("layers")})
    states = [(np.zeros(H), np.zeros(H)) for _ in layers]
    for number in window:
        x = np.array([(number - model.scale.shift) / model.scale.factor])
        total = np.zeros(H)
        for k in layers:
            h, c = states[int(k)]
            a = p[f"layers.{k}.weight_ih"] @ x + p[f"layers.{k}.bias_ih"]
            a += p[f"layers.{k}.weight_hh"] @ h + p[f"layers.{k}.bias_hh"]
            i, f, g, o = a.reshape(4, H)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            states[int(k)] = h, c
            x = h
            total += h
    return (p["head.weight"] @ total + p["head.bias"]).item() * model.scale.factor + (
        model.scale.shift
    )


def made(look_back=4, layers=2, scale=None):
    scale = scale or Scale.of(SERIES[:CUT])
    return randomize(Forecaster(look_back, scale, hidden_size=5, layers=layers).double())


def test_windows_and_what_follows_them():
    inputs, targets = windows(SERIES, 7)
    assert inputs.shape == (53, 7)
    for n in range(53):
        assert inputs[n].tolist() == SERIES[n : n + 7].tolist()
        assert targets[n] == SERIES[n + 7]


def test_predictions_are_those_of_the_equations():
    model = made()
    expected = [naive(model, SERIES[t - 4 : t]) for t in range(4, 60)]
    np.testing.assert_allclose(model.predict(SERIES), expected, rtol=1e-9)
    assert np.std(expected) > 0.1


def test_many_windows_are_read_in_pieces(monkeypatch):
    model = made()
    whole = model.predict(SERIES)
    monkeypatch.setattr("charlstm.variants.forecast.ROWS", 5)
    np.testing.assert_allclose(model.predict(SERIES), whole, rtol=1e-12)


def test_further_ahead_it_reads_its_own_forecasts():
    model = made()
    read = SERIES[:9].tolist()
    for _ in range(6):
        read.append(naive(model, read[-4:]))
    np.testing.assert_allclose(model.forecast(SERIES[:9], 6), read[9:], rtol=1e-9)
    both = model.forecast(np.stack([SERIES[:9], SERIES[20:29]]), 6)
    np.testing.assert_allclose(both[0], read[9:], rtol=1e-9)
    np.testing.assert_allclose(both[1], model.forecast(SERIES[20:29], 6), rtol=1e-9)


def test_the_loss_is_the_squared_error_of_drawn_windows_and_its_gradient_moves_the_weights():
    model = made(scale=Scale(18.0, 3.0))
    options = FitOptions(steps=1, batch_size=6, seed=3)
    rows = np.random.default_rng((3, 0)).integers(36, size=6)
    errors = [(naive(model, SERIES[r : r + 4]) - SERIES[r + 4]) / 3 for r in rows]
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    (report,) = fit_forecast(model, SERIES[:CUT], options)
    assert report.loss == pytest.approx(np.mean(np.square(errors)), rel=1e-9)
    for name, weight in model.named_parameters():
        assert not torch.equal(weight, before[name]), name


def test_it_learns_a_wave_that_the_last_number_does_not_tell():
    wave = 5 + 2 * np.sin(np.arange(260) * 0.8)
    model = Forecaster(6, Scale.of(wave[:200]), hidden_size=8)
    reports = list(fit_forecast(model, wave[:200], FitOptions(steps=250, batch_size=32)))
    assert reports[-1].loss < 0.05 * reports[0].loss
    later = model.predict(wave)[194:]
    assert np.sqrt(np.mean((later - wave[200:]) ** 2)) < 0.1 * np.std(wave)
    far = model.forecast(wave[:200], 20)
    assert np.sqrt(np.mean((far - wave[200:220]) ** 2)) < 0.3 * np.std(wave)


def test_nothing_leaks_from_the_test_part():
    """Other numbers after the cut give the same scale, windows and weights, bit for bit."""
    other = SERIES.copy()
    other[CUT:] = 1e6 * RNG.normal(size=20)
    trained = []
    for series in (SERIES, other):
        training = series[:CUT]
        scale = Scale.of(training)
        model = Forecaster(5, scale, hidden_size=4, seed=1)
        list(fit_forecast(model, training, FitOptions(steps=20, batch_size=8)))
        trained.append((scale, windows(training, 5)[0].max(), model))
    assert trained[0][:2] == trained[1][:2]
    for name, weight in trained[0][2].state_dict().items():
        assert torch.equal(weight, trained[1][2].state_dict()[name])
    predictions = [
        model.predict(s) for (_, _, model), s in zip(trained, (SERIES, other), strict=True)
    ]
    np.testing.assert_array_equal(predictions[0][: CUT - 5 + 1], predictions[1][: CUT - 5 + 1])
    assert (predictions[0][CUT - 5 + 1 :] != predictions[1][CUT - 5 + 1 :]).all()


def test_a_scale_gives_mean_0_and_deviation_1_and_comes_back():
    scale = Scale.of(SERIES)
    scaled = made(scale=scale).scaled(SERIES)
    assert abs(scaled.mean().item()) < 1e-12
    assert Scale.of(np.array([1e6, 1e6 + 1])).factor == 0.5
    assert scaled.std(correction=0).item() == pytest.approx(1)


def test_a_seed_gives_the_weights():
    one, same, other = (
        Forecaster(3, Scale(0.0, 1.0), hidden_size=4, seed=seed).head.weight for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_file_brings_back_network_and_scale(tmp_path):
    model = randomize(Forecaster(4, Scale(-3.25, 1 / 3), hidden_size=5, layers=2, cell="gru"))
    model.save(tmp_path / "forecast.safetensors")
    again = Forecaster.load(tmp_path / "forecast.safetensors")
    assert (again.look_back, again.scale) == (4, Scale(-3.25, 1 / 3))
    assert again.layers.options == model.layers.options
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight.half().float())
    np.testing.assert_allclose(again.predict(SERIES), model.predict(SERIES), atol=0.01)


FILE = {
    "kind": "forecast", "look_back": 4, "shift": 1.0, "factor": 2.0, "hidden_size": 5, "layers": 1,
    "cell": "lstm",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"kind": "model"}, "of another kind"),
        ({"factor": 0.0}, "both must be finite, and the factor above 0"),
        ({"shift": float("nan")}, "garbles shift"),
        ({"look_back": 0}, "garbles look_back"),
        ({"cell": "nothing"}, "nothing"),
        ({"hidden_size": 6}, "shape"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, changed, told):
    model = Forecaster(4, Scale(1.0, 2.0), hidden_size=5)
    arrays = {name: weight.numpy() for name, weight in model.state_dict().items()}
    path = tmp_path / "forecast.safetensors"
    write_arrays(path, arrays, FILE | changed)
    with pytest.raises(UserError, match=told) as refused:
        Forecaster.load(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


GAP = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0])


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (
            lambda: windows(SERIES[:7], 7),
            "has 7 numbers; at least 8 .* because look_back is 7; give a",
        ),
        (lambda: made().predict(SERIES[:4]), "at least 5 are needed"),
        (lambda: made().forecast(SERIES[:3], 2), "at least 4 are needed"),
        (lambda: made().forecast(SERIES, 0), "steps is 0"),
        (lambda: made().forecast("abc", 2), "the series does not hold numbers alone"),
        (lambda: made().forecast([[1, 2, 3, 4], [1, 2, 3]], 2), "at least 4 are needed"),
        (lambda: made().forecast(None, 2), "the shape is|has the shape"),
        (lambda: Scale("a", 1), r"scale is \('a', 1\); both must be finite"),
        (lambda: Scale(0.0, np.inf), r"scale is \(0.0, inf\); both must be finite"),
        (lambda: fit_forecast(made(), SERIES[:3]), "a smaller look_back"),
        (lambda: windows(GAP, 2), "has nan at place 2"),
        (lambda: made().predict(GAP), "has nan at place 2"),
        (lambda: windows(SERIES.reshape(2, 30), 2), r"has the shape \(2, 30\)"),
        (lambda: windows(SERIES, 0), "look_back is 0; it must be from 1 to"),
        (lambda: windows(SERIES, -2), "look_back is -2; it must be from 1 to"),
        (lambda: windows(SERIES, 2.0), "look_back is 2.0; it must be a whole number from 1 to"),
        (lambda: made().forecast(SERIES, 2.5), "steps is 2.5; it must be a whole number of at"),
        (lambda: Scale.of(np.ones(9)), "is constant, or nearly: .* give a series whose numbers"),
        (lambda: Scale.of(np.full(7, 0.1)), "is constant, or nearly: its mean is 0.1"),
        (
            lambda: Scale.of(np.array([1e9, 1e9 + 0.5])),
            "deviation 0.25; give a series whose numbers",
        ),
        (lambda: Scale.of(GAP), "has nan at place 2; .* leave it out or fill it in"),
        (lambda: Scale.of(np.zeros(0)), "has 0 numbers; at least 1 are needed; give a longer"),
        (lambda: Scale.of(np.array([-1e300, 1e300])), r"numbers up to 1e\+300; give them in a"),
        (lambda: Scale(1.0, 0.0), r"scale is \(1.0, 0.0\); .* Scale.of\(series\) makes one"),
        (lambda: made().float().predict(np.full(9, 1e300)), r"numbers up to 1e\+300, too far from"),
        (lambda: Forecaster(0, Scale(0.0, 1.0)), "look_back is 0"),
        (lambda: Forecaster(2.5, Scale(0.0, 1.0)), "look_back is 2.5; it must be a whole number"),
        (lambda: Forecaster(3, (0, 1)), r"scale is \(0, 1\); it must be a Scale; Scale.of\("),
        (lambda: Forecaster(3, Scale(0.0, 1.0), seed=2**70), f"seed is {2**70}; .* from 0 to"),
        (lambda: Forecaster(3, Scale(0.0, 1.0), hidden_size=0), "hidden_size is 0"),
    ],
)
def test_bad_input_is_answered_in_one_line(mistake, told):
    with pytest.raises(UserError, match=told) as refused:
        mistake()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("cell", ["lstm", "peephole"])
def test_a_step_leaves_nothing_on_the_host(cell):
    """On PyTorch's meta device an operation with a tensor of the CPU fails."""
    model = Forecaster(4, Scale.of(SERIES), hidden_size=5, cell=cell).to("meta")
    inputs = model.scaled(np.stack([SERIES[:4], SERIES[4:8]]))
    loss = model(inputs).square().mean()
    loss.backward()
    assert {p.grad.device.type for p in model.parameters()} == {"meta"}
