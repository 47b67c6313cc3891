"""What is saved of a training comes back as it was, and what is no such file is refused by name."""

import dataclasses

import numpy as np
import pytest

from charlstm.errors import UserError
from charlstm.model.array_file import read_arrays, write_arrays
from charlstm.model.checkpoint import weight_shapes
from charlstm.model.facts import Provenance, Training
from charlstm.options import DataOptions, ModelOptions, TrainOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.progress import Progress
from charlstm.training.saved import Saved


def saved(threads=None):
    options = TrainOptions(steps=7, batch_size=4, window=8)
    model = ModelOptions(hidden_size=8, dropout=0.2)
    rng = np.random.default_rng(0)
    return Saved(
        arrays={
            f"{state}{copy}.{name}": rng.normal(0, 0.5, shape).astype(np.float32)
            for state in ("", "good.")
            for copy in ("model", "average", "best")
            for name, shape in weight_shapes(model, 3).items()
        },
        progress={"now": vars(Progress(step=5)), "good": vars(Progress(step=3))},
        options=model,
        vocabulary=Vocabulary("ab\n"),
        provenance=Provenance(("a.txt", "b.txt"), "12ab", 34, DataOptions(limit=34)),
        training=Training(options, steps=5, epochs=0.5, seconds=1.5, threads=3, device="cuda"),
        threads=threads,
    )


@pytest.mark.parametrize("threads", [None, 2])
def test_it_comes_back_as_it_was(tmp_path, threads):
    path = tmp_path / "resume.safetensors"
    before = saved(threads)
    before.write(path)
    after = Saved.read(path)
    assert sorted(after.arrays) == sorted(before.arrays)
    for name in before.arrays:
        np.testing.assert_array_equal(after.arrays[name], before.arrays[name])
    for name in ("progress", "options", "vocabulary", "provenance", "training", "threads"):
        assert getattr(after, name) == getattr(before, name), name


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("threads", 0, "threads: 0 is not a whole number"),
        ("threads", 10**30, "at most 1024"),
        ("progress", {"now": {}}, "lacks progress.now.step"),
        ("vocabulary", {"characters": "aa"}, "vocabulary"),
        ("model", {"cell": "unheard"}, "unheard"),
    ],
)
def test_what_is_wrong_in_it_is_named(tmp_path, name, value, message):
    path = tmp_path / "resume.safetensors"
    saved().write(path)
    arrays, header = read_arrays(path, "resume")
    write_arrays(path, arrays, {"kind": "resume", **header, name: value})
    with pytest.raises(UserError) as error:
        Saved.read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


def test_sizes_are_held_against_the_arrays_before_a_model_is_built(tmp_path):
    path = tmp_path / "resume.safetensors"
    before = saved()
    dataclasses.replace(before, options=ModelOptions(hidden_size=60_000)).write(path)
    with pytest.raises(UserError, match=r"layers\.0\.weight_ih has shape .* ask for \(240000"):
        Saved.read(path)


@pytest.mark.parametrize("name", ["average.head.bias", "good.model.head.bias", "best.head.bias"])
def test_all_copies_of_the_weights_are_there(tmp_path, name):
    path = tmp_path / "resume.safetensors"
    before = saved()
    del before.arrays[name]
    before.write(path)
    with pytest.raises(UserError, match=f"lacks the weight {name}"):
        Saved.read(path)


@pytest.mark.parametrize("name", ["extra", "good.good.model.head.bias", "average.x"])
def test_no_other_arrays_are_there(tmp_path, name):
    path = tmp_path / "resume.safetensors"
    before = saved()
    before.arrays[name] = np.zeros(1, np.float32)
    before.write(path)
    with pytest.raises(UserError, match=f"should not hold the weight {name}"):
        Saved.read(path)


@pytest.mark.parametrize("copy", ["best", "good.best", "model", "good.average"])
def test_the_best_weights_are_fit_for_a_model_and_others_may_be_infinite(tmp_path, copy):
    path = tmp_path / "resume.safetensors"
    before = saved()
    before.arrays[f"{copy}.head.bias"][0] = np.inf
    before.write(path)
    if copy.endswith("best"):
        with pytest.raises(UserError, match=f"{copy}.head.bias holds values that are not finite"):
            Saved.read(path)
    else:
        assert Saved.read(path).arrays[f"{copy}.head.bias"][0] == np.inf


@pytest.mark.parametrize("good", [Progress(step=6), Progress(step=5, rollbacks=1, rate_scale=0.5)])
def test_the_last_good_state_is_not_later_than_the_last_one(tmp_path, good):
    path = tmp_path / "resume.safetensors"
    dataclasses.replace(
        saved(), progress={"now": vars(Progress(step=5)), "good": vars(good)}
    ).write(path)
    with pytest.raises(UserError, match="its last good state is later than its last one"):
        Saved.read(path)
