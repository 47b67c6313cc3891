"""Where there is no sandbox, that is told."""

import os

import pytest

from charlstm.grading import sandbox


def test_a_missing_sandbox_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="bwrap is missing; install Debian's package bubblewrap"):
        sandbox.require()


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for bwrap")
def test_a_forbidden_sandbox_is_told(monkeypatch, tmp_path):
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'No permissions' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ValueError, match=r"bwrap fails \(No permissions\); let the kernel give"):
        sandbox.require()
