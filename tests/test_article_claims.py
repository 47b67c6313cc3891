"""The verdicts of lesson 15 hold for five seeds, where they come from a training."""

import numpy as np
import pytest
from test_lesson_claims import run

SEEDS = range(5)
OF_ONE_NETWORK = {  # verdicts about the models that are shipped; a training decides the others
    "The forget gate is binary": "half true",
    "The output gate decides what leaves the network": "half true",
    "A network remembers only what its input gate lets in": "half true",
    "c is the short-term memory": "false",
    "c carries the far context, and h the near one": "half true",
    "The hidden state is a summary of all that was read": "half true",
    "It reads texts of any length": "true",
    "Stacked layers capture different levels of abstraction": "half true",
    "A loss of 1.28 is better than a loss of 1.32": "no meaning",
    "A perplexity of 4 is a choice among 4 letters": "half true",
    "Networks are too sure": "half true",
    "A low temperature makes the text more correct": "half true",
    "It only puts together pieces that it has read": "false",
}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lesson():
    """What the lesson computes in full."""
    yield from run("15-what-the-articles-say")


def test_verdicts_about_the_shipped_models(lesson):
    verdicts = {name: verdict for name, (verdict, _) in lesson["verdicts"].items()}
    assert {name: verdicts[name] for name in OF_ONE_NETWORK} == OF_ONE_NETWORK


def test_the_verdict_follows_the_needs(lesson, capsys):
    yes, no = ("a", 1.0, ">", 0.0), ("b", 1.0, "<", 0.0)
    for needs, contrary, verdict in (
        ([yes, yes], [], "true"),
        ([yes, no], [], "half true"),
        ([no], [yes], "false"),
        ([yes], [yes], "no meaning"),
        ([yes], [yes, no], "true"),
    ):
        lesson["judge"]("x", *needs, contrary=contrary)
        assert lesson["verdicts"].pop("x")[0] == verdict
        assert f"x: {verdict.upper()}" in capsys.readouterr().out


def test_one_tanh_can_go_and_both_cannot(lesson):
    worse = {
        name: np.array([lesson["lost"](name, seed) for seed in SEEDS])
        for name in ("one-tanh", "no-tanh")
    }
    assert (worse["one-tanh"] < -0.05).all()
    assert (worse["no-tanh"] > 1).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_coupled_gate_forgets_only_when_it_writes(lesson, seed):
    f, _, wrote = lesson["written_and_kept"](seed)
    assert (np.abs(wrote) > 0.1)[f < 0.5].mean() > 0.9


@pytest.mark.parametrize("seed", SEEDS)
def test_an_lstm_keeps_its_gradient_only_with_open_gates(lesson, seed):
    left, model = lesson["left"], lesson["CharModel"]
    shut, opened = (
        lesson["initialize"](
            model(lesson["sizes"], len(lesson["letters"])), "pytorch", forget_bias=bias, seed=seed
        )
        for bias in (None, 3.0)
    )
    assert left(shut) < 1e-6
    assert left(opened) > 0.1
    assert left(lesson["small"](seed=seed)) < 1e-3


def test_no_number_of_layers_is_better_with_each_seed(lesson):
    one, two, three = (np.array(lesson["by_depth"][layers]) for layers in (1, 2, 3))
    assert len(one) == len(two) == len(three) == 5
    assert (two[:2] < one[:2]).all()
    assert (two > one).any()
    assert (three > one).any()


def test_a_gru_is_not_weaker_in_a_short_training(lesson):
    for seed in SEEDS:
        assert lesson["nats"]("gru", 57, seed=seed) < lesson["nats"](seed=seed) - 0.05


def test_an_lstm_overfits_less_than_a_vanilla_network(lesson):
    for seed in SEEDS:
        for there in (None, 1.9):
            assert lesson["gap"]("lstm", 48, seed, there) < lesson["gap"]("rnn", 112, seed, there)


def test_reading_too_often_makes_too_sure(lesson):
    for seed in SEEDS:
        model, _ = lesson["read_too_often"]("rnn", 112, seed)
        says, right = lesson["sureness"](model)
        assert np.mean(says) > np.mean(right) + 0.02


def test_a_small_rate_is_no_clipping(lesson):
    for seed in SEEDS:
        rates = [lesson["descend"](rate, np.inf, seed) for rate in (1.0, 0.3, 0.1, 0.03)]
        clipped = lesson["descend"](1.0, 1.0, seed)
        assert clipped + 0.05 < min(rates) < np.log(len(lesson["letters"]))


def test_a_grid_has_a_winner_and_a_better_rate_between_its_lines(lesson):
    winners = set()
    won = []
    for seed in SEEDS:
        found = lesson["tried"](lesson["grid"], seed)
        winner = min(found, key=found.get)
        between = lesson["tried"]([(0.055, winner[1])], seed)
        winners.add(winner)
        won.append(found[winner] - min(between.values()))
    assert len(winners) == 1
    assert np.mean(won) > 0
    assert sum(more > 0 for more in won) >= 3


def test_a_network_that_reads_both_ways_helps_in_the_middle_and_not_at_the_end(lesson):
    for seed in SEEDS:
        middle, end = (
            lesson["named"]("both", place, seed) - lesson["named"]("forwards", place, seed)
            for place in (32, 63)
        )
        assert middle > 0.1
        assert end < 0


def test_attention_points_and_does_not_explain(lesson):
    dates = lesson["tasks"].dates(40, seed=99)
    for seed in SEEDS:
        named, mean, r, largest, weight = lesson["compared"](lesson["dater"](seed=seed), dates)
        assert named.mean() > 2 * mean.mean()
        assert r.mean() < 0.6
        assert weight[largest < 0.1].mean() > 0.5


def test_a_window_has_no_memory_and_predicts_no_worse_at_first(lesson):
    assert float(lesson["change"][24:].max()) == 0
    assert lesson["change"][20:24].min() > 0
    for seed in range(5):
        assert lesson["loses_to"]("rnn", seed) < 0.05
        assert lesson["loses_to"]("lstm", seed) < 0.05


def test_transformers_are_slower_and_worse_in_the_same_time(lesson):
    rival, pace = lesson["rival"], lesson["pace"]
    assert max(pace[name] for name in lesson["SHAPES"]) < 1
    for seed in range(5):
        nats = {}
        for name in lesson["NAMES"]:
            steps = round(lesson["STEPS"] * pace[name])
            model = rival(name, steps, seed)[0]
            nats[name] = lesson["score_cold"](model, lesson["unseen"]).nats
        assert nats["lstm"] < min(nats[name] for name in lesson["SHAPES"])
