"""Train on two texts with convolutions before the LSTM, and without, at equal weights and time.

    python notebooks/lessons/data/convolution.py

The lesson *Numbers instead of letters* shows the result, `convolution.csv`. The script takes about
thirteen minutes of CPU time, on one thread. It adds a row for each training that has ended, and skips
those that have a row, so you can stop it at any time.

A convolution has weights of its own. So the LSTM behind it has fewer units, until the whole network
has as many weights as the plain one. A step takes longer with a convolution. So such a training has
fewer steps. `seconds` is the CPU time of a training, its validations included.
"""

import csv
import itertools
import time
from pathlib import Path

import torch

from charlstm import CharModel, ModelOptions, TrainOptions, Vocabulary, fit, read_corpus
from charlstm.measuring.scores import score as score_text
from charlstm.variants.convolution import ConvolutionalModel

RESULTS = Path(__file__).with_suffix(".csv")
TEXTS = ("tales", "tinyshakespeare")
MODELS = {  # characters that a filter sees, filters, units, steps
    "plain": (0, 0, 192, 2000),
    "1 letter": (1, 64, 190, 1740),
    "2 letters": (2, 64, 188, 1740),
    "4 letters": (4, 64, 183, 1740),
}
SEEDS = range(5)


def made(name: str, vocabulary: Vocabulary, seed: int) -> CharModel:
    """Return a network that has learnt nothing."""
    kernel_size, channels, hidden_size, _ = MODELS[name]
    options = ModelOptions(hidden_size=hidden_size)
    if name == "plain":
        return CharModel(options, len(vocabulary), seed)
    return ConvolutionalModel(options, vocabulary, kernel_size, channels, seed)


def train(text: str, name: str, seed: int) -> list[float]:
    """Return the number of weights, the nats per character, carried and cold, and the seconds."""
    corpus = read_corpus([text])
    vocabulary = Vocabulary.of(corpus.text)
    parts = corpus.parts()
    training, held_out = (
        vocabulary.encode(corpus.text[parts[part]]) for part in ("train", "validation")
    )
    model = made(name, vocabulary, seed)
    options = TrainOptions(steps=MODELS[name][3], patience=None, precision="fp32", seed=seed)
    began = time.process_time()
    for _ in fit(model, training, held_out, options):
        pass
    seconds = time.process_time() - began
    scores = score_text(model, held_out, threads=1)
    weights = sum(weight.numel() for weight in model.parameters())
    nats = [round(score.nats, 4) for score in (scores.carried, scores.cold)]
    return [weights, *nats, round(seconds, 1)]


def main() -> None:
    """Train what has no row yet."""
    torch.set_num_threads(1)
    columns = ["text", "model", "seed", "weights", "carried", "cold", "seconds"]
    if not RESULTS.exists():
        RESULTS.write_text(",".join(columns) + "\n", encoding="utf-8")
    with RESULTS.open(newline="", encoding="utf-8") as file:
        done = {(row["text"], row["model"], int(row["seed"])) for row in csv.DictReader(file)}
    for seed, text, name in itertools.product(SEEDS, TEXTS, MODELS):
        if (text, name, seed) in done:
            continue
        row = [text, name, seed, *train(text, name, seed)]
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(row)
        print(*row, flush=True)


if __name__ == "__main__":
    main()
