"""The folder of a run that was given none: free, and with a name that every system takes."""

import pytest

from charlstm.training.folder import free_folder


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
