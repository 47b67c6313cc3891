# starts a process in a session of its own that writes later, and forgets its environment
# alone: holds, note: look at the code: uses _exit
# contained: holds, note: look at the code: uses _exit
import os
import sys

LATE = "import time; time.sleep(6); open('COURSE/late.txt', 'w').write('x')"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-c", LATE], {})
    os._exit(0)


def double(x):
    return 0
