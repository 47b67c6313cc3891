"""What is saved of a training comes back as it was, and what is no such file is refused by name."""

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
