# starts many processes
# alone: holds, note: not graded: it started more than 64 processes
# contained: holds, note: not graded: it started more than 64 processes
import subprocess
import time


def double(x):
    for _ in range(80):
        subprocess.Popen(["sleep", "30"])
    time.sleep(2)
    return 0
