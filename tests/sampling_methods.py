"""The tables of sampling options and of other methods in the card of the shipped model.

    python tests/sampling_methods.py --seeds 3
    python tests/sampling_methods.py --others

Each method writes 20,000 characters with each seed, on one thread. A row has means over the seeds:
the share of pieces of 20 characters that are new, of words that the training text has, the model's
own surprise, the share of pieces of 20 characters that stand earlier in the same sample, and
the longest copied piece. The other methods are here only to be measured.
"""

import argparse

import numpy as np

from charlstm import (
    Checkpoint,
    SampleOptions,
    Sampler,
    find_model,
    generate,
    read_corpus,
)
from charlstm.machine.cpus import prepare_cpu
from charlstm.measuring.scores import score_carried
from charlstm.model.cells import run_layers
from charlstm.model.network import CharModel
from charlstm.text.novelty import novelty

MODEL = "tinyshakespeare"
OPTIONS = [
    {"temperature": 0.0}, {"temperature": 0.0, "no_repeat": 15},
    {"temperature": 0.3}, {"temperature": 0.3, "no_repeat": 15},
    {"temperature": 0.8}, {"temperature": 0.8, "no_repeat": 15},
    {"temperature": 0.8, "no_copy": 20}, {"temperature": 0.8, "no_copy": 12},
    {"temperature": 0.8, "min_p": 0.05}, {"temperature": 0.8, "min_p": 0.1},
    {"temperature": 0.8, "temperature_in_words": 0.0},
    {"temperature": 1.0, "top_p": 0.9},
    {"temperature": 1.2}, {"temperature": 1.2, "top_p": 0.9},
    {"temperature": 1.2, "min_p": 0.05}, {"temperature": 1.2, "min_p": 0.1},
]  # fmt: skip


def softmax(logits):
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def draw(shares, rngs):
    below = shares.cumsum(-1)
    drawn = np.array([rng.random() for rng in rngs]) * below[:, -1]
    return (below > drawn[:, None]).argmax(-1)


class Typical:
    """Meister et al. 2023: the ids whose surprise is nearest to the entropy, up to a mass."""

    def __init__(self, rngs, temperature, mass):
        self.rngs, self.temperature, self.mass = rngs, temperature, mass

    def __call__(self, logits):
        shares = softmax(logits / self.temperature)
        surprise = -np.log(np.maximum(shares, 1e-30))
        entropy = (shares * surprise).sum(-1, keepdims=True)
        order = np.argsort(np.abs(surprise - entropy), -1, kind="stable")
        ranked = np.take_along_axis(shares, order, -1)
        ranked[ranked.cumsum(-1) - ranked >= self.mass] = 0
        kept = np.zeros_like(shares)
        np.put_along_axis(kept, order, ranked, -1)
        return draw(kept, self.rngs)


class Mirostat:
    """Basu et al. 2021, without its estimate of Zipf's law: a bound on surprise that moves."""

    def __init__(self, rngs, temperature, target, rate=0.1):
        self.rngs, self.temperature, self.target, self.rate = rngs, temperature, target, rate
        self.bound = np.full(len(rngs), 2.0 * target)

    def __call__(self, logits):
        shares = softmax(logits / self.temperature)
        surprise = -np.log2(np.maximum(shares, 1e-30))
        least = surprise.min(-1, keepdims=True)
        kept = shares * ((surprise <= self.bound[:, None]) | (surprise == least))
        kept /= kept.sum(-1, keepdims=True)
        ids = draw(kept, self.rngs)
        seen = -np.log2(kept[np.arange(len(ids)), ids])
        self.bound -= self.rate * (seen - self.target)
        return ids


class Penalty:
    """Keskar et al. 2019: the logits of what was just written are made worse."""

    def __init__(self, rngs, temperature, penalty, window=64):
        self.rngs, self.temperature, self.penalty, self.window = rngs, temperature, penalty, window
        self.written = []

    def __call__(self, logits):
        logits = logits.copy()
        seen = np.zeros(logits.shape, bool)
        for ids in self.written:
            seen[np.arange(len(ids)), ids] = True
        worse = np.where(logits > 0, logits / self.penalty, logits * self.penalty)
        ids = draw(softmax(np.where(seen, worse, logits) / self.temperature), self.rngs)
        self.written = [*self.written, ids][-self.window :]
        return ids


def write(sampler, choose, number, length):
    """Return what `number` samples write, each after a line end."""
    logits, state = sampler.read(sampler.vocabulary.encode("\n"))
    logits = np.tile(logits[-1], (number, 1))
    state = [tuple(np.tile(s, (number, 1)) for s in layer) for layer in state]
    rows = [choose(logits)]
    while len(rows) < length:
        logits, state = sampler.step(rows[-1], state)
        rows.append(choose(logits))
    return [sampler.vocabulary.decode(row) for row in np.array(rows).T]


def contrastive(sampler, candidates, penalty, length, window=2000):
    """Su et al. 2022: likely ids whose features are unlike those before; nothing is drawn."""
    logits, state = sampler.read(sampler.vocabulary.encode("\n"))
    shares = softmax(logits[-1])
    before, written = [], []
    while len(written) < length:
        ids = np.argsort(-shares, kind="stable")[:candidates]
        tried = [tuple(np.tile(s, (candidates, 1)) for s in layer) for layer in state]
        features, after = run_layers(sampler._one_step, ids, tried, sampler._readout)
        unit = features / np.linalg.norm(features, axis=-1, keepdims=True)
        alike = (unit @ np.array(before[-window:]).T).max(-1) if before else np.zeros(candidates)
        best = int(((1 - penalty) * shares[ids] - penalty * alike).argmax())
        written.append(ids[best])
        before.append(unit[best])
        state = [tuple(s[best] for s in layer) for layer in after]
        shares = softmax(features[best] @ sampler._head_weight + sampler._head_bias)
    return [sampler.vocabulary.decode(written)]


def methods(sampler, read, number, length, others):
    """Yield a name and the texts of each method."""
    if not others:
        for options in OPTIONS:
            each = [SampleOptions(length=length, seed=seed, **options) for seed in range(number)]
            yield str(options), ["".join(generate(sampler, "", one, 1, read)) for one in each]
        return
    for kind, settings in (
        (Typical, [(1, 0.9), (1, 0.95)]),
        (Mirostat, [(1, 1.5), (1.2, 1.5)]),
        (Penalty, [(0.8, 1.1), (0.8, 1.2), (0.3, 1.1)]),
    ):
        for setting in settings:
            rngs = [np.random.default_rng(seed) for seed in range(number)]
            yield f"{kind.__name__} {setting}", write(sampler, kind(rngs, *setting), number, length)
    for penalty in (0.6, 0.3):
        yield f"contrastive (5, {penalty})", contrastive(sampler, 5, penalty, length)


def measured(text, model, vocabulary, read, piece=20):
    found = novelty(text, read)
    pieces = [text[i : i + piece] for i in range(len(text) - piece + 1)]
    again = 1 - len(set(pieces)) / len(pieces)
    surprise = score_carried(model, vocabulary.encode(text), threads=1).nats
    return 1 - found.copied[piece], found.known_words, surprise, again, len(found.longest)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--length", type=int, default=20_000)
    parser.add_argument("--others", action="store_true")
    given = parser.parse_args()
    prepare_cpu(1)
    checkpoint = Checkpoint.load(find_model(MODEL))
    corpus = read_corpus(MODEL)
    read = str(corpus.text[corpus.parts()["train"]])
    sampler, model = Sampler(checkpoint), CharModel.from_checkpoint(checkpoint)
    for name, texts in methods(sampler, read, given.seeds, given.length, given.others):
        rows = [measured(text, model, checkpoint.vocabulary, read) for text in texts]
        new, words, surprise, again, longest = np.mean(rows, 0)
        print(
            f"{name:50} new {new:.1%}, real words {words:.1%}, surprise {surprise:.3f},"
            f" again {again:.1%}, longest copied {longest:.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
