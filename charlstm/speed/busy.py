"""Training, evaluation and sampling while other programs keep the CPUs busy.

The weights and the texts are random: the speed does not depend on them.
"""

import dataclasses
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from charlstm.errors import counted
from charlstm.machine.cpus import prepare_cpu
from charlstm.measuring.scores import score
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import SampleOptions
from charlstm.sampling.sampler import Sampler, generate
from charlstm.speed.beside import busy, together
from charlstm.speed.turns import in_turns
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.presets import PRESETS
from charlstm.training.trainer import Trainer

VOCABULARY = 65
NEVER = 10**9  # steps, minutes or characters: so many that no end falls into a measurement
SCORED = 100_000  # characters of the text that is evaluated, about as many as people hold out
BUSY = (0, 1, 2)  # processes beside
STARTING = 0.3  # seconds until processes beside are busy
AT_ONCE = 8  # processes that train, or write, side by side


def busy_rows(seconds: float, rounds: int, most: int) -> Iterator[dict[str, Any]]:
    """Measure each kind of work, and yield a row of shares for each number of processes.

    Each work goes on from where its last turn ended. So the turns can be short, and the machine's
    moods meet all works alike.

    Args:
        seconds: of each turn; an evaluation takes as long as it takes.
        rounds: turns of each work; an evaluation has a third of them.
        most: the number of threads beside which one thread and the default are measured.

    Yields:
        the mean speeds with the default, one and `most` threads: shares of the quiet default's.
    """
    settings: dict[str, int | None] = {
        "default": None,
        "1 thread": 1,
        counted(most, "thread"): most,
    }
    for name in WORKS:
        cases = [(beside, threads) for beside in BUSY for threads in settings.values()]
        works = [_begun(name, threads) for _, threads in cases]
        turns = [
            partial(_beside, beside, work, seconds)
            for (beside, _), work in zip(cases, works, strict=True)
        ]
        number = max(1, rounds // 3) if name == "evaluate" else rounds
        means = list(map(statistics.fmean, in_turns(*turns, rounds=number, warm_up=False)))
        for place, beside in enumerate(BUSY):
            own = means[place * len(settings) :]
            shares = {s: own[i] / means[0] for i, s in enumerate(settings)}
            yield {"what": name, "busy": beside} | shares


def at_once_rows(seconds: float, rounds: int) -> Iterator[dict[str, Any]]:
    """Run several processes of a kind side by side.

    Args:
        seconds: of each measurement.
        rounds: measurements of each kind, from which a mean is taken.

    Yields:
        their speeds together with the default and with one thread: shares of the default's speed
        alone.
    """
    for name in WORKS:
        if name == "evaluate":  # it computes what a training does forward
            continue
        cases = [(1, None), (AT_ONCE, None), (AT_ONCE, 1)]
        turns = [partial(_at_once, name, *case, seconds) for case in cases]
        alone, default, single = map(
            statistics.fmean, in_turns(*turns, rounds=rounds, warm_up=False)
        )
        shares = {"default": default / alone, "1 thread": single / alone}
        yield {"what": name, "at once": AT_ONCE} | shares


def _at_once(name: str, number: int, threads: int | None, seconds: float) -> float:
    program = f"from charlstm.speed.busy import child; child({name!r}, {threads}, {seconds})"
    return sum(together(number, program))


def child(name: str, threads: int | None, seconds: float) -> None:
    """Do a kind of work when the parent says so, and print its speed."""
    prepare_cpu()
    work = _begun(name, threads)
    print("ready", flush=True)
    sys.stdin.readline()
    print(_speed(work, seconds))


def _begun(name: str, threads: int | None) -> Iterator[int]:
    """Return a work that has made its model: it yields how many characters were done each time."""
    work = WORKS[name](threads)
    next(work)
    return work


def _beside(processes: int, work: Iterator[int], seconds: float) -> float:
    with busy(processes):
        time.sleep(STARTING if processes else 0.0)
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


def _sampling(size: str, threads: int | None) -> Iterator[int]:
    preset = PRESETS[size]
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
    "sample medium": partial(_sampling, "medium"),
    "sample large": partial(_sampling, "large"),  # about the size of the shipped model
}
