"""The cells that lesson 13 makes: each equals its equations, and several networks learn as one."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.func import vmap

from charlstm import CharModel, ModelOptions, register_cell
from charlstm.model import cells

DATA = Path(__file__).parent.parent / "notebooks" / "lessons" / "data"
B, D, H = 2, 5, 6
VARIANTS = (
    "no-input-gate", "no-forget-gate", "no-output-gate", "no-input-activation",
    "no-output-activation", "full-gate-recurrence",
)  # fmt: skip
LSTM = "c' = ((sigmoid(f) * c) + (sigmoid(i) * tanh(g))) ; h' = (sigmoid(o) * tanh(c'))"


@pytest.fixture(scope="module")
def lesson():
    """What lesson 13 defines, as its data scripts take it; nothing is trained."""
    spec = importlib.util.spec_from_file_location("surface", DATA / "surface.py")
    module = importlib.util.module_from_spec(spec)
    threads = torch.get_num_threads()
    spec.loader.exec_module(module)
    yield module.lesson()
    torch.set_num_threads(threads)


def by_equations(name, a, c, old):
    """Return c, h and the gates i, f, o for the sums `a` by gate, by no line of the lesson."""
    s = torch.sigmoid
    i = s(a["i"] + old["i"]) if "i" in a else 1.0
    f = s(a["f"] + old["f"]) if "f" in a else 1.0
    o = s(a["o"] + old["o"]) if "o" in a else 1.0
    g = a["g"] if name == "no-input-activation" else torch.tanh(a["g"])
    c = f * c + i * g
    return c, o * (c if name == "no-output-activation" else torch.tanh(c)), {"i": i, "f": f, "o": o}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_equals_its_equations_and_so_do_its_gradients(lesson, name):
    cell = lesson.VARIANTS[name]
    rng = np.random.default_rng(len(name))
    weights = {
        key: torch.tensor(rng.normal(0, 0.7, shape), requires_grad=True)
        for key, shape in cell.shapes(D, H).items()
    }
    p = SimpleNamespace(**weights)
    inputs = torch.tensor(rng.normal(size=(4, B, D)))
    state = tuple(torch.tensor(rng.random((B, H))) for _ in cell.states)
    held = state
    h, c, *gates = state
    old = dict.fromkeys("ifo", 0.0)
    for x in inputs:
        held = cell.step(p, cells.project(p, x), held)
        if name == "full-gate-recurrence":
            R = p.weight_gates
            old = {
                to: sum(gates[m] @ R[H * n : H * n + H, H * m : H * m + H].T for m in range(3))
                for n, to in enumerate("ifo")
            }
        a = {}
        for gate in cell.gates:
            rows = cell.rows(gate, H)
            a[gate] = x @ p.weight_ih[rows].T + p.bias_ih[rows]
            a[gate] = a[gate] + h @ p.weight_hh[rows].T + p.bias_hh[rows]
        c, h, values = by_equations(name, a, c, old)
        gates = [values[gate] for gate in "ifo"]
    torch.testing.assert_close(held[:2], (h, c), rtol=0, atol=1e-12)
    if len(held) > 2:
        torch.testing.assert_close(held[2:], tuple(gates), rtol=0, atol=1e-12)
    loss = (h * torch.arange(H)).sum() + c.square().sum()
    ours = (held[0] * torch.arange(H)).sum() + held[1].square().sum()
    wanted = torch.autograd.grad(loss, list(weights.values()))
    found = torch.autograd.grad(ours, list(weights.values()))
    for key, one, other in zip(weights, found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9, msg=key)
        assert one.abs().max() > 1e-4


def test_the_eight_of_the_article_are_compared(lesson):
    assert set(lesson.VARIANTS) == set(VARIANTS)
    assert set(lesson.COMPARED) == {"lstm", *VARIANTS, "coupled", "peephole", "gru"}


def test_a_network_reads_and_learns_beside_others_as_alone(lesson):
    task = lesson.latching(4)
    weights = lesson.made("lstm", 7, task.V, [3, 5])
    ids = torch.from_numpy(task.rows[:12]).long().view(2, 6, -1)
    z = vmap(lesson.reader("lstm", 7))(weights, ids)
    for k, seed in enumerate((3, 5)):
        options = ModelOptions(hidden_size=7, embedding_size=None)
        alone, _ = CharModel(options, task.V, seed)(ids[k])
        torch.testing.assert_close(z[k], alone, rtol=0, atol=1e-5)
    alone = lesson.train("lstm", 7, task, 12, [5], [0.05], [0.1])
    beside = lesson.train("lstm", 7, task, 12, [3, 5, 5], [0.01, 0.05, 0.05], [1.0, 0.1, 10.0])
    np.testing.assert_allclose(beside[:, 1], alone[:, 0], atol=1e-4)
    assert abs(beside[0, 2] - beside[0, 1]) > 1e-4  # another limit for clipping
    assert abs(beside[0, 0] - beside[0, 1]) > 1e-3


def test_tasks_count_the_answers_alone(lesson):
    single, many = lesson.latching(5), lesson.latching(5, lines=3, longer=4)
    for task in (single, many):
        for rows in (task.rows[:50], task.held_out[:50]):
            answers = rows[:, 1:][:, task.counted]
            np.testing.assert_array_equal(answers, rows[:, :: 5 + 4])
    assert many.rows.shape[1] == 27
    assert many.held_out.shape[1] == 36
    text = lesson.reading(9, longer=19)
    assert text.rows.shape[1] == 10
    assert text.held_out.shape[1] == 20


def test_trees_of_the_lstm_are_the_lstm(lesson):
    assert lesson.formulas(lesson.PARENTS[0]) == LSTM
    cell = lesson.cell_of(*lesson.PARENTS[0])
    assert cell.gates == ("i", "f", "g", "o")
    rng = np.random.default_rng(1)
    p = SimpleNamespace(**{k: rng.normal(size=shape) for k, shape in cell.shapes(D, H).items()})
    u, state = rng.normal(size=(B, 4 * H)), (rng.normal(size=(B, H)), rng.normal(size=(B, H)))
    for found, wanted in zip(cell.step(p, u, state), cells.lstm(p, u, state), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_a_mutation_changes_one_spot_and_all_of_its_ways_occur(lesson):
    tree = lesson.PARENTS[0][0]
    found = {str(lesson.mutated(tree, ["h"], np.random.default_rng(n))) for n in range(2000)}
    for some in (
        ("+", ("*", ("sigmoid", "f"), "h"), tree[2]),  # another leaf
        ("+", tree[1], ("tanh", tree[2])),  # an operator around it
        ("-", tree, "h"),  # an operator around it and a leaf
        ("*", *tree[1:]),  # another operator
        tree[1],  # a part alone
    ):
        assert str(some) in found
    assert lesson.put(tree, (2, 1, 1), "h") == (
        "+",
        tree[1],
        ("*", ("sigmoid", "h"), ("tanh", "g")),
    )
    assert lesson.at(tree, (2, 1)) == ("sigmoid", "i")
    assert len({*lesson.spots(tree)}) == 10


def test_made_up_cells_differ_and_can_be_registered(lesson):
    trees = lesson.made_up(12)
    assert trees == lesson.made_up(12)
    assert len({lesson.formulas(pair) for pair in trees}) == 12
    for pair in trees:
        register_cell("made-up", lesson.cell_of(*pair))
    assert lesson.value(("-", ("1 -", "c"), "h"), {"c": 0.25, "h": 2.0}) == -1.25
    assert lesson.formula(("-", ("1 -", "c"), ("tanh", "h"))) == "((1 - c) - tanh(h))"
    small, large = lesson.units_for("lstm", 65, 8000), lesson.units_for("rnn", 65, 8000)
    for name, size in (("lstm", small), ("rnn", large)):
        weights = lesson.made(name, size, 65, [0])
        count = sum(weight.numel() for weight in weights.values())
        assert 0.9 * 8000 < count <= 8000
