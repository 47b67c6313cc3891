"""Every command on mutated files: one line and exit 2, or done; `../mutated.py` does the work.

MUTATIONS=20000 python -m pytest -m slow tests/commands/test_mutated_files.py
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NUMBER = os.environ.get("MUTATIONS", "300")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="measures memory in /proc")
def test_no_mutated_file_harms_a_command():
    script = Path(__file__).parent.parent / "mutated.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # a fork has no other thread
    command = [sys.executable, str(script), NUMBER]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert f"{int(NUMBER):,} files" in ended.stdout
    assert ", 0 faults; " in ended.stdout
