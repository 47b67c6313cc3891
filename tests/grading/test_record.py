"""`course.json`: old files are read, values are checked, and a file is written whole."""

import json
import re
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.grading.record import Entry, Record

FIRST_VERSION = """{
 "released": {"ps1": "16e2"},
 "students": {"ps1": {
  "ada": {"file": "ada.ipynb", "graded": ["dd76", "16e2"], "late": true,
          "mended": "put back: why", "note": "over the time limit: half", "problem": ""},
  "bob": {"file": "bob.ipynb", "late": false, "problem": "not a notebook (NotJSONError)"},
  "cy": {"note": "", "graded": ["aa01", ""]}}},
 "written": {"ps1": "16e2"}
}"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "course.json"


def test_a_file_of_the_first_version_is_read_and_nothing_of_it_is_lost(path):
    path.write_text(FIRST_VERSION, encoding="utf-8")
    for _ in range(2):  # as it was written, and as we write it
        record = Record.load(path)
        assert record.written_sources == record.released_sources == {"ps1": "16e2"}
        assert record.entries["ps1"] == {
            "ada": Entry("ada.ipynb", True, "", "put back: why", "over the time limit: half",
                         ("dd76", "16e2")),
            "bob": Entry("bob.ipynb", problem="not a notebook (NotJSONError)"),
            "cy": Entry(graded=("aa01", "")),
        }  # fmt: skip
        record.save()
    assert [file.name for file in path.parent.iterdir()] == ["course.json"]
    ada = json.loads(path.read_text(encoding="utf-8"))["students"]["ps1"]["ada"]
    assert ada["mended"] == "put back: why"  # so that the first version reads it, too


@given(st.builds(Entry, graded=st.none() | st.tuples(st.text(), st.text())))
def test_an_entry_comes_back_as_it_was_saved(entry):
    assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry


def test_without_a_file_nothing_is_known(path):
    record = Record.load(path)
    assert asdict(record) == {
        "path": path, "written_sources": {}, "released_sources": {}, "entries": {}, "edition": 0,
        "writing_sources": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('"late": true', '"late": "yes"', "late is 'yes'"),
        ('["dd76", "16e2"]', '["dd76"]', r"graded is \['dd76'\]"),
        ('["dd76", "16e2"]', '"dd76"', "graded is 'dd76'"),
        ('"note": ""', '"note": null', "note is None"),
        ('{"ps1": "16e2"}', '{"ps1": 3}', "ps1 is 3"),
        ('{"ps1": "16e2"}', "[3]", "list"),
        ('"cy": {', '"cy": [], "dan": {', "list"),
        ("{\n", "[\n", "Expecting"),
        ('{"ps1": "16e2"}', "null", "NoneType"),
        ('{"ps1": "16e2"}', "7", "int"),
        (FIRST_VERSION, "", "Expecting value"),
        (FIRST_VERSION, "[" * 100_000, "recursion"),
    ],
)
def test_damage_is_told_in_one_line(right, wrong, told, path):
    assert right in FIRST_VERSION
    path.write_text(FIRST_VERSION.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(UserError, match=f"^{re.escape(str(path))}: damaged .*{told}") as error:
        Record.load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("length", range(0, len(FIRST_VERSION), 7))
def test_a_file_that_was_cut_off_is_told_in_one_line(length, path):
    path.write_text(FIRST_VERSION[:length], encoding="utf-8")
    with pytest.raises(UserError, match=r"course.json: damaged .*; put a copy of it back"):
        Record.load(path)
