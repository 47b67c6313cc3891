"""The environment of a process that runs a student's notebook."""

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
