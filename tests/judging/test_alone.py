"""The end of all that a process has started."""

import subprocess
import sys

import psutil
import pytest

PROBE = """
import ctypes, subprocess, sys
from charlstm.judging.alone import PR_SET_CHILD_SUBREAPER, end_family
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
twice = "import os, time; (os.setsid(), os.fork() and os._exit(0));"
twice += "print(os.getpid(), flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", twice], stdout=subprocess.PIPE, text=True)
print(child.stdout.readline())
end_family()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to an ancestor")
def test_a_process_in_a_session_of_its_own_is_ended():
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not psutil.pid_exists(int(done.stdout))
