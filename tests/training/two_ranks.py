"""What `test_distributed.py` starts in two processes: each trains a little and tells of it."""

import itertools
import math
import pickle
import signal
import sys
from pathlib import Path

import torch
from small import TEXT

from charlstm.machine.cpus import prepare_cpu
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, TrainOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.training import progress
from charlstm.training.distributed import join
from charlstm.training.trainer import Trainer

SMALL = ModelOptions(layers=2, hidden_size=16, embedding_size=6, dropout=0.0)
DROPPING = ModelOptions(layers=2, hidden_size=16, embedding_size=6, dropout=0.2, weight_drop=0.2)
FAST = TrainOptions(steps=50, batch_size=4, window=8, learning_rate=0.01, reset=0.3)
VOCABULARY = Vocabulary.of(TEXT)
IDS = VOCABULARY.encode(TEXT * 12)


def trainer(ranks, sizes=SMALL, ids=IDS, dtype=torch.float32, **changes):
    model = CharModel(sizes, len(VOCABULARY)).to(dtype)
    options = TrainOptions(**vars(FAST) | changes)
    return Trainer(model, ids[:600], IDS[600:], options, validate_every=20, ranks=ranks)


def path(ranks, dtype):
    """Return the state after 50 steps without dropout, with resets and averaged weights."""
    made = trainer(ranks, dtype=dtype)
    list(made.fit())
    return made.state()


def dropout(ranks, sizes):
    """Return the losses of each rank alone, and the weights, where all ranks read the same text."""
    length = 2 * 8 * 4
    ids = VOCABULARY.encode(TEXT * 2)[:length].tolist() * 2 + IDS.tolist()
    made = trainer(ranks, sizes, torch.tensor(ids).int().numpy()[: 2 * length + 1], batch_size=2)
    own = []
    agree = ranks.agree
    ranks.agree = lambda *told: own.append(told[1].item()) or agree(*told)
    next(made.fit())
    del ranks.agree
    return own, made.model.to_arrays()


def bad_loss(ranks):
    """Return the notes and the last weights of a training with a loss of infinity on rank 1."""
    made = trainer(ranks)
    calls = itertools.count(1)
    original = torch.nn.functional.cross_entropy

    def bad(logits, targets, **options):
        loss = original(logits, targets, **options)
        spoilt = "reduction" not in options and next(calls) == 30 and ranks.rank == 1
        return loss + math.inf if spoilt else loss  # its gradient stays finite

    torch.nn.functional.cross_entropy = bad
    notes = [(r.step, r.note) for r in made.fit() if r.note]
    torch.nn.functional.cross_entropy = original
    return notes, made.model.to_arrays()


def clocks_that_differ(ranks):
    """Return where a budget in minutes ends, if rank 1's clock is a thousand times as fast."""
    made = trainer(ranks, steps=None, minutes=0.02)
    seconds = itertools.count()
    progress.time.monotonic = lambda: next(seconds) * (100.0 if ranks.rank else 0.1)
    rates = [r.learning_rate for r in made.fit()]
    return made.progress, rates


def caught(ranks):
    """Return after which step a SIGTERM to rank 1 in its seventh step ends the training."""
    made = trainer(ranks)
    with ranks.catching():
        for report in made.fit():
            if report.step == 6 and ranks.rank == 1:
                signal.raise_signal(signal.SIGTERM)
            if ranks.stopped_by:
                break
    signal.raise_signal(signal.SIGTERM)  # as torchrun does, when the first of them has ended
    return report.step, ranks.stopped_by


def main(folder):
    """Do all of these, and write what they return."""
    prepare_cpu(1)
    ranks = join()
    scored = Trainer._score

    def score(made, model, ids):
        assert ranks.rank == 0, "rank 0 validates"
        return scored(made, model, ids)

    Trainer._score = score
    told = {
        "float32": path(ranks, torch.float32),
        "float64": path(ranks, torch.float64),
        "plain": dropout(ranks, SMALL),
        "dropout": dropout(ranks, DROPPING),
        "bad loss": bad_loss(ranks),
        "first": ranks.first(lambda: ranks.rank),
        "caught": caught(ranks),
        "clocks": clocks_that_differ(ranks),
    }
    Path(folder, f"told{ranks.rank}").write_bytes(pickle.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
