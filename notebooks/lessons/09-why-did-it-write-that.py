# %% [markdown]
# # 9. Why did it write that?
#
# *What it shows: what surprises a model, and what that finds; three ways to blame earlier letters
# for the next one, on texts whose answer is known and on Shakespeare; where each of them errs.*
#
# Afterwards you can
#
# - find typing errors and foreign lines with a model, and say how many you miss;
# - ask a model which letters made it say a letter, in three ways;
# - test a method of blame before you believe it.
#
# *Know before: lessons 1, 5 and 6. Takes 32 minutes to read, without solving the exercises, and 3
# minutes to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# This lesson asks a trained model two questions. What in this text did you not expect? And which of
# the letters before made you say this one? Each answer comes as a convincing picture. So we first
# ask where we know the answer.
#
# **Before you run anything, guess:** a network has learnt to repeat the first letter of a line,
# fourteen letters later, and it is always right. You ask three methods which letter was decisive.
# How many of them point at the first letter most of all?

# %%
# %matplotlib inline
import os

import numpy as np
import torch
from torch.nn import functional as F

from charlstm import CharModel, Checkpoint, ModelOptions, Vocabulary, find_model, initialize
from charlstm.notebook import plots, text_plots

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # less training, for a quick test of this notebook
UPDATES, LINES, SIZE, SEEDS = (8, 2, 600, range(1)) if FAST else (150, 12, 5500, range(5))

# %% [markdown]
# ## Surprise, and what it finds
#
# Lesson 1 measured the surprise of a line: $-\ln P$ of each character that came. Here is a longer
# text, a scene of the plays that come with charlstm. The shipped model has not read it. We spoil
# it: one line becomes German, a lady gets a Polish name, and one character in a hundred gets a
# typing error. The seed decides which.

# %%
from charlstm import read_corpus
from charlstm.text.typos import mistype

scenes = read_corpus("plays").text
scene = scenes[scenes.index("ISAURE:\nThere is a house") : scenes.index("HOB:\nShells.")]
spoilt = mistype(
    scene.replace(
        "you have seen it.", "Der Wind ging durch die leeren Gassen, und niemand wusste warum."
    ).replace("Isaure's sister", "Zbigniew's sister"),
    share=0.01, seed=2,
)  # fmt: skip

# %%
from charlstm import Sampler
from charlstm.insight.repairs import read_and_repair
from charlstm.insight.surprise import stands_out

reader = Sampler(Checkpoint.load(find_model("tinyshakespeare")))
nats, _ = read_and_repair(reader, spoilt.text)
spans = stands_out(reader, spoilt.text)
text_plots.surprise(spoilt.text, nats, spans, "the shipped model reads a spoilt scene")

# %% [markdown]
# The darker a letter, the less the model expected it. What is underlined stands out, and for each
# the program can say why. **Guess first:** which of the underlined are typing errors, and which are
# only rare words? Did you find an error that is not underlined?

# %%
from charlstm.notebook.lines import wrapped

for span in spans:
    print(wrapped(f"{span.start:4d} {span.text!r}: {span.reason}"))
errors = [f"{error.start} ({error.right!r} {error.kind})" for error in spoilt.errors]
print(wrapped("the errors: " + ", ".join(errors)))

# %% [markdown]
# The German line stands out once enough surprise has added up. Nobody told the model about
# languages. The name stands out, too. Of the typing errors it finds some and misses some. And an
# alarm in the German line is wrong: nothing was mistyped there.
#
# ### Why surprise alone is not enough
#
# A rare name surprises the model as much as a typing error does. The letters *after* it tell them
# apart. So the program repairs the place: it puts the letter there that the model expected, reads
# on, and compares. After a typing error, the next letters become much cheaper. After a rare word,
# they do not.
#
# Is that better? We count. *Precision* is the share of the alarms that are right. *Recall* is the
# share of the errors that are found. F1 is their harmonic mean. We choose the threshold on one
# text, and judge it on another one, with five seeds for the errors. The network is the small GRU
# that comes with charlstm. Beside it stands a 5-gram model, which only counts which letters follow
# which. Both have read the same part of the tales.
#
# **Guess:** which of the two readers is better, and which of the two rules?

# %%
from charlstm.text.baselines import Ngram
from charlstm.text.typos import best_threshold, judge

tales, small = read_corpus("tales"), Checkpoint.load(find_model("tales"))
parts = tales.parts()
ids = small.vocabulary.encode(tales.text[parts["train"]], unknown="skip")
readers = {"network": Sampler(small), "5-gram": Ngram(small.vocabulary, ids)}
unseen = tales.text[parts["validation"]]
chosen = mistype(unseen[:SIZE])
judged = [mistype(unseen[-SIZE:], seed=1 + seed) for seed in SEEDS]


# %%
def scores(reader, text):
    """Return two scores of each character: its surprise, and what the best repair there saves."""
    nats, repairs = read_and_repair(reader, text)
    saved = np.full(len(text), -np.inf)
    for repair in repairs:
        saved[repair.start] = repair.saved
    return {"surprise": nats, "repair": saved}


# %%
f1s = {}
print("reader   rule      precision  recall   F1 of each seed")
for name, reader in readers.items():
    first, others = scores(reader, chosen.text), [scores(reader, text.text) for text in judged]
    for rule in first:
        least = best_threshold(chosen.errors, first[rule])
        results = [judge(m.errors, s[rule], least) for m, s in zip(judged, others, strict=True)]
        f1s[name, rule] = [result.f1 for result in results]
        means = np.mean([(result.precision, result.recall) for result in results], 0)
        print(f"{name:8} {rule:9} {means[0]:9.2f} {means[1]:7.2f}  ", end=" ")
        print(*(f"{f1:.2f}" for f1 in f1s[name, rule]))

# %% [markdown]
# The repair is better than surprise alone, for each reader and in every seed. But this network is
# hardly better than counting, and by surprise alone it is worse. It is small, and the tales are
# short. Is that different for the shipped model, which has read a million characters?
# `python notebooks/lessons/data/typos.py` repeats the search with it and with a 5-gram that has
# read the same, on texts that neither has read. Its file, `data/typos.csv`, has a row for each
# seed.

# %%
import csv

with open("data/typos.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
print("reader   rule      precision  recall   F1 of each seed")
larger = {}
for name in readers:
    for rule in ("surprise", "repair"):
        columns = f"{rule}_precision", f"{rule}_recall"
        p, r = np.array([[float(x[c]) for c in columns] for x in rows if x["reader"] == name]).T
        larger[name, rule] = 2 * p * r / (p + r)
        print(f"{name:8} {rule:9} {p.mean():9.2f} {r.mean():7.2f}  ", end=" ")
        print(*(f"{f1:.2f}" for f1 in larger[name, rule]))

# %% [markdown]
# Here the network with repairs is the best of all, on average and in most seeds. By surprise alone
# the two readers are about equal.
#
# ### Foreign lines and wrong names
#
# A foreign sentence and a wrong name need no repair: they stand out by their sum. We put six
# sentences in six languages into a tale, and eight names in the place of others, and count.

# %% jupyter={"source_hidden": true}
# Folded: strange sentences and names, and how they get into a text
import re

SENTENCES = (
    "Der Wind ging durch die leeren Gassen, und niemand wusste, woher er kam.",
    "Le roi dormait encore quand les soldats ont ouvert la grande porte.",
    "Nemo scit unde venerit ille qui noctu ad portas urbis stabat.",
    "La luna saliva piano sopra i tetti della vecchia casa del pescatore.",
    "Nadie sabe por que el viejo vuelve cada noche al mismo puente.",
    "Het water steeg langzaam en de boer keek zwijgend naar zijn velden.",
)
NAMES = ("Bogdan", "Kunigunde", "Tuulikki", "Zbigniew", "Aoife", "Nwankwo", "Brunhild", "Yevgeny")
SENTENCE = r"(?<=[.] )[A-Z][^.!?\n\"]{30,90}[.]"
NAME = r"(?<=[a-z,] )[A-Z][a-z]{3,}"  # a capital within a sentence


def plant(text, pieces, pattern, rng):
    """Put each piece in the place of something that fits a pattern; return where they stand."""
    places = list(re.finditer(pattern, text))
    pieces = pieces[: len(places)]
    taken = sorted(rng.choice(len(places), len(pieces), replace=False))
    parts, ends, done = [], [], 0
    for k, piece in zip(taken, rng.permutation(pieces), strict=True):
        parts += text[done : places[k].start()], str(piece)
        ends.append((sum(map(len, parts)) - len(piece), sum(map(len, parts))))
        done = places[k].end()
    return "".join([*parts, text[done:]]), ends


# %%
def met(kind, pieces, pattern, seed):
    """Return the shares of pieces and of alarms that meet each other, and the number of alarms."""
    text, places = plant(unseen[-SIZE:], pieces, pattern, np.random.default_rng(seed))
    alarms = [span for span in stands_out(readers["network"], text) if span.kind == kind]
    meets = np.array([[s.start < end and s.end > start for s in alarms] for start, end in places])
    return meets.any(1).sum(), len(places), (~meets.any(0)).sum()


strange = {}
for what, *asked in (("passage", SENTENCES, SENTENCE), ("word", NAMES, NAME)):
    strange[what] = [met(what, *asked, seed) for seed in SEEDS]
    for there, of, others in strange[what]:
        print(f"{what:8} {there} of {of} stand out, and {others} others")

# %% [markdown]
# Sentences of another language are found, and hardly anything else is. With names it is different.
# Some are missed, and of the alarms more than half are words that nobody has put in: a model cannot
# know whether a word that it did not expect is wrong. It says "unexpected", and you must look.
#
# So surprise says *where* the model was wrong. It does not say which letters misled it. For that we
# need the second question.

# %% [markdown]
# ## Three ways to ask
#
# A model has read a text and says the next letter. Which of the letters before made it say that?
# There is more than one method. All three here explain a *score*: the logit of the letter that came, minus the mean of all logits. (A
# logit alone means nothing: we can add the same number to all of them, and the chances stay.)
#
# - **Occlusion** replaces a letter, lets the model read again, and sees how far the score falls. We
#   replace the letter's embedding by the mean of all embeddings in the text: a smear of letters.
# - **Gradient times input** asks how the score would change with a small step of the letter's
#   embedding $x_t$, and multiplies: $x_t \cdot d\,\mathrm{score} / dx_t$.
# - **Relevance propagation** (Arras, Montavon, Müller and Samek 2017) sends the score back through
#   the network. A sum $a_j = \sum_i w_{ji} x_i + b_j$ shares what it gets, $R_j$, among its terms:
#
# $$R_i = \sum_j \frac{w_{ji} x_i}{a_j + \varepsilon \, \mathrm{sign}\, a_j} R_j$$
#
# In a product such as $f \cdot c$ or $i \cdot g$ the gate gets nothing, and the signal gets all. A
# tanh hands on what it gets. The small number $\varepsilon = 0.001$ keeps a sum near 0 from
# dividing.
#
# Occlusion needs no theory, but it reads the text once for each letter. The other two need one
# reading and one way back.
#
# ## A text whose answer is known
#
# We take the task of lesson 6. The first letter of a line is one of 8 *symbols*, then come 12
# *distractors*, and behind the "?" the first letter must be repeated. Only that letter can help.

# %%
from charlstm.insight.attribution import METHODS, occlusion
from charlstm.text import synthetic

SYMBOLS, DISTRACTORS, LAG = "abcdefgh", "ijklmnop", 12
letters = Vocabulary(SYMBOLS + DISTRACTORS + "?")


def recall(seed, lines):
    return synthetic.recall(lines, LAG, SYMBOLS, DISTRACTORS, seed).text.splitlines()


print(*recall(0, 3), sep="\n")

# %% [markdown]
# We train an LSTM with a forget bias of 3 on it, for five seeds. Beside each we keep the network as
# it was before the training: what it blames can be no memory.


# %%
def train(letters, task, hidden, updates, seed):
    options = ModelOptions(hidden_size=hidden, embedding_size=None)
    model = initialize(CharModel(options, len(letters)), forget_bias=3.0, seed=seed)
    before, rng = Checkpoint(options, letters, model.to_arrays()), np.random.default_rng(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(updates):
        improve(model, optimizer, *batch(letters, task(rng, 32)))
    return Checkpoint(options, letters, model.to_arrays()), before


# %% jupyter={"source_hidden": true}
# Folded: lines as ids, one update by the loss of the answers, and the share that is right
def batch(letters, lines):
    """Return ids (B, T), and the answers' places, (B,): the last letters of the lines."""
    width = max(map(len, lines))
    ids = [letters.encode(line.ljust(width, line[-1])) for line in lines]
    return torch.from_numpy(np.stack(ids)).long(), torch.tensor([len(line) - 1 for line in lines])


def answered(model, ids, places):
    rows = range(len(ids))
    return model(ids)[0][rows, places - 1], ids[rows, places]


def improve(model, optimizer, ids, places):
    loss = F.cross_entropy(*answered(model, ids, places))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


@torch.no_grad()
def right(checkpoint, task):
    model = CharModel.from_checkpoint(checkpoint)
    logits, answers = answered(model, *batch(checkpoint.vocabulary, task(1, 500)))
    return (logits.argmax(1) == answers).double().mean().item()


# %%
pairs = [train(letters, recall, 32, UPDATES, seed) for seed in SEEDS]
print("right, trained:  ", *(f"{right(trained, recall):.2f}" for trained, _ in pairs))
print("right, untrained:", *(f"{right(before, recall):.2f}" for _, before in pairs))

# %% [markdown]
# Each network knows the answer. Nothing but the first letter can have told it. Here is what the
# three methods say about one line and one network:

# %%
(line,) = recall(2, 1)
answer = len(line) - 1
trained, _ = pairs[0]
found = {name: method(trained, line, [answer]) for name, method in METHODS.items()}
text_plots.along(
    line[:-1], {name: b.relevance[0, :-1] for name, b in found.items()}, "relevance", line
)

# %% jupyter={"source_hidden": true}
# Folded: the logits after each of some embeddings, (B, T, E) -> (B, T, V)
from charlstm.model import cells


@torch.no_grad()
def read(model, xs):
    state = model.zero_state(len(xs))
    features, _ = cells.run_layers(list(model.layers), xs, state, model.options.readout)
    return model.head(features)


# %% [markdown]
# Occlusion points at the first letter. Let us see that it is as simple as we said. We take one
# letter after the other away, read again, and compare with the package:


# %%
@torch.no_grad()
def fall_without(checkpoint, line, places):
    """Return how far the score of the last letter falls without the letters at some places."""
    model, (ids, _) = CharModel.from_checkpoint(checkpoint), batch(checkpoint.vocabulary, [line])
    xs = model.embed(ids).repeat(2, 1, 1)
    xs[1, places] = xs[0].mean(0)  # the smear
    logits = read(model, xs[:, :-1])[:, -1]
    scores = logits[:, ids[0, -1]] - logits.mean(1)
    return (scores[0] - scores[1]).item()


by_hand = [fall_without(trained, line, [t]) for t in range(answer)]
print(f"largest difference {np.abs(by_hand - found['occlusion'].relevance[0, :-1]).max():.1e}")

# %% [markdown]
# One line of one network proves nothing. We measure the share of the relevance, by size, that lies
# on the first letter: means over lines, a number for each seed. *By chance* it would be one in the
# number of letters read.


# %%
def decides(line):  # the first letter
    return np.arange(len(line)) == 0


def shares(checkpoint, method, lines, decides, instead=None):
    found = [method(checkpoint, line, [len(line) - 1], instead) for line in lines]
    return np.mean([b.share(decides(b.text)) for b in found])


# %%
def trial(pairs, *asked):
    table = {}
    for name, method in METHODS.items():
        table[name] = np.array([[shares(model, method, *asked) for model in p] for p in pairs])
        for kind, column in zip(("trained", "untrained"), table[name].T, strict=True):
            print(f"{name:22} {kind:9}", *(f"{share:.2f}" for share in column))
    return table


# %%
on_recall = trial(pairs, recall(3, LINES), decides)
print(f"by chance {1 / answer:.2f}")

# %% [markdown]
# So two of the three point at the first letter. Occlusion gives it most of the blame, in every seed,
# and relevance propagation comes second. Gradient times input does not find it: it gives the letter
# that decides hardly more than chance, and on average about as much as in a network that knows nothing.
# A picture drawn by it would have nothing to do with what the network has learnt.
#
# (The untrained networks give the first letter a little more than chance, by any method. The forget
# bias keeps what is written first.)
#
# ## Why the gradient misses it
#
# A gradient tells what a *small* step would change. Occlusion takes the whole letter away. We walk
# from one to the other: we fade the first letter, from nothing (0) to all of it (1), and read each
# time. **Guess:** what does the curve look like?


# %%
FADED, some = torch.linspace(0, 1, 21), recall(4, 8)


@torch.no_grad()
def fade(checkpoint, line):
    model, (ids, _) = CharModel.from_checkpoint(checkpoint), batch(letters, [line])
    xs = model.embed(ids[:, :-1]).repeat(len(FADED), 1, 1)
    xs[:, 0] *= FADED[:, None]
    logits = read(model, xs)[:, -1]
    return (logits[:, ids[0, -1]] - logits.mean(1)).numpy()


# %%
faded = {
    f"seed {seed}": np.mean([fade(trained, line) for line in some], 0)
    for seed, (trained, _) in zip(SEEDS, pairs, strict=True)
}
plots.curves(
    {name: (FADED, scores) for name, scores in faded.items()},
    "how much of the first letter is there", "score of the answer", "means of eight lines",
)  # fmt: skip

# %% [markdown]
# The score climbs, and then it stays: a part of the letter is as good as all of it. At 1 the curve
# is nearly flat, and its slope there is all that the gradient sees. The network is *saturated*
# (lesson 3): it is so sure that a small change changes nothing. How much of the climb does gradient
# times input tell?

# %%
gradient = METHODS["gradient times input"]
for name, (trained, _) in zip(faded, pairs, strict=True):
    slope = np.mean([gradient(trained, line, [answer]).relevance[0, 0] for line in some])
    climb = faded[name][-1] - faded[name][0]
    print(f"{name}: the climb is {climb:5.2f}, gradient times input {slope:5.2f}")

# %% [markdown]
# Relevance propagation does not use this slope. It hands what it gets through a tanh as a whole,
# and the saturated gates count as constants.

# %% [markdown]
# ## A subject and its verb
#
# So is relevance propagation the cheap and good one? We try a second text whose answer is known. A
# noun, singular or plural, some words that may mislead, and then the verb: *is* or *are*. Only the
# end of the noun tells which: its s, or the space where no s stands. And the question is sharper
# now: why *are* and not *is*? So the score is the logit of the one minus the logit of the other.


# %% jupyter={"source_hidden": true}
# Folded: sentences of `synthetic.agreement`, up to what must agree with the noun
def agreement(seed, count, marks=1):
    """Return sentences up to the verb; with marks=2 also up to the pronoun that agrees with it."""
    known = synthetic.agreement(count, 3, seed)
    ends, starts = np.flatnonzero(known.marked).reshape(-1, 2), [0]
    starts += [place + 1 for place, letter in enumerate(known.text) if letter == "\n"]
    return [
        known.text[start : end + 1]
        for start, two in zip(starts, ends, strict=False)
        for end in two[:marks]
    ]


# %%
import functools

print(*agreement(0, 4), sep="\n")
words = Vocabulary.of("".join(agreement(0, 300, marks=2)))
both = functools.partial(agreement, marks=2)  # two answers teach more than one
speakers = [train(words, both, 48, 2 * UPDATES, seed) for seed in SEEDS]
print("right, trained:  ", *(f"{right(trained, agreement):.2f}" for trained, _ in speakers))
print("right, untrained:", *(f"{right(before, agreement):.2f}" for _, before in speakers))

# %% [markdown]
# We ask about plurals. **Guess:** which two of the methods agree this time?


# %%
def ends_noun(line):  # the s of the first noun, and the space behind it
    end = line.index(" ", len("the "))
    return np.isin(np.arange(len(line)), (end - 1, end))


plurals = [line for line in agreement(3, 4 * LINES) if line[-1] == "a"][:LINES]
on_agreement = trial(speakers, plurals, ends_noun, "i")
print("by chance", f"{np.mean([2 / (len(line) - 1) for line in plurals]):.2f}")

# %%
plural = plurals[0]
trained, _ = speakers[0]
found = {name: m(trained, plural, [len(plural) - 1], "i") for name, m in METHODS.items()}
text_plots.along(
    plural[:-1], {name: b.relevance[0, :-1] for name, b in found.items()}, "relevance", plural
)

# %% [markdown]
# Now it is the other way round. Gradient times input gives the end of the noun much of the blame,
# as occlusion does. Relevance propagation gives it less than the other two, in most seeds. Where
# does its blame go? We add up the relevance of four parts of each line, in the units of the score.

# %%
went = {name: [] for name in ("occlusion", "relevance propagation")}
print(f"{'':29} {'the':>7} {'noun':>7} {'its end':>7} {'rest':>7}")
for name, means in went.items():
    for seed, (trained, _) in zip(SEEDS, speakers, strict=True):
        sums = []
        for text in plurals:
            end = text.index(" ", len("the "))
            relevance = METHODS[name](trained, text, [len(text) - 1], "i").relevance[0]
            sums.append(np.add.reduceat(relevance, [0, len("the "), end - 1, end + 1]))
        means.append(np.mean(sums, 0))
        print(f"{name:22} seed {seed}", *(f"{part:7.2f}" for part in means[-1]))

# %% [markdown]
# Every line begins with "the", singular or plural. "the" can tell nothing, and yet relevance
# propagation gives it several units of the score, now and then with the wrong sign. This is its first
# blind spot: it shares out the *whole* score among all that went into it. Occlusion compares with a text where one letter is
# missing. What would have come anyway gets little or nothing.
#
# There is a second one. A letter can act in two ways: by what it offers to write into c, through g,
# or by the gates, which decide what happens to what is there. Relevance propagation gives gates
# nothing. So how does the s act? What a letter adds to the sums is $u_t$, with a block of rows for
# each gate and for g. We let the network read a space in place of the s, first in all blocks, then
# for the gates alone, then for g alone. In the task before we do the same with the first letter and
# another symbol.


# %%
@torch.no_grad()
def score_with(checkpoint, line, other_line, blocks, instead):
    """Return the score of the last letter if some blocks read another line."""
    model = CharModel.from_checkpoint(checkpoint)
    layer, H = model.layers[0], model.options.hidden_size
    texts, _ = batch(checkpoint.vocabulary, [line, other_line])
    us, us_changed = cells.project(layer, model.embed(texts)[:, :-1])
    for block in blocks:
        us[:, layer.cell.rows(block, H)] = us_changed[:, layer.cell.rows(block, H)]
    h, _ = cells.unroll(cells.lstm, layer, us, tuple(torch.zeros(2, H)))
    said, other = checkpoint.vocabulary.encode(line[-1] + instead)
    return (model.head(h[-1])[said] - model.head(h[-1])[other]).item()


# %%
def through(pairs, cases):
    """Return the falls through all blocks, the gates, and g: means over cases, by seed."""
    table = []
    for trained, _ in pairs:
        falls = [
            [score_with(trained, *case[:2], "", case[2]) - score_with(trained, *case[:2], b, case[2])
             for b in ("ifgo", "ifo", "g")]
            for case in cases
        ]  # fmt: skip
        table.append(np.mean(falls, 0))
        print("  all {:6.2f}, gates alone {:6.2f}, g alone {:6.2f}".format(*table[-1]))
    return np.array(table)


# %%
some_plurals = [(text, text.replace("s ", "  ", 1), "i") for text in plurals[:8]]
print("the s of", repr(plurals[0]), "and others becomes a space:")
s_acts = through(speakers, some_plurals)
swaps = {a: SYMBOLS[k - 1] for k, a in enumerate(SYMBOLS)}  # each symbol becomes another one
some_swaps = [(text, swaps[text[0]] + text[1:], swaps[text[0]]) for text in some]
print("the first letter of", repr(some[0]), "and others becomes another symbol:")
symbol_acts = through(pairs, some_swaps)

# %% [markdown]
# The first letter of the other task acts through g alone, and relevance propagation can follow it.
# The s also acts by the gates: they alone bring about much of the fall, in most networks more than
# g alone. (The two need not add up to the whole, since either may be enough.) What comes through
# gates is what relevance propagation cannot see.
#
# Each cheap method has blind spots of its own, and a picture does not show them. Occlusion has
# found the letter both times.
#
# ## Where the referee errs
#
# So we let occlusion judge where we know no answer. But it has a blind spot, too. We write the first
# letter of a line twice, and train five more networks. **Guess:** how much of the blame does
# occlusion give to the two?


# %%
def twice(seed, lines):
    return [line[0] + line for line in recall(seed, lines)]


print(*twice(0, 2))
doubles = [train(letters, twice, 32, UPDATES, seed) for seed in SEEDS]
on_twice = trial(doubles, twice(3, LINES), lambda line: np.arange(len(line)) < 2)

# %%
print("the score falls without  the first  the second  both")
falls_twice = []
for seed, (trained, _) in zip(SEEDS, doubles, strict=True):
    falls = [
        [fall_without(trained, text, away) for away in ([0], [1], [0, 1])] for text in twice(4, 8)
    ]
    falls_twice.append(np.mean(falls, 0))
    print("seed {}                  {:9.2f}  {:10.2f}  {:4.2f}".format(seed, *falls_twice[-1]))

# %% [markdown]
# Occlusion gives the two much less of the blame than it gave the single letter before. (By chance it
# would be two letters of fifteen.) Take one of the two away, and the other still tells: the score
# hardly falls. Take both, and it does. Occlusion asks about one letter at a time, and each of the two is *dispensable*. Relevance
# propagation shares the score between them, and here it is the best of the three.
#
# We keep occlusion as our referee, with this in mind. It is the only one of the three whose answer
# is something that happens: this letter was missing, and the score fell by so much. Where letters
# may stand in for each other, take several away at once.

# %% [markdown]
# ## Shakespeare
#
# Now the shipped model, and lines that it has read in its training. Each letter explains only by
# what came before it.

# %%
shipped = Checkpoint.load(find_model("tinyshakespeare"))
PASSAGE = """ROMEO:
But, soft! what light through yonder window breaks?
It is the east, and Juliet is the sun.

JULIET:
O Romeo"""
last = len(PASSAGE) - 1

# %% tags=["cover"] alt="a scene in coloured letters: which of them made the model write the last one"
blame = occlusion(shipped, PASSAGE, [last])
text_plots.blame(PASSAGE, blame.relevance[0], last, "occlusion")

# %%
blame = METHODS["relevance propagation"](shipped, PASSAGE, [last])
text_plots.blame(PASSAGE, blame.relevance[0], last, "relevance propagation")

# %%
blame = gradient(shipped, PASSAGE, [last])
text_plots.blame(PASSAGE, blame.relevance[0], last, "gradient times input")

# %% [markdown]
# Three pictures of one letter, and they do not even name the same letter first. We know no right
# answer here. But we can ask how well the other two agree with occlusion: the correlation of what
# they say about the same target, the median over the targets of a passage. Occlusion itself depends
# on what replaces a letter. So we ask a second referee, who draws two letters of the passage in
# place of each letter, and reads with them. We do so for five passages, and for every second letter
# from the 21st on.

# %%
PASSAGES = (
    "ROMEO:\nBut, soft! what light through yonder window breaks?\nIt is the east, and Juliet",
    "GLOUCESTER:\nNow is the winter of our discontent\nMade glorious summer by this sun of York;",
    "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.",
    "JOHN OF GAUNT:\nThis royal throne of kings, this scepter'd isle,\nThis earth of majesty,",
    "KING RICHARD III:\nA horse! a horse! my kingdom for a horse!\n\nCATESBY:\nWithdraw, my lord",
)[: len(SEEDS)]


def alike(first, second):
    both = zip(first.targets, first.relevance, second.relevance, strict=True)
    return np.median([np.corrcoef(x[:t], y[:t])[0, 1] for t, x, y in both])


# %%
blames, agree = [], []
for text in PASSAGES:
    targets = range(20, len(text), 12 if FAST else 2)
    blames.append({name: method(shipped, text, targets) for name, method in METHODS.items()})
    drawn = occlusion(shipped, text, targets, draws=2)
    agree.append([alike(blame, drawn) for blame in blames[-1].values()])
print("correlation with occlusion by drawn letters, for each passage")
for name, of in zip(METHODS, np.transpose(agree), strict=True):
    print(f"{name:22}", *(f"{r:.2f}" for r in of))

# %% [markdown]
# Two ways to occlude do not agree fully, either: the word "occlusion" hides a choice. But the other
# two methods agree less, in every passage.
#
# ## The trial
#
# A method that names the letters which matter should be able to do damage. For each target, each
# method names the three letters with the largest relevance. We take all three away at once, and see
# how far the score falls. Beside them stand the three nearest letters, and three by chance.
#
# **Guess:** how much better are the methods than the nearest letters?


# %% jupyter={"source_hidden": true}
# Folded: read again without some letters for each target
@torch.no_grad()
def falls(text, blame, named):
    """Return the mean fall of the scores without the letters named for each target, (N, T)."""
    ids = torch.from_numpy(shipped.vocabulary.encode(text)).long()
    xs = model.embed(ids).repeat(len(named), 1, 1)
    xs[named] = xs[0].mean(0)
    rows, t = np.arange(len(named)), blame.targets
    state = model.zero_state(len(rows))
    read, _ = cells.run_layers(list(model.layers), xs[:, :-1], state, model.options.readout)
    logits = model.head(read[rows, t - 1])
    left = logits[rows, ids[t]] - logits.mean(1)
    return (torch.from_numpy(blame.score) - left).mean().item()


# %%
def three(relevance, targets, near):
    """Return the three letters with the largest relevance, more than `near` before each target."""
    free = np.arange(relevance.shape[1]) < targets[:, None] - near
    order = np.argsort(np.where(free, -relevance, np.inf), 1, kind="stable")[:, :3]
    named = np.zeros_like(free)
    np.put_along_axis(named, order, True, 1)
    return named


# %%
model, rng = CharModel.from_checkpoint(shipped), np.random.default_rng(0)


def damage(near):
    table = {}
    for text, by_method in zip(PASSAGES, blames, strict=True):
        referee = by_method["occlusion"]
        named = {name: blame.relevance for name, blame in by_method.items()}
        named["the nearest"] = np.broadcast_to(np.arange(len(text)), referee.relevance.shape)
        named["by chance"] = rng.random(referee.relevance.shape)
        for name, relevance in named.items():
            letters = three(relevance, referee.targets, near)
            table.setdefault(name, []).append(falls(text, referee, letters))
    return table


# %%
all_letters = damage(near=0)
for name, of in all_letters.items():
    print(f"{name:22}", *(f"{fall:5.2f}" for fall in of), "   mean", f"{np.mean(of):.2f}")

# %% [markdown]
# The three nearest letters do as much damage as the methods, or nearly. Most of what a character model needs
# to know stands right before the letter. This trial cannot tell the methods apart! So we make it
# harder: no method may name the five letters next to the target.

# %%
far_letters = damage(near=5)
for name, of in far_letters.items():
    print(f"{name:22}", *(f"{fall:5.2f}" for fall in of), "   mean", f"{np.mean(of):.2f}")

# %% [markdown]
# Now they part. Occlusion names the letters that do the most damage. Relevance propagation and
# gradient times input come behind. All three are far better than chance; gradient times input is
# not always better than to name the nearest letters that are left. The trial is a little unfair: it takes letters away by the smear, as
# occlusion did. But it takes three at once, and occlusion has asked for each alone.
#
# How far back does the blame go? The share of the relevance that lies within k letters of the
# target (k is the lag), a mean over the targets that have enough letters before them:

# %%
LAGS = np.arange(1, 41)


def within(blame):
    rows = zip(blame.targets, np.abs(blame.relevance), strict=True)
    return np.mean([np.cumsum(row[t - LAGS]) / row.sum() for t, row in rows if t >= LAGS[-1]], 0)


plots.curves(
    {name: (LAGS, np.mean([within(of[name]) for of in blames], 0)) for name in METHODS},
    "lag k, characters", "share of the relevance within k",
)  # fmt: skip

# %% [markdown]
# All three find most of the blame within a word or two. Relevance propagation finds more of it far
# back. Is that memory, or is it crumbs on letters that do not matter? A curve like this cannot tell:
# it says how far back the blame is, and not whether it lies on the right letters. That takes a
# trial, or a text whose answer is known.

# %% [markdown]
# ## Exercises
#
# **1.** Share the relevance R of one sum among its terms, by the rule at the top, with the
# stabiliser $\varepsilon$. You get the products $w_i x_i$ and the bias.

# %%
from charlstm.notebook.exercises import check


def share_out(terms, bias, R, epsilon):
    raise NotImplementedError


two = np.array([3.0, -1.0])
check(
    share_out,
    [((two, 0.0, 1.0, 0.0), [1.5, -0.5]), ((two, 2.0, 4.0, 0.0), [3.0, -1.0]),
     ((two, -3.0, 1.0, 1.0), [-1.5, 0.5])],
)  # fmt: skip

# %% [markdown]
# **2.** The slope at the end of the climb tells too little. *Integrated gradients* (Sundararajan,
# Taly and Yan 2017) take the mean of the slopes all the way up, times the input. Compute it for a
# function of one number, from the slopes at the middle of `steps` equal steps from 0 to x.


# %%
def integrated(slope, x, steps):
    raise NotImplementedError


check(
    integrated,
    [((lambda x: 2 * x, 3.0, 10), 9.0), ((lambda x: 1 - np.tanh(x) ** 2, 9.0, 2000), np.tanh(9.0))],
)

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def share_out(terms, bias, R, epsilon):
#     total = terms.sum() + bias
#     return terms / (total + epsilon * (1 if total >= 0 else -1)) * R
#
# def integrated(slope, x, steps):
#     middles = (np.arange(steps) + 0.5) / steps * x
#     return x * np.mean([slope(middle) for middle in middles])
# ```
#
# The first shows what a bias does: without the stabiliser the terms get 1 together if it is 0, and
# more or less than the whole otherwise. The second gives back the whole climb, saturated or not.
# </details>
#
# ## Summary
#
# - Surprise finds what a model did not expect. Whether that is an error, the letters after it tell:
#   repair the place, and read on.
# - Blame needs a question: a score, and what it is compared with.
# - Gradient times input sees a small step. A network that is sure of its answer is flat, and the
#   letter that matters can get nothing.
# - Relevance propagation shares out the whole score, also among letters that every text has; and it
#   is blind to what a letter does by gates.
# - Occlusion asks what you want to know, so it is the referee. But you choose what stands in the
#   letter's place, and where two letters say the same, it blames each too little.
# - Before you believe a picture, try the method where you know the answer, and on a network that
#   has learnt nothing.
#
# **Where to read on.** L. Arras and others, *Explaining recurrent neural network predictions in
# sentiment analysis* (2017), have the rule for gates. J. Adebayo and others, *Sanity checks for
# saliency maps* (2018), show pictures that look the same for untrained networks. Next:
# [10. Reading in both directions](10-reading-in-both-directions.ipynb)
