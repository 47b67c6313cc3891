"""Power fails at any moment of a training: its folder can be used, and no saved step is lost."""

import os
import random

import pytest
import small_run
from disk import Disk, watched

from charlstm.errors import UserError
from charlstm.model.checkpoint import Checkpoint
from charlstm.training import run as runs
from charlstm.training.finish import finish
from charlstm.training.run import Run

FAILURES = int(os.environ.get("FAILURES", 50))  # how many different ones are tried
DRAWN = 1 + FAILURES // 20  # at each moment, beside the four extreme ones
linux = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="asks /proc for names")


@linux
def test_the_model_of_a_disk_knows_what_may_be_lost(tmp_path):
    """What the check below rests on: each promise of a disk, and what is none."""
    disk = Disk(tmp_path)
    path = tmp_path / "file"

    def contents():
        rng = random.Random(0)
        return {left.get(str(path)) for left in disk.failures(rng, 200)}

    with watched(disk.look), open(path, "wb") as file:
        disk.look("", None)
        assert contents() == {None, b""}
        file.write(b"ab")
        assert contents() == {None, b"", b"a", b"ab", b"a\0", b"\0\0"}
        os.fsync(file.fileno())
        assert contents() == {None, b"ab"}  # the folder may not know it yet
        folder = os.open(tmp_path, os.O_RDONLY)
        os.fsync(folder)
        assert contents() == {b"ab"}
        with open(tmp_path / "new", "wb") as new:
            new.write(b"c")
        os.replace(tmp_path / "new", path)
        assert contents() == {b"ab", b"", b"c", b"\0"}
        os.fsync(folder)
        assert contents() == {b"", b"c", b"\0"}  # renamed, but the content was not flushed
        os.close(folder)


@linux
@pytest.mark.slow
def test_no_power_failure_loses_a_saved_step(tmp_path, corpus, monkeypatch):
    monkeypatch.setattr(runs, "SAVE_SECONDS", 0)
    folder = tmp_path / "disk" / "runs" / "run"
    (tmp_path / "disk").mkdir()
    disk = Disk(tmp_path / "disk")
    rng = random.Random(1)
    promised = None  # the step that was saved last
    failures = {}  # each once, with the last step that was promised at that moment

    def look(what, argument):
        disk.look(what, argument)
        for left in disk.failures(rng, DRAWN):
            used = {os.path.relpath(p, folder): c for p, c in left.items() if c is not None}
            key = tuple(sorted((n, c) for n, c in used.items() if n.endswith(("s", "l"))))
            failures[key] = max(failures.get(key, -1), -1 if promised is None else promised)

    real_save = Run.save

    def save(run):
        nonlocal promised
        real_save(run)
        promised = run.trainer.progress.step
        look("", None)

    monkeypatch.setattr(Run, "save", save)
    with watched(look):
        small_run.train(folder, corpus)
    monkeypatch.undo()
    want = small_run.outcome(folder)
    chosen = sorted(failures, key=lambda _: rng.random())[:FAILURES]
    for count, key in enumerate(chosen):
        check(tmp_path / f"after-{count}", dict(key), failures[key], corpus, want)
    print(f"{len(failures):,} different failures, {len(chosen):,} tried: 0 unusable folders")


def check(folder, left, promised, corpus, want):
    """Write what a failure left, go on with it, and hold its end against the undisturbed one."""
    folder.mkdir()
    for name, content in left.items():
        (folder / name).write_bytes(content)
    if "model.safetensors" in left:
        Checkpoint.load(folder / "model.safetensors")
    if "resume.safetensors" not in left:
        assert promised == -1, "a saved training is gone"
        with pytest.raises(UserError, match="no such file"):
            Run.resume(folder)
    run = small_run.begin(folder, corpus)
    assert run.trainer.progress.step >= promised
    for _ in run.fit():
        pass
    finish(run)
    assert small_run.outcome(folder) == want
