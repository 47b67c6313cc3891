"""Every command on mutated model and resume files.

    python tests/mutated.py 300 --seed 1

A small model and a small run are changed in one to three places, as `mutations.py` says. Each
command must end with 0, or with 2 and one line `error: ...` without control characters. It must
take less than `SECONDS` of the processor, wait less than `WAITED` beyond that, take less than
`BYTES` more memory, and end by no signal. A training is stopped after a few steps, because a file
may well ask for a year. Some runs are not changed, but hold a log or a lock that is a link, a FIFO
or odd.

The work is done in forks of a warm process, so that a crash is seen and a command costs no start.
"""

import argparse
import contextlib
import io
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from itertools import islice
from pathlib import Path

from mutations import mutated
from small import TEXT

from charlstm import compress, evaluate, page, sample, train
from charlstm.errors import CONTROLS
from charlstm.machine.cpus import prepare_cpu
from charlstm.model import array_file
from charlstm.training.trainer import Trainer

SECONDS = 1.0  # of the processor
WAITED = 5.0  # seconds on the clock beyond these; other programs may need the processor, too
BYTES = 300_000_000
PER_FORK = 25
STEPS = 8  # of a training
DEADLINE = 20  # seconds on the clock, for what would wait for ever


class Originals:
    """A model and a run that hold every fact, and a text that no command searches long."""

    def __init__(self, folder):
        self.folder = folder
        self.text = folder / "text.txt"
        self.text.write_text(TEXT * 12, encoding="utf-8")
        self.run = folder / "run"
        sizes = "--layers 2 --hidden-size 8 --embedding-size 5 --batch-size 3 --window 7"
        options = [*sizes.split(), "--threads", "1", "--steps", "60", "--out", str(self.run)]
        os.mkfifo(folder / "fifo")
        with quiet(), stopped_after(30):  # of 60, and one validation
            code = train.main([str(self.text), *options])
        assert code == 0
        self.model = array_file.read_arrays(self.run / "model.safetensors", "model")
        self.resume = array_file.read_arrays(self.run / "resume.safetensors", "resume")
        self.bytes = {
            n: (self.run / n).read_bytes() for n in ("model.safetensors", "resume.safetensors")
        }


def commands(rng, originals, kind, case):
    """Return the commands that read a file of this kind, each as a name, `main` and arguments.

    Other ways to call them, which hardly read it in another way, come only now and then.
    """
    text, folder = str(originals.text), str(case)
    model = str(case / "model.safetensors")
    one = ["--threads", "1"]
    if kind == "resume":
        always = [("train --resume", train.main, ["--resume", folder, *one])]
        sometimes = [
            ("train --resume RUN CORPUS", train.main, ["--resume", folder, text, *one]),
            ("train --resume, with the file's threads", train.main, ["--resume", folder]),
            ("evaluate, the mutated run beside the model", evaluate.main, [folder, *one]),
        ]
    else:
        few = ["--steps", "1", "--out", str(case / "new"), *one]
        small = str(case / "small")
        always = [
            ("sample", sample.main, [model, "--length", "20", *one]),
            ("evaluate", evaluate.main, [model, text, "--json", *one]),
            ("compress", compress.main, [text, "--model", model, "--out", small, *one]),
            ("page", page.main, [model, text, "--out", str(case / "page.html")]),
            ("train --init-from", train.main, [text, "--init-from", model, *few]),
        ]
        sometimes = [
            (
                "sample --number",
                sample.main,
                [model, "--length", "5", "--number", "3", "--temp", "0"],
            ),
            ("evaluate, its own text", evaluate.main, [model, *one]),
            (
                "train --resume, the mutated model in the run",
                train.main,
                ["--resume", folder, *one],
            ),
        ]
    return [*always, *(asked for asked in sometimes if rng.random() < 0.15)]


@contextlib.contextmanager
def quiet():
    """Give what runs inside a standard output and a standard error of its own."""
    before = sys.stdout, sys.stderr
    sys.stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    sys.stderr = io.StringIO()
    try:
        yield sys.stdout.buffer, sys.stderr
    finally:
        sys.stdout, sys.stderr = before


def peak():
    with open("/proc/self/status", encoding="ascii") as status:
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


def run_command(main, arguments):
    """Return what is wrong with how a command ended, and its code, seconds and memory."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as clear:
        clear.write("5")  # begins the peak anew
    before = peak()
    started, begun = time.process_time(), time.monotonic()
    wrong = []
    code = None
    with quiet() as (out, err):
        try:
            code = main(arguments)
        except SystemExit as error:
            code = error.code
        except BaseException as error:  # whatever it is, it is wrong
            wrong.append(f"{type(error).__name__}: {str(error)[:200]}")
        told = err.getvalue()
        printed = out.getvalue()
    seconds, grown = time.process_time() - started, peak() - before
    waited = time.monotonic() - begun - seconds
    lines = [line for line in told.splitlines() if line.startswith("error: ")]
    if code == 2 and len(lines) != 1:
        wrong.append(f"{len(lines)} errors: {told[:300]!r}")
    if code == 2 and lines and not told.endswith(lines[0] + "\n"):
        wrong.append(f"more after the error: {told[-300:]!r}")
    if code not in (0, 2, None):
        wrong.append(f"code {code}")
    if CONTROLS.search(told.replace("\n", "")):
        wrong.append(f"control characters: {told[:300]!r}")
    if main is evaluate.main and code == 0:
        shown = printed.decode("utf-8", "replace")
        if CONTROLS.search(shown.replace("\n", "")) or re.search(r"\b(NaN|Infinity)\b", shown):
            wrong.append(f"printed {shown[:300]!r}")
    if "Warning" in told:
        wrong.append(f"a warning: {told[:300]!r}")
    if seconds > SECONDS:
        wrong.append(f"{seconds:.1f} s")
    if waited > WAITED:
        wrong.append(f"waited {waited:.1f} s")
    if grown > BYTES:
        wrong.append(f"{grown / 1e6:.0f} MB")
    return {"wrong": wrong, "code": code, "seconds": seconds, "bytes": grown, "said": told[-200:]}


def plant(rng, originals, case):
    """Put something odd in the place of a run's log or lock, now and then; return what."""
    if rng.random() < 0.9:
        return ""
    path = case / rng.choice(["log.jsonl", "lock"])
    kind = rng.choice(
        ["fifo", "link to a device", "link to nothing", "folder", "odd lines", "large"]
    )
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "odd lines":
        lines = [b'{"step": 3}', b'{"step": ' + b"9" * 5000 + b"}", b"[" * 5000, rng.randbytes(99)]
        path.write_bytes(b"\n".join(rng.choices(lines, k=9)))
    elif kind == "large":
        path.touch()
        os.truncate(path, 10**10)  # a hole takes no room on the disk
    else:
        path.symlink_to("/dev/zero" if kind == "link to a device" else originals.folder / "nothing")
    return f", {path.name}: {kind}"


def work(originals, seed, numbers, write):
    """Run all commands on some mutated files; write a line of JSON before and after each."""
    for number in numbers:
        rng = random.Random(f"{seed} {number}")
        kind = rng.choice(["model", "resume"])
        content = mutated(rng, *getattr(originals, kind), kind)
        case = originals.folder / f"case-{os.getpid()}"
        for name, main, arguments in commands(rng, originals, kind, case):
            shutil.rmtree(case, ignore_errors=True)
            case.mkdir()
            planted = plant(rng, originals, case) if "--resume" in arguments else ""
            for file, whole in originals.bytes.items():
                mine = not planted and file == f"{kind}.safetensors"
                (case / file).write_bytes(content if mine else whole)
            write({"number": number, "command": name + planted})
            write(run_command(main, arguments))
        shutil.rmtree(case)


def forked(originals, seed, numbers):
    """Yield a number, a command and its result from a fork; a crash is a result, too."""
    left = list(numbers)
    while left:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            with os.fdopen(writing, "w") as pipe:

                def write(values):
                    signal.alarm(DEADLINE)
                    pipe.write(json.dumps(values) + "\n")
                    pipe.flush()

                try:
                    work(originals, seed, left, write)
                except BaseException:  # nothing of the parent's is to be ended here, too
                    traceback.print_exc()
                    os._exit(1)
            os._exit(0)
        os.close(writing)
        asked = None
        with os.fdopen(reading) as pipe:
            for line in pipe:
                values = json.loads(line)
                if "command" in values:
                    asked = values
                else:
                    yield asked["number"], asked["command"], values
        _, status = os.waitpid(child, 0)
        if not status:
            return
        how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"status {status}"
        crash = {"wrong": [how], "code": None, "seconds": 0.0, "bytes": 0, "said": ""}
        yield asked["number"], asked["command"], crash
        left = left[left.index(asked["number"]) + 1 :]


@contextlib.contextmanager
def stopped_after(steps):
    """Let trainings end after a few steps, as if their budget were used up."""
    whole = Trainer.fit
    Trainer.fit = lambda self: islice(whole(self), steps)
    yield
    Trainer.fit = whole


def main():
    parser = argparse.ArgumentParser(description="every command on mutated files")
    parser.add_argument("number", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first file")
    parser.add_argument("--verbose", action="store_true", help="tell all that each command says")
    given = parser.parse_args()
    prepare_cpu(1)
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))  # tells of what was done
    started = time.monotonic()
    codes, worst, faults, done = {}, {"seconds": 0.0, "bytes": 0}, 0, 0
    numbers = range(given.first, given.first + given.number)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        originals = Originals(Path(folder))
        with stopped_after(STEPS):
            while done < given.number and not stopped:
                some = numbers[done : done + PER_FORK]
                for number, command, result in forked(originals, given.seed, some):
                    codes[result["code"]] = codes.get(result["code"], 0) + 1
                    worst = {key: max(worst[key], result[key]) for key in worst}
                    faults += len(result["wrong"])
                    for wrong in result["wrong"]:
                        print(f"{given.seed}/{number} {command}: {wrong}", flush=True)
                    if given.verbose:
                        print(number, command, json.dumps(result, indent=1))
                done += len(some)
    print(
        f"{done:,} files, {sum(codes.values()):,} commands: {codes.get(2, 0):,} refused,"
        f" {codes.get(0, 0):,} done, {faults} faults; at most {worst['seconds']:.2f} s and"
        f" {worst['bytes'] / 1e6:.0f} MB; {time.monotonic() - started:,.0f} s in all"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
