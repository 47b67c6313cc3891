"""What torchrun starts for `test_torchrun.py`: `charlstm.train`, which loses each race for certain.

A rank tells its pid and its exit code by files, `pid0` and `exit0` for rank 0. Before it tells why
it ends, and again before it tells its code, it waits longer than torchrun needs to notice that
another rank has ended, and to send SIGTERM.

The environment may say more. From the step SLOW on, the steps take their time, so that a test can
interfere before the training is over, however busy the machine. From the same step on, a rank waits
only TIMEOUT seconds for the others.
"""

import errno
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from torch.distributed.distributed_c10d import _set_pg_timeout

from charlstm import errors, train
from charlstm.training import run
from charlstm.training.trainer import Trainer

LATE = 0.4  # seconds; torchrun looks at its processes every 0.1 seconds
SLOW = float(os.environ.get("SLOW", "inf"))
fsync = os.fsync
say = errors.say
update = Trainer._update


def fills_up(descriptor):
    if Path("full").exists():
        raise OSError(errno.ENOSPC, "No space left on device")
    fsync(descriptor)


def say_late(line):
    time.sleep(LATE)
    say(line)


def update_slowly(trainer, state):
    update(trainer, state)
    if trainer.progress.step >= SLOW:
        time.sleep(0.1)
        if "TIMEOUT" in os.environ:
            _set_pg_timeout(timedelta(seconds=float(os.environ["TIMEOUT"])))


def main():
    """Train, and return the exit code."""
    run.SAVE_SECONDS = 0.05
    os.fsync = fills_up
    errors.say = say_late  # only what ends a command goes through it there
    Trainer._update = update_slowly
    rank = os.environ["RANK"]
    Path(f"pid{rank}").write_text(str(os.getpid()), encoding="utf-8")
    code = 1
    try:
        code = train.main(sys.argv[1:])
    finally:
        time.sleep(LATE if code else 0)
        Path(f"exit{rank}").write_text(str(code), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
