"""What a training tells a person: before it starts, while it runs, at its end."""

import math

import pytest

from charlstm.training.display import Display, advice
from charlstm.training.progress import Progress, Report


@pytest.mark.parametrize(
    ("training", "best_step", "validation", "expected"),
    [
        (1.0, 400, 1.6, "best at step 400 of 650, then the text was learnt by heart"),
        (1.0, 400, 0.9, "best at step 400 of 650, and got no better"),
        (1.0, 600, 1.6, "they part"),
        (1.5, 650, 1.6, "they are not far apart"),
    ],
)
def test_advice_tells_which_knob_to_turn(training, best_step, validation, expected):
    progress = Progress(step=650, best=validation, best_step=best_step)
    assert expected in advice(progress, training, validation, training, 60)


def test_the_end_of_a_list_is_not_called_learnt_by_heart():
    progress = Progress(step=650, best=1.7, best_step=400)
    told = advice(progress, 0.24, 1.72, 0.3, 60, "the last tenth is unlike the rest")
    assert told.endswith("they part, and the last tenth is unlike the rest")
    assert "learnt by heart" in advice(progress, 0.24, 1.72, 0.3, 60)
    assert "not far apart" in advice(
        Progress(step=9, best=1.7, best_step=9), 1.7, 1.72, 1.7, 60, "the last"
    )


def test_advice_names_options_as_its_reader_writes_them():
    progress = Progress(step=650, best=1.6, best_step=600)
    assert "then dropout and weight_drop" in advice(progress, 1.0, 1.6, 1.0, 60)


@pytest.mark.parametrize(
    ("training", "last"), [(1.0, 9.0), (9.0, 9.0), (1.0, math.nan), (math.nan, 1.0), (1e30, 1e30)]
)
def test_a_loss_above_that_of_guessing_is_told_as_divergence(training, last):
    progress = Progress(step=650, best=training, best_step=25)
    told = advice(progress, training, training, last, 60)
    assert "diverged: its loss is above 4.094" in told
    assert "smaller learning_rate, and with clip=1.0" in told
    assert "more text" not in told
    assert len(told) < 300


def test_huge_losses_are_short(capsys):
    with Display() as display:
        display.update(report(validation=1e30, train_loss=1e300))
    assert "loss 1.0000e+300; validation 1.0000e+30 nats" in capsys.readouterr().err


def report(**values):
    numbers = dict.fromkeys(("epoch", "loss", "grad_norm", "learning_rate"), 0.0)
    return Report(
        **{**numbers, "step": 7, "fraction": 0.5, "train_loss": 1.5, "clipped": 0.25,
           "chars_per_second": 1234.6, **values}
    )  # fmt: skip


def test_without_a_terminal_only_validations_and_notes_get_a_line(capsys):
    with Display() as display:
        display.update(report())
        display.update(report(note="something odd"))
        display.update(report(validation=1.0, step=1200))
        display.told -= 60
        display.update(report(step=1300))
    assert capsys.readouterr().err.splitlines() == [
        "something odd",
        " 50% step 1,200: loss 1.5000; validation 1.0000 nats, 1.4427 bits; 25% clipped,"
        " 1,235 chars/s",
        " 50% step 1,300: loss 1.5000; 25% clipped, 1,235 chars/s",  # that validation is old
    ]


def test_steps_get_a_line_where_the_last_is_long_ago(capsys, monkeypatch):
    monkeypatch.setattr("charlstm.training.display.LINE_SECONDS", -1)
    with Display() as display:
        display.update(report())
    assert "50% step 7: loss 1.5000; 25% clipped" in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "apart"), [(100, 5), (600, 5), (4_600, 40)])
def test_lines_come_every_few_seconds_and_rarer_in_a_long_training(monkeypatch, seconds, apart):
    now = [0.0]
    monkeypatch.setattr("charlstm.training.display.time.monotonic", lambda: now[0])
    display = Display()
    for told, due in ((seconds - apart + 0.5, False), (seconds - apart - 0.5, True)):
        display.told = told
        now[0] = seconds
        assert display._silent() == due
