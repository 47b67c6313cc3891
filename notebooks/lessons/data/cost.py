"""Measure what a network that reads both ways costs, beside a transformer of the same size.

    python notebooks/lessons/data/cost.py

The lesson *Reading in both directions* shows the result, `cost.csv`. Two LSTM stacks of one layer
stand beside one layer of a transformer's encoder (`torch.nn.TransformerEncoderLayer`, 4 heads, a
hidden layer four times as wide) with as many weights. Both read vectors of 128 numbers. They run in
turns, A B A B, with one thread. A row has the CPU time of each per character, in microseconds
(medians), and the median of the ratios.

"train" is a pass there and back, for 8,192 characters in texts of some length. "read" is one text
of that length without gradients. The script takes about 1 minute of CPU time, and skips what has a
row.
"""

import bisect
import csv
import statistics
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from charlstm import ModelOptions
from charlstm.model.stack import Stack
from charlstm.speed.turns import in_turns, ratio

RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("what", "length", "lstm", "transformer", "ratio")
LENGTHS = (32, 64, 128, 256, 512, 1024)
SIZE = 128  # D, what both read at each place
CHARACTERS = 8_192
ROUNDS = 7


class TwoWays(nn.Module):
    """The features of both directions at each place, (B, T, 2 H)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        options = ModelOptions(hidden_size=hidden)
        self.forwards, self.backwards = Stack(options, SIZE), Stack(options, SIZE)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.forwards(x)[0], self.backwards(x.flip(1))[0].flip(1)), 2)


def weights(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@cache
def networks() -> tuple[nn.Module, nn.Module]:
    """Return both networks; the LSTM has at most as many weights as the transformer."""
    torch.manual_seed(0)
    transformer = nn.TransformerEncoderLayer(SIZE, 4, 4 * SIZE, dropout=0.0, batch_first=True)
    most = weights(transformer)
    return TwoWays(bisect.bisect(range(300), most, 1, key=lambda H: weights(TwoWays(H))) - 1), (
        transformer
    )


def run(network: nn.Module, what: str, length: int) -> Callable[[], float]:
    """Return a measure: CPU time per character, in microseconds, of one pass."""
    rows = CHARACTERS // length if what == "train" else 1
    repeats = 1 if what == "train" else max(1, 1024 // length)  # a short text takes no time
    x = torch.randn(rows, length, SIZE)

    def measure() -> float:
        network.train(what == "train")
        began = time.process_time()
        for _ in range(repeats):
            if what == "train":
                network(x).sum().backward()
            else:
                with torch.inference_mode():
                    network(x)
        return 1e6 * (time.process_time() - began) / (rows * length * repeats)

    return measure


def measure(what: str, length: int) -> tuple[float, float, float]:
    """Return the medians of both networks, and the median ratio of the LSTM to the transformer."""
    figures = in_turns(*(run(network, what, length) for network in networks()), rounds=ROUNDS)
    lstm, transformer = (round(statistics.median(of), 2) for of in figures)
    return lstm, transformer, round(ratio(*figures), 2)


def main() -> None:
    """Measure what has no row yet."""
    torch.set_num_threads(1)
    if not RESULTS.exists():
        RESULTS.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {(row["what"], int(row["length"])) for row in csv.DictReader(file)}
    for what in ("train", "read"):
        for length in LENGTHS:
            if (what, length) in done:
                continue
            row = [what, length, *measure(what, length)]
            with RESULTS.open("a", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerow(row)
            print(*row, flush=True)


if __name__ == "__main__":
    main()
