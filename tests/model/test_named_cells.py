"""A reader's own cell: found, refused or imported, and then treated like one of the five."""

import sys
import textwrap

import numpy as np
import pytest
import torch
from small import randomize

from charlstm import (
    Checkpoint,
    ModelOptions,
    SampleOptions,
    Sampler,
    TrainOptions,
    Vocabulary,
    fit,
    generate,
)
from charlstm.errors import UserError
from charlstm.evaluate import main as evaluate
from charlstm.insight.gradients import reach
from charlstm.model import named_cells
from charlstm.model.cells import CELLS, Cell, sigmoid, split
from charlstm.model.named_cells import find_cell, import_cell, register_cell
from charlstm.model.network import CharModel
from charlstm.sample import main as sample
from charlstm.text.corpus import read_corpus
from charlstm.training.finish import finish
from charlstm.training.run import Run


@pytest.fixture(autouse=True)
def _only_the_five(monkeypatch):
    monkeypatch.setattr(named_cells, "_registered", {})


def min_gru(p, x, state):
    """Feng et al. 2024, "Were RNNs all we needed?": gates that do not see the state.

    h' = (1 - z) * h + z * (W x + b)
    """
    (h,) = state
    z, candidate = split(x, 2)
    z = sigmoid(z)
    return ((1 - z) * h + z * candidate,)


def no_recurrence(rows, input_size, hidden_size):
    return {"weight_ih": (rows, input_size), "bias_ih": (rows,)}


def trace(p, x, state):
    """A cell of operators alone, with a parameter and a state that none of the five has."""
    h, m = state
    m = m + 0.3 * (x + h @ p.weight_hh.T - m)
    return m / (1 + abs(m)) * (1 + p.loudness), m


def with_loudness(rows, input_size, hidden_size):
    return {
        "weight_ih": (rows, input_size), "weight_hh": (rows, hidden_size), "bias_ih": (rows,),
        "loudness": (hidden_size,),
    }  # fmt: skip


MIN_GRU = Cell(min_gru, gates=("z", "h"), states=("h",), parameters=no_recurrence)
TRACE = Cell(trace, gates=("f",), states=("h", "m"), parameters=with_loudness)
OWN = {"min-gru": MIN_GRU, "trace": TRACE}
SIZES = {"layers": 2, "hidden_size": 12, "embedding_size": 5, "dropout": 0.2, "weight_drop": 0.3}


@pytest.mark.parametrize("name", OWN)
def test_an_own_cell_lives_like_one_of_the_five(name, text, tmp_path, capfd):
    register_cell(name, OWN[name])
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    corpus = read_corpus([str(tmp_path / "text.txt")])
    options = ModelOptions(cell=name, **SIZES)
    training = TrainOptions(steps=40, batch_size=4, window=8, learning_rate=0.02, patience=None)

    vocabulary = Vocabulary.of(text)
    ids = vocabulary.encode(text)
    model = CharModel(options, len(vocabulary))
    reports = list(fit(model, ids[:600], ids[600:], training))
    assert reports[-1].loss < 0.9 * reports[0].loss

    def run_to_the_end(folder, stop=None):
        run = Run.start(tmp_path / folder, corpus, options, training)
        if stop is not None:
            steps = run.fit()
            for _ in range(stop):
                next(steps)
            steps.close()
            run = Run.resume(tmp_path / folder)
        list(run.fit())
        finish(run)
        return Checkpoint.load(tmp_path / folder / "model.safetensors")

    whole = run_to_the_end("whole")
    pieces = run_to_the_end("pieces", stop=17)
    assert whole.options.cell == name
    for key, array in whole.weights.items():
        np.testing.assert_array_equal(array, pieces.weights[key])

    model = CharModel(options, len(vocabulary)).load_arrays(whole.weights)
    read, _ = Sampler(whole).read(ids[:50])
    with torch.inference_mode():
        logits, _ = model(torch.from_numpy(ids[None, :50]))
    np.testing.assert_allclose(read, logits[0].numpy(), rtol=0, atol=1e-5)
    assert len("".join(generate(Sampler(whole), "The", SampleOptions(length=30)))) == 30
    folder = str(tmp_path / "whole")
    assert sample([folder, "--length", "20", "--number", "3", "--seed", "1"]) == 0
    assert evaluate([folder, "--threads", "1"]) == 0
    assert "carried" in capfd.readouterr().out
    found = reach(model, ids[:36].reshape(4, 9))
    assert found.h.shape == (2, 4, 9)
    assert (found.h[:, :, :8] > 0).all()
    assert found.c is None


def test_weight_drop_acts_on_a_recurrent_matrix_where_there_is_one():
    changed = {}
    for name, cell in OWN.items():
        register_cell(name, cell)
        model = randomize(CharModel(ModelOptions(name, dropout=0, weight_drop=0.5), 7))
        ids = torch.arange(6)[None]
        dropped, _ = model(ids, None, np.random.default_rng(0))
        changed[name] = not torch.equal(dropped, model(ids)[0])
    assert changed == {"min-gru": False, "trace": True}


def test_an_unknown_cell_is_refused_wherever_it_is_named():
    register_cell("min-gru", MIN_GRU)
    message = (
        rf"^cell is 'elman'; it must be one of {', '.join(CELLS)}, min-gru; for a"
        r" cell of your own import the module .* --cell MODULE:elman$"
    )
    for use in (
        lambda: find_cell("elman"),
        lambda: CharModel(ModelOptions(cell="elman"), 7),
        lambda: Sampler(Checkpoint(ModelOptions(cell="elman"), Vocabulary("ab"), {})),
    ):
        with pytest.raises(UserError, match=message):
            use()


def short(p, x, state):
    return (state[0][:, :1],)


def of_torch(p, x, state):
    return (torch.tanh(x),)


REFUSED = {
    "one of the five": ("lstm", CELLS["lstm"], "'lstm' is charlstm's own cell, as are lstm, rnn"),
    "a name with a colon": ("my:cell", MIN_GRU, "the name is 'my:cell'; give one without"),
    "a name with a space": ("my cell", MIN_GRU, "the name is 'my cell'"),
    "no name": ("", MIN_GRU, "the name is ''"),
    "a step": ("mine", min_gru, "'mine' is a function; it must be a Cell"),
    "torch's functions": (
        "mine", Cell(of_torch, ("h",), ("h",)),
        r"step of 'mine' fails on NumPy arrays, .*TypeError: tanh.*; use operators, and tanh and",
    ),
    "another shape": (
        "mine", Cell(short, ("h",), ("h",)), r"returns arrays of shapes \[\(2, 1\)\] for a state",
    ),
    "too few states": ("mine", Cell(min_gru, ("z", "h"), ()), "fails on NumPy arrays"),
    "a state too many": (
        "mine", Cell(lambda p, x, state: (state[0],), ("h",), ("h", "c")), "a state of 2 arrays",
    ),
    "nothing to read with": (
        "mine", Cell(lambda p, x, state: state, ("h",), ("h",), lambda *sizes: {"w": sizes}),
        r"the parameters of 'mine' are w; there must be weight_ih \(G\*H, D\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_cell_is_refused(case):
    name, cell, message = REFUSED[case]
    with pytest.raises(UserError, match=message) as raised:
        register_cell(name, cell)
    assert "\n" not in str(raised.value)
    assert not named_cells._registered


def test_a_notebook_may_register_its_cell_twice():
    register_cell("mine", MIN_GRU)
    register_cell("mine", TRACE)
    assert find_cell("mine") is TRACE


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module into a folder, which becomes the current one."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    written = set()

    def write(name, code):
        (folder / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        written.add(name)

    yield write
    for name in written:
        sys.modules.pop(name, None)


REGISTERS = """
from charlstm import Cell, register_cell
def step(p, x, state):
    return (0.5 * state[0] + x,)
register_cell("leaky", Cell(step, gates=("h",), states=("h",)))
"""


def test_a_module_in_the_current_folder_makes_its_cell_known(module):
    module("my_leaky", REGISTERS)
    path = list(sys.path)
    assert import_cell("my_leaky:leaky") == "leaky"
    assert import_cell("my_leaky:leaky") == "leaky"  # it is imported already
    assert find_cell("leaky").step.__module__ == "my_leaky"
    assert import_cell("leaky") == "leaky"
    assert import_cell("gru") == "gru"
    assert sys.path == path


WRONG = {
    "no such module": ("my_lost:leaky", "no module my_lost in .*elsewhere or on Python's path"),
    "a file": ("my_cells.py:leaky", r"no module my_cells\.py in .*leave out \.py"),
    "another name": (
        "my_cells:mingru", "my_cells registers no cell 'mingru'; registered are leaky; my_cells",
    ),
    "one of the five": ("my_cells:lstm", "my_cells registers no cell 'lstm'"),
    "no name": ("my_cells:", "it must be MODULE:NAME"),
    "a path": ("../my_cells:leaky", "it must be MODULE:NAME"),
    "its own import": (
        "my_broken:leaky", "importing my_broken fails with ModuleNotFoundError: No module .*nopy",
    ),
    "its own error": ("my_error:leaky", "importing my_error fails with SyntaxError: "),
    "a name of ours": ("my_lstm:lstm", "importing my_lstm fails with UserError: register_cell"),
    "no module": ("elman", "cell is 'elman'; it must be one of"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_imported_is_told_in_one_line(case, module):
    module("my_cells", REGISTERS)
    module("my_broken", "import nopy")
    module("my_error", "def step(:\n    pass")
    module("my_lstm", REGISTERS.replace('"leaky"', '"lstm"'))
    given, message = WRONG[case]
    with pytest.raises(UserError, match=message) as raised:
        import_cell(given)
    assert "\n" not in str(raised.value)


def test_reading_a_model_imports_nothing(module, tmp_path):
    register_cell("my_danger", MIN_GRU)
    options = ModelOptions(cell="my_danger", hidden_size=6, embedding_size=None)
    path = tmp_path / "model.safetensors"
    Checkpoint(options, Vocabulary("abc"), CharModel(options, 3).to_arrays()).save(path)
    assert Checkpoint.load(path).options.cell == "my_danger"
    named_cells._registered.clear()
    module("my_danger", "raise SystemExit('imported')")
    with pytest.raises(
        UserError, match=r"model\.safetensors: cell is 'my_danger'; .*--cell MODULE"
    ):
        Checkpoint.load(path)
    assert "my_danger" not in sys.modules
