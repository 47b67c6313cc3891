"""What a cell may print and show, and that an error always stays one."""

import pytest

from charlstm.judging import outputs
from charlstm.judging.outputs import MAX_PRINTED, MAX_TRACEBACK, Limits


def stream(text):
    return {"msg_type": "stream", "content": {"name": "stderr", "text": text}}


def shown(text, kind="display_data", mime="image/png"):
    return {"msg_type": kind, "content": {"data": {mime: text}, "metadata": {}, "transient": {}}}


def error(evalue="", traceback=()):
    content = {"ename": "ValueError", "evalue": evalue, "traceback": [*traceback]}
    return {"msg_type": "error", "content": content}


def test_the_first_characters_that_a_cell_prints_stay():
    limits = Limits()
    messages = [stream("a" * (MAX_PRINTED - 3)), stream("b" * 10), stream("c")]
    assert [limits.leave(message, 1) for message in messages] == [True, True, False]
    assert messages[1]["content"]["text"] == "bbb"
    assert limits.leave(stream("next cell"), 2)
    limits.leave(stream("a" * MAX_PRINTED), 2)
    assert limits.leave({"msg_type": "clear_output", "content": {"wait": True}}, 2)
    assert limits.leave(stream("again"), 2)


@pytest.mark.parametrize("kind", ["display_data", "execute_result", "update_display_data"])
def test_figures_are_shown_until_the_notebook_has_shown_enough(kind, monkeypatch):
    monkeypatch.setattr(outputs, "MAX_SHOWN", 1000)
    limits = Limits()
    small, large, after = shown("a" * 400, kind), shown("b" * 900, kind), shown("c" * 400, kind)
    assert [limits.leave(m, cell) for cell, m in enumerate((small, large, after))] == [True] * 3
    assert small["content"]["data"] == {"image/png": "a" * 400}
    assert large["content"]["data"] == {"text/plain": "(too large: more than 1,000 characters)"}
    assert after["content"]["data"] == {"image/png": "c" * 400}


def test_metadata_and_the_state_of_widgets_count_too(monkeypatch):
    monkeypatch.setattr(outputs, "MAX_SHOWN", 1000)
    limits = Limits()
    hidden = shown("a")
    hidden["content"]["metadata"] = {"x": "b" * 2000}
    assert limits.leave(hidden, 0)
    assert hidden["content"]["metadata"] == {}
    comm = {"msg_type": "comm_msg", "content": {"comm_id": "1", "data": {"state": "c" * 2000}}}
    assert not limits.leave(comm, 0)


def test_an_error_is_cut_and_the_first_of_a_cell_stays(monkeypatch):
    monkeypatch.setattr(outputs, "MAX_MESSAGES", 2)
    limits = Limits()
    large = error("v" * 10**6, ["t" * 15_000, "u" * 10**6, "w" * 10**6])
    assert [limits.leave(error(), 0) for _ in range(5)] == [True, True, True, False, False]
    assert limits.leave(large, 1)
    assert len(large["content"]["evalue"]) == MAX_TRACEBACK
    assert [len(line) for line in large["content"]["traceback"]] == [15_000, 4_999]
    assert limits.leave(error(), 2)


def test_many_tiny_figures_end(monkeypatch):
    monkeypatch.setattr(outputs, "MAX_MESSAGES", 3)
    limits = Limits()
    assert [limits.leave(shown(""), 0) for _ in range(5)] == [True, True, True, False, False]
    assert limits.leave({"msg_type": "status", "content": {"execution_state": "idle"}}, 0)


def test_odd_content_is_no_mistake_of_the_grader():
    limits = Limits()
    for content in ({}, {"data": None}, {"data": [3]}, {"data": {"a": {1}}, "metadata": 3}):
        assert limits.leave({"msg_type": "display_data", "content": content}, 0)
    for content in ({}, {"ename": 3, "traceback": None}, {"traceback": [3, None]}):
        assert limits.leave({"msg_type": "error", "content": content}, 1)
        assert {"ename", "evalue", "traceback"} <= set(content)
