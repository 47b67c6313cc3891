"""Training, evaluation and sampling while other programs keep the CPUs busy.

The weights and the texts are random: the speed does not depend on them.
"""

import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from charlstm.machine.choice import count_threads
from charlstm.machine.cpus import prepare_cpu
from charlstm.measuring.scores import score
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import SampleOptions
from charlstm.sampling.sampler import Sampler, generate
from charlstm.speed.beside import busy, together
from charlstm.speed.turns import in_turns, ratio
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.presets import PRESETS
from charlstm.training.trainer import Trainer

VOCABULARY = 65
NEVER = 10**9  # steps, minutes or characters: so many that no end falls into a measurement
SCORED = 30_000  # characters of a text that is evaluated again and again
BUSY = (0, 1, 2)  # processes beside
AT_ONCE = 8  # processes that train, or write, side by side


def busy_rows(seconds: float, rounds: int, most: int) -> Iterator[dict[str, Any]]:
    """Measure the three kinds of work, and yield a row of shares for each number of processes.

    Args:
        seconds: of each measurement.
        rounds: measurements of each kind, from which a median is taken.
        most: the number of threads beside which one thread and the default are measured.

    Yields:
        the speeds with the default, one and `most` threads: shares of the quiet default's speed.
    """
    settings: dict[str, int | None] = {"default": None, "1 thread": 1, count_threads(most): most}
    for name in WORKS:
        cases = [(beside, threads) for beside in BUSY for threads in settings.values()]
        measures = [partial(_beside, name, *case, seconds) for case in cases]
        speeds = in_turns(*measures, rounds=rounds, warm_up=False)
        for place, beside in enumerate(BUSY):
            own = speeds[place * len(settings) :]
            shares = {s: ratio(own[i], speeds[0]) for i, s in enumerate(settings)}
            yield {"what": name, "busy": beside} | shares


def at_once_rows(seconds: float, rounds: int) -> Iterator[dict[str, Any]]:
    """Run several processes of a kind side by side.

    Args:
        seconds: of each measurement.
        rounds: measurements of each kind, from which a median is taken.

    Yields:
        their speeds together, as a share of the speed of one alone.
    """
    for name in ("train", "sample"):
        program = f"from charlstm.speed.busy import child; child({name!r}, {seconds})"
        alone, all_ = in_turns(
            lambda: sum(together(1, program)),  # noqa: B023
            lambda: sum(together(AT_ONCE, program)),  # noqa: B023
            rounds=rounds,
            warm_up=False,
        )
        yield {"what": name, "at once": AT_ONCE, "together": ratio(all_, alone)}


def child(name: str, seconds: float) -> None:
    """Do a kind of work when the parent says so, and print its speed."""
    prepare_cpu()
    work = WORKS[name](None)
    next(work)
    print("ready", flush=True)
    sys.stdin.readline()
    print(_speed(work, seconds))


def _beside(name: str, processes: int, threads: int | None, seconds: float) -> float:
    work = WORKS[name](threads)
    next(work)
    with busy(processes):
        time.sleep(0.3 if processes else 0.0)  # until they have started
        return _speed(work, seconds)


def _speed(work: Iterator[int], seconds: float) -> float:
    """Return the characters that are done in a second."""
    done = 0
    started = now = time.perf_counter()
    while now < started + seconds:
        done += next(work)
        now = time.perf_counter()
    return done / (now - started)


def _training(threads: int | None) -> Iterator[int]:
    preset = PRESETS["medium"]
    options = dataclasses.replace(preset.training, minutes=NEVER, patience=None)
    ids = _ids(200_000)
    model = CharModel(preset.model, VOCABULARY)
    trainer = Trainer(model, ids, ids[:1000], options, validate_every=NEVER, threads=threads)
    yield 0
    for _ in trainer.fit():
        yield trainer.chars_per_step


def _evaluation(threads: int | None) -> Iterator[int]:
    model = CharModel(PRESETS["medium"].model, VOCABULARY).eval()
    ids = _ids(SCORED)
    yield 0
    while True:
        score(model, ids, threads)
        yield 2 * len(ids)


def _sampling(threads: int | None) -> Iterator[int]:
    preset = PRESETS["large"]  # the size of the shipped model
    letters = Vocabulary("".join(map(chr, range(32, 32 + VOCABULARY))))
    weights = CharModel(preset.model, VOCABULARY).to_arrays()
    sampler = Sampler(Checkpoint(preset.model, letters, weights))
    written = generate(sampler, "", SampleOptions(length=NEVER), threads)
    yield 0
    for _ in written:
        yield 1


def _ids(length: int) -> Any:
    return np.random.default_rng(0).integers(VOCABULARY, size=length, dtype=np.int32)


WORKS: dict[str, Callable[[int | None], Iterator[int]]] = {
    "train": _training,
    "evaluate": _evaluation,
    "sample": _sampling,
}
