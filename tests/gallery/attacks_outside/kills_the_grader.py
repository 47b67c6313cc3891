# ends the process that grades it, and leaves one behind
# alone: holds, note: not graded: its process ended
# contained: holds, note: look at the code
import os
import signal
import subprocess
import sys

LATE = "import time; time.sleep(6); open('COURSE/late.txt', 'w').write('x')"
subprocess.Popen([sys.executable, "-c", LATE], start_new_session=True)
if os.getppid() > 1:
    os.kill(os.getppid(), signal.SIGKILL)


def double(x):
    return 0
