"""What a lesson shows from a file comes from the script beside it, which has run to its end."""

import csv
import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from charlstm import CharModel, Checkpoint, ModelOptions, Vocabulary, find_model
from charlstm.insight.activations import record
from charlstm.model.cells import sigmoid

DATA = Path(__file__).parent.parent / "notebooks" / "lessons" / "data"
NAMES = sorted(path.stem for path in DATA.glob("*.py"))
WORK = {
    "typos": "search",
    "cost": "measure",
    "scan": "measure",
}  # what a script does for a row; all others train
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def load(monkeypatch):
    """Return a function that imports a script by its name; one may import another beside it."""
    monkeypatch.syspath_prepend(DATA)

    def load(name):
        spec = importlib.util.spec_from_file_location(name, DATA / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    threads = torch.get_num_threads()
    yield load
    torch.set_num_threads(threads)


@each
def test_script_and_lesson_say_the_command(name):
    command = f"python notebooks/lessons/data/{name}.py"
    assert f"\n    {command}\n" in (DATA / f"{name}.py").read_text(encoding="utf-8")
    lessons = [path.read_text(encoding="utf-8") for path in DATA.parent.glob("*.py")]
    (lesson,) = (text for text in lessons if f"data/{name}.csv" in text)
    assert f"`{command}`" in " ".join(lesson.split("\n# "))


@each
def test_a_file_is_complete(name, load, monkeypatch):
    """The script trains what has no row, so it has nothing to do."""
    script = load(name)
    before = script.RESULTS.read_bytes()
    monkeypatch.setattr(script, WORK.get(name, "train"), None)
    script.main()
    assert script.RESULTS.read_bytes() == before


@each
def test_a_script_goes_on_where_it_was_stopped(name, load, tmp_path, monkeypatch):
    script = load(name)
    *kept, last = script.RESULTS.read_text(encoding="utf-8").splitlines(keepends=True)
    monkeypatch.setattr(script, "RESULTS", tmp_path / "some.csv")
    script.RESULTS.write_text("".join(kept), encoding="utf-8")
    calls = []
    some = {
        "blanks": (7, 0.5, 0.75, 0.6),
        "depth": [0.5],
        "showdown": (7, 0.5),
        "typos": [0.5] * 4,
        "convolution": [7, *[0.5] * 3],
        "window": (7, 0.5),
        "transformer": (7, 8, 0.5, 0.75),
    }
    some |= {"bottleneck": (0.5, "2:1/2"), "neck": (0.5, 0.5)}
    some |= {"surface": [0.5], "ablations": [(0.5, 0.75)], "made_up": [(0.5, 0.75)]}
    found = some.get(name, (7, 0.5, 0.75))
    work = WORK.get(name, "train")
    monkeypatch.setattr(script, work, lambda *given: calls.append(given) or found)
    script.main()
    *lines, added = script.RESULTS.read_text(encoding="utf-8").splitlines(keepends=True)
    assert lines == kept
    assert len(calls) == 1
    key = last.split(",")[:2]
    assert added.split(",")[:2] == key
    assert added.count(",") == last.count(",") == kept[0].count(",")


def test_recall_trains_and_tests(load, monkeypatch):
    script = load("recall")
    monkeypatch.setattr(script, "UPDATES", 3)
    updates, after_lesson, at_end = script.train("RNN", 4, 0.01, 0)
    assert updates == 3
    assert 0 <= after_lesson == at_end <= 1
    monkeypatch.setattr(script, "LESSON", 2)
    model = script.fresh("RNN", 0)
    assert script.train("RNN", 4, 0.01, 0)[1] != script.recalled(model, 4)
    batch = script.task(np.random.default_rng(0), 5, 4)
    assert batch.shape == (5, 6)
    assert torch.equal(batch[:, 0], batch[:, -1])


def test_recall_starts_as_it_says(load):
    script = load("recall")
    H = script.HIDDEN
    for name, (cell, _, bias) in script.STARTS.items():
        model = script.fresh(name, 3)
        assert model.options.cell == cell
        if bias is None:
            continue
        b = (model.layers[0].bias_ih + model.layers[0].bias_hh).detach().numpy()
        if bias != "chrono":
            np.testing.assert_array_equal(b[H : 2 * H], bias)
            continue
        np.testing.assert_array_equal(b[:H], -b[H : 2 * H])
        constants = 1 / (1 - sigmoid(b[H : 2 * H].astype(float)))
        assert 2 <= constants.min() < 20
        assert 60 < constants.max() <= script.LONGEST


def test_overlapping_windows_begin_k1_later_and_have_k2_targets(load, monkeypatch):
    script = load("overlap")
    monkeypatch.setattr(script, "LOSSES", 4)
    ids = torch.arange(23)  # two streams of 11
    found = list(itertools.islice(script.windows(ids, 2, 6), 4))
    assert [begins for begins, _ in found] == [True, False, False, True]
    assert [window[0].tolist() for _, window in found[:2]] == [[*range(7)], [*range(2, 9)]]
    assert found[2][1][1].tolist() == [*range(15, 22)]
    assert torch.equal(found[3][1], found[0][1])


def test_overlap_evaluates_after_each_of_its_updates(load, monkeypatch):
    script = load("overlap")
    monkeypatch.setattr(script, "LOSSES", 8)
    monkeypatch.setattr(script, "UPDATES", (1, 2))
    ids = torch.from_numpy(np.random.default_rng(0).integers(5, size=200)).long()
    for k1, k2 in ((4, 4), (2, 4), (2, 6)):
        nats = script.train(ids, ids[:80].numpy(), 5, k1, k2, 0)
        assert len(nats) == 2
        assert nats[0] != nats[1]
        assert all(1 < value < 2 for value in nats)


def test_a_silenced_unit_tells_nothing_and_the_others_do(load):
    script = load("silenced")
    model = CharModel(ModelOptions(hidden_size=6, embedding_size=None), 3, seed=1)
    checkpoint = Checkpoint(model.options, Vocabulary("abc"), model.to_arrays())
    (whole,), (left,) = (
        record(some, "abcab") for some in (checkpoint, script.without(checkpoint, [1, 4]))
    )
    others = [0, 2, 3, 5]
    assert not left["h"][:, [1, 4]].any()
    assert left["h"][:, others].all()
    np.testing.assert_array_equal(left["h"][0, others], whole["h"][0, others])
    assert (left["h"][1:, others] != whole["h"][1:, others]).all()  # which miss the two
    assert whole["h"].all()


def test_silenced_takes_the_units_that_its_rows_name(load, monkeypatch):
    script = load("silenced")
    ranked = list(range(script.SIZE))[::-1]
    gone = {}
    monkeypatch.setattr(script, "trained", lambda seed: (f"network {seed}", ranked))
    monkeypatch.setattr(script, "without", lambda network, units: gone.setdefault(lacks, units))
    monkeypatch.setattr(script, "speech", lambda network, seed: np.array([10, 30, 70, 61]))
    monkeypatch.setattr(script.CharModel, "from_checkpoint", lambda network: None)
    monkeypatch.setattr(script, "text", lambda: (None, None, 3))
    monkeypatch.setattr(script, "score_cold", lambda *_, **__: SimpleNamespace(nats=1.23456))
    for lacks in script.LACKS:
        assert script.train(3, lacks) == [0.25, 0.5, 1.2346]
    assert gone["nothing"] == []
    assert gone["the best"] == ranked[:1]
    assert gone["the best 5"] == ranked[:5]
    assert gone["one other"] == gone["5 others"][:1]
    assert len(set(gone["5 others"]) & set(ranked[script.SIZE // 2 :])) == 5


def test_blanks_compares_networks_of_as_many_weights(load):
    script = load("blanks")
    both, *others = (script.size(script.fresh("tales", reads, 0)) for reads in script.READERS)
    assert all(0.99 * both < other <= both for other in others)


def test_blanks_fills_and_tries(load, monkeypatch):
    script = load("blanks")
    monkeypatch.setattr(script, "STEPS", 2)
    ids = np.random.default_rng(0).integers(3, size=800, dtype=np.int32)
    monkeypatch.setattr(script, "text", lambda name: (ids[:400], ids[400:], Vocabulary("abc")))
    for reader in (*script.READERS, "5-gram"):
        weights, right, nats, tried = script.train("tales", reader, 0)
        assert 0.2 < right < 0.5  # nobody can guess them
        assert 1 < nats < 2
        assert 0.2 < tried < 0.5
        assert bool(weights) == (reader != "5-gram")


def test_a_shipped_generator_is_a_network_that_reads_forwards(load):
    script = load("blanks")
    checkpoint = Checkpoint.load(find_model("tales"))
    ids = torch.from_numpy(checkpoint.vocabulary.encode("Once upon a time")).long()[None]
    after, _ = CharModel.from_checkpoint(checkpoint)(ids)
    torch.testing.assert_close(
        script.shipped("tales")(ids)[:, 1:], after[:, :-1], rtol=0, atol=1e-5
    )


def test_cost_compares_networks_of_as_many_weights(load):
    script = load("cost")
    lstm, transformer = (script.weights(network) for network in script.networks())
    assert 0.98 * transformer < lstm <= transformer
    assert script.run(script.networks()[0], "read", 32)() > 0


def test_convolutions_are_trained_with_as_many_weights_as_the_plain_model(load):
    script = load("convolution")
    vocabulary = Vocabulary.of("".join(map(chr, range(32, 97))))  # 65 characters, as both texts
    sizes = {
        name: sum(weight.numel() for weight in script.made(name, vocabulary, 0).parameters())
        for name in script.MODELS
    }
    assert all(abs(size / sizes["plain"] - 1) < 0.01 for size in sizes.values())
    for name, (sees, channels, _, _) in script.MODELS.items():
        model = script.made(name, vocabulary, 0)
        if name == "plain":
            assert type(model) is CharModel
        else:
            assert model.convolution.weight.shape == (channels, 64, sees)


def test_convolution_scores_what_it_trained(load, monkeypatch):
    script = load("convolution")
    monkeypatch.setattr(script, "MODELS", {"2 letters": (2, 4, 8, 2)})
    monkeypatch.setattr(script, "score_text", lambda *_, **__: SimpleNamespace(
        carried=SimpleNamespace(nats=1.23456), cold=SimpleNamespace(nats=2.34567)
    ))  # fmt: skip
    weights, carried, cold, seconds = script.train("verse", "2 letters", 0)
    model = script.made("2 letters", Vocabulary.of(script.read_corpus(["verse"]).text), 0)
    assert weights == sum(weight.numel() for weight in model.parameters())
    assert (carried, cold) == (1.2346, 2.3457)
    assert seconds >= 0  # two steps may take less than is told


def test_scan_compares_ways_to_the_same_gradients(load, monkeypatch):
    script = load("scan")
    for cell in ("lstm", "rnn"):
        ways = [script.in_torch(way, cell, 4)() for way in ("torch's loop", "kernel")]
        for loop, kernel in zip(*ways, strict=True):
            torch.testing.assert_close(loop, kernel)
    monkeypatch.setattr(script, "ROUNDS", 1)
    first, later, of_kernel = script.measure("torch's loop", 4)
    assert first >= 0  # the clock may tick in hundredths
    assert later > 0
    assert of_kernel > 0


@pytest.mark.slow
def test_scan_compares_ways_in_jax_to_the_same_gradients():
    """In a process of its own: JAX warns in one that forks later."""
    program = """
import numpy as np, scan
for way, (cell, _) in scan.WAYS.items():
    if not way.startswith("torch"):
        _, found = scan.in_jax(way, cell, 4)()
        wanted = scan.in_torch("kernel", cell, 4)()
        for name, want in zip(scan.given(cell, 4)[0], wanted, strict=True):
            got = found[name]
            np.testing.assert_allclose(got, want, rtol=0, atol=1e-4 * want.abs().max())
        print(way)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(DATA), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4


def test_what_lesson_14_says_of_long_windows_is_in_its_file(load):
    with load("scan").RESULTS.open(newline="", encoding="utf-8") as file:
        rows = {(row["way"], int(row["window"])): row for row in csv.DictReader(file)}
    scans = [float(row["first"]) for (way, _), row in rows.items() if way == "scan"]
    assert max(scans) < 2 * min(scans)
    loop = [float(rows["loop under jit", window]["first"]) for window in (32, 64, 128)]
    assert loop[2] > 3 * loop[1] > 6 * loop[0]
    of_kernel = {way: float(rows[way, 128]["of kernel"]) for way, window in rows if window == 128}
    assert of_kernel["loop under jit"] > 20 * of_kernel["scan"]
    assert of_kernel["loop under jit"] > 5 * of_kernel["loop under jit, not fused"]


def test_windows_of_all_sizes_have_as_many_weights_as_the_rnn_and_the_lstm(load):
    script = load("window")
    for network, sees in script.NETWORKS:
        size = script.largest(network, sees)
        weights = script.count(script.made(network, sees, size, 0))
        assert 0.99 * script.WEIGHTS < weights <= script.WEIGHTS
        with torch.device("meta"):
            assert script.count(script.made(network, sees, size + 1, 0)) > script.WEIGHTS


def test_window_scores_what_it_trained_and_what_was_counted(load, monkeypatch):
    script = load("window")
    ids = np.random.default_rng(0).integers(3, size=800, dtype=np.int32)
    monkeypatch.setattr(script, "text", lambda: (ids[:400], ids[400:], Vocabulary("abc")))
    monkeypatch.setattr(script, "largest", lambda network, sees: 8)
    for network, sees in (("window", 2), ("rnn", 0), ("lstm", 0), ("counted", 1)):
        weights, nats = script.train(network, sees, 2, 1e-3, 0.9, 0)
        assert 1 < nats < 2  # nobody can guess them
        assert bool(weights) == (network != "counted")


def test_transformers_and_lstm_have_as_many_weights(load):
    script = load("transformer")
    sizes = [script.count(script.made(network, 0)) for network in script.PACE]
    assert max(sizes) < 1.02 * min(sizes)
    steps = {name: script.steps_of(name, 1000) for name in script.PACE}
    assert steps == {name: 1000 * pace for name, pace in script.PACE.items()}


def test_transformer_scores_what_it_trained_and_measures_its_pace(load, monkeypatch):
    script = load("transformer")
    ids = np.random.default_rng(0).integers(3, size=800, dtype=np.int32)
    monkeypatch.setattr(script, "text", lambda: (ids[:400], ids[400:], Vocabulary("abc")))
    for network in script.PACE:
        weights, letters, carried, cold = script.train(network, 4, 1e-4, 0.9, 0)
        assert letters == script.steps_of(network, 4) * 32 * 64
        assert 1 < carried != cold < 2
        assert weights == script.count(script.made(network, 0))
    pace = script.pace(rounds=1, steps=1)
    assert pace.pop("lstm") == 1
    assert all(value > 0 for value in pace.values())
