"""What a rank does that follows rank 0, without other processes; `test_torchrun.py` has some."""

import signal

import numpy as np
import pytest
from small import TEXT

from charlstm import train
from charlstm.errors import UserError
from charlstm.model import named_cells
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, TrainOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.distributed import LostRankError, Ranks
from charlstm.training.follow import Plan, follow
from charlstm.training.trainer import Trainer


@pytest.fixture
def trainer():
    vocabulary = Vocabulary.of(TEXT)
    ids = vocabulary.encode(TEXT * 12)
    options = TrainOptions(steps=40, batch_size=4, window=8)
    sizes = ModelOptions(hidden_size=16, embedding_size=6, dropout=0.2)
    return Trainer(CharModel(sizes, len(vocabulary)), ids[:600], ids[600:], options, 15)


def test_a_plan_makes_the_same_training(trainer):
    for report in trainer.fit():
        if report.step == 20:
            break
    copied = Plan.of(trainer, "lstm").trainer(Ranks())
    list(trainer.fit()), list(copied.fit())
    want, numbers = trainer.state()
    got, other_numbers = copied.state()
    assert got.keys() == want.keys()
    assert all(np.array_equal(got[name], want[name]) for name in want)
    for name in ("step", "best", "best_step", "stale", "loss_sum"):
        assert numbers["now"][name] == other_numbers["now"][name]


class Following(Ranks):
    """A rank that gets a plan, or finds that the others have ended."""

    def __init__(self, *plans):
        super().__init__()
        self.plans = plans

    def first(self, make):
        if not self.plans:
            raise LostRankError("gone")
        (plan,), self.first = self.plans, Ranks().first
        return plan


def test_following_is_silent(trainer, capsys):
    plan = Plan.of(trainer, "lstm")
    assert follow(Following(plan)) == 0
    assert follow(Following()) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


def test_there_is_nothing_to_follow_in_a_finished_training(tmp_path, monkeypatch, capsys):
    (tmp_path / "text.txt").write_text(TEXT * 12, encoding="utf-8")
    run = str(tmp_path / "run")
    few = ["--hidden-size", "8", "--batch-size", "4", "--window", "8", "--steps", "3"]
    assert train.main([str(tmp_path / "text.txt"), *few, "--out", run]) == 0

    class First(Ranks):
        size = 2

        def first(self, make):
            plans.append(make())
            return plans[-1]

        def network(self, model):
            raise AssertionError("no other rank would come")

    plans = []
    monkeypatch.setattr(train, "join", First)
    assert train.main(["--resume", run]) == 0
    assert "has finished, after 3 steps" in capsys.readouterr().err
    assert plans == [None]
    assert follow(Following(None)) == 0


def test_a_signal_that_a_rank_has_caught_ends_it(trainer):
    ranks = Following(Plan.of(trainer, "lstm"))
    ranks.caught.append(signal.SIGTERM)
    assert follow(ranks) == 143


def test_a_machine_without_the_cells_module_says_so(trainer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(named_cells, "_registered", {})
    with pytest.raises(UserError, match="no module absent_cells"):
        follow(Following(Plan.of(trainer, "absent_cells:mine")))
