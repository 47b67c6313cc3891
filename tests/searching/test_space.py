"""Spaces: what each item means, and mistakes by item and place."""

import pytest

from charlstm.errors import UserError
from charlstm.options import ModelOptions
from charlstm.searching.space import Space

MISTAKES = [
    ([], "space is empty"),
    (["layers"], "item 1 ('layers'): no = in it"),
    (["layers=1", "hiden_size=8"], "item 2 ('hiden_size=8'): no option 'hiden_size'; perhaps you"),
    (["layers=1", "layers=2"], "layers stands twice"),
    (["layers=1,,2"], "value 2 is empty"),
    (["layers=1,x"], "value 2 is 'x'; it must be a whole number"),
    (["layers=1,1"], "a value stands twice"),
    (["clip=1,nan"], "value 2 is 'nan'; it must be finite"),
    (["layers=1," + "9" * 400], "it must be finite, and not as large"),
    (["layers=1.." + "9" * 400], "it must be finite, and not as large"),
    (["readout=sum,lst"], "value 2 is 'lst'; it must be one of sum, last; perhaps you meant last"),
    (["cell=a..b"], "cell takes no numbers"),
    (["hidden_size=1..2..3"], "at '1..2..3': a range has one .."),
    (["hidden_size=1..x"], "upper end is 'x'; it must be a whole number"),
    (["hidden_size=9..3"], "the larger end is last"),
    (["dropout=0..0.5:lg"], "at ':lg'".replace(":", "") + ": after a range"),
    (["dropout=0..0.5:log"], "must begin above 0"),
    (["hidden_size=1..9:step=0"], "the step is 0"),
    (["hidden_size=1..9:step=2:log"], "cannot go together"),
    (["dropout=0..0.5:step=1e-300"], "more than 1,000,000,000 steps; leave out :step"),
    (["learning_rate=1e-300..1e308:step=1e-300"], "more than 1,000,000,000 steps; leave out"),
    (["seed=1,2"], "a seed is no setting"),
    (["steps=1,2"], "steps is the budget"),
    (["bytes=true,false"], "bytes changes the text"),
]


@pytest.mark.parametrize(("items", "message"), MISTAKES)
def test_mistakes_name_the_item_and_the_place(items, message):
    with pytest.raises(UserError) as told:
        Space.read(items)
    assert message in str(told.value)


def test_names_are_those_of_flags_or_of_fields():
    assert Space.read(["hidden-size=4,5"]) == Space.read(["hidden_size=4,5"])
    assert Space.read(["--hidden-size=4,5"]) == Space.read(["hidden_size=4,5"])


def test_values_have_the_type_of_their_option():
    items = ["layers=1,2", "dropout=0,0.5", "clip=none,1", "cell=lstm,a:b", "patience=3,none"]
    values = [dimension.values for dimension in Space.read(items).dimensions]
    assert values == [(1, 2), (0.0, 0.5), (None, 1.0), ("lstm", "a:b"), (3, None)]
    assert [type(v) for v in values[0]] == [int, int]
    assert [type(v) for v in values[1]] == [float, float]


def test_a_grid_has_each_setting_once():
    settings = list(Space.read(["layers=1..3", "window=8..33:step=8", "cell=gru,lstm"]).grid())
    assert len(settings) == 3 * 4 * 2
    assert len({tuple(setting.values()) for setting in settings}) == 24
    assert {setting["window"] for setting in settings} == {8, 16, 24, 32}


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        ("dropout=0..0.6", "dropout=0,0.2,0.4,0.6"),
        ("hidden_size=64..512:log", "hidden_size=64,128,256,512"),
    ],
)
def test_a_grid_without_an_end_is_told_which_values_it_could_have(item, shown):
    with pytest.raises(UserError, match=shown):
        list(Space.read([item]).grid())


def test_a_grid_of_too_many_settings_is_refused():
    with pytest.raises(UserError, match="10,000 are allowed"):
        list(Space.read(["layers=1..100", "hidden_size=1..60000"]).grid())


@pytest.mark.parametrize("item", ["layers=1,0", "layers=0..3", "hidden_size=1..70000"])
def test_what_an_option_refuses_is_told_with_the_item(item):
    with pytest.raises(UserError, match=r"item 1 .*it must be from 1 to"):
        Space.read([item, "dropout=0,0.1"]).check(lambda setting: ModelOptions(**setting))


def test_a_sampler_draws_what_the_space_has():
    optuna = pytest.importorskip("optuna")
    items = ["hidden_size=4..64:log", "window=8..32:step=8", "dropout=0..0.5", "clip=none,1"]
    space = Space.read(items)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    drawn = [space.suggest(study.ask()) for _ in range(60)]
    assert {type(each["hidden_size"]) for each in drawn} == {int}
    assert all(4 <= each["hidden_size"] <= 64 for each in drawn)
    small = sum(each["hidden_size"] <= 16 for each in drawn)
    assert 20 < small < 40  # half of a logarithmic range
    assert {each["window"] for each in drawn} == {8, 16, 24, 32}
    assert all(0 <= each["dropout"] <= 0.5 for each in drawn)
    assert {each["clip"] for each in drawn} == {None, 1.0}


def test_a_space_is_written_as_it_is_read():
    items = ["hidden_size=4..64:log", "window=8..32:step=8", "dropout=0..0.5", "clip=none,1"]
    assert str(Space.read(items)) == " ".join(items)
    assert Space.read(str(Space.read(items)).split()) == Space.read(items)
