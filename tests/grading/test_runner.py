"""How long a cell may run, and how much it may print."""

import pytest

from charlstm.grading.runner import MAX_OUTPUT, Runner


@pytest.mark.parametrize(
    ("timeout", "first", "later"), [(60, 120, 60), (1, 61, 1), (-1, None, None), (None, None, None)]
)
def test_the_first_cell_has_time_to_load_pytorch_and_no_limit_is_none(timeout, first, later):
    runner = Runner(timeout=timeout)
    limits = []
    for runner.code_cells_executed in (1, 2, 3):
        limits.append(runner.timeout_func(None))
    assert limits == [first, later, later]


def test_printed_text_is_cut_and_is_no_error():
    runner, outputs = Runner(), []
    runner.clear_before_next_output = False
    for _ in range(3):
        content = {"name": "stderr", "text": "x" * (MAX_OUTPUT // 2 + 1)}
        message = {"msg_type": "stream", "header": {"msg_type": "stream"}, "content": content}
        runner.output(outputs, {**message, "parent_header": {}}, None, 0)
    assert {output.name for output in outputs} == {"stdout"}
    assert sum(len(output.text) for output in outputs) == MAX_OUTPUT
