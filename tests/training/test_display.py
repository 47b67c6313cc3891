"""What a training tells a person: before it starts, while it runs, at its end."""

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
    assert expected in advice(progress, training, validation)


def test_the_end_of_a_list_is_not_called_learnt_by_heart():
    progress = Progress(step=650, best=1.7, best_step=400)
    told = advice(progress, 0.24, 1.72, "the last tenth is unlike the rest")
    assert told.endswith("they part, and the last tenth is unlike the rest")
    assert "learnt by heart" in advice(progress, 0.24, 1.72)
    assert "not far apart" in advice(Progress(step=9, best=1.7, best_step=9), 1.7, 1.72, "the last")


def test_advice_names_options_as_its_reader_writes_them():
    progress = Progress(step=650, best=1.6, best_step=600)
    assert "then dropout and weight_drop" in advice(progress, 1.0, 1.6)


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
    assert capsys.readouterr().err.splitlines() == [
        "something odd",
        " 50% step 1,200: loss 1.5000; validation 1.0000 nats, 1.4427 bits; 25% clipped,"
        " 1,235 chars/s",
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
