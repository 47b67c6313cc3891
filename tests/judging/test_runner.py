"""How long a cell may run, and how much it may print."""

import nbformat
import pytest

from charlstm.judging.outputs import MAX_PRINTED, MAX_TRACEBACK
from charlstm.judging.runner import Runner


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
    runner, cell = Runner(), nbformat.v4.new_code_cell()
    runner.clear_before_next_output = False
    for _ in range(3):
        content = {"name": "stderr", "text": "x" * (MAX_PRINTED // 2 + 1)}
        header = {"msg_type": "stream"}
        message = {"msg_type": "stream", "header": header, "content": content, "parent_header": {}}
        runner.process_message(message, cell, 0)
    assert {output.name for output in cell.outputs} == {"stdout"}
    assert sum(len(output.text) for output in cell.outputs) == MAX_PRINTED


def test_the_last_word_on_a_cell_is_cut_too():
    told = {"status": "error", "ename": "E", "evalue": "x" * 10**6, "traceback": ["y" * 10**6]}
    Runner().on_cell_executed(
        cell=nbformat.v4.new_code_cell(), cell_index=0, execute_reply={"content": told}
    )
    assert len(told["evalue"]) == len(told["traceback"][0]) == MAX_TRACEBACK
