# %% [markdown]
# # 10. Reading in both directions
#
# *What it shows: why a generator cannot use the future; a network that fills a blank from both
# sides; what each side knows; counting and trying as rivals; what it costs beside a transformer.*
#
# Afterwards you can
#
# - build a network that fills blanks, and test that it never reads its answer;
# - say what the letters before a blank know about it, and what the letters after it know;
# - fill several blanks at once, so that they fit each other;
# - count what such a network costs.
#
# *Know before: lessons 1, 5 and 6. Takes 22 minutes to read, without solving the exercises, and 1
# minute to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# All networks so far have read from left to right. They had to: they were trained to write. A
# generator chooses the character at place $t$ before the one at $t + 1$ exists. But much text is
# already there, all of it. Somebody wants a missing letter back, a smudge read, a spelling checked.
# Then we may read from both ends.
#
# ![Two stacks of cells read the letters left and right of a blank, from the ends of the text
# towards it. The last cell of each side sends its state up into one head, above the
# blank.](drawings/two-ways.svg)
#
# The head sees $h_{t-1}$ of the stack that reads forwards, and $h_{t+1}$ of the stack that reads
# backwards. Together they have read every letter but one. Schuster and Paliwal (1997) had the idea.
#
# **Before you run anything, guess:** hide one letter of a tale, and show all others. How often does
# a small network name the letter that was there, if it has read only what stands before it? Only
# what stands after it? Both? And how often does a table of counted letters?

# %%
# %matplotlib inline
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from charlstm import ModelOptions, Vocabulary, read_corpus
from charlstm.variants.bidirectional import Bidirectional, chances, fit_bidirectional, score_blanks

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # less training, for a quick test of this notebook
STEPS, UPDATES, PLACES, SEEDS = (10, 8, 5, range(1)) if FAST else (600, 400, 200, range(5))

# %% [markdown]
# ## Never from itself
#
# One pass predicts all places of a text at once: each of them is a blank, and the others are known.
# The whole trick is a shift. We do it by hand and compare with the package.

# %%
tales = read_corpus("tales")
vocabulary, parts = Vocabulary.of(tales.text), tales.parts()
known, unseen = (vocabulary.encode(tales.text[parts[p]]) for p in ("train", "validation"))

model = Bidirectional(ModelOptions(hidden_size=64, embedding_size=32), vocabulary)
ids = torch.from_numpy(known[None, :12]).long()
x = model.embedding(ids)
ahead, _ = model.forwards(x)  # (1, T, H): at place t it has read 0 to t
back, _ = model.backwards(x.flip(1))  # it starts at the other end
nothing, back = torch.zeros(1, 1, 64), back.flip(1)  # at place t it has read T - 1 down to t
before = torch.cat((nothing, ahead[:, :-1]), 1)
after = torch.cat((back[:, 1:], nothing), 1)
logits = model.head(torch.cat((before, after), 2))
print(f"largest difference {(logits - model(ids)).abs().max().item():.1e}")

# %% [markdown]
# Why not simply `nn.LSTM(bidirectional=True)` of PyTorch? With one layer and the same shift, it is
# the same thing. With two layers it is not. There the second layer of *both* directions reads what
# both directions of the first have said. **Guess:** what is wrong with that? We change the letter
# at a place, and see whether the features for that place change.


# %%
def reads_its_answer(layers):
    torch.manual_seed(0)
    lstm = nn.LSTM(8, 8, layers, bidirectional=True, batch_first=True)
    x = torch.randn(2, 11, 8)
    x[1] = x[0]
    x[1, 5] += 1  # another letter at place 5
    ahead, back = lstm(x)[0].chunk(2, 2)
    features = torch.cat((ahead[:, 4], back[:, 6]), 1)  # what would fill place 5
    return not torch.allclose(features[0], features[1], rtol=0, atol=1e-6)


for layers in (1, 2):
    print(f"{layers} layers: the answer is read: {reads_its_answer(layers)}")

# %% [markdown]
# At place 4, layer 2 going forwards reads layer 1 going *backwards*, which has come from the end
# and has already read place 5. Such a network would learn to copy its answer, with a loss near 0 in
# training and no use for a real blank. So our two stacks meet only in the head. (ELMo and BERT are two
# well-known networks of 2018 and 2019 that read both sides. In ELMo the directions never
# meet: each direction predicts alone, and the two log-likelihoods are added. BERT lets everything
# meet, and must hide pieces of words in its training instead.)
#
# One more difference from a generator. A generator's chances multiply to the chance of the whole
# text, and $-\ln P$ counts how short it can be packed. Here every letter helps to guess the others,
# and they help to guess it. So we may not multiply these chances, and the nats below do not say how short the text can be
# packed.
#
# ## What each side knows
#
# The same class can read in one direction only. Then it gets more units, so that all three have
# about as many weights. We train the three on the tales.

# %%
from charlstm.variants.fitting import FitOptions


def learn(reads, seed=0):
    options = ModelOptions(hidden_size=64 if reads == "both" else 96, embedding_size=32)
    model = Bidirectional(options, vocabulary, reads, seed)
    fit = FitOptions(steps=STEPS, batch_size=16, seed=seed)
    for _ in fit_bidirectional(model, known, window=64, options=fit, hidden=0.0):
        pass
    return model


# %%
readers = {reads: learn(reads) for reads in ("forwards", "backwards", "both")}
logs = {reads: chances(model, unseen) for reads, model in readers.items()}
for reads, model in readers.items():
    weights = sum(weight.numel() for weight in model.parameters())
    print(f"{reads:9} {weights} weights, right {score_blanks(logs[reads], unseen).right:.2f}")

# %% [markdown]
# Both together are right far more often than either alone. What do the three say about blanks of our
# own? (`fill` puts the likeliest character into each blank. We show the three likeliest.)

# %%
from charlstm.variants.filling import fill

for text in ("The old king opened the _oor.", "She said nothing and smile_ at him."):
    print(text)
    for reads, model in readers.items():
        (likeliest,) = fill(model, text, shown=3).alternatives
        print(f"  {reads:9}", *(f"{c!r} {p:.2f}" for c, p in likeliest.items()))

# %% [markdown]
# Where do the two sides differ? Here are the surprises along a piece of an unseen tale.

# %%
from charlstm.notebook import plots, text_plots

piece = slice(350, 379)
there = {
    reads: -log[np.arange(len(unseen)), unseen] for reads, log in logs.items()
}  # nats at each place
text_plots.along(
    vocabulary.decode(unseen[piece]),
    {reads: nats[piece] for reads, nats in there.items()},
    "surprise, nats",
)

# %% [markdown]
# **Guess:** which letters of a word are hard for a reader that comes from the left, and which for
# one that comes from the right? We take all words of six small letters, and average.

# %% tags=["cover"] alt="surprise at each letter of a word: forwards, backwards and both"
import re

tale = vocabulary.decode(unseen)
six = [word.start() for word in re.finditer(r"(?<![A-Za-z])[a-z]{6}(?![A-Za-z])", tale)]
by_place = {
    reads: np.array([nats[start : start + 6] for start in six]).mean(0)
    for reads, nats in there.items()
}
plots.curves(
    {reads: (np.arange(1, 7), nats) for reads, nats in by_place.items()},
    "letter of a word of six", "surprise, nats", f"means of {len(six)} words",
)  # fmt: skip

# %% [markdown]
# Each reader is surprised most where it enters the word. From the left, the first letter may be
# almost anything, and the later letters are easier. From the right the curve is flatter: words end in
# fewer ways than they begin, but an ending such as *-ed* or *-ing* says little about the stem before
# it. The reader of both sides is, on average, surprised least at every letter.
#
# ## How often is it right?
#
# Now the answer to the first guess. `python notebooks/lessons/data/blanks.py` trains such networks,
# a little larger, on the first 90 % of two texts. Then each character of the last 10 % is a blank
# once. Its file, `data/blanks.csv`, has a row for each seed. The table of counted
# letters is a *5-gram*: it has counted in the same text which character follows which four.

# %%
import csv

with open("data/blanks.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
measured = {}
for text in ("tales", "tinyshakespeare"):
    for reader in ("forwards", "backwards", "both", "5-gram"):
        found = [row for row in rows if (row["text"], row["reader"]) == (text, reader)]
        right = measured[text, reader] = np.array([float(row["right"]) for row in found])
        print(f"{text:16} {reader:10} {right.mean():.3f}  ", *(f"{r:.3f}" for r in right))

# %% [markdown]
# Two sides are better than one, by far more than the seeds differ. Backwards and forwards are about
# as good as each other.
#
# And the table of counted letters beats all of these networks! How can a 5-gram, which reads
# forwards, fill a blank from both sides? It *tries*. It puts each of the $V$ characters into the
# blank. A good one must follow what stands before, and what stands after must follow it. So it
# multiplies the chance of the character and of the four characters after it, which all have the
# blank in their contexts:
#
# $$P(x_t = w \mid \text{the rest}) \propto
# P(w \mid x_{t-4} \dots x_{t-1}) \prod_{k=1}^{4} P(x_{t+k} \mid \dots w \dots x_{t+k-1})$$
#
# This is Bayes' rule, and nothing is left out: the fifth character after the blank no longer sees
# it. So the 5-gram uses four letters on each side, and they say most of it. Our networks are small,
# and have been trained for seconds. With more of both they get better; how far, this lesson has no
# time to find out.
#
# ## A generator can try, too
#
# Now we must take back what we said first. A generator cannot use the future *while it writes*. But
# if the text is there, it can try each character as the 5-gram does, and read on. The price: $V$
# readings for one blank. **Guess:** does our forward reader gain much by that?

# %%
from charlstm.variants.filling import try_each

some = np.linspace(0, len(unseen) - 1, PLACES).astype(int)
reader = readers["forwards"]
tried = np.stack([try_each(reader, unseen, place, ahead=16) for place in some])
print(f"forwards, as it is:       {score_blanks(logs['forwards'][some], unseen[some]).right:.2f}")
print(f"forwards, tries each:     {score_blanks(tried, unseen[some]).right:.2f}")
print(f"both, in one reading:     {score_blanks(logs['both'][some], unseen[some]).right:.2f}")

# %% [markdown]
# It gains so much that it passes the network that was built for blanks. The script has tried this
# on 300 blanks of each text, five times, and also with the generator that comes with charlstm, which
# has 2.6 million weights. (A share of 300 blanks is uncertain by 0.03 to 0.05, so look at the same
# blanks of other readers.)

# %%
for text in ("tales", "tinyshakespeare"):
    for reader in ("forwards", "both", "5-gram", "the shipped generator"):
        found = [row for row in rows if (row["text"], row["reader"]) == (text, reader)]
        if found:
            tried = measured[text, reader, "tried"] = np.array([float(r["tried"]) for r in found])
            print(f"{text:16} {reader:22} {tried.mean():.2f}  ", *(f"{r:.2f}" for r in tried))

# %% [markdown]
# In each seed the forward network that tries has more blanks right than the network built for them.
# So "it cannot use the future" is not the whole truth about generators. The large one that tries is
# the best filler of its text here. But that is no fair race: it is one network, and it has read the
# text 60 times in training, the small ones 0.8 times. And the same last 10 % decided which of its
# weights were kept. What the two-sided network has to offer is its price: one reading fills every
# blank of a text, and the other needs $V$ readings for each.
#
# ## Decided by what comes later
#
# Articles often show two sentences that begin with *He said, "Teddy ...* One goes on about bears,
# the other about Roosevelt. From the left, nobody can tell whether Teddy is a toy or a president.
# With letters, we can make such a case and know the answer. A noun stands in the singular or in the
# plural, *man* or *men*, *goose* or *geese*. In a third of the sentences the first word tells which,
# in a third only the verb does, far to the right, and in a third nothing does:

# %%
NOUNS = (("man", "men"), ("goose", "geese"))
WHERE, HOW = ("here", "there", "at home"), ("old", "cold", "lost", "big")
BLANKS = slice(5, 7)  # the first vowel of the noun, and the next letter
KINDS = ("left", "right", "nothing")


# %%
def sentence(rng, decides=None):
    many = rng.integers(2)
    noun, where, how = NOUNS[rng.integers(2)][many], rng.choice(WHERE), rng.choice(HOW)
    decides = decides or rng.choice(KINDS)
    first = ("one", "two")[many] if decides == "left" else "the"
    verb = ("is", "are")[many] if decides == "right" else "can be"
    return f"{first} {noun} {where} {verb} {how}"


# %%
rng = np.random.default_rng(0)
for decides in KINDS:
    print(f"{sentence(rng, decides):30} {decides} decides")


# %% jupyter={"source_hidden": true}
# Folded: sentences as ids
words = Vocabulary("".join(sorted({*"".join(sentence(rng) for _ in range(300))})))
blank = len(words)


def batch(rng, count, decides=None):
    """Return sentences as ids, (B, T), filled up with spaces."""
    lines = [sentence(rng, decides).ljust(32) for _ in range(count)]
    return torch.from_numpy(np.stack([words.encode(line) for line in lines])).long()


# %% [markdown]
# We train on these sentences, and take the loss at the noun alone. In every second sentence the
# network reads a blank in place of both letters, as id $V$. The cell is the GRU, which learnt
# fastest to remember in lesson 6.


# %%
def study(reads, seed):
    options = ModelOptions("gru", hidden_size=24 if reads == "both" else 36, embedding_size=None)
    model = Bidirectional(options, words, reads, seed)
    optimizer, rng = torch.optim.Adam(model.parameters(), lr=0.02), np.random.default_rng(seed)
    for _ in range(UPDATES):
        ids = batch(rng, 32)
        read = ids.clone()
        read[::2, BLANKS] = blank
        loss = F.cross_entropy(model(read)[:, BLANKS].flatten(0, 1), ids[:, BLANKS].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


# %%
@torch.no_grad()
def vowels(model):
    """Return the shares of right first vowels, by what decides them."""
    shares = []
    for decides in KINDS:
        ids = batch(np.random.default_rng(99), 300, decides)
        read = ids.clone()
        read[:, BLANKS] = blank
        says = model(read)[:, 5].argmax(1)
        shares.append((says == ids[:, 5]).double().mean().item())
    return shares


# %%
students, sides = {}, {}
for reads in ("forwards", "backwards", "both"):
    students[reads] = [study(reads, seed) for seed in SEEDS]
    sides[reads] = np.array([vowels(model) for model in students[reads]])
    for decides, shares in zip(KINDS, sides[reads].T, strict=True):
        print(f"{reads:9} {decides:7} decides:", *(f"{share:.2f}" for share in shares))

# %% [markdown]
# Here the articles are right: one needs both sides. A one-sided reader is right in the third of the
# sentences that its own side decides. In the rest it guesses between two forms, and is right half of
# the time. The reader of both sides knows both thirds, and guesses only where nothing decides. What
# about the 5-gram, so good on the tales? It sees four letters to each side. We let it count 3,000
# sentences, and ask for the vowel of *man* and *men*:

# %%
from charlstm.text.baselines import Ngram

rng = np.random.default_rng(1)
ngram = Ngram(words, words.encode(" ".join(sentence(rng) for _ in range(3000))))
counted = {}
for decides in KINDS:
    asked = [line for line in (sentence(rng, decides) for _ in range(600)) if line[6] == "n"]
    asked = [words.encode(line) for line in asked]
    counted[decides] = np.mean(
        [ngram.from_both_sides(ids, [5])[0].argmax() == ids[5] for ids in asked]
    )
    print(f"5-gram    {decides:7} decides: {counted[decides]:.2f}")

# %% [markdown]
# Its four letters to the left are "ne m" or "wo m", and tell *one* from *two*. But no verb is near
# enough. This is what a network is for: what stands further away than counting can reach. On the
# tales few letters are decided from so far away. Here it is the noun in a third of the sentences.
#
# ## Several blanks
#
# With two blanks side by side, neither side has read everything: the network must know what a blank
# is. It has an id of its own, $V$, and training puts it in the place of letters.
# (`fit_bidirectional` does so at random, with `hidden`.) And the blanks must fit each other. We ask
# for a goose where nothing tells how many:

# %%
puzzle = "the g__se at home can be cold"
student = students["both"][0]
ids = torch.tensor([[blank if x == "_" else words.characters.index(x) for x in puzzle.ljust(32)]])
with torch.no_grad():
    alone = student(ids)[0, BLANKS].softmax(1).numpy()
for place, row in enumerate(alone, 1):
    best = np.argsort(-row)[:2]
    print(f"blank {place} alone:", *(f"{words.characters[k]} {row[k]:.2f}" for k in best))
for filled in fill(student, puzzle.ljust(32)).texts[:4]:
    print(f"{filled.text.strip()}  {filled.probability:.3f}")

# %% [markdown]
# Each blank alone may be *o* or *e*. Filled one by one without looking, they would often become
# *geose* or *goese*. `fill` takes the surest blank first, writes a letter there, and asks again. A
# *beam* keeps the best few texts so far (8, if you say nothing else), so that an early letter that
# turns out badly can still lose. The chances multiply along the way, and those of all fillings
# together sum to 1. If the verb is there, it decides:

# %%
fillings = {}
for verb in ("is", "are"):
    found = fill(student, f"the g__se at home {verb} cold".ljust(32))
    fillings[verb] = [(filled.text.strip(), filled.probability) for filled in found.texts[:2]]
    for text, probability in fillings[verb]:
        print(f"{text}  {probability:.3f}")
    likeliest = found.alternatives[0]
    print("  the first blank:", *(f"{c} {p:.2f}" for c, p in list(likeliest.items())[:2]))

# %% [markdown]
# ## What it costs
#
# A *transformer* has no state: in each layer every place looks at all other places, by *attention*
# (lesson 11 explains it). BERT is one. Its *encoder* is a stack of such layers. Articles often say
# that bidirectional LSTMs cost more than transformers. We count. For each
# character every weight of a matrix multiplies once. An LSTM that reads vectors of size $D$ has $4
# H (D + H)$ of them in each direction. One layer of a transformer's encoder has 12 $D^2$. On top,
# its attention compares each place with all others: $2 T D$ multiplications more for each character
# of a text of $T$.

# %%
D, H = 128, 105  # as many weights in both
print("length T    two LSTMs    transformer layer")
for T in (32, 128, 512, 1024):
    print(f"{T:8} {2 * 4 * H * (D + H):12,} {12 * D**2 + 2 * T * D:20,}")

# %% [markdown]
# By this count, the claim is wrong at every length. But the LSTM has to take one step after the
# other, and a transformer takes all places at once. `python notebooks/lessons/data/cost.py` measures
# the CPU time of both, in turns, on one thread: a training step, and the reading of one text. In
# `data/cost.csv` stand microseconds per character, and the ratio.

# %%
with open("data/cost.csv", newline="", encoding="utf-8") as file:
    costs = list(csv.DictReader(file))
ratios = {what: {} for what in ("train", "read")}
for row in costs:
    ratios[row["what"]][int(row["length"])] = [float(row["ratio"])]
plots.by_seed(
    {
        {"train": "a training step", "read": "one text, read"}[what]: line
        for what, line in ratios.items()
    },
    "length of a text T, characters", "time of the LSTMs / time of the transformer",
)  # fmt: skip

# %% [markdown]
# To train, the LSTMs are cheaper at every length, and more so the longer the text. To read one short
# text, they take twice as long: few numbers at a time, one step after the other. Between 256 and 512
# characters the two meet there, and beyond the LSTMs are cheaper. So the claim fails here, on one thread of a CPU, with
# networks of this size. A GPU has thousands of threads, which an LSTM cannot fill with the steps of
# one text. There the answer may be another one, and we have not measured it.
#
# ## Exercises
#
# **1.** Row t of `ahead` is the output of the forward stack after it has read place t. Row t of
# `back` is that of the backward stack. Both are (T, H). Return what the head sees for a blank at
# each place, (T, 2 H), the forward half first. Put zeros where nothing has been read.

# %%
from charlstm.notebook.exercises import check


def around(ahead, back):
    raise NotImplementedError


three = np.array([[1.0], [2.0], [3.0]])
wide = np.array([[1.0, 2.0], [3.0, 4.0]])
check(
    around,
    [((three, 10 * three), [[0, 20], [1, 30], [2, 0]]), ((three[:1], three[:1]), [[0, 0]]),
     ((wide, 10 * wide), [[0, 0, 30, 40], [1, 2, 0, 0]])],
)  # fmt: skip

# %% [markdown]
# **2.** A generator says $P(w)$ of each character $w$ at a blank, and, after trying it, the chances
# of the characters that follow. `tried[w]` is a list of them. Return the chance of each $w$, the
# rest being known.


# %%
def bayes(first, tried):
    raise NotImplementedError


check(
    bayes,
    [((np.array([0.5, 0.5]), np.array([[0.2, 0.5], [0.6, 0.5]])), [0.25, 0.75]),
     ((np.array([0.9, 0.1]), np.array([[0.1], [0.9]])), [0.5, 0.5]),
     ((np.array([0.5, 0.5]), np.array([[0.5, 0.2], [0.4, 0.75]])), [0.25, 0.75])],
)  # fmt: skip

# %% [markdown]
# **3.** From which length on does a transformer layer of size $D$ need more than twice the
# multiplications of its matrices alone? Return the smallest $T$.


# %%
def doubles(D):
    raise NotImplementedError


check(doubles, [((128,), 769), ((10,), 61)])

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def around(ahead, back):
#     nothing = np.zeros_like(ahead[:1])
#     before = np.concatenate([nothing, ahead[:-1]])
#     after = np.concatenate([back[1:], nothing])
#     return np.concatenate([before, after], 1)
#
# def bayes(first, tried):
#     joint = first * tried.prod(1)
#     return joint / joint.sum()
#
# def doubles(D):
#     return 6 * D + 1  # 2 T D > 12 D^2
# ```
#
# In the second the generator was sure of one character, 9 to 1. What follows fits the other one as
# much better, and the two end up even.
# </details>
#
# ## Summary
#
# - A text that is already there may be read from both ends. One pass fills all its blanks.
# - The two stacks may meet only at the end. Let them meet between layers, and the network reads its
#   answer.
# - Each side is surprised most where it enters a word. Together they are surprised less, on average,
#   at every letter of a word.
# - Most of a letter is decided by its nearest neighbours: counting them on both sides beats a small
#   network. What is decided far away, counting cannot reach.
# - A generator fills blanks, too, if it tries every letter and reads on, at $V$ times the price.
# - Several blanks must be filled one after the other, so that they fit each other.
#
# **Where to read on.** M. Schuster and K. Paliwal, *Bidirectional recurrent neural networks* (1997),
# section II. M. Peters and others, *Deep contextualized word representations* (2018), let each
# direction predict alone; J. Devlin and others, *BERT* (2019), hide pieces of words instead. Next:
# [11. One text into another](11-one-text-into-another.ipynb).
