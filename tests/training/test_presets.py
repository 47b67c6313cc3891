"""Which preset a training takes, and whether the options of a preset reach the model."""

import pytest

from charlstm import train
from charlstm.errors import UserError
from charlstm.model.checkpoint import Checkpoint
from charlstm.options import TrainOptions
from charlstm.training.presets import PRESETS, choose_preset, expectation, preset


@pytest.mark.parametrize(
    ("characters", "budget", "expected"),
    [
        (1_000_000, {}, "medium"),
        (200_000, {}, "small"),
        (1_000_000, {"minutes": 150}, "large"),
        (200_000, {"minutes": 150}, "small"),
        (1_000_000, {"minutes": 15}, "medium"),
        (1_000_000, {"epochs": 2}, "medium"),
        (1_000_000, {"epochs": 20}, "large"),
        (200_000, {"epochs": 20}, "small"),
        (10_000, {"steps": 10}, "medium"),
        (10_000, {"steps": 1000}, "small"),
    ],
)
def test_the_preset_follows_the_text_and_the_budget(characters, budget, expected):
    assert choose_preset(characters, TrainOptions(**budget)) == expected
    told = expectation(expected, characters)
    assert told.startswith(f"preset {expected}, chosen for {characters:,} characters")
    assert told.endswith(f"such a model reaches {PRESETS[expected].reaches}")


def test_a_gpu_trains_a_larger_model_on_a_long_text_only():
    options = TrainOptions(minutes=30)
    assert choose_preset(5_000_000, options, "cuda") == "xlarge"
    assert choose_preset(4_999_999, options, "cuda") != "xlarge"
    assert choose_preset(50_000_000, options, "mps") != "xlarge"
    assert PRESETS["xlarge"].model.hidden_size % 128 == 0
    assert expectation("xlarge", 50_000_000) == (
        "preset xlarge, chosen for 50,000,000 characters and this budget; nobody has measured it"
    )


def test_minutes_on_a_gpu_count_for_more():
    minutes = TrainOptions(minutes=3)
    assert choose_preset(1_000_000, minutes, "cuda") == "large"
    assert choose_preset(1_000_000, minutes) == "medium"
    assert choose_preset(1_000_000, TrainOptions(epochs=2), "cuda") == "medium"


def test_a_budget_in_steps_counts_the_characters_that_the_preset_reads():
    """`large` reads 16 x 50 characters in a step: ten passes over a million take 12,500 steps."""
    assert choose_preset(1_000_000, TrainOptions(steps=12_500)) == "large"
    assert choose_preset(1_000_000, TrainOptions(steps=12_499)) == "medium"
    given = TrainOptions(steps=12_500, window=32)
    assert choose_preset(1_000_000, given, given={"steps", "window"}) == "medium"
    given = TrainOptions(steps=6_250, batch_size=32)
    assert choose_preset(1_000_000, given, given={"steps", "batch_size"}) == "large"
    assert choose_preset(1_000_000, given, given={"steps"}) == "medium"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("--steps 5", "medium"),
        ("--steps 5 --batch-size 300", "small"),
        ("--steps 5 --window 300", "small"),
    ],
)
def test_flags_that_replace_a_presets_own_count(flags, expected, tmp_path, text, capsys):
    corpus = tmp_path / "text.txt"
    corpus.write_text(text * 2, encoding="utf-8")
    sizes = ["--hidden-size", "4", "--out", str(tmp_path / "run"), "--threads", "1"]
    assert train.main([str(corpus), *flags.split(), *sizes]) == 0
    options = Checkpoint.load(tmp_path / "run" / "model.safetensors").options
    assert options.dropout == PRESETS[expected].model.dropout


def test_an_unknown_preset_is_refused_by_name():
    assert preset("small") is PRESETS["small"]
    with pytest.raises(UserError, match="preset is 'huge'; it must be one of small, medium, large"):
        preset("huge")


def test_training_tells_the_preset_and_takes_its_options(tmp_path, text, capsys):
    corpus = tmp_path / "text.txt"
    corpus.write_text(text, encoding="utf-8")
    out = tmp_path / "run"
    flags = ["--preset", "small", "--steps", "3", "--threads", "1"]
    assert train.main([str(corpus), "--out", f"{out}-1", *flags]) == 0
    reaches = PRESETS["small"].reaches
    expected = f"preset small; on tiny-shakespeare such a model reaches {reaches}"
    assert expected in capsys.readouterr().err
    flags += ["--hidden-size", "7"]
    assert train.main([str(corpus), "--out", str(out), *flags]) == 0
    assert "such a model reaches" not in capsys.readouterr().err  # it is another model
    options = Checkpoint.load(out / "model.safetensors").options
    assert options.hidden_size == 7  # a flag overrides a preset
    assert options.weight_drop == PRESETS["small"].model.weight_drop > 0
