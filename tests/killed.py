"""Does pieces of work in forked processes, and kills one at each of its lines."""

import itertools
import os
import signal
import sys
import traceback

import pytest

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can fork")


def in_a_child(work):
    """Start a piece of work in a forked process, and return its number.

    The process exits with what the work returns; 1 stands for an exception.
    """
    process = os.fork()
    if not process:
        code = 1
        try:
            code = work() or 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return process


def killed_at_each_line(prepare, work, *modules):
    """Yield after each kill, and once more after the work that was not killed.

    Args:
        prepare: called before each run of the work.
        work: done in a process of its own.
        modules: the files whose lines count.
    """
    files = {module.__file__ for module in modules}
    for line in itertools.count(1):
        prepare()
        process = os.fork()
        if not process:
            left = iter(range(line - 1))

            def trace(frame, event, _, left=left):
                ours = frame.f_code.co_filename in files
                if ours and event == "line" and next(left, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                return trace if ours else None

            try:
                sys.settrace(trace)
                work()
            finally:
                os._exit(0)
        _, status = os.waitpid(process, 0)
        yield
        if os.WIFEXITED(status):
            assert line > 10
            return
