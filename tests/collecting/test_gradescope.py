"""Gradescope's exports: who sent what, which attempt counts, and what a student may claim."""

import pytest

from charlstm.collecting.downloads import File
from charlstm.collecting.submissions import sort_out

METADATA = """\
---
submission_111:
  :submitters:
  - :name: Ada Lovelace
    :sid: '4711'
    :email: ada@example.org
  :created_at: 2026-11-02 23:59:59.000000000 Z
  :score: 0.0
submission_222:
  :submitters:
  - :name: Bob Ross
    :sid:
    :email: bob@example.org
  - :name: Cid Campeador
    :sid: ''
    :email:
  :created_at: 2026-11-02 08:00:00.000000000 +02:00
submission_333:
  :submitters:
  - :name: Ada Lovelace
    :sid: '4711'
    :email: ada@example.org
  :created_at: 2026-11-01 12:00:00.000000000 Z
"""
ROOT = "assignment_123_export/"


def export(metadata=METADATA, *more):
    names = [f"{ROOT}submission_{number}/ps1.ipynb" for number in (111, 222, 333)]
    told = File(f"{ROOT}submission_metadata.yml", 0, metadata.encode)
    return [told, *(File(name, 0, bytes) for name in [*names, *more])]


def test_each_submitter_gets_the_submission_and_the_newest_attempt_counts():
    taken, left = sort_out(export(), "ps1")
    assert {s.student: s.file.name.split("/")[1] for s in taken} == {
        "4711": "submission_111",
        "bob@example.org": "submission_222",
        "Cid Campeador": "submission_222",
    }
    older, newer = (f"{ROOT}submission_{number}/ps1.ipynb" for number in (333, 111))
    told = (f"{ROOT}submission_metadata.yml", "it says who sent what")
    assert left == [told, (older, f"{newer} is later")]


def test_files_beside_the_notebook_are_of_the_same_submitter():
    ((ada, *_), left) = sort_out(
        export(METADATA, f"{ROOT}submission_111/text.txt"), "ps1", (), ["text.txt"]
    )
    assert ada.beside["text.txt"].name == f"{ROOT}submission_111/text.txt"
    assert len(left) == 2


@pytest.mark.parametrize(
    "metadata", ["", "[]", "{", "\t", "a: &a [*a]", "submission_111: 3", "\x00", "[" * 5000]
)
def test_metadata_that_does_not_say_so_leaves_the_folders_names(metadata):
    taken, left = sort_out(export(metadata), "ps1")
    assert [s.student for s in taken] == [f"submission_{number}" for number in (111, 222, 333)]
    ((_, why),) = left
    assert why.startswith("does not say who sent what: ")
    assert "\n" not in why


def test_a_student_cannot_hand_in_metadata():
    claim = METADATA.replace("submission_111", "mine")
    for folder in ("Eve_2_assignsubmission_file_/", "eve_1_2_work/", "eve/"):
        files = [
            File(f"{folder}submission_metadata.yml", 0, claim.encode),
            File(f"{folder}mine/ps1.ipynb", 0, bytes),
            File("Ada_1_assignsubmission_file_/ps1.ipynb", 0, bytes),
        ]
        taken, _ = sort_out(files, "ps1")
        assert "4711" not in [s.student for s in taken]
        alone = {s.student for s in sort_out(files[:2], "ps1")[0]}
        assert alone == ({"4711"} if folder == "eve/" else {folder[:5]})  # that may be an export
