"""Plans: the options of a setting, its command, and what makes two searches differ."""

import dataclasses

import pytest
from small_search import plan_in

from charlstm.errors import UserError
from charlstm.flags import parse
from charlstm.searching.space import Space
from charlstm.train import Train

SETTING = {"hidden_size": 6, "clip": None, "learning_rate": 0.0123456789012345}


@pytest.fixture
def plan(tmp_path, corpus):
    return plan_in(tmp_path / "search", corpus)


def test_a_setting_goes_over_what_all_have(plan):
    model, training = plan.options(SETTING | {"cell": "gru"})
    assert (model.hidden_size, model.embedding_size, model.cell) == (6, 4, "gru")
    assert (training.clip, training.learning_rate, training.window) == (None, 0.0123456789012345, 8)


def test_the_command_trains_that_setting(plan):
    words = plan.command(SETTING, 7).split()
    assert words[:3] == ["python", "-m", "charlstm.train"]
    given, flags = parse(Train, words[3:])
    assert {name: getattr(given.model, name) for name in ["hidden_size"]} == {"hidden_size": 6}
    assert given.training.clip is None
    assert given.training.learning_rate == SETTING["learning_rate"]
    assert (given.training.steps, given.training.seed) == (40, 7)
    assert "embedding_size" not in flags


def test_the_same_search_goes_on_and_another_is_refused(plan):
    before = plan.facts()
    plan.check_same(before)
    dataclasses.replace(plan, trials=99, workers=4, threads=2).check_same(before)
    other = dataclasses.replace(plan, space=Space.read(["hidden_size=4,7", "layers=1,2"]))
    with pytest.raises(UserError, match="space was hidden_size=4,6 layers=1,2, is hidden_size=4,7"):
        other.check_same(before)
    longer = dataclasses.replace(plan, training=dataclasses.replace(plan.training, steps=41))
    with pytest.raises(UserError, match="steps was 40, is 41"):
        longer.check_same(before)


def test_another_text_is_refused(plan, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("to be or not to be " * 40, encoding="utf-8")
    with pytest.raises(UserError, match="text was sha256 "):
        dataclasses.replace(plan, corpus=(str(other),)).check_same(plan.facts())
