"""Trainings that torchrun starts: whatever ends one of the processes ends all, and all is saved."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from small import TEXT

from charlstm.errors import UserError
from charlstm.model import named_cells
from charlstm.model.array_file import read_arrays, write_arrays
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, TrainOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.distributed import LostRankError, Ranks
from charlstm.training.follow import Plan, follow
from charlstm.training.trainer import Trainer

# dropout of all kinds, resets, the averaged weights and random offsets are all on
OPTIONS = """
--steps 400 --layers 2 --hidden-size 24 --embedding-size 8 --dropout 0.2 --input-dropout 0.1
--weight-drop 0.2 --reset 0.2 --batch-size 4 --window 13 --patience none --threads 1
""".split()

# runs `charlstm.train` as torchrun's -m does; tells the pid and the exit code of each rank
COMMAND = """
import errno, os, sys
from datetime import timedelta
from pathlib import Path
from charlstm import train
from charlstm.training import distributed, run

rank = os.environ["RANK"]
run.SAVE_SECONDS = 0.05
distributed.TIMEOUT = timedelta(seconds=float(os.environ.get("TIMEOUT", "60")))
fsync = os.fsync

def fills_up(descriptor):
    if Path("full").exists():
        raise OSError(errno.ENOSPC, "No space left on device")
    fsync(descriptor)

os.fsync = fills_up
Path(f"exit{rank}").unlink(missing_ok=True)
Path(f"pid{rank}").write_text(str(os.getpid()))
code = 1
try:
    code = train.main(sys.argv[1:])
finally:
    Path(f"exit{rank}").write_text(str(code))
sys.exit(code)
"""


@pytest.fixture
def torchrun(tmp_path, text, monkeypatch):
    """Start trainings by torchrun in an empty folder; what they say goes into `said`."""
    if sys.platform == "win32":
        pytest.skip("no SIGKILL")
    started = []
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(text, encoding="utf-8")
    Path("command.py").write_text(COMMAND, encoding="utf-8")

    def start(size, *arguments, launch=("--standalone",), **environment):
        command = [sys.executable, "-m", "torch.distributed.run", *launch]
        command += ["--nproc-per-node", str(size), "command.py", *map(str, arguments)]
        with Path("said").open("w", encoding="utf-8") as said:
            process = subprocess.Popen(command, stderr=said, env=os.environ | environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()  # and so its workers
        try:
            process.wait(60)
        finally:
            process.kill()


def one(*arguments):
    """Train in a single process, without torchrun."""
    command = [sys.executable, "-m", "charlstm.train", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200)


def saved_step(folder="run"):
    path = Path(folder, "resume.safetensors")
    if not path.exists():
        return 0
    return read_arrays(path, "resume")[1]["progress"]["now"]["step"]


def reach(step, *processes):
    deadline = time.monotonic() + 200
    while saved_step() < step:
        assert time.monotonic() < deadline
        assert all(process.poll() is None for process in processes), Path("said").read_text(
            encoding="utf-8"
        )
        time.sleep(0.02)


def send(rank, number):
    os.kill(int(Path(f"pid{rank}").read_text(encoding="utf-8")), number)


def said():
    return [
        line
        for line in Path("said").read_text(encoding="utf-8").splitlines()
        if "torch/distributed" not in line
    ]


def exits(*ranks):
    return [int(Path(f"exit{rank}").read_text(encoding="utf-8")) for rank in ranks]


def arrays(folder):
    return {
        name: read_arrays(Path(folder, f"{name}.safetensors"), name)[0]
        for name in ("model", "resume")
    }


@pytest.mark.slow
def test_a_dead_rank_loses_nothing(torchrun):
    """Killed with -9 in the middle, and resumed: the bytes of a training that nothing stopped."""
    whole = torchrun(2, "text.txt", *OPTIONS, "--out", "whole")
    assert whole.wait(300) == 0
    assert exits(0, 1) == [0, 0]
    assert sum(line.startswith("done: 400 steps") for line in said()) == 1  # rank 0 alone talks

    process = torchrun(2, "text.txt", *OPTIONS, "--out", "run")
    reach(40, process)
    send(1, signal.SIGKILL)
    assert process.wait(100) == 1
    assert exits(0) == [2]
    step = saved_step()
    (error,) = (line for line in said() if line.startswith("error: "))
    assert error.startswith("error: lost another process of this training (")
    assert error.endswith(f"; step {step} is saved, and --resume run goes on")
    assert 40 <= step < 400

    assert torchrun(2, "--resume", "run").wait(300) == 0, said()
    for name, want in arrays("whole").items():
        got = arrays("run")[name]
        assert got.keys() == want.keys()
        for key in want:
            assert got[key].tobytes() == want[key].tobytes(), key
    logs = [
        Path(folder, "log.jsonl").read_text(encoding="utf-8").splitlines()
        for folder in ("whole", "run")
    ]
    told = [[(json.loads(x)["step"], json.loads(x)["validation"]) for x in log] for log in logs]
    assert told[0] == told[1]


@pytest.mark.slow
def test_signals_end_all_ranks_and_any_number_of_them_goes_on(torchrun):
    process = torchrun(2, "text.txt", *OPTIONS, "--out", "run")
    for step, to, number in [(30, None, signal.SIGTERM), (60, 1, signal.SIGTERM)]:
        reach(step, process)
        if to is None:
            process.send_signal(number)
        else:
            send(to, number)
        assert process.wait(100) == 1  # torchrun's own code
        assert exits(0, 1) == [128 + number] * 2
        assert "stopped and saved; torchrun ... -m charlstm.train --resume run goes on" in said()
        assert saved_step() >= step
        process = torchrun(2, "--resume", "run")
    reach(90, process)
    process.send_signal(signal.SIGINT)
    assert process.wait(100) == 1
    assert exits(0, 1) == [130, 130]

    stopped_at = saved_step()
    process = torchrun(4, "--resume", "run")
    reach(stopped_at + 30, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(100) == 1
    assert exits(0, 1, 2, 3) == [143] * 4

    done = one("--resume", "run")
    assert done.returncode == 0, done.stderr
    assert saved_step() == 400
    checkpoint = Checkpoint.load(Path("run/model.safetensors"))
    assert checkpoint.measured.cold.nats > 0


@pytest.mark.slow
def test_two_ranks_go_on_with_what_one_process_began(torchrun):
    done = one("text.txt", *OPTIONS, "--steps", "60", "--out", "run")
    assert done.returncode == 0, done.stderr
    path = Path("run/resume.safetensors")
    content, header = read_arrays(path, "resume")
    header["training"]["options"]["steps"] = 120
    write_arrays(path, content, {"kind": "resume", **header})
    assert torchrun(2, "--resume", "run").wait(200) == 0
    assert saved_step() == 120
    assert any(line.startswith("budget: 120 steps, from step 60") for line in said())
    assert any(line.endswith("1 thread in each of 2 processes") for line in said())


@pytest.mark.slow
def test_a_dead_rank_0_ends_the_others_and_leaves_the_last_save(torchrun):
    process = torchrun(2, "text.txt", *OPTIONS, "--out", "run")
    reach(40, process)
    send(0, signal.SIGKILL)
    assert process.wait(100) == 1
    if Path("exit1").exists():  # else torchrun has ended it before it could tell its code
        assert exits(1) == [2]
    assert not any(line.startswith("error: ") for line in said())
    assert one("--resume", "run").returncode == 0
    assert saved_step() == 400


@pytest.mark.slow
def test_a_rank_that_does_not_answer_is_given_up(torchrun):
    process = torchrun(2, "text.txt", *OPTIONS, "--out", "run", TIMEOUT="5")
    reach(40, process)
    send(1, signal.SIGSTOP)
    deadline = time.monotonic() + 100
    while not Path("exit0").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    send(1, signal.SIGKILL)  # torchrun would do so after 30 seconds
    assert process.wait(100) == 1
    assert exits(0) == [2]
    assert any("(Timed out waiting 5000ms" in line for line in said())
    assert saved_step() >= 40


@pytest.mark.slow
def test_a_full_disk_at_rank_0_ends_all_and_leaves_whole_files(torchrun):
    process = torchrun(2, "text.txt", *OPTIONS, "--out", "run")
    reach(40, process)
    Path("full").touch()
    assert process.wait(100) == 1
    assert exits(0, 1) == [2, 2]
    (error,) = (line for line in said() if line.startswith("error: "))
    assert "no space left on device" in error
    Path("full").unlink()
    assert torchrun(2, "--resume", "run").wait(200) == 0
    assert saved_step() == 400


@pytest.mark.slow
def test_a_mistake_is_told_once_and_leaves_no_folder(torchrun):
    process = torchrun(3, "text.txt", *OPTIONS, "--out", "run")
    assert process.wait(100) == 1
    # torchrun ends the others as soon as one has ended, perhaps before they have written their code
    codes = [path.read_text(encoding="utf-8") for path in Path().glob("exit*")]
    assert set(codes) == {"2"}
    (error,) = (line for line in said() if line.startswith("error: "))
    assert "4 streams cannot be shared by 3 processes; start 2 instead, or train anew" in error
    assert not Path("run").exists()


@pytest.mark.slow
def test_two_machines_need_the_text_and_the_folder_on_the_first_only(torchrun, tmp_path):
    """Two torchruns on this machine; the second is in a folder without the text."""
    from training.test_distributed import free_port

    place = ["--nnodes", "2", "--master-addr", "127.0.0.1", "--master-port", free_port()]
    Path("other").mkdir()
    Path("other/command.py").write_text(COMMAND, encoding="utf-8")
    first = torchrun(1, "text.txt", *OPTIONS, "--out", "run", launch=[*place, "--node-rank", "0"])
    os.chdir("other")
    second = torchrun(1, launch=[*place, "--node-rank", "1"])
    os.chdir(tmp_path)
    assert [first.wait(200), second.wait(200)] == [0, 0]
    assert saved_step() == 400
    assert sorted(p.name for p in Path("other").iterdir()) == [
        "command.py",
        "exit1",
        "pid1",
        "said",
    ]


# --- without other processes ---------------------------------------------------------------------


@pytest.fixture
def trainer():
    vocabulary = Vocabulary.of(TEXT)
    ids = vocabulary.encode(TEXT * 12)
    options = TrainOptions(steps=40, batch_size=4, window=8)
    sizes = ModelOptions(hidden_size=16, embedding_size=6, dropout=0.2)
    return Trainer(CharModel(sizes, len(vocabulary)), ids[:600], ids[600:], options, 15)


def test_a_plan_makes_the_same_training(trainer):
    for report in trainer.fit():
        if report.step == 20:
            break
    copied = Plan.of(trainer, "lstm").trainer(Ranks())
    list(trainer.fit()), list(copied.fit())
    want, numbers = trainer.state()
    got, other_numbers = copied.state()
    assert got.keys() == want.keys()
    assert all(np.array_equal(got[name], want[name]) for name in want)
    for name in ("step", "best", "best_step", "stale", "loss_sum"):
        assert numbers["now"][name] == other_numbers["now"][name]


class Following(Ranks):
    """A rank that gets a plan, or finds that the others have ended."""

    def __init__(self, plan=None):
        super().__init__()
        self.plan = plan

    def first(self, make):
        if self.plan is None:
            raise LostRankError("gone")
        plan, self.first = self.plan, Ranks().first
        return plan


def test_following_is_silent(trainer, capsys):
    plan = Plan.of(trainer, "lstm")
    assert follow(Following(plan)) == 0
    assert follow(Following()) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


def test_a_signal_that_a_rank_has_caught_ends_it(trainer):
    ranks = Following(Plan.of(trainer, "lstm"))
    ranks.caught.append(signal.SIGTERM)
    assert follow(ranks) == 143


def test_a_machine_without_the_cells_module_says_so(trainer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(named_cells, "_registered", {})
    with pytest.raises(UserError, match="no module absent_cells"):
        follow(Following(Plan.of(trainer, "absent_cells:mine")))
