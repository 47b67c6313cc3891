"""The environment of a process that runs a student's notebook."""

import os

import pytest

from charlstm.judging import apart


def test_a_process_gets_what_python_needs_and_fresh_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/mine")
    found = apart._environment(tmp_path, 1)
    assert "SECRET_TOKEN" not in found
    assert "JUPYTER_CONFIG_PATH" not in found
    assert found["OMP_NUM_THREADS"] == "1"
    for name in ("HOME", "IPYTHONDIR", "TMPDIR", "XDG_CACHE_HOME", "JUPYTER_DATA_DIR"):
        assert found[name].startswith(str(tmp_path)), name


@pytest.mark.skipif(os.name != "posix", reason="a script of the shell")
def test_what_a_process_that_was_ended_has_left_is_no_result(tmp_path, monkeypatch):
    """On Linux a student's code can write into the grader's open files, where no sandbox is."""
    script = tmp_path / "forged"
    script.write_text("""#!/bin/sh\necho '{"outputs": [[]]}'\nkill -9 $$\n""", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(apart.sys, "executable", str(script))
    running = apart.Running(apart.Job(tmp_path, {}, {}, {}, {}, None))
    running._process.wait()
    found = running.result()
    assert found["error"] == "NotRunError"
    assert found["reason"].startswith("its process ended")
