"""Values between two processes: they come back equal, stay the same objects, and run nothing."""

import contextlib
import gc
import io
import json
import pickle
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm import CharModel, ModelOptions, SampleOptions
from charlstm.judging.answering import Answers
from charlstm.judging.arrays import UnreadableAnswerError
from charlstm.judging.asking import Questions
from charlstm.judging.values import MOST_CHARACTERS, Table

SIZES = ModelOptions(layers=2, hidden_size=3, embedding_size=2, dropout=0)


@pytest.fixture
def sides():
    return Questions(1), Answers(-1)


PLAIN = [
    None,
    True,
    2**70,
    -0.5,
    "é\n",
    (1, (2,)),
    {1, 2},
    range(2, 9, 3),
    1j,
    SampleOptions(seed=1),
]
ARRAYS = [
    np.arange(6, dtype=np.uint16).reshape(2, 3)[:, ::2],
    np.float32(1.5),
    np.zeros((0, 3)),
    np.array(7),
    np.array([True, False]),
]
TENSORS = [
    torch.arange(6).reshape(3, 2).T,
    torch.ones(2, dtype=torch.bfloat16),
    torch.zeros(0, 4),
    torch.tensor(True),
    torch.arange(4)[::2][:1],  # one number, with a stride
]


@pytest.mark.parametrize("value", [*PLAIN, *ARRAYS, *TENSORS], ids=repr)
def test_a_value_comes_back_equal_in_both_directions(value, sides):
    judge, student = sides
    there = student.read(judge.message(value))
    back = judge.read(student.message([there, value]))
    for got in (there, *back):
        assert type(got) is type(value)
        if isinstance(value, np.ndarray | np.generic | torch.Tensor):
            assert got.dtype == value.dtype
            assert got.shape == value.shape
            assert (got == value).all()
        else:
            assert got == value


def test_objects_stay_the_same_and_changes_come_back(sides):
    judge, student = sides
    array, inner, rng = np.zeros(3), [1], np.random.default_rng(5)
    outer = {"a": array, "again": array, (1, 2): inner}
    outer["itself"] = outer
    there, rng_there = student.read(judge.message([outer, rng]))
    assert there["a"] is there["again"]
    assert there["itself"] is there
    there["a"][1] = 5
    there[1, 2].append(there["a"])
    del there["again"]
    drawn = rng_there.random()
    assert judge.read(student.message([there, drawn])) == [outer, drawn]
    assert array.tolist() == [0, 5, 0]
    assert inner[1] is array
    assert "again" not in outer
    assert rng.random() == rng_there.random()
    array[0] = 9
    student.read(judge.message(None))
    assert there["a"][0] == 9


def test_a_model_and_its_optimizer_are_one_thing_on_both_sides(sides):
    judge, student = sides
    model = CharModel(SIZES, 4)
    adam = torch.optim.Adam(model.parameters(), lr=0.1)
    before = dict(model.named_parameters())
    kept = {name: weight.detach().clone() for name, weight in before.items()}
    for _ in range(2):
        there, adam_there = student.read(judge.message([model, adam]))
        adam_there.zero_grad()
        there(torch.zeros(1, 2, dtype=torch.long))[0].square().sum().backward()
        adam_there.step()
        judge.read(student.message(None))
    assert adam_there.state[there.head.bias]["step"] == 2
    for name, weight in model.named_parameters():
        assert weight is before[name]
        assert torch.equal(weight, there.get_parameter(name))
    assert not torch.equal(model.head.bias, kept["head.bias"])
    there.head.bias = torch.nn.Parameter(torch.ones(4))
    judge.read(student.message(None))
    assert model.head.bias is not before["head.bias"]
    assert torch.equal(model.head.bias, torch.ones(4))


def test_a_students_model_comes_with_its_weights_and_a_wrong_size_is_refused(sides):
    judge, student = sides
    own = CharModel(SIZES, 4, seed=3)
    got = judge.read(student.message({"models": own}))["models"]
    assert type(got) is CharModel
    assert torch.equal(got.head.weight, own.head.weight)
    text = student.message(CharModel(SIZES, 4))
    assert '"hidden_size": 3' in text
    with pytest.raises(UnreadableAnswerError, match="fewer weights"):
        judge.read(text.replace('"hidden_size": 3', '"hidden_size": 60000'))


def test_a_model_with_a_table_for_weights_is_refused(sides):
    """A bias for each place of a text would need no network."""
    judge, student = sides
    own = CharModel(SIZES, 4)
    own.head.bias = torch.nn.Parameter(torch.zeros(8, 1, 4))
    with pytest.raises(UnreadableAnswerError, match="bias has another shape"):
        judge.read(student.message(own))


def test_a_parameter_keeps_its_shape(sides):
    judge, student = sides
    weight = torch.nn.Parameter(torch.zeros(4))
    there = student.read(judge.message(weight))
    there.data = torch.ones(8, 1, 4)
    with pytest.raises(UnreadableAnswerError, match="another shape"):
        judge.read(student.message(None))
    assert weight.shape == (4,)


def test_a_model_whose_sizes_are_asked_at_each_look_is_refused(sides):
    judge, student = sides
    text = student.message(CharModel(SIZES, 4))
    start = text.index('["options", "ModelOptions"')
    end = text.index("}]", start) + 2
    with pytest.raises(UnreadableAnswerError, match="no ModelOptions"):
        judge.read(text[:start] + '["handle", -999, "Sizes"]' + text[end:])


def test_a_graph_stays_where_it_is_and_is_told(sides):
    judge, student = sides
    leaf = torch.ones(2, requires_grad=True)
    result = 3 * leaf
    got = judge.read(student.message(result))
    assert got.grad_fn is not None
    assert student.read(judge.message(got)) is result
    assert not judge.read(student.message(result.detach())).requires_grad


def test_a_function_of_a_test_works_on_the_other_side_with_its_lists(sides):
    judge, student = sides
    marks, weight = [], torch.ones(2, requires_grad=True)

    class Mark:
        pass

    def loss(x):
        marks.append(weakref.ref(Mark()))
        held.append(Mark())
        marks.append(weakref.ref(held[0]))
        return (weight * x).sum()

    held = []
    there = student.read(judge.message(loss))
    there(torch.ones(2)).backward()
    judge.read(student.message(None))
    assert [mark() is None for mark in marks] == [True, False]
    judge_again = judge.message(None)
    student.read(judge_again)
    gc.collect()
    judge.read(student.message(None))
    assert [mark() is None for mark in marks] == [True, False]


class Run:
    def __reduce__(self):
        return pytest.fail, ("it ran",)


def forged():
    pickled = io.BytesIO()
    pickle.dump(Run(), pickled)
    text = pickled.getvalue().hex()
    yield from ("", "x", "7", "null", "[]", "[[], []]", '[[], [], {"a": 1}]', "[" * 100_000)
    for value in (["known", 5], ["handle", 1, "x"], ["handle", "a", "x"], ["pickle", text],
                  ["scalar", "O", [], ""], ["scalar", "<f8", [10**9], "AAAA"], ["tuple", 5],
                  ["options", "Checkpoint", {}], ["options", "ModelOptions", {"layers": "x"}],
                  ["range", [1, 2, 0]], []):  # fmt: skip
        yield json.dumps([[], [], value])
    for new in ([1, ["list", []], None], [-1, ["opaque"], text], [-1, ["list", 5], None],
                [-1, ["module", {}], [["options", "ModelOptions", {}], 10**9]], ["a", [], None],
                [-1, ["tensor", "nn", [1], "AAAAAA=="], None],
                [-1, ["array", "<f8", [2], "AA=="], 0],
                [-1, ["dict", [[["known", -1], 1]]], None]):  # fmt: skip
        yield json.dumps([[new], [], ["known", -1]])
    yield json.dumps([[], [[99, ["list", []]]], None])
    yield json.dumps([[[1, ["list", []], None]], [], None])  # the number of an object of ours


@pytest.mark.parametrize("text", list(forged()), ids=lambda text: text[:40])
def test_a_forged_message_is_refused_and_runs_nothing(text):
    judge = Questions(1)
    judge.message([1, 2])
    with pytest.raises(UnreadableAnswerError):
        judge.read(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_subnormal=False)
    | st.text(max_size=5)
    | st.sampled_from(["known", "list", "dict", "array", "tensor", "module", "handle", "tuple",
                       "set", "options", "scalar", "<f8", "float32", "ModelOptions"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(JSON, JSON, JSON)
def test_any_message_is_read_or_refused(new, changed, value):
    judge = Questions(1)
    judge.message([np.zeros(2), [1]])
    with contextlib.suppress(UnreadableAnswerError):
        judge.read(json.dumps([new, changed, value]))


def test_a_message_has_a_largest_size():
    with pytest.raises(ValueError, match="too large"):
        Table(-1).message("x" * MOST_CHARACTERS)
