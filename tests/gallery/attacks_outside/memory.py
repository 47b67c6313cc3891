# fills the memory
# alone: holds, note: not graded: it used more than 4 GB of memory
# contained: holds, note: not graded: it used more than 4 GB of memory
import time


def double(x):
    much = [b"x" * 200_000_000 for _ in range(22)]
    time.sleep(2)
    return len(much) * 0
