"""Ctrl-C anywhere in a loop over `Run.fit` saves the last whole step, in a notebook, too."""

import os
import random
import signal
import sys
import textwrap
import time

import pytest
import small_run

from charlstm.machine import atomic_file
from charlstm.training import log, trainer
from charlstm.training import run as runs
from charlstm.training.finish import finish
from charlstm.training.run import Run
from charlstm.training.saved import Saved

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no signals between processes"),
]
FILES = {module.__file__ for module in (runs, trainer, log, atomic_file)} | {__file__}
INTERRUPTS = int(os.environ.get("INTERRUPTS", 12))


def interrupted_at(run, line):
    """Train, and send a real SIGINT to this process at a line; return the steps that were seen."""
    left = iter(range(line))

    def trace(frame, event, _):
        ours = frame.f_code.co_filename in FILES
        if ours and event == "line" and next(left, None) is None:
            sys.settrace(None)
            os.kill(os.getpid(), signal.SIGINT)
            return None
        return trace if ours else None

    seen = 0
    sys._getframe().f_trace = trace
    sys.settrace(trace)
    try:
        for report in run.fit():
            seen = report.step
            time.sleep(0)  # a line of the loop's body
            time.sleep(0)
    except KeyboardInterrupt:
        return seen
    finally:
        sys.settrace(None)
    return None


@pytest.fixture(autouse=True)
def _ctrl_c_interrupts():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("save_seconds", [0, 60])
def test_ctrl_c_at_any_line_saves_the_last_whole_step(tmp_path, corpus, monkeypatch, save_seconds):
    small_run.train(tmp_path / "undisturbed", corpus)
    want = small_run.outcome(tmp_path / "undisturbed")
    monkeypatch.setattr(runs, "SAVE_SECONDS", save_seconds)
    rng = random.Random(save_seconds)
    for count in range(INTERRUPTS // 2):
        folder = tmp_path / f"run-{count}"
        run = small_run.begin(folder, corpus)
        seen = interrupted_at(run, rng.randrange(400))
        saved = Saved.read(folder / "resume.safetensors").progress["now"]["step"]
        assert saved == run.trainer.progress.step
        assert seen is not None  # else nothing interrupted it
        assert seen <= saved <= seen + 1
        if count % 2:
            again = run  # a notebook may go on with the run that it has
        else:
            again = Run.resume(folder)
            again.trainer.validate_every = 3
        for _ in again.fit():
            pass
        finish(again)
        assert small_run.outcome(folder) == want


def test_interrupting_a_kernel_saves_its_training(tmp_path, corpus):
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(cwd=str(tmp_path))
    try:
        code = f"""
            import sys; sys.path[:0] = {sys.path!r}
            from pathlib import Path
            from charlstm import ModelOptions, TrainOptions
            from charlstm.text.corpus import read_corpus
            from charlstm.training.run import Run
            sizes, options = ModelOptions(hidden_size=64), TrainOptions(steps=100_000)
            run = Run.start(Path("run"), read_corpus([{corpus!r}]), sizes, options)
            for report in run.fit():
                if report.step == 20:
                    Path("at-work").touch()
        """
        told = client.execute(textwrap.dedent(code))
        deadline = time.monotonic() + 120
        while not (tmp_path / "at-work").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.2)
        manager.interrupt_kernel()
        reply = {"parent_header": {"msg_id": None}}
        while reply["parent_header"]["msg_id"] != told:
            reply = client.get_shell_msg(timeout=60)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        answer = client.execute(
            "step = run.trainer.progress.step",
            reply=True,
            timeout=60,
            user_expressions={"step": "step"},
        )
        step = int(answer["content"]["user_expressions"]["step"]["data"]["text/plain"])
        saved = Saved.read(tmp_path / "run" / "resume.safetensors")
        assert saved.progress["now"]["step"] == step >= 20
        answer = client.execute("again = Run.resume(Path('run'))", reply=True, timeout=60)
        assert answer["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
