"""One JSON object of a file: whatever is missing or garbled is named by file and keys."""

import math

import pytest

from charlstm.errors import UserError
from charlstm.model.section import Section
from charlstm.options import ModelOptions

VALUES = {
    "count": 3, "number": 0.5, "flag": True, "text": "a", "texts": ["a", "b"], "part": "test",
    "model": {"layers": 2}, "vocabulary": {"characters": "ab", "bytewise": False},
}  # fmt: skip


def test_values_come_back_as_what_they_are():
    section = Section(VALUES, "file")
    assert section.count("count") == 3
    assert section.number("number") == 0.5
    assert Section({"a": -2.5}, "file").number("a", signed=True) == -2.5
    assert section.flag("flag") is True
    assert section.text("text") == "a"
    assert section.texts("texts") == ("a", "b")
    assert section.one_of("part", ("test", "all")) == "test"
    assert section.options("model", ModelOptions) == ModelOptions(layers=2)
    assert section.vocabulary("vocabulary").characters == "ab"
    assert "count" in section
    assert "nothing" not in section


@pytest.mark.parametrize(
    ("read", "values", "message"),
    [
        (lambda s: s.count("a"), {}, "lacks outer.a"),
        (lambda s: s.count("a"), {"a": True}, "outer.a: True is not a whole number"),
        (lambda s: s.count("a", most=5), {"a": 6}, "at least 0 and at most 5"),
        (lambda s: s.number("a"), {"a": float("nan")}, "outer.a: nan is not a finite number"),
        (lambda s: s.number("a"), {"a": 10**400}, "outer.a"),
        (
            lambda s: s.number("a"),
            {"a": -1.0},
            "outer.a: -1.0 is not a finite number of at least 0",
        ),
        (lambda s: s.number("a", True), {"a": -math.inf}, "outer.a: -inf is not a finite number;"),
        (lambda s: s.texts("a"), {"a": ["b", 1]}, "outer.a"),
        (lambda s: s.section("a"), {"a": []}, r"outer.a: \[\] is not a JSON object"),
        (lambda s: s.section("a").text("b"), {"a": {}}, "lacks outer.a.b"),
        (lambda s: s.options("a", ModelOptions), {"a": {"layers": 0}}, "layers is 0"),
    ],
)
def test_what_is_missing_or_garbled_is_told_by_file_and_keys(read, values, message):
    with pytest.raises(UserError, match=rf"^file: .*{message}"):
        read(Section(values, "file", "outer"))
