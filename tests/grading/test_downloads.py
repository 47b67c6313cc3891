"""Files are read from folders and zips, and nothing is ever unpacked to disk."""

import os
import zipfile

import pytest

from charlstm.grading import downloads
from charlstm.grading.downloads import files_in
from charlstm.grading.submissions import sort_out


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_is_read_without_being_unpacked(tmp_path):
    names = {"ada.ipynb": "A", "../out.ipynb": "B", "w\\bob.ipynb": "C", "__MACOSX/x.ipynb": "",
             "a/.ipynb_checkpoints/ps1.ipynb": "", "a/._ps1.ipynb": ""}  # fmt: skip
    (tmp_path / "in").mkdir()
    found = files_in(zipped(tmp_path / "in" / "all.zip", **names))
    assert {file.name: file.read() for file in found} == {
        "ada.ipynb": b"A",
        "../out.ipynb": b"B",
        "w/bob.ipynb": b"C",
    }
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["all.zip"]


@pytest.mark.skipif(os.name == "nt", reason="links need a permission there")
def test_a_folder_and_one_notebook_are_read_alike(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "ps1.ipynb").write_text("A", encoding="utf-8")
    (tmp_path / "ada" / ".hidden.ipynb").write_text("B", encoding="utf-8")
    os.symlink("/etc/hostname", tmp_path / "link.ipynb")
    link, ada = sorted(files_in(tmp_path), key=lambda file: "ada" in file.name)
    assert (ada.name, ada.read()) == ("ada/ps1.ipynb", b"A")
    with pytest.raises(ValueError, match="a link"):
        link.read()
    (one,) = files_in(tmp_path / "ada" / "ps1.ipynb")
    assert (one.name, one.read()) == ("ps1.ipynb", b"A")


def test_of_two_members_of_a_zip_the_later_is_taken(tmp_path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("ada/ps1.ipynb", (2026, 11, 21, 23, 0, 0)), "new")
        archive.writestr(zipfile.ZipInfo("ada_ps1.ipynb", (2026, 2, 28, 0, 0, 0)), "old")
    ((ada,), _) = sort_out(files_in(path), "ps1")
    assert ada.file.read() == b"new"


def test_a_file_that_is_too_long_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_BYTES", 1_000_000)
    content = b"0" * 1_000_001
    (tmp_path / "ada.ipynb").write_bytes(content)
    for path in (tmp_path, zipped(tmp_path / "all.zip", **{"ada.ipynb": content})):
        with pytest.raises(ValueError, match="larger than 1 MB"):
            files_in(path)[0].read()
    (tmp_path / "ada.ipynb").write_bytes(content[1:])
    assert len(files_in(tmp_path)[0].read()) == 1_000_000


def test_damage_in_one_file_of_a_zip_is_told_for_that_one(tmp_path):
    members = {"ada.ipynb": b"good " * 99, "bob.ipynb": b"b" * 99, "cy.ipynb": os.urandom(99)}
    path = zipped(tmp_path / "all.zip", **members)
    content = bytearray(path.read_bytes())
    content[content.index(b"ada.ipynb") + 9] = 0x07  # deflate has no block of this kind
    content[content.index(b"cy.ipynb") + 50] ^= 0xFF
    path.write_bytes(content)
    ada, bob, cy = files_in(path)
    for damaged in (ada, cy):
        with pytest.raises(ValueError, match="damaged or locked"):
            damaged.read()
    assert bob.read() == b"b" * 99
