"""Training: what it learns, which weights it keeps, and what it does after a failure."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from small import CELLS as NAMES

from charlstm.errors import UserError
from charlstm.machine.cpus import torch_threads
from charlstm.measuring.scores import score_cold
from charlstm.model.network import CharModel
from charlstm.model.section import Section
from charlstm.options import ModelOptions, TrainOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.budget import Budget, learning_rate
from charlstm.training.fit import fit
from charlstm.training.progress import Progress
from charlstm.training.trainer import Trainer

SMALL = ModelOptions(layers=2, hidden_size=16, embedding_size=6, dropout=0.2, weight_drop=0.2)
FAST = TrainOptions(steps=60, batch_size=4, window=8, learning_rate=0.02)


@pytest.fixture
def ids(text):
    return Vocabulary.of(text).encode(text)


def trainer(ids, options=FAST, sizes=SMALL):
    model = CharModel(sizes, int(ids.max()) + 1, options.seed)
    return Trainer(model, ids[:600], ids[600:], options, validate_every=25)


def same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("cell", NAMES)
def test_a_sentence_is_learnt_by_heart(ids, cell):
    sizes = ModelOptions(cell, hidden_size=32, embedding_size=16, dropout=0)
    options = TrainOptions(steps=250, batch_size=4, window=16, learning_rate=0.02, ema=None)
    model = CharModel(sizes, int(ids.max()) + 1)
    reports = list(fit(model, ids[:600], ids[600:], options))
    assert reports[0].loss == pytest.approx(math.log(ids.max() + 1), abs=0.7)
    assert reports[-1].loss < 0.2
    assert score_cold(model, ids[600:]).nats < 0.5


def test_reports_count_what_was_done(ids):
    reports = list(trainer(ids).fit())
    assert [r.step for r in reports] == list(range(1, 61))
    assert reports[-1].fraction == 1
    assert [r.step for r in reports if r.validation is not None] == [25, 50, 60]
    windows = (600 - 1) // 32
    assert reports[9].epoch == pytest.approx(10 / windows)
    assert reports[4].train_loss == pytest.approx(np.mean([r.loss for r in reports[:5]]))


def test_without_momentum_a_step_knows_nothing_of_gradients_before(ids):
    """After the same weights and squares, what the first moment held makes no difference."""

    def second_step(beta1, moment):
        made = trainer(ids, dataclasses.replace(FAST, beta1=beta1, steps=2))
        steps = made.fit()
        next(steps)
        for held in made.optimizer.state.values():
            held["exp_avg"].fill_(moment)
        next(steps)
        return made.model.to_arrays()["layers.0.weight_hh"]

    assert np.array_equal(second_step(0.0, 0.0), second_step(0.0, 1.0))
    assert not np.allclose(second_step(0.5, 0.0), second_step(0.5, 1.0))


def test_the_learning_rate_warms_up_and_decays(ids):
    rates = [r.learning_rate for r in trainer(ids).fit()]
    assert rates[0] < rates[1] < rates[2]
    assert max(rates) == pytest.approx(0.02, rel=0.02)
    assert all(a > b for a, b in itertools.pairwise(rates[4:]))
    assert rates[-1] == pytest.approx(0.02 * 0.02, rel=0.2)


@pytest.mark.parametrize(
    "budget", [{"epochs": 2.0, "steps": None}, {"minutes": 0.01, "steps": None}]
)
def test_other_budgets_end_too(ids, budget):
    last = list(trainer(ids, dataclasses.replace(FAST, **budget)).fit())[-1]
    assert last.fraction == 1
    assert last.validation is not None
    if "epochs" in budget:
        assert last.epoch == 2


def test_clipping_bounds_the_step_and_is_counted(ids):
    tight = dataclasses.replace(FAST, clip=1e-9, weight_decay=0.0, steps=3)
    assert list(trainer(ids, tight).fit())[-1].clipped == 1
    loose = dataclasses.replace(FAST, clip=1e9, steps=3)
    assert list(trainer(ids, loose).fit())[-1].clipped == 0
    off = dataclasses.replace(FAST, clip=None, steps=3)
    first = trainer(ids, off)
    second = trainer(ids, loose)
    list(first.fit()), list(second.fit())
    assert same(first.model.to_arrays(), second.model.to_arrays())


def test_stopping_early_leaves_the_best_weights_in_the_model(ids):
    model = CharModel(SMALL, int(ids.max()) + 1)
    start = score_cold(model, ids[600:]).nats
    for report in fit(model, ids[:600], ids[600:], FAST):
        if report.improved:
            best = report.validation
            break
    assert score_cold(model, ids[600:]).nats == pytest.approx(best, rel=1e-6)
    assert best < start


def test_patience_stops_a_training_that_gets_no_better(ids):
    noise = np.random.default_rng(0).integers(ids.max() + 1, size=700, dtype=np.int32)
    options = dataclasses.replace(FAST, steps=5000, patience=3, learning_rate=0.05)
    model = CharModel(ModelOptions(hidden_size=32, dropout=0), int(ids.max()) + 1)
    run = Trainer(model, noise[:600], noise[600:], options, validate_every=25)
    reports = list(run.fit())
    validations = [r for r in reports if r.validation is not None]
    assert len(reports) < 5000
    assert [r.improved for r in validations[-4:]] == [True, False, False, False]
    assert run.progress.best == min(r.validation for r in validations)


@pytest.mark.parametrize("change", ["seed", "reset", "ema"])
def test_options_change_what_is_learnt(ids, change):
    values = {"seed": 1, "reset": 0.9, "ema": 0.5}
    first = trainer(ids)
    second = trainer(ids, dataclasses.replace(FAST, **{change: values[change]}))
    list(first.fit()), list(second.fit())
    assert not same(first.average.to_arrays(), second.average.to_arrays())


@pytest.mark.parametrize("score", [math.inf, math.nan])
def test_validations_that_are_not_finite_make_no_state_good(ids, score, monkeypatch):
    run = trainer(ids)
    for report in run.fit():
        if report.step == 30:
            assert run.progress.best_step == run.good.numbers["step"] == 25
            monkeypatch.setattr(Trainer, "_score", lambda self, model, ids: score)
        if report.step == 50:
            break
    assert math.isnan(report.validation)
    assert run.progress.best_step == run.good.numbers["step"] == 25


def test_training_is_scored_as_validation_is(ids):
    run = trainer(ids)
    list(run.fit())
    best = CharModel(run.model.options, run.model.vocabulary_size).load_arrays(run.best)
    windows = ids[: len(run.streams.ids)]
    assert run.score_training() == pytest.approx(score_cold(best, windows).nats)


@pytest.mark.parametrize("worse", ["average", "model"])
def test_the_better_of_averaged_and_raw_weights_is_kept(ids, worse):
    run = trainer(ids)
    for report in run.fit():
        if report.step == 24:  # spoils the weights that step 25 validates
            getattr(run, worse).head.weight.data.zero_()
        if report.step == 25:
            break
    better = {"average": run.model, "model": run.average}[worse]
    assert same(run.best, better.to_arrays())
    assert report.improved


def test_the_state_is_carried_between_windows_of_an_epoch(ids, monkeypatch):
    states = []
    original = CharModel.forward

    def spy(self, inputs, state=None, rng=None, bf16=False):
        logits, after = original(self, inputs, state, rng)
        if rng is not None:
            states.append((state, after))
        return logits, after

    monkeypatch.setattr(CharModel, "forward", spy)
    options = dataclasses.replace(FAST, reset=0.0, steps=20)
    run = trainer(ids, options)
    list(run.fit())
    for step in range(1, 20):
        given = states[step][0]
        before = states[step - 1][1]
        if step % run.streams.windows == 0:
            assert given is None
        else:
            assert torch.equal(given[1][0], before[1][0])
            assert not given[1][0].requires_grad


def test_resets_start_single_streams_from_zeros(ids, monkeypatch):
    zeros = []
    original = CharModel.forward

    def spy(self, inputs, state=None, rng=None, bf16=False):
        if state is not None and rng is not None:
            rows = [s.eq(0).all(1) for layer in state for s in layer]
            assert all(torch.equal(row, rows[0]) for row in rows)
            zeros.append(rows[0].float().mean().item())
        return original(self, inputs, state, rng)

    monkeypatch.setattr(CharModel, "forward", spy)
    list(trainer(ids, dataclasses.replace(FAST, reset=0.3, steps=200, patience=None)).fit())
    assert np.mean(zeros) == pytest.approx(0.3, abs=0.06)


def poison(monkeypatch, steps, value=math.nan):
    """Make the loss of some calls non-finite."""
    calls = itertools.count(1)
    original = torch.nn.functional.cross_entropy

    def bad(logits, targets, **options):
        loss = original(logits, targets, **options)
        return loss * value if "reduction" not in options and next(calls) in steps else loss

    monkeypatch.setattr("charlstm.training.trainer.F.cross_entropy", bad)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_bad_loss_steps_back_with_half_the_rate(ids, monkeypatch, value):
    poison(monkeypatch, {30}, value)
    reports = list(trainer(ids).fit())
    back = next(r for r in reports if r.note)
    assert "step 30: loss" in back.note
    assert "back to step 25 with 0.5 times the learning rate" in back.note
    assert [r.step for r in reports] == [*range(1, 30), 25, *range(26, 61)]
    after = reports[reports.index(back) + 1 :]
    plain = list(trainer(ids).fit())
    assert after[0].learning_rate == pytest.approx(plain[25].learning_rate / 2)
    assert np.isfinite(reports[-1].validation)


def test_a_step_back_after_resuming_is_the_one_of_an_unbroken_training(ids, monkeypatch):
    poison(monkeypatch, {35})
    whole = trainer(ids)
    list(whole.fit())
    monkeypatch.undo()
    first = trainer(ids)
    second = trainer(ids)
    for report in first.fit():
        if report.step == 33:
            break
    second.load_state(*first.state())
    poison(monkeypatch, {2})
    reports = list(second.fit())
    assert "back to step 25" in next(r.note for r in reports if r.note)
    assert same(whole.model.to_arrays(), second.model.to_arrays())


def test_a_validation_that_is_not_finite_is_no_good_state(ids, monkeypatch):
    run = trainer(ids)
    for report in run.fit():
        if report.step == 49:  # poisons the weights that step 50 validates
            run.average.head.bias.data[0] = math.nan
        if report.step == 50:
            assert math.isfinite(report.validation)  # the score of the raw weights
            assert run.good.numbers["step"] == 25
            break
    assert report.step == 50


def test_kept_are_the_best_weights_or_before_a_validation_the_average(ids):
    run = trainer(ids)
    for report in run.fit():
        if report.step == 24:
            assert same(run.kept(), run.average.to_arrays())
            assert not same(run.kept(), run.best)
        if report.step == 30:
            break
    assert same(run.kept(), run.best)
    assert not same(run.kept(), run.average.to_arrays())


def test_training_in_bf16_reads_windows_in_it_but_validates_without(ids, monkeypatch):
    asked = []
    original = CharModel.forward

    def spy(self, inputs, state=None, rng=None, bf16=False):
        asked.append((rng is not None, bf16))
        return original(self, inputs, state, rng)

    monkeypatch.setattr(CharModel, "forward", spy)
    model = CharModel(SMALL, int(ids.max()) + 1)
    list(Trainer(model, ids[:600], ids[600:], FAST, validate_every=25, bf16=True).fit())
    assert set(asked) == {(True, True), (False, False)}
    asked.clear()
    list(trainer(ids).fit())
    assert not any(bf16 for _, bf16 in asked)


def test_speed_is_not_negative_after_a_step_back_of_a_resumed_training(ids, monkeypatch):
    first = trainer(ids)
    second = trainer(ids)
    for report in first.fit():
        if report.step == 33:
            break
    second.load_state(*first.state())
    poison(monkeypatch, {2})
    assert all(r.chars_per_second > 0 for r in second.fit() if not r.note)


def test_leaving_before_the_first_validation_keeps_what_was_learnt(ids):
    model = CharModel(SMALL, int(ids.max()) + 1)
    before = model.to_arrays()
    for report in fit(model, ids[:600], ids[600:], FAST):
        if report.step == 10:
            break
    assert not same(before, model.to_arrays())


def test_the_fourth_bad_loss_ends_it_with_the_best_model_kept(ids, monkeypatch):
    poison(monkeypatch, range(30, 1000))
    run = trainer(ids)
    reports = []
    with pytest.raises(
        UserError, match=r"step 26: .* after 3 times .* smaller learning_rate or clip"
    ):
        for report in run.fit():
            reports.append(report)
    assert sum(bool(r.note) for r in reports) == 3
    assert np.isfinite(run.best["head.weight"]).all()
    assert run.progress.best == reports[24].validation


class ReadsRarely(Trainer):
    """Reads its losses as on a GPU: in every seventh step, and where a validation needs it."""

    def _due(self):
        every_step = super()._due()
        step = self.progress.step + 1
        return every_step and (step % 7 == 0 or step % self.validate_every == 0 or step == 60)


def rarely(ids):
    model = CharModel(SMALL, int(ids.max()) + 1)
    return ReadsRarely(model, ids[:600], ids[600:], FAST, validate_every=25)


def test_reading_losses_rarely_changes_the_reports_and_nothing_else(ids):
    usual, rare = trainer(ids), rarely(ids)
    each, some = list(usual.fit()), list(rare.fit())
    assert same(usual.model.to_arrays(), rare.model.to_arrays())
    assert usual.progress.loss_sum == rare.progress.loss_sum
    steps = [r.step for r in some]
    assert steps == [7, 14, 21, 25, 28, 35, 42, 49, 50, 56, 60]
    assert [r.train_loss for r in some] == [each[step - 1].train_loss for step in steps]
    assert [r.validation for r in some if r.validation] == [
        r.validation for r in each if r.validation
    ]
    assert some[1].loss == pytest.approx(np.mean([r.loss for r in each[7:14]]))


def test_a_bad_loss_that_is_read_late_steps_back_too(ids, monkeypatch):
    poison(monkeypatch, {30})
    run = rarely(ids)
    reports = list(run.fit())
    note = next(r.note for r in reports if r.note)
    assert note.startswith("step 30: loss nan")
    assert "back to step 25" in note
    assert [r.step for r in reports][3:8] == [25, 28, 25, 28, 35]
    assert reports[-1].step == 60
    assert all(np.isfinite(w).all() for w in run.model.to_arrays().values())
    assert np.isfinite(reports[-1].validation)


def test_a_fatal_loss_that_is_read_late_leaves_finite_weights(ids, monkeypatch):
    poison(monkeypatch, range(3, 1000))
    run = rarely(ids)
    with pytest.raises(UserError, match=r"step 1: .* after 3 times"):
        list(run.fit())
    assert all(np.isfinite(w).all() for w in run.kept().values())


def test_a_library_call_obeys_the_precision_or_refuses_it(ids, monkeypatch):
    asked = dataclasses.replace(FAST, precision="bf16")
    monkeypatch.setattr("charlstm.model.kernels.bf16_trouble_on", lambda _: "no such thing")
    with pytest.raises(UserError, match="precision='bf16': no such thing; fp32 works everywhere"):
        trainer(ids, asked)
    monkeypatch.setattr("charlstm.model.kernels.bf16_trouble_on", lambda _: "")
    assert trainer(ids, asked).bf16
    assert not trainer(ids).bf16


def test_a_budget_in_minutes_measures_the_threads_and_others_keep_them(ids):
    with torch_threads(2):
        for options, measured, number in [
            ({"minutes": 1.0}, True, 1),  # it begins with one
            ({"epochs": 1.0}, False, 2),
            ({"steps": 3}, False, 2),
        ]:
            threads = trainer(ids, TrainOptions(**options)).threads
            assert (threads.measured, threads.number) == (measured, number)
        model = CharModel(SMALL, int(ids.max()) + 1)
        given = Trainer(model, ids[:600], ids[600:], TrainOptions(minutes=1.0), threads=3).threads
        assert (given.measured, given.number) == (False, 3)


def test_each_step_has_its_threads_and_between_two_they_are_the_users(ids, monkeypatch):
    training = trainer(ids)
    training.threads = torch_threads(2)
    used = []
    update = training._update
    monkeypatch.setattr(
        training, "_update", lambda state: (used.append(torch.get_num_threads()), update(state))
    )
    validated = []
    monkeypatch.setattr(
        "charlstm.training.trainer.score_cold",
        lambda *given, threads, **options: validated.append(threads) or score_cold(*given),
    )
    for _ in training.fit():
        used.append(-torch.get_num_threads())
    assert used == [2, -1] * 60
    assert set(validated) == {2}


def test_a_report_tells_of_another_number_of_threads_once(ids, monkeypatch):
    training = trainer(ids)
    news = iter(["2 threads: 1.6 times as fast as 1", ""])
    monkeypatch.setattr(training.threads, "news", lambda: next(news, ""))
    notes = [report.note for report in training.fit()]
    assert notes == ["2 threads: 1.6 times as fast as 1"] + 59 * [""]


def test_a_step_back_does_not_swallow_the_news_of_the_threads(ids, monkeypatch):
    poison(monkeypatch, {1})
    training = trainer(ids)
    news = iter(["2 threads: 1.6 times as fast as 1"])
    monkeypatch.setattr(training.threads, "news", lambda: next(news, ""))
    note = next(training.fit()).note
    assert note.startswith("step 1: loss nan")
    assert note.endswith("; 2 threads: 1.6 times as fast as 1")


def test_a_text_that_stays_on_disk_gives_the_same_weights(ids, tmp_path):
    ids.astype(np.uint8).tofile(tmp_path / "ids")
    mapped = np.memmap(tmp_path / "ids", np.uint8, "r")
    first, second = trainer(ids), trainer(mapped)
    want, got = list(first.fit()), list(second.fit())
    assert isinstance(second.streams.ids, np.memmap)
    assert [(r.loss, r.validation) for r in want] == [(r.loss, r.validation) for r in got]
    assert same(first.kept(), second.kept())


def test_another_budget_begins_where_the_first_ended(ids):
    made = trainer(ids, dataclasses.replace(FAST, patience=2))
    first = list(made.fit())
    assert made.finished()
    assert list(made.fit()) == []
    made.train_on(Budget(40, "steps"))
    assert not made.finished()
    assert (made.options.steps, made.options.minutes, made.options.epochs) == (40, None, None)
    second = list(made.fit())
    assert [r.step for r in second] == list(range(61, 101))
    assert [r.fraction for r in second] == pytest.approx([n / 40 for n in range(1, 41)])
    rates = [r.learning_rate for r in second]
    assert rates == [learning_rate(0.02, n / 40, n) for n in range(40)]
    assert first[-1].learning_rate < max(rates)
    assert made.finished()
    assert second[-1].validation < first[-1].validation

    made.train_on(Budget(2, "epochs"))
    third = list(made.fit())
    assert third[-1].step == 100 + 2 * made.streams.windows
    made.train_on(Budget(1e-9, "minutes"))
    assert not made.finished()  # the time that was used before does not count
    assert len(list(made.fit())) == 1


def test_another_budget_gives_patience_anew_and_survives_a_step_back(ids, monkeypatch):
    made = trainer(ids)
    list(made.fit())
    made.progress.stale = 20
    assert made.out_of_patience()
    made.train_on(Budget(30, "steps"))
    assert not made.out_of_patience()
    arrays, numbers = made.state()
    again = trainer(ids, dataclasses.replace(FAST, steps=30))
    again.load_state(arrays, numbers)
    assert not again.finished()
    reports = list(again.fit())
    assert [r.step for r in reports] == list(range(61, 91))
    assert [r.loss for r in made.fit()] == [r.loss for r in reports]
    assert Progress.from_json(Section(numbers["good"], "x")).begun_step == 60
