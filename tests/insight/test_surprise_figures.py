"""How much of what was put into a text is found: the figures of the README.

    python -m pytest -m slow -s tests/insight/test_surprise_figures.py

prints them. A threshold is chosen on one text, and judged on others.
"""

import os

import numpy as np
import pytest

from charlstm import Checkpoint, Sampler, find_model, read_corpus
from charlstm.insight.repairs import read_and_repair
from charlstm.insight.surprise import SAVED, stands_out
from charlstm.text.baselines import Ngram
from charlstm.text.novelty import A_WORD
from charlstm.text.typos import KINDS, best_threshold, judge, mistype

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("CHARLSTM_DATA" not in os.environ, reason="CHARLSTM_DATA names no corpora"),
]
SIZE = 10_000  # characters of each text
SEEDS = range(1, 6)
# one line each of German, French, Latin, Italian, Spanish and Dutch, without accents
STRANGE = (
    "Der Wind ging durch die leeren Gassen, und niemand wusste, woher er kam",
    "Le roi dormait encore quand les soldats ont ouvert la grande porte",
    "Nemo scit unde venerit ille qui noctu ad portas urbis stabat",
    "La luna saliva piano sopra i tetti della vecchia casa del pescatore",
    "Nadie sabe por que el viejo vuelve cada noche al mismo puente",
    "Het water steeg langzaam en de boer keek zwijgend naar zijn velden",
)
NAMES = ("Bogdan", "Kunigunde", "Tuulikki", "Zbigniew", "Aoife", "Nwankwo", "Brunhild", "Yevgeny")


def pieces(name, count):
    """Return a model, a 5-gram that has read what it has read, and texts that neither has read."""
    corpus = read_corpus(name)
    checkpoint = Checkpoint.load(find_model(name))
    parts = corpus.parts()
    learned = checkpoint.vocabulary.encode(corpus.text[parts["train"]], unknown="skip")
    text = corpus.text[parts["validation"]]
    starts = np.linspace(0, len(text) - SIZE, count).astype(int)
    texts = [text[start : start + SIZE] for start in starts]
    ngram = Ngram(checkpoint.vocabulary, learned)
    return {"model": Sampler(checkpoint), "5-gram": ngram}, texts


def scored(reader, text):
    """Return the scores of each character by three rules."""
    nats, repairs = read_and_repair(reader, text)
    saved = np.full(len(text), -np.inf)
    for repair in repairs:
        saved[repair.start] = repair.saved
    return {
        "surprise": nats,
        "of three letters": np.convolve(nats, np.ones(3), "same"),
        "repairs": saved,
    }


def row(found):
    kinds = [np.mean([f.by_kind[kind] for f in found]) for kind in KINDS]
    figures = [np.mean([getattr(f, name) for f in found]) for name in ("precision", "recall", "f1")]
    return " | ".join(f"{value:.2f}" for value in (*figures, *kinds)), figures[-1]


@pytest.mark.parametrize(("name", "texts"), [("tinyshakespeare", 6), ("tales", 2)])
def test_repairs_find_typing_errors_that_surprise_alone_does_not(name, texts):
    readers, (first, *others) = pieces(name, texts)
    chosen = mistype(first, 0.01, seed=0)
    judged = [mistype(others[seed % len(others)], 0.01, seed) for seed in SEEDS]
    f1 = {}
    print(f"\n{name}: precision | recall | F1 |", " | ".join(KINDS))
    for who, reader in readers.items():
        tables = scored(reader, chosen.text)
        thresholds = {rule: best_threshold(chosen.errors, tables[rule]) for rule in tables}
        all_scores = [(m.errors, scored(reader, m.text)) for m in judged]
        for rule, threshold in thresholds.items():
            found = [judge(errors, table[rule], threshold) for errors, table in all_scores]
            told, f1[who, rule] = row(found)
            print(f"{who}, {rule}, above {threshold:.1f}: {told}")
        found = [judge(errors, table["repairs"], SAVED) for errors, table in all_scores]
        told, f1[who, "default"] = row(found)
        print(f"{who}, repairs, above {SAVED}: {told}")
    for who in readers:
        assert f1[who, "repairs"] > f1[who, "surprise"] + 0.05
    better = 0.03 if name == "tinyshakespeare" else -0.05  # the small GRU is as good as the 5-gram
    assert f1["model", "repairs"] > f1["5-gram", "repairs"] + better
    assert f1["model", "default"] > f1["model", "repairs"] - 0.05


def with_strange_lines(text, rng):
    """Put each strange line in the place of a line of the text; return where they are."""
    lines = text.split("\n")
    long = [k for k, line in enumerate(lines) if len(line) > 25]
    places = []
    for k, line in zip(rng.choice(long, len(STRANGE), replace=False), STRANGE, strict=True):
        lines[k] = line
        places.append(k)
    starts = np.cumsum([0, *(len(line) + 1 for line in lines)])
    return "\n".join(lines), [(starts[k], starts[k] + len(lines[k])) for k in places]


def with_strange_names(text, rng):
    """Put each strange name in the place of a capitalized word; return where they are."""
    words = [w for w in A_WORD.finditer(text) if w[0][0].isupper() and len(w[0]) > 3]
    chosen = sorted(rng.choice(len(words), len(NAMES), replace=False))
    pieces, places, done = [], [], 0
    for k, name in zip(chosen, rng.permutation(NAMES), strict=True):
        new = name.upper() if words[k][0].isupper() else str(name)
        pieces += text[done : words[k].start()], new
        start = sum(map(len, pieces)) - len(new)
        places.append((start, start + len(new)))
        done = words[k].end()
    return "".join([*pieces, text[done:]]), places


@pytest.mark.parametrize(("name", "texts"), [("tinyshakespeare", 6), ("tales", 2)])
def test_strange_lines_and_names_stand_out(name, texts):
    readers, (_, *others) = pieces(name, texts)
    for who, reader in readers.items():
        for what, kind, put in (
            ("lines", "passage", with_strange_lines),
            ("names", "word", with_strange_names),
        ):
            found, there, false, length = 0, 0, 0, 0
            for seed in SEEDS[:3]:
                text, places = put(others[seed % len(others)], np.random.default_rng(seed))
                spans = [s for s in stands_out(reader, text) if s.kind == kind]
                met = [[s for s in spans if s.start < e and s.end > b] for b, e in places]
                found += sum(map(bool, met))
                there += len(places)
                false += len(spans) - len({s for some in met for s in some})
                length += len(text)
            rate = 10_000 * false / length
            print(f"{name}, {who}: {found} of {there} {what}; {rate:.1f} others in 10,000 letters")
            if (who, what) == ("model", "lines"):
                assert found >= 0.9 * there
                assert rate < 1
