"""Presets and advice."""

import pytest

from charlstm import train
from charlstm.flags import parse
from charlstm.model.checkpoint import Checkpoint
from charlstm.training.display import advice
from charlstm.training.presets import PRESETS, REACHES, choose_preset
from charlstm.training.trainer import Progress


@pytest.mark.parametrize(
    ("characters", "flags", "expected"),
    [
        (1_000_000, [], "medium"),
        (200_000, [], "small"),
        (1_000_000, ["--minutes", "150"], "large"),
        (200_000, ["--minutes", "150"], "small"),
        (1_000_000, ["--minutes", "15"], "medium"),
        (1_000_000, ["--epochs", "2"], "medium"),
        (1_000_000, ["--epochs", "20"], "large"),
        (200_000, ["--epochs", "20"], "small"),
        (10_000, ["--steps", "10"], "medium"),
        (10_000, ["--steps", "1000"], "small"),
    ],
)
def test_the_preset_follows_the_text_and_the_budget(characters, flags, expected):
    budget = parse(train.Train, ["text", *flags])[0].training
    assert choose_preset(characters, budget) == expected


def test_training_tells_the_preset_and_takes_its_options(corpus, tmp_path, capsys):
    out = tmp_path / "run"
    flags = ["--steps", "3", "--threads", "1"]
    assert train.main([corpus, "--preset", "small", "--out", f"{out}-1", *flags]) == 0
    expected = f"preset small; on tiny-shakespeare such a model reaches {REACHES['small']}"
    assert expected in capsys.readouterr().err
    flags += ["--hidden-size", "7"]
    assert train.main([corpus, "--preset", "small", "--out", str(out), *flags]) == 0
    assert "such a model reaches" not in capsys.readouterr().err  # it is another model
    options = Checkpoint.load(out / "model.safetensors").options
    assert options.hidden_size == 7  # a flag goes before a preset
    assert options.weight_drop == PRESETS["small"]["weight_drop"] > 0


@pytest.mark.parametrize(
    ("training", "best_step", "validation", "expected"),
    [
        (1.0, 400, 1.6, "best at step 400 of 650, then the text was learnt by heart"),
        (1.0, 400, 0.9, "best at step 400 of 650, and got no better"),
        (1.0, 600, 1.6, "they part"),
        (1.5, 650, 1.6, "they are close"),
    ],
)
def test_advice_tells_which_knob_to_turn(training, best_step, validation, expected):
    progress = Progress(step=650, best=validation, best_step=best_step)
    assert expected in advice(progress, training, validation)
