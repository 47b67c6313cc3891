"""Trainings that torchrun starts: whatever ends one of the processes ends all, and all is saved.

`as_rank.py` is what torchrun starts here. It makes a rank end late, and a training slow.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from training import as_rank
from training.test_distributed import free_port

from charlstm.model.checkpoint import Checkpoint, read_arrays, write_arrays

# dropout of all kinds, resets, the averaged weights and random offsets are all on
OPTIONS = """
--steps 150 --layers 2 --hidden-size 24 --embedding-size 8 --dropout 0.2 --input-dropout 0.1
--weight-drop 0.2 --reset 0.2 --batch-size 4 --window 13 --patience none --threads 1
""".split()


@pytest.fixture
def torchrun(tmp_path, text, monkeypatch):
    """Start trainings by torchrun in an empty folder; what they say goes into `said`."""
    if sys.platform == "win32":
        pytest.skip("no SIGKILL")
    started = []
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(text, encoding="utf-8")

    def start(size, *arguments, launch=("--standalone",), **environment):
        for path in [*Path().glob("pid*"), *Path().glob("exit*")]:
            path.unlink()  # of the training before
        command = [sys.executable, "-m", "torch.distributed.run", *launch]
        command += ["--nproc-per-node", str(size), as_rank.__file__, *map(str, arguments)]
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
        assert all(process.poll() is None for process in processes), all_said()
        time.sleep(0.02)


def send(rank, number):
    os.kill(int(Path(f"pid{rank}").read_text(encoding="utf-8")), number)


def said():
    return [line for line in all_said().splitlines() if "torch/distributed" not in line]


def ended(*processes):
    """Wait until all have ended or one has failed, and return their codes."""
    deadline = time.monotonic() + 200
    while True:
        codes = [process.poll() for process in processes]
        if any(codes) or None not in codes:
            return codes
        assert time.monotonic() < deadline, all_said()
        time.sleep(0.05)


def all_said(folder="."):
    return Path(folder, "said").read_text(encoding="utf-8")


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
    assert whole.wait(300) == 0, all_said()
    assert exits(0, 1) == [0, 0]
    assert sum(line.startswith("done: 150 steps") for line in said()) == 1  # rank 0 alone talks

    process = torchrun(2, "text.txt", *OPTIONS, "--out", "run", SLOW="40")
    reach(40, process)
    send(1, signal.SIGKILL)
    assert process.wait(100) == 1
    assert exits(0) == [2]
    step = saved_step()
    (error,) = (line for line in said() if line.startswith("error: "))
    assert error.startswith("error: lost another process of this training (")
    assert error.endswith(f"; step {step} is saved, and --resume run goes on")
    assert 40 <= step < 150

    assert torchrun(2, "--resume", "run").wait(300) == 0, all_said()
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
    begin = ["text.txt", *OPTIONS, "--out", "run"]
    for size, to, number in [
        (2, None, signal.SIGTERM),
        (2, 1, signal.SIGTERM),
        (2, None, signal.SIGINT),
        (4, None, signal.SIGTERM),
    ]:
        step = saved_step() + 10
        process = torchrun(size, *begin, SLOW=str(step))
        reach(step, process)
        if to is None:
            process.send_signal(number)
        else:
            send(to, number)
        assert process.wait(100) == 1  # torchrun's own code
        assert exits(*range(size)) == [128 + number] * size
        assert "stopped and saved; torchrun ... -m charlstm.train --resume run goes on" in said()
        assert saved_step() >= step
        begin = ["--resume", "run"]

    done = one("--resume", "run")
    assert done.returncode == 0, done.stderr
    assert saved_step() == 150
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
    assert torchrun(2, "--resume", "run").wait(200) == 0, all_said()
    assert saved_step() == 120
    assert any(line.startswith("budget: 120 steps, from step 60") for line in said())
    assert any(line.endswith("1 thread in each of 2 processes") for line in said())


@pytest.mark.slow
def test_a_dead_rank_0_ends_the_others_and_leaves_the_last_save(torchrun):
    process = torchrun(2, "text.txt", *OPTIONS, "--out", "run", SLOW="40")
    reach(40, process)
    send(0, signal.SIGKILL)
    assert process.wait(100) == 1
    assert exits(1) == [2]
    assert not any(line.startswith("error: ") for line in said())
    assert one("--resume", "run").returncode == 0
    assert saved_step() == 150


@pytest.mark.slow
def test_a_rank_that_does_not_answer_is_given_up(torchrun):
    process = torchrun(2, "text.txt", *OPTIONS, "--out", "run", SLOW="40", TIMEOUT="5")
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
    process = torchrun(2, "text.txt", *OPTIONS, "--out", "run", SLOW="40")
    reach(40, process)
    Path("full").touch()
    assert process.wait(100) == 1
    assert exits(0, 1) == [2, 2]
    (error,) = (line for line in said() if line.startswith("error: "))
    assert "no space left on device" in error
    Path("full").unlink()
    assert torchrun(2, "--resume", "run").wait(200) == 0, all_said()
    assert saved_step() == 150


@pytest.mark.slow
def test_a_mistake_is_told_once_and_leaves_no_folder(torchrun):
    process = torchrun(3, "text.txt", *OPTIONS, "--out", "run")
    assert process.wait(100) == 1
    assert exits(0, 1, 2) == [2, 2, 2]
    (error,) = (line for line in said() if line.startswith("error: "))
    assert "4 streams cannot be shared by 3 processes; start 2 instead, or train anew" in error
    assert not Path("run").exists()


@pytest.mark.slow
def test_two_machines_need_the_text_and_the_folder_on_the_first_only(torchrun, tmp_path):
    """Two torchruns on this machine; the second is in a folder without the text."""
    place = ["--nnodes", "2", "--master-addr", "127.0.0.1", "--master-port", free_port()]
    Path("other").mkdir()
    first = torchrun(1, "text.txt", *OPTIONS, "--out", "run", launch=[*place, "--node-rank", "0"])
    os.chdir("other")
    second = torchrun(1, launch=[*place, "--node-rank", "1"])
    os.chdir(tmp_path)
    assert ended(first, second) == [0, 0], [all_said(), all_said("other")]
    assert saved_step() == 150
    assert sorted(p.name for p in Path("other").iterdir()) == ["exit1", "pid1", "said"]
