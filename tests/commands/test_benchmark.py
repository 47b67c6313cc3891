"""The command `benchmark`: mistakes in one line."""

import pytest

from charlstm import benchmark

# arguments, and what the one line must say; conftest.py makes the files {x}
MISTAKES = [
    ("--threads 0", "--threads is 0"),
    ("--slow", "Unrecognized options: --slow"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda x: str(x)[:50])
def test_a_mistake_gets_one_line_and_exit_code_2(mistake, arguments, message):
    mistake(benchmark.main, arguments, message)
