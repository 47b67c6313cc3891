# %% [markdown]
# # 11. One text into another
#
# *What it shows: an encoder and a decoder that reverse words and read dates; what fits through one
# state, and what attention adds; attention as a picture, and why it is no explanation; names that
# go through one vector and back.*
#
# Afterwards you can
#
# - say what a decoder without attention knows, and find where that is too little;
# - read a picture of attention, and test what it seems to say;
# - send a text through one vector, and find out whether the decoder uses it.
#
# *Know before: lessons 1, 5 and 9. Takes 26 minutes to read, without solving the exercises, and 2
# minutes to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# So far a network went on with a text. Here it reads one text, the *source*, and writes another,
# the *target*: "the 1st of June 2062" becomes "2062-06-01". This is how machine translation began
# to work with neural networks, in 2014.
#
# **Before you run anything, guess:** a network with 64 units learns to write words backwards. It
# reads the whole word before it writes. Up to how many letters will it be right?

# %%
# %matplotlib inline
import os

import numpy as np
import torch

from charlstm import ModelOptions, Vocabulary, read_corpus
from charlstm.notebook import pair_plots, plots
from charlstm.variants.encoder_decoder import EncoderDecoder, batch, fit_pairs
from charlstm.variants.fitting import FitOptions

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # less training, for a quick test of this notebook
UPDATES, TESTED, SEEDS = (12, 40, range(1)) if FAST else (400, 400, range(5))

# %% [markdown]
# ## Two networks, one after the other
#
# ![The encoder reads the letters t, i, p in both directions, and makes an annotation of each. Its
# last state goes to the decoder, which writes p, i, t. At each step the annotations are mixed in,
# with weights.](drawings/encoder-decoder.svg)
#
# The *encoder* reads the source, here in both directions at the same time: one stack reads from the
# left, another from the right, and what they say is added. The *decoder* begins with the encoder's
# last state. It is a character model, as in all lessons before. It reads the letter that it has
# just written, and says the chances of the next one. Its first input is a sign for the end, and
# when it writes that sign, the target is complete. In training it reads the letters of the right
# target instead of its own. That is called *teacher forcing*.
#
# All that this decoder knows of the source is one state: H numbers in h and H in c. *Attention*
# (Bahdanau, Cho and Bengio 2015) opens a second way. The encoder keeps its outputs $m_s$, the
# *annotations*: one for each letter s of the source. At each step t the decoder asks how well its
# output $h_t$ fits each of them. The softmax of these scores are weights that sum to 1, and they
# mix the annotations. With the simplest score, the dot product of Luong, Pham and Manning (2015):
#
# $$\alpha_{ts} = \frac{e^{h_t \cdot m_s}}{\sum_r e^{h_t \cdot m_r}} \qquad
# q_t = \sum_s \alpha_{ts} m_s$$
#
# The decoder's softmax then reads both, $\tanh(W_{mix} [q_t; h_t])$, where $[q_t; h_t]$ is one
# vector with the numbers of $q_t$ first and those of $h_t$ after them.
#
# ## Backwards
#
# Our first task is the simplest one that needs every letter:

# %%
from charlstm.text import pairs as tasks

for source, target in tasks.reversing(3):
    print(f"{source:>12} -> {target}")


# %%
def train(task, attention, seed, updates):
    """Return a trained network, and pairs that it has not seen."""
    pairs = task(10_000, seed=2 * seed)
    unseen = tasks.unseen(task(TESTED, seed=2 * seed + 1), pairs)
    letters = [Vocabulary.of("".join(pair[k] for pair in pairs)) for k in (0, 1)]
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0.0)
    model = EncoderDecoder(*letters, options, attention, seed=seed)
    fit = FitOptions(steps=updates, learning_rate=0.01, beta1=0.9, seed=seed)
    for _ in fit_pairs(model, pairs, fit):
        pass
    return model, unseen


# %% [markdown]
# We train five networks without attention and five with it. They see 10,000 words of 2 to 12 random
# letters. We test on others, and a word counts as right only if all of its letters are right.

# %%
WAYS = {"without attention": None, "with attention": "dot"}
reversers = {
    way: [train(tasks.reversing, attention, seed, UPDATES) for seed in SEEDS]
    for way, attention in WAYS.items()
}


# %%
from charlstm.variants.decoding import right


def by_length(model, pairs):
    hits = {}
    for (source, _), hit in zip(pairs, right(model, pairs), strict=True):
        hits.setdefault(len(source), []).append(hit)
    return {size: np.mean(hits[size]) for size in sorted(hits)}


shares = {way: [by_length(*made) for made in several] for way, several in reversers.items()}
for way, several in shares.items():
    print(f"{way}:", *(f"{np.mean(list(share.values())):.2f}" for share in several))
    print("     the longest words:", *(f"{share[max(share)]:.2f}" for share in several))

# %% tags=["cover"] alt="share of words reversed without a mistake, by length: without attention it falls, with attention it falls far less"
lengths = sorted({size for several in shares.values() for share in several for size in share})
lines = {
    way: {size: [share[size] for share in several if size in share] for size in lengths}
    for way, several in shares.items()
}
plots.by_seed(lines, "letters of the word", "share of unseen words that are right")

# %% [markdown]
# Short words are right either way. Without attention the share falls from about 4 letters on, and
# at 9 hardly any word is right. With attention it falls, too, but by far less: of the longest words,
# with 12 letters, 0.78 to 0.91 are right. Each dot is a seed. This is the *bottleneck*: every letter
# must be put into one state, and taken out of it again in order.
#
# Is that a matter of patience? `python notebooks/lessons/data/bottleneck.py` trains for longer, a
# larger network, other tasks, and the other score: Bahdanau's $w \cdot \tanh(W h_t + U m_s)$. It
# also tests words of up to 16 letters, longer than any in the training. Its file is
# `data/bottleneck.csv`.

# %% jupyter={"source_hidden": true}
# Folded: the rows of the file, and the share that is right for some lengths
import csv

with open("data/bottleneck.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))


def counted(row):
    """Return how many were right, and how many there were, for each length."""
    cells = [cell.split(":") for cell in row["by_length"].split()]
    return {int(size): tuple(map(int, part.split("/"))) for size, part in cells}


def some_lengths(task, attention, hidden, steps, spans):
    """Return for each seed the shares that are right in some spans of lengths."""
    of = {"task": task, "attention": attention, "hidden_size": hidden, "steps": steps}
    table = []
    for row in rows:
        if all(row[name] == str(value) for name, value in of.items()):
            counts = counted(row)
            parts = [[counts[n] for n in counts if low <= n <= high] for low, high in spans]
            table.append([np.divide(*np.sum(part, 0)) for part in parts])
    return np.array(table)


# %%
SPANS = ((2, 4), (5, 8), (9, 12), (13, 16))
settings = [("none", 64, 1000), ("none", 64, 4000), ("none", 128, 1000),
            ("dot", 64, 1000), ("bahdanau", 64, 1000)]  # fmt: skip
print("reversing: mean share right  ", *(f"{low:2d} to {high:2d}" for low, high in SPANS))
reached = {}
for attention, hidden, steps in settings:
    reached[attention, hidden, steps] = some_lengths("reversing", attention, hidden, steps, SPANS)
    means = reached[attention, hidden, steps].mean(0)
    told = f"{attention:8} {hidden:3d} units, {steps} updates "
    print(told, *(f"{share:8.2f}" for share in means))

# %% [markdown]
# Four times as many updates, or a state twice as large, move the fall, and do not remove it: from 9
# letters on, about half of the words or more are wrong. It is not the lack of patience. With
# attention, even words that are longer than any in the training often come out right. There the
# share falls, too, with either score: nobody has shown these networks a place so far back.
#
# The other tasks are not all alike. **Guess** for each whether a network without attention can do
# it: sort the letters of a word; write a date as year-month-day; write a number in words as digits;
# turn an invented word into *pig latin*. (That is a game of English children: the consonants before
# the first vowel go to the end, and *ay* follows: *brileaa* becomes *ileaabray*.)

# %%
print("share right, each seed   without attention          with attention")
other_tasks = {}
for task in ("sorting", "dates", "numbers", "pig latin"):
    ways = [some_lengths(task, looks, 64, 500, [(1, 99)])[:, 0] for looks in ("none", "dot")]
    other_tasks[task] = ways
    print(f"{task:22}", *("  " + " ".join(f"{share:.2f}" for share in of) for of in ways))

# %% [markdown]
# Dates, numbers and pig latin are better with attention, in every seed. But look at two things.
#
# *Sorting is better without.* A sorted word needs no order of the source, only how often each
# letter was there. That fits into a state much better. To look at single letters, wherever they
# stand, is of little use then, and in these short trainings it even harms.
#
# *Longer dates are not harder.* "Wednesday, 22 September 2027" has three times as many letters as
# "22.9.2027", and no more to remember. The share that is right without attention, by length:

# %%
date_spans = ((8, 10), (11, 15), (16, 20), (21, 28))
dates_by_length = some_lengths("dates", "none", 64, 500, date_spans)
for (low, high), column in zip(date_spans, dates_by_length.T, strict=True):
    print(f"{low:2d} to {high:2d} letters:", *(f"{share:.2f}" for share in column))
short = [source for source, _ in tasks.dates(10_000) if len(source) <= 10]
digits = np.mean([not any(map(str.isalpha, source)) for source in short])
print(f"of the shortest {digits:.2f} have no letters, only digits and signs")

# %% [markdown]
# The shortest dates are the hardest. Most of them have no name of a month. So "without attention it
# falls with length", as articles often have it, is a rule for sources that get richer as they get
# longer. What counts is how much must be carried over.

# %% [markdown]
# ## What attention looks at
#
# We train networks with attention on dates, for a few seconds each, and look at one. First we
# compute its weights by the formula above, and compare.

# %%
DATE = ("the 1st of June 2062", "2062-06-01")
daters = [train(tasks.dates, "dot", seed, UPDATES) for seed in SEEDS]
print("right:", *(f"{np.mean(right(*made)):.2f}" for made in daters))

# %%
with torch.no_grad():
    dater, _ = daters[0]
    ids = [dater.sources.encode(DATE[0])], [dater.targets.encode(DATE[1])]
    read, before, _ = batch(dater, *ids)  # the end and the target stand in `before`
    m, state = dater.read(read)  # (1, S, H)
    h, _ = dater.decoder(dater.target_embedding(before), state)  # (1, T, H)
    scores = (h[0] @ m[0].T).numpy()  # (T, S)
    weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    assert np.allclose(weights, dater(read, before)[1][0], atol=1e-5)
pair_plots.alignments(*DATE, {"weight of attention": weights})

# %% [markdown]
# Each row is a letter of the target, the last row (⏎) is its end, and ␣ is a space. The dot stands
# at the largest number of a row. For the year the decoder goes through its four digits.
# For the month it looks at the name, and mostly at one letter of it. For the first digit of the
# day, and for the end, it looks at the s of *1st*, and for the second digit at the 1. At the
# hyphens it also has to look somewhere, because the weights always sum to 1.
#
# ## Is it an explanation?
#
# Articles often say that attention shows why a network wrote a letter. Lesson 9 has taught us to
# test such a claim, and its referee was occlusion: change one letter of the source, and see how far
# the chance of the target's letter falls. Here we put three other letters in the place of each, and
# take the mean. The fall is that of $\ln P$, in nats. The decoder reads the right target all the
# time.


# %%
@torch.no_grad()
def look_and_occlude(model, source, target, seed=0):
    """Return the weights of attention, and the falls without a letter, for a target, (T, S)."""
    ids, rng, V = model.sources.encode(source), np.random.default_rng(seed), len(model.sources)
    texts = np.repeat(ids[None], 1 + 3 * len(ids), 0)
    for s in range(len(ids)):  # rows 3 s + 1 to 3 s + 3 have another letter in place s
        others = np.delete(np.arange(V), ids[s])
        texts[3 * s + 1 : 3 * s + 4, s] = rng.choice(others, 3, replace=False)
    read, before, asked = batch(model, texts, [model.targets.encode(target)] * len(texts))
    logits, weights = model(read, before)
    logs = logits.log_softmax(2).gather(2, asked[..., None])[..., 0]
    falls = (logs[0] - logs[1:]).reshape(len(ids), 3, -1).mean(1).T
    return weights[0].numpy(), falls.numpy()


# %%
weights, falls = look_and_occlude(dater, *DATE)
pair_plots.alignments(
    *DATE, {"weight of attention": weights, "fall by occlusion, nats": falls.clip(0)}
)

# %% [markdown]
# For the last two digits of the year and for the 1 of the day, both point at the same letter. But
# attention also looks at the 0 of 2062, with a weight of nearly 1, and to change it costs nothing:
# all our years begin with 19 or 20, so after a 2 comes a 0. And for the month attention looks at
# the n of June, while a change of the n costs little: enough other letters say June, too. A weight
# says where the decoder *looks*. It does not say whether what it sees *matters*.
#
# We count over many dates and words. How often is the letter with the largest weight also the one
# whose change costs most? How do the two order all letters (the rank correlation: 1 if they agree,
# 0 if they have nothing to do with each other)? And what does it cost to change the letter that
# attention names, or the one that occlusion names, or any letter? For that we draw other letters
# than those by which occlusion has chosen.


# %% jupyter={"source_hidden": true}
# Folded: the comparison for each letter of some targets, one row each
def compare(model, pairs):
    """Return largest weight and fall, whether both name the same letter, and four more columns."""
    table = []
    for source, target in pairs:
        weights, falls = look_and_occlude(model, source, target)
        _, again = look_and_occlude(model, source, target, seed=1)
        for t in range(len(target)):  # the end is left out
            orders = [x.argsort().argsort() for x in (weights[t], falls[t])]
            named, costly = weights[t].argmax(), falls[t].argmax()
            table.append([
                weights[t].max(), falls[t].max(), named == costly, np.corrcoef(*orders)[0, 1],
                again[t][named], again[t][costly], again[t].mean(),
            ])  # fmt: skip
    return np.array(table)


# %%
print("                    the same  rank corr.   nats: attention's  occlusion's  any letter")
compared = {}
for what, several in (("dates", daters), ("reversing", reversers["with attention"])):
    compared[what] = [compare(model, pairs[:40]) for model, pairs in several]
    for seed, table in zip(SEEDS, compared[what], strict=True):
        same, order, *costs = table[:, 2:].mean(0)
        print(f"{what:14} {seed} {same:9.2f} {order:10.2f}", *(f"{x:13.2f}" for x in costs))

# %% [markdown]
# As a pointer to *one* letter, attention is good. In reversing it nearly always names the letter
# that occlusion names. In dates it does so for about two letters of three, and on average it costs
# as much to change its letter as to change that of occlusion: many times more than to change any
# letter. But the *order* of all letters is another one, above all in dates.
#
# And what does it do where there is nothing to explain? Some letters of a date are certain whatever
# one letter of the source becomes, the hyphens above all. How large is the largest weight there?

# %%
print("letters of dates   that nothing changes   largest weight there   at the other letters")
idle = []
for seed, table in zip(SEEDS, compared["dates"], strict=True):
    nothing = table[:, 1] < 0.1  # no change of one letter costs a tenth of a nat
    idle.append((nothing.mean(), table[nothing, 0].mean(), table[~nothing, 0].mean()))
    print("seed {} {:28.2f} {:22.2f} {:22.2f}".format(seed, *idle[-1]))

# %% [markdown]
# At three letters of ten no change of one letter of the source matters. Yet attention points at one
# letter there, too, with most of its weight. The weight is smaller than elsewhere, but the
# picture does not tell from which weight on we may believe it. So attention is no explanation by itself. It is a good guess, which
# occlusion tests.

# %% [markdown]
# ## Several texts at the same time
#
# The decoder has taken the likeliest letter each time. That is *greedy*, and a likely letter may
# lead to an unlikely text. A *beam search* keeps several beginnings, and in the end takes the text
# with the lowest mean cost per letter. (By the sum, short texts would win.) Does it help? We ask
# the networks that are often wrong.

# %%
from charlstm.variants.decoding import beam_search

model, pairs = reversers["without attention"][0]
wrong = [pair for pair, hit in zip(pairs, right(model, pairs), strict=True) if not hit]
source, target = min(wrong, key=lambda pair: len(pair[0]))  # the shortest that greedy gets wrong
for found in beam_search(model, source, width=4):
    if found.ended:
        print(f"{source} -> {found.text:13} {found.cost:.3f} nats per letter")

# %% [markdown]
# Where the beam is wrong, there are two possible reasons. The right text may cost less than what the
# beam found: then the *search* has missed it. Or it costs more: then the *network* prefers a wrong
# text, and the best search would find that one. We count.


# %%
@torch.no_grad()
def cost(model, source, target):
    """Return the mean nats per letter of a target, its end too."""
    ids = [model.sources.encode(source)], [model.targets.encode(target)]
    read, before, asked = batch(model, *ids)
    logs = model(read, before)[0].log_softmax(2)
    return -logs.gather(2, asked[..., None]).mean().item()


# %%
print("right: greedy  beam of 5   wrong: the search missed it   the network prefers another")
searched, blamed = [], []
for seed, (model, pairs) in zip(SEEDS, reversers["without attention"], strict=True):
    some = pairs[:60]
    best = [beam_search(model, source, 5)[0] for source, _ in some]
    failed = [(*pair, b) for pair, b in zip(some, best, strict=True) if b.text != pair[1]]
    missed = sum(cost(model, source, target) < b.cost for source, target, b in failed)
    searched.append((np.mean(right(model, some)), 1 - len(failed) / len(some)))
    blamed.append((missed, len(failed) - missed))
    print("seed {} {:6.2f} {:10.2f} {:29} {:29}".format(seed, *searched[-1], *blamed[-1]))

# %% [markdown]
# The beam is sometimes a little better, and sometimes a little worse. These networks do not fail
# because they choose too hastily. Each time the network prefers its wrong text to the right one, so no
# search by this cost can mend it. (That the state has lost the letters is likely. This does not show
# it.)

# %% [markdown]
# ## A name through one vector
#
# So a state can hold a short word, and not a long one. That is a bottleneck which we can use. If
# source and target are the same text, and all that goes from the encoder to the decoder is *one
# vector* of a size that we choose, then the vector must hold the text. Such a network is an
# *autoencoder*. The vector is its *neck*. We let it read first names of people, 29,494 of them,
# from the text that the registry calls `names`.
#
# **Guess:** how many numbers must the vector have, so that most of the names come back?
#
# `python notebooks/lessons/data/neck.py` trains networks with necks of several sizes.
# `data/neck.csv` has the share of 1,000 unseen names that come back without a mistake.

# %%
with open("data/neck.csv", newline="", encoding="utf-8") as file:
    necks = list(csv.DictReader(file))
sizes = sorted({int(row["neck"]) for row in necks})
back = {
    what: {size: [float(row[what]) for row in necks if int(row["neck"]) == size] for size in sizes}
    for what in ("right", "shuffled")
}
plots.by_seed(
    {"its own vector": back["right"], "another name's vector": back["shuffled"]},
    "size of the neck", "share of unseen names that come back",
)  # fmt: skip

# %% [markdown]
# Two numbers hold hardly any name, eight hold most of them, and beyond 16 more numbers bring
# little. (What sets the limit then, we have not measured. It may be the short training.) The other
# line is a check. A decoder is a character model, and might write a likely name without any vector.
# So we give it the vector of *another* name, and count how often the right name comes all the same:
# never. All that it knows came through the neck.
#
# We train one of these networks here:

# %%
from charlstm.variants.decoding import vectors, write_from

names = sorted(set(read_corpus("names").text.split()))
np.random.default_rng(0).shuffle(names)
known, others = names[1000:], names[:1000]
alphabet = Vocabulary.of("".join(names))
options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0.0)
namer = EncoderDecoder(alphabet, alphabet, options, neck=16)
fit = FitOptions(steps=12 if FAST else 1000, learning_rate=0.01, beta1=0.9)
for _ in fit_pairs(namer, [(name, name) for name in known], fit):
    pass

# %%
places = vectors(namer, others)
written = [w.text for w in write_from(namer, places)]
came_back = np.mean([w == name for w, name in zip(written, others, strict=True)])
print(f"{came_back:.2f} of the unseen names come back; some that do not:")
wrong = [(name, w) for name, w in zip(others, written, strict=True) if name != w]
print(", ".join(f"{name} -> {w}" for name, w in wrong[:4]))
shuffled = [w.text for w in write_from(namer, np.roll(places, 1, 0))]
print("with the vector of the name before:")
print(", ".join(f"{name} -> {w}" for name, w in zip(others[1:5], shuffled[1:5], strict=True)))


# %%
def one_slip(name, w):
    """Return whether one letter is another, or two letters have changed places."""
    differ = sum(a != b for a, b in zip(name, w, strict=False))
    return len(name) == len(w) and differ == (2 if sorted(name) == sorted(w) else 1)


slips = sum(one_slip(*pair) for pair in wrong)
print(f"of {len(wrong)} wrong names, {slips} have one slip")

# %% [markdown]
# With the vector of another name it writes what it writes for that other name. About a quarter of
# its own mistakes are small: one letter is another, or two change places.
#
# ### Neighbours, and a walk
#
# Which names have vectors near each other? From here on we look at this one network, and what we
# find holds for it. We ask for the nearest of the names that it has learnt from.

# %%
from difflib import SequenceMatcher
from itertools import pairwise


def alike(one, other):
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


every = vectors(namer, known)
for name in ("maria", "alexander", "kim", "jonathan"):
    near = np.linalg.norm(every - vectors(namer, [name]), axis=1).argsort()[:6]
    print(f"{name:10}", *(known[k] for k in near if known[k] != name))

# %% [markdown]
# Spelt alike, it seems. But do neighbours need any training to be alike? We measure how many
# letters the unseen names share with their nearest neighbour, in the same order; and ask a network
# that has learnt nothing, too.


# %%
def shared(network):
    """Return the share of letters that names have in common with their nearest neighbours."""
    found = vectors(network, others)
    apart = np.linalg.norm(found[:, None] - found, axis=2)
    np.fill_diagonal(apart, np.inf)
    return np.mean([alike(a, others[k]) for a, k in zip(others, apart.argmin(1), strict=True)])


nearest = shared(namer)
untrained = shared(EncoderDecoder(alphabet, alphabet, options, neck=16))
chance = np.mean([alike(a, b) for a, b in pairwise(others)])
print(f"trained {nearest:.2f}, untrained {untrained:.2f}, any two names {chance:.2f}")

# %% [markdown]
# Most of the likeness comes for nothing: this random network, too, which has only read the letters
# in order, brings names near each other that are spelt alike. Training adds a little. So never show
# neighbours without this control.
#
# What lies between two names?


# %%
def walk(start, end, steps=8):
    """Return what stands at equal steps on the straight line between two names."""
    first, last = vectors(namer, [start, end])
    line = first + np.linspace(0, 1, steps)[:, None] * (last - first)
    return [w.text for w in write_from(namer, line)]


WALKS = [("anna", "robert"), ("maria", "jack"), ("elizabeth", "tom"), ("olivia", "henry")]
walks = [walk(*ends) for ends in WALKS]
for steps in walks:
    print(" ".join(steps))
between = {name for steps in walks for name in steps[1:-1]}
print(f"{len(between & set(names))} of {len(between)} on the way are names in the list")

# %% [markdown]
# On the way the letters change step by step. Most of the stops are no names in the list. Between
# two points that it knows, the network makes something up.
#
# ### A map
#
# 16 numbers do not fit on paper. We look along the two directions in which the vectors differ most
# (the principal components). What are they? We ask which letter's count goes with the first one.

# %%
centre = every.mean(0)
_, spread, axes = np.linalg.svd(every - centre, full_matrices=False)
flat = (places - centre) @ axes[:2].T
counts = {x: [name.count(x) for name in others] for x in "aeilnr"}
r = {x: np.corrcoef(flat[:, 0], counts[x])[0, 1] for x in counts}
print("correlation with the first:", *(f"{x} {value:.2f}" for x, value in r.items()))
variance = spread**2 / (spread**2).sum()
print(f"the two hold {variance[:2].sum():.2f} of the variance")

# %%
shown = {name: tuple(flat[k]) for k, name in enumerate(others[:36])}
groups = {name: ("no a", "one a", "two or more")[min(2, name.count("a"))] for name in shown}
pair_plots.words(shown, groups, "first direction", "second direction")

# %% [markdown]
# In this one network the first direction goes with the number of letters a more than with any other
# of these letters: names with many stand on one side. We found that by counting. The picture alone
# would have let us tell any story about it.

# %% [markdown]
# ## Exercises
#
# **1.** Compute the mixture $q_t$ of attention with the dot product, from one output h, (H,), and
# the annotations, (S, H). (Large scores must not overflow.)

# %%
from charlstm.notebook.exercises import check


def mixture(h, annotations):
    raise NotImplementedError


two = np.array([[1.0, 0.0], [0.0, 2.0]])
check(
    mixture,
    [((np.zeros(2), two), [0.5, 1.0]), ((np.array([0.0, 1000.0]), two), [0.0, 2.0]),
     ((np.array([np.log(3), 0.0]), two), [0.75, 0.5]),
     ((np.array([np.log(2), 0.0]), np.array([[1.0, 2.0], [0.0, 8.0], [0.0, 8.0]])), [0.5, 5.0])],
)  # fmt: skip

# %% [markdown]
# **2.** A beam search has found several texts. You get, for each, the list of its $-\ln P$. Return
# the index of the best one (from 0), by the mean. Which one would the sum have chosen?


# %%
def best_text(costs):
    raise NotImplementedError


check(best_text, [(([[1.0], [0.6, 0.6, 0.6]],), 1), (([[0.5, 0.5], [0.2, 0.9]],), 0),
                  (([[3.0, 0.1], [1.7], [1.6, 1.6]],), 0),
                  (([[2.8, 0.1, 0.1], [0.9], [1.1, 1.1, 1.1, 0.9]],), 1)])  # fmt: skip

# %% [markdown]
# **3.** Attention that looks everywhere alike has weights of 1/S. How far is a row of weights from
# that? Compute its entropy, $-\sum_s \alpha_{ts} \ln \alpha_{ts}$, and return e to the power of it:
# the number of letters that the row looks at. (A weight of 0 adds nothing.)


# %%
def letters_looked_at(weights):
    raise NotImplementedError


check(
    letters_looked_at,
    [
        ((np.array([0.25, 0.25, 0.25, 0.25]),), 4.0),
        ((np.array([0.0, 1.0, 0.0]),), 1.0),
        ((np.array([0.5, 0.0, 0.5]),), 2.0),
        ((np.array([0.5, 0.25, 0.25]),), 2**1.5),
    ],
)

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def mixture(h, annotations):
#     scores = annotations @ h
#     weights = np.exp(scores - scores.max())
#     return weights / weights.sum() @ annotations
#
# def best_text(costs):
#     return int(np.argmin([np.mean(cost) for cost in costs]))
#
# def letters_looked_at(weights):
#     some = weights[weights > 0]
#     return np.exp(-(some * np.log(some)).sum())
# ```
#
# In the first case of the second exercise the sum chooses the text of one letter, because each
# letter more adds to the cost. In the third it would also choose another one.
# </details>
#
# ## Summary
#
# - Without attention a decoder knows one state of the source, and long sources come out wrong. The
#   share that is right falls with the length of the source if longer sources hold more, as in
#   reversing, and does not if they hold no more, as with dates.
# - Attention lets the decoder look at every letter. That helps in four of our five tasks, and not
#   where the order of the letters does not matter.
# - A picture of attention says where the decoder looks. The letter with the largest weight is
#   mostly one that matters. But where nothing matters it looks at a letter, too, and the smaller
#   weights order the letters otherwise than occlusion does.
# - A beam search finds likelier texts. It does not help where the network prefers a wrong text.
# - A text can go through one vector and back. Give the decoder a wrong vector to see whether it uses
#   it, and ask an untrained network for neighbours, too.
#
# **Where to read on.** I. Sutskever, O. Vinyals and Q. V. Le, *Sequence to sequence learning with
# neural networks* (2014), have the two networks, and read the source backwards. D. Bahdanau, K. Cho
# and Y. Bengio, *Neural machine translation by jointly learning to align and translate* (2015),
# have attention and its first pictures. S. Jain and B. C. Wallace, *Attention is not explanation*
# (2019), and S. Wiegreffe and Y. Pinter, *Attention is not not explanation* (2019), argue about it.
# Next: [12. Numbers instead of letters](12-numbers-instead-of-letters.ipynb).
