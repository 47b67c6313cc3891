"""Files are read from folders and zips, and nothing is ever unpacked to disk."""

import io
import os
import zipfile

import pytest

from charlstm.collecting import downloads
from charlstm.collecting.downloads import files_in
from charlstm.collecting.submissions import sort_out
from charlstm.errors import UserError


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


@pytest.mark.skipif(os.name == "nt", reason="it has no such pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "ada.ipynb")
    (pipe,) = files_in(tmp_path)
    with pytest.raises(ValueError, match="no regular file"):
        pipe.read()


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


def packed(**members):
    """Return the bytes of a zip."""
    return zipped(io.BytesIO(), **members).getvalue()


THREE = {"ps4.ipynb": "N", "text.txt": "T", "model.safetensors": "M", "__MACOSX/._ps4.ipynb": ""}


@pytest.mark.parametrize("made", ["folder", "zip"])
def test_a_zip_for_each_student_counts_as_a_folder(made, tmp_path):
    """One has all three files in it, one a folder with them, and one handed in no zip."""
    inside = {"ada.zip": packed(**THREE), "Bo_12_assignsubmission_file_/my work.ZIP": packed(
        **{f"ps4/{name}": f"{content}2" for name, content in THREE.items()}), "cy.ipynb": "N3",
    }  # fmt: skip
    place = tmp_path / "all.zip"
    if made == "zip":
        zipped(place, **inside)
    else:
        place = tmp_path / "all"
        for name, content in inside.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(tmp_path.rglob("*"))
    taken, left = sort_out(files_in(place), "ps4", ["ps1"], ["text.txt", "model.safetensors"])
    assert left == []
    assert {
        s.student: [s.file.read(), *(file.read() for _, file in sorted(s.beside.items()))]
        for s in taken
    } == {"ada": [b"N", b"M", b"T"], "Bo_12": [b"N2", b"M2", b"T2"], "cy": [b"N3"]}
    assert sorted(tmp_path.rglob("*")) == before


def test_of_a_notebook_and_a_zip_the_one_handed_in_later_is_taken(tmp_path):
    path = tmp_path / "all.zip"
    for day, taken in ((20, b"alone"), (22, b"in a zip")):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("ada/ps4.ipynb", (2026, 11, 21, 0, 0, 0)), "alone")
            own = packed(**{"ps4.ipynb": "in a zip"})  # its files have a date of their own
            archive.writestr(zipfile.ZipInfo("ada.zip", (2026, 11, day, 0, 0, 0)), own)
        ((ada,), _) = sort_out(files_in(path), "ps4")
        assert ada.file.read() == taken


def test_a_students_zip_that_is_refused_stays_a_zip(tmp_path, monkeypatch):
    good = packed(**THREE)
    monkeypatch.setattr(downloads, "MAX_FILES", 4)
    many = {f"{number}.txt": "" for number in range(5)}
    inside = {
        "damaged.zip": good[:-30],
        "none.zip": b"no zip at all",
        "many.zip": packed(**many),
        "nested.zip": packed(**{"inner.zip": good}),
        "good.zip": good,
    }
    found = {file.name: file for file in files_in(zipped(tmp_path / "all.zip", **inside))}
    own = {f"good/{name}" for name in THREE if not name.startswith("__")}
    assert set(found) == {"damaged.zip", "none.zip", "many.zip", "nested/inner.zip"} | own
    assert found["many.zip"].closed == "a zip that was not opened: more than 4 files in it"
    assert found["nested/inner.zip"].closed == "in another zip"
    assert "not a zip file" in found["none.zip"].closed
    monkeypatch.setattr(downloads, "MAX_BYTES", len(good) - 1)
    assert "good.zip" in [file.name for file in files_in(tmp_path / "all.zip")]


def with_a_bad_name(content):
    """Return a zip whose first name claims to be UTF-8, and is not."""
    spoilt = content.replace(b"ps4", b"\xff\xfe\xfd")
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = spoilt.index(header) + flags
        spoilt = spoilt[: at + 1] + bytes([spoilt[at + 1] | 0x08]) + spoilt[at + 2 :]
    return spoilt


def of_version_9(content):
    at = content.index(b"PK\x01\x02") + 6
    return content[:at] + b"\x5a" + content[at + 1 :]


def locked(content):
    """Return a zip whose first member says that it needs a password."""
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(header) + flags
        content = content[:at] + bytes([content[at] | 0x01]) + content[at + 1 :]
    return content


SPOILT = {
    with_a_bad_name: "a name in the zip is not the UTF-8 that it claims to be",
    of_version_9: "zip file version 9.0",
}


@pytest.mark.parametrize(("spoil", "why"), SPOILT.items(), ids=lambda each: str(each)[:30])
def test_a_zip_that_python_cannot_read_is_told_and_the_others_are_read(spoil, why, tmp_path):
    inside = {"bad.zip": spoil(packed(**THREE)), "good.zip": packed(**THREE)}
    found = {file.name: file for file in files_in(zipped(tmp_path / "all.zip", **inside))}
    assert found["bad.zip"].closed == f"a zip that was not opened: {why}"
    assert found["good/ps4.ipynb"].read() == b"N"
    (tmp_path / "alone.zip").write_bytes(spoil(packed(**THREE)))
    with pytest.raises(UserError, match=rf"{why}; unpack it yourself, and give the folder"):
        files_in(tmp_path / "alone.zip")


def test_a_member_that_needs_a_password_is_told_for_that_one(tmp_path):
    inside = {"ada.zip": locked(packed(**THREE))}
    found = {file.name: file for file in files_in(zipped(tmp_path / "all.zip", **inside))}
    with pytest.raises(ValueError, match=r"damaged or locked in the zip: .*password"):
        found["ada/ps4.ipynb"].read()
    assert found["ada/text.txt"].read() == b"T"


def test_a_bomb_in_a_students_zip_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_BYTES", 100_000)
    (bomb,) = files_in(
        zipped(tmp_path / "all.zip", **{"ada.zip": packed(**{"x.ipynb": b"0" * 10**6})})
    )
    assert bomb.name == "ada/x.ipynb"
    with pytest.raises(ValueError, match="larger than 0 MB"):
        bomb.read()


def test_a_path_out_of_a_students_zip_is_left_out(tmp_path):
    inside = {
        "../../bob/ps4.ipynb": "N",
        "ps4.ipynb": "N",
        "../text.txt": "T",
        "/etc/text.txt": "T",
    }
    path = zipped(tmp_path / "all.zip", **{"ada.zip": packed(**inside), "cy.ipynb": "N"})
    (ada, cy), left = sort_out(files_in(path), "ps4", (), ["text.txt"])
    assert (ada.student, cy.student) == ("ada", "cy")
    assert ada.file.name == "ada/ps4.ipynb"
    assert dict(left) == {
        "ada/../../bob/ps4.ipynb": "its path leads out of the folder",
        "ada/../text.txt": "its path leads out of the folder",
    }
    assert ada.beside["text.txt"].name == "ada//etc/text.txt"  # a name only; nothing goes there
