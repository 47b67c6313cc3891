"""Items: values have the type of their option; two that differ are never written alike."""

import pytest

from charlstm.searching.dimension import read_item


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dropout=0.12345,0.2", "dropout=0.12346,0.2"),
        ("learning_rate=0.01..0.1234567", "learning_rate=0.01..0.1234568"),
        ("window=8..1234567", "window=8..1234568"),
    ],
)
def test_what_differs_is_not_written_alike(one, other):
    """By what is written of its space, a search that goes on knows it."""
    first, second = read_item(one, ""), read_item(other, "")
    assert str(first) != str(second)
    assert read_item(str(first), "") == first


def test_close_values_are_two():
    assert len(read_item("dropout=0.12341,0.12342", "").values) == 2
