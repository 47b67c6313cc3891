# fills the disk
# alone: holds, note: not graded: it wrote more than 500 MB
# contained: holds, note: not graded: it wrote more than 500 MB
import time


def double(x):
    with open("much", "wb") as file:
        for _ in range(6):
            file.write(bytes(100_000_000))
    time.sleep(2)
    return 0
