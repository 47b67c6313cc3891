"""`corpora` as a person meets it; what it says of texts is in tests/text."""

import pytest

from charlstm import corpora

# arguments, what the one line must say; {x} are files that conftest.py makes
MISTAKES = [
    ("nosuch", "nosuch: no such file or folder, and no corpus of that name"),
    ("{text} --limit 0", "--limit is 0; it must be at least 1"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda x: str(x)[:50])
def test_a_mistake_gets_one_line_and_exit_code_2(mistake, arguments, message):
    mistake(corpora.main, arguments, message)
