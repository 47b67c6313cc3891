"""Grades students side by side: each in a process of its own, and the points by this one alone.

Ctrl-C ends the processes. What was graded until then is in the gradebook, and whoever was not done
has the points from before. The next call goes on.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from charlstm.grading.classroom import Classroom
from charlstm.grading.watch import Watch
from charlstm.judging.apart import Running, not_run

TOUCHED = "the file was changed while others were graded; run grade with the download again"
LOOK = 0.05  # seconds between two looks at the processes


class Graded(NamedTuple):
    """A student who has been graded.

    Attributes:
        student: the student's id.
        note: what a person should know; "" if nothing.
        seconds: how long it took.
        changes: what somebody else has changed in the course meanwhile.
        at_once: who was being graded then.
    """

    student: str
    note: str
    seconds: float
    changes: list[str]
    at_once: list[str]


def grade(
    room: Classroom,
    assignment: str,
    students: Sequence[str],
    seconds: int | None = None,
    jobs: int = 1,
    contain: bool = False,
) -> Iterator[Graded]:
    """Grade students; yield each as soon as the points are in the gradebook.

    Args:
        room: the course.
        assignment: name of the set.
        students: their ids.
        seconds: limit for each cell; None takes the configuration's limit.
        jobs: number of students who are graded at the same time.
        contain: run their code in a sandbox.

    Raises:
        KeyboardInterrupt: by Ctrl-C, after the processes have ended.
    """
    waiting = list(students)
    running: dict[str, tuple[Running, float]] = {}
    watch = Watch(room, assignment)

    def put(student: str, result: dict[str, Any], begun: float, at_once: list[str]) -> Graded:
        changes = watch.changes()
        if student in watch.touched:
            result = not_run(TOUCHED)
        note = room.put(assignment, student, result).note
        watch.accept(student)
        return Graded(student, note, time.monotonic() - begun, changes, at_once)

    with _interruptible() as check:
        try:
            while waiting or running:
                check()
                if waiting and len(running) < jobs:
                    student = waiting.pop(0)
                    begun = time.monotonic()
                    try:
                        job = room.job(assignment, student, seconds)
                    except Exception as error:  # one odd file must not stop the class
                        why = not_run(f"{type(error).__name__}: {error}")
                        yield put(student, why, begun, [student])
                        continue
                    running[student] = Running(job, contain, threads=1 if jobs > 1 else None), begun
                    continue
                ended = [student for student, (each, _) in running.items() if each.ended()]
                for student in ended:
                    at_once = sorted(running)
                    each, begun = running.pop(student)
                    yield put(student, each.result(), begun, at_once)
                if not ended:
                    time.sleep(LOOK)
        finally:
            for each, _ in running.values():
                each.stop()


@contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """Let Ctrl-C wait until the points of a student are written; yield what then raises it."""
    asked = threading.Event()

    def check() -> None:
        if asked.is_set():
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.set())
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
