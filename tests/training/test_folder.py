"""The folder of a run that was given none: free, and with a name that every system takes."""

import os

import pytest

from charlstm.training.folder import free_folder, name_of


def test_a_folder_that_exists_gets_a_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for expected in ("text", "text-2", "text-3"):
        folder = free_folder("text")
        assert folder.as_posix() == f"runs/{expected}"
        folder.mkdir(parents=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("con", "text-con"),
        ("AUX", "text-AUX"),
        ("nul.v2", "text-nul.v2"),
        ("com1", "text-com1"),
        ("lpt9 ", "text-lpt9"),
        ("console", "console"),
        ("com10", "com10"),
        ("wait...", "wait"),
        ("wait. . ", "wait"),
        ("...", "text"),
        ("", "text"),  # the root of a disk
        (".hidden", ".hidden"),
        ("größe 2", "größe 2"),
    ],
)
def test_every_system_takes_the_name(name, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert free_folder(name).as_posix() == f"runs/{expected}"


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs /dev/fd")
def test_what_comes_through_a_pipe_has_a_plain_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ours, theirs = os.pipe()
    try:
        assert name_of(f"/dev/fd/{ours}") == "pipe"
    finally:
        os.close(ours)
        os.close(theirs)
    (tmp_path / "poems.txt").touch()
    with open("poems.txt", "rb") as file:
        assert name_of(f"/dev/fd/{file.fileno()}") == "poems"
    (tmp_path / "a").symlink_to("a")
    assert [name_of(each) for each in ("/dev/stdin", ".", "a")] == ["stdin", tmp_path.name, "a"]
