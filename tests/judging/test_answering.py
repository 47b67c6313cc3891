"""The student's side answers what it is asked, whatever happens there."""

import base64

import pytest
import torch

from charlstm.judging import answering
from charlstm.judging.asking import Questions


def fails():
    raise ValueError("y" * 30_000_000)


@pytest.fixture
def asked(monkeypatch):
    """A function that asks, as the judge does, and returns what comes back."""
    names = {
        "even": [0, 2],
        "raises": lambda: 1 / 0,
        "fails": fails,
        "large": lambda: "x" * 30_000_000,
    }
    names["odd"] = lambda: torch.zeros(2).to_sparse()
    monkeypatch.setattr(answering, "_names", lambda: names)
    monkeypatch.setattr(answering, "_table", answering.Answers(-1))
    judge = Questions(1)

    def reply(*request):
        text = base64.b64encode(judge.message(request).encode()).decode()
        return judge.read(base64.b64decode(answering.answer(text)).decode())

    return reply


def test_names_attributes_and_calls_are_answered(asked):
    done, names = asked("names", ["even", "none", "raises"])
    assert (done, names["even"], sorted(names)) == ("value", [0, 2], ["even", "raises"])
    assert asked("attribute", names["raises"], "__name__") == ("value", "<lambda>")
    assert asked("item", names["even"], 1) == ("value", 2)


@pytest.mark.parametrize(
    ("name", "error"), [("raises", "ZeroDivisionError"), ("large", "ValueError"), ("odd", "")]
)
def test_an_error_is_an_answer(asked, name, error):
    _, names = asked("names", [name])
    told, kind, message, traceback = asked("call", names[name], [], {})
    assert told == "error"
    assert error in kind
    assert message
    assert "Traceback" in traceback
    assert asked("begin") == ("value", None)


def test_a_request_that_is_none_is_an_error_too(asked):
    assert asked("no such thing")[:2] == ("error", "KeyError")
    assert "error" in base64.b64decode(answering.answer("AAAA")).decode()


def test_an_error_of_any_length_is_told(asked):
    failing = asked("names", ["fails"])[1]["fails"]
    kind, name, told, _ = asked("call", failing, [], {})
    assert (kind, name) == ("error", "ValueError")
    assert told == "y" * answering.MOST_TRACEBACK
