# %% [markdown]
# # 8. Inside the network
#
# *What it shows: the gates through a story of three kings; units that follow a text, tested where
# they were not chosen; a unit switched off while the model writes, in one large and five small
# models; the unit that carries a number across a distance.*
#
# Afterwards you can
#
# - say what each gate must do when "he" becomes another man;
# - find a unit that follows something, with honest controls;
# - test whether a unit is a cause, and not only a witness.
#
# *Know before: lesson 5. Takes 29 minutes to read, without solving the exercises, and 3 minutes to
# run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# Lesson 5 opened the LSTM and found units that follow the text. This lesson asks the next question:
# does such a unit *do* anything? A unit can follow the line as a weathercock follows the wind. To
# find out, we stop the weathercock, and look at the wind.
#
# ![A row of words: Vikram he built he died Jayant he died Rohin he paid. The input gate is open at
# the three names, the forget gate is shut where somebody dies, the output gate is open at each he.
# Bands show that c holds each king from his name to his death, and h shows him at each
# he](drawings/three-kings.svg)
#
# **Before you run anything, guess:** we find the one unit, among hundreds, that counts the letters
# of a line best, and switch it off. Then the model writes. Are its lines twice as long, a little
# different, or the same? And if we switch off the best twenty?

# %%
# %matplotlib inline
import csv
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # less work, for a quick test of this notebook
LETTERS, WRITTEN, UPDATES, SEEDS = (2_600, 60, 10, 1) if FAST else (9_600, 300, 1_500, 5)

# %% [markdown]
# ## Three kings and one "he"
#
# The tales that come with this package begin with a country where nobody may speak the name of a
# living king. Here is the law, and then the night on which King Vikram dies:

# %%
from charlstm import CharModel, Checkpoint, ModelOptions, Vocabulary, find_model, read_corpus
from charlstm.notebook.lines import wrapped

tales = read_corpus(["tales"]).text
for first, last in (("From the hour", "his own plain name."), ("On the seventh", "he was king.")):
    begin = tales.index(first)
    print(wrapped(tales[begin : tales.index(last, begin) + len(last)]), end="\n\n")

# %% [markdown]
# "He" was Vikram, and from the first bell of that night on "he" is his son Jayant. Later Jayant
# dies, and "he" is Rohin. A reader of the chronicle must keep one thing in mind: who is king? That
# is a memory, and it needs three acts. At a name, *write* it. At a death, *erase* it. At "he",
# *show* it, and at no other word. These are the input gate, the forget gate and the output gate.
#
# One unit is enough, as the drawing shows. It reads words, and g says which king it writes: 0.96
# for Vikram, -0.96 for Jayant, 0.46 for Rohin. (They are $\tanh$ of 2, -2 and 0.5.) We set its
# weights by hand: what each word adds to the sums of i, f, g and o. Without such a word i and o are
# shut, and f is open.

# %%
CHRONICLE = "Vikram he built he died Jayant he died Rohin he paid"
ADDS = {  # to the sums of i, f, g, o
    "Vikram": (20, 0, 2, 0), "Jayant": (20, 0, -2, 0), "Rohin": (20, 0, 0.5, 0),
    "died": (0, -20, 0, 0), "he": (0, 0, 0, 20),
}  # fmt: skip
ONE_UNIT = SimpleNamespace(weight_hh=np.zeros((4, 1)), bias_hh=np.array([-10.0, 10, 0, -10]))


# %%
from charlstm.model import cells


def read(words, adds):
    state, rows = (np.zeros(1), np.zeros(1)), []
    for word in words.split():
        gates = {}
        u = np.array(adds.get(word, (0, 0, 0, 0)), float)
        state = cells.lstm(ONE_UNIT, u, state, watch=gates.update)
        rows.append([float(x[0]) + 0.0 for x in (*gates.values(), state[1], state[0])])
    return rows


# %%
print("word         i      f      g      o      c      h")
for word, row in zip(CHRONICLE.split(), read(CHRONICLE, ADDS), strict=True):
    print(f"{word:8}", " ".join(f"{value:z6.2f}" for value in row))

# %% [markdown]
# Read the column c downwards: it holds the king from his name to his death. And h shows him at each
# "he", and nowhere else. What reads this unit could not confuse the kings.
#
# **Guess:** what does "he" show under Jayant and Rohin if the unit cannot erase?

# %%
stubborn = {**ADDS, "died": (0, 0, 0, 0)}
for name, adds in {"with erasing": ADDS, "without erasing": stubborn}.items():
    rows = zip(CHRONICLE.split(), read(CHRONICLE, adds), strict=True)
    shown = [row[-1] for word, row in rows if word == "he"]
    print(f"h at each he, {name:16}", *(f"{h:z6.2f}" for h in shown))

# %% [markdown]
# Without a forget gate c is a sum of all kings so far. Jayant's number is added to Vikram's, and
# the two cancel: "he" is nobody. Then Rohin stands where he should, by luck. This is why Gers,
# Schmidhuber and Cummins (2000) gave the LSTM, which had none, its forget gate: a stream of text
# has no end at which somebody else could erase.
#
# ### Does training find such a unit?
#
# We built this one. Now small LSTMs of 8 units learn from long chronicles, one for each seed. In
# these, what a king does tells who he is: Vikram builds, Jayant counts, Rohin pays. So the next
# word after "he" can only be told by who remembers the king.

# %%
WORDS = ["Vikram", "Jayant", "Rohin", "built", "counted", "paid", "he", "died"]


def chronicles(count, seed, length=40):
    rng, ids = np.random.default_rng(seed), []
    while len(ids) < count * length:
        king = int(rng.integers(3))
        ids += [king, *[6, 3 + king] * int(rng.integers(4)), 6, 7]
    return np.array(ids[: count * length]).reshape(count, length)


print(*(WORDS[word] for word in chronicles(1, seed=0, length=18)[0]))


# %% jupyter={"source_hidden": true}
# Folded: train one layer on batches of ids (B, T)
from charlstm import initialize


def learn(units, characters, batches, bias, rate, seed):
    options = ModelOptions(hidden_size=units, embedding_size=None)
    model = initialize(CharModel(options, characters), forget_bias=bias, seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for ids in batches:
        logits, _ = model(ids[:, :-1])
        loss = F.cross_entropy(logits.transpose(1, 2), ids[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model


# %%
scribes = []
for seed in range(SEEDS):
    texts = torch.from_numpy(chronicles(16 * UPDATES // 5, seed)).split(16)
    scribes.append(learn(8, len(WORDS), texts, bias=1.0, rate=0.03, seed=seed))

# %% [markdown]
# We read new chronicles, and look for the unit whose c tells the kings apart best: of how much it
# varies at "he", how much is the difference between the three kings? (This share is 1 if a unit
# holds one number for each king, and 0 if the kings make no difference. It is chosen and told on
# the same chronicles, as it is only to find the unit.) Then we look at its forget gate at each kind
# of word. **Guess:** where is it shut?

# %%
from charlstm.insight import activations

KINDS = {"a name": (0, 1, 2), "he": (6,), "a deed": (3, 4, 5), "died": (7,)}
texts = chronicles(200, seed=99)
after = np.arange(1, 40) >= 10  # before, the name of the king may have been cut off
deeds = (texts[:, 1:] >= 3) & (texts[:, 1:] <= 5) & after  # here the next word is a deed
king = texts[:, 1:][deeds] - 3


def watched(model):
    """Return f and c of all units, (N, T, H)."""
    own = Checkpoint(model.options, Vocabulary("VJRbcphd"), model.to_arrays())
    seen = list(activations.watch(own, texts.astype(np.int32)))
    return (np.stack([layers[0][name] for layers in seen], 1) for name in "fc")


# %%
def tells_kings(c):
    """Return which share of the variance of c at "he" lies between the kings, (H,)."""
    held = c[:, :-1][deeds]  # (places, H)
    means = np.stack([held[king == k].mean(0) for k in range(3)])[king]
    return means.var(0) / held.var(0)


# %%
print("        right deeds  unit  tells kings  f at:", *(f"{x:>8}" for x in KINDS))
for seed, model in enumerate(scribes):
    with torch.no_grad():
        logits = model(torch.from_numpy(texts[:, :-1]))[0].numpy()
    right = (logits[..., 3:6].argmax(-1)[deeds] == king).mean()
    f, c = watched(model)
    unit = tells_kings(c).argmax()
    means = (f[..., unit][np.isin(texts, kind)].mean() for kind in KINDS.values())
    print(f"seed {seed} {right:12.0%} {unit:5} {tells_kings(c)[unit]:12.2f}", end=" " * 8)
    print(*(f"{mean:8.2f}" for mean in means))

# %% [markdown]
# All seeds know the king. And in each, the unit that knows him best erases at a death, as ours does:
# there its f is small. But look at the other columns. Our f was open at all other words. Theirs is
# not: some are half shut, or shut, at a name, at "he" or at a deed. They can afford it. Each deed tells again who is king, so that a network may write him anew, where ours
# kept him from his name on. Training makes what the task needs, and not our drawing.
#
# Letters are harder than these eight words. The shipped model has never read a chronicle of Sonari.
# So we first ask what it has learned, and come back to "he" in a small language made of letters.
#
# ## Units that follow the text
#
# `neurons.survey` tests features that can be computed from a text. For each it searches all states
# and gates. A *number*, such as the position in the line, is compared by its correlation r. A
# *yes or no*, such as "upper case", is compared by the area under the ROC curve (AUC). That is the
# chance that the unit holds more at a place with a yes than at a place with a no. So 0.5 is chance,
# and 1 is perfect. The first half of the text chooses the unit. The table shows the second half.
#
# It has two controls. *shuffled*: the same search after the feature has moved to another place of
# the text. It changes as slowly as before, but belongs to other letters. *untrained*: the same
# search in a network that has learned nothing.
#
# **Guess:** which features does an untrained network follow, too?

# %%
from charlstm.insight import neurons

checkpoint = Checkpoint.load(find_model("tinyshakespeare"))
known = set(checkpoint.vocabulary.characters)
plays = "".join(letter for letter in read_corpus(["plays"]).text if letter in known)
found = {x.feature: x for x in neurons.survey(checkpoint, plays[:LETTERS])}
print(*neurons.table(list(found.values())), sep="\n")

# %% [markdown]
# (This is what *one* trained model holds, the shipped one, beside one untrained model. Lesson 5 has
# five of those.) No shuffled feature comes near its own row: the search does not find what is not
# there. But the last column is a warning. Capitals and names are told well by a network without any
# learning, because the present letter goes through its gates, and the names in this text are all
# capitals. What training adds is the distance between two columns. It is largest for the position
# in the line, which no single letter shows.
#
# Here is that unit, on a scene that had no part in the search:

# %% alt="a scene in coloured letters: a unit's colour changes along each line and starts again in the next"
from charlstm.notebook import text_plots

line = found["position in the line"].unit
rest = plays[LETTERS:].splitlines(keepends=True)
before, scene = "".join(rest[:12]), "".join(rest[12:26])
place = (line.layer, line.name, line.unit)
(held,) = activations.trace(checkpoint, before + scene, [place])
text_plots.unit(scene, held[len(before) :], *place)

# %% [markdown]
# ## A witness or a cause?
#
# The unit knows where we are in the line. Does the model *use* it? A correlation cannot tell. Both
# could come from a third thing, or the model could read the place from other units. So we do an
# experiment: we switch the unit off, and let the model write.
#
# A unit speaks through its h alone, $h = o \tanh c$. With o = 0 it is silent, whatever c holds. So
# we set the weights of its o to zero, and the bias to -1000:


# %%
def silenced(checkpoint, units):
    cell, H = cells.CELLS[checkpoint.options.cell], checkpoint.options.hidden_size
    weights = {name: array.copy() for name, array in checkpoint.weights.items()}
    for layer, unit in units:
        row = cell.rows("o", H).start + unit
        weights[f"layers.{layer}.weight_ih"][row] = 0
        weights[f"layers.{layer}.weight_hh"][row] = 0
        weights[f"layers.{layer}.bias_ih"][row] = -1_000
    return replace(checkpoint, weights=weights)


best = [(line.layer, line.unit)]
(silent,) = activations.trace(silenced(checkpoint, best), scene, [(line.layer, "h", line.unit)])
print(f"largest h of the unit: {np.abs(silent).max()}")

# %% [markdown]
# It is not the only unit that follows the line. We also take the twenty units whose c follows it
# best:

# %%
from charlstm.insight import following
from charlstm.insight.features import line_position

part = plays[:LETTERS]
scores = following.correlations(checkpoint, part, line_position(part)[None])
follows = {(k, n): abs(r) for k in (0, 1) for n, r in enumerate(scores[k, "c"][0])}
ranked = sorted(follows, key=lambda unit: -follows[unit])
print("|r| of ranks 1, 2, 5, 10, 20, 50, 200:", end="")
print(*(f"{follows[ranked[rank - 1]]:6.2f}" for rank in (1, 2, 5, 10, 20, 50, 200)))

# %% [markdown]
# Now five models write: the whole one, one without the best unit, one without the best twenty, and
# two *controls*, which lack one or twenty other units. Any damage changes something. Only what the
# control does not show belongs to the units that follow the line. Each seed writes other texts and
# draws other controls. We look at the lines of speech: how many are shorter than 25 letters, or
# longer than 60?

# %%
from charlstm import SampleOptions, Sampler
from charlstm.sampling.sampler import generate_many


def speech(model, seed):
    options = SampleOptions(length=WRITTEN, temperature=1.0, seed=seed)
    pieces = generate_many(Sampler(model), 32, "\n", options, threads=1)
    texts = ["".join(text) for text in zip(*pieces, strict=True)]
    lines = [row for text in texts for row in text.split("\n")[1:-1]]  # the last one is cut
    return texts[0], np.array([len(row) for row in lines if row and row[-1] != ":"])


# %%
written = {}
for seed in range(SEEDS):
    others = np.random.default_rng(seed).permutation(ranked[200:])[:20].tolist()
    lacks = {"nothing": [], "the best": ranked[:1], "one other": others[:1],
             "the best 20": ranked[:20], "20 others": others}  # fmt: skip
    for name, units in lacks.items():
        written[name, seed] = speech(silenced(checkpoint, units), seed)

# %%
print("lacks         below 25 letters, by seed         above 60 letters, by seed")
for name in lacks:
    sizes = [written[name, seed][1] for seed in range(SEEDS)]
    short = "".join(f"{(x < 25).mean():6.0%}" for x in sizes)
    long = "".join(f"{(x > 60).mean():6.0%}" for x in sizes)
    print(f"{name:12}{short:34}{long}")
print("\nwithout the best 20:\n")
print(wrapped(written["the best 20", min(1, SEEDS - 1)][0][:300]))

# %% [markdown]
# Without its best unit this model writes lines nearly as before. Short ones are hardly more frequent
# than without another unit. So a unit that follows the line so well is not *the*
# counter. The others know enough. Without the best twenty, of 896, the lines lose their measure: many are
# far too short, and many do not end. Twenty other units do nothing like it. So these units together
# are a cause, and the best of them alone was hardly more than a witness.
#
# What breaks is just this: the line end comes at any place. (The whole model, too, makes up a word now
# and then at this temperature.)
#
# Is that a rule? This is *one* trained model. `python notebooks/lessons/data/silenced.py` has
# trained five small ones, of one layer of 139 units, on tiny-shakespeare, and done the same with
# each. Its file is `data/silenced.csv`. **Guess:** how many of the five miss their best unit?

# %%
rows = list(csv.DictReader(Path("data/silenced.csv").read_text(encoding="utf-8").splitlines()))
small = {}
for row in rows:
    small.setdefault(row["lacks"], []).append([float(row[x]) for x in ("short", "long", "cold")])
print("lacks         below 25 letters, by seed        above 60 letters, by seed       mean nats")
for name, found_in in small.items():
    short, long, nats = np.transpose(found_in)
    shares = "".join(f"{x:6.0%}" for x in short) + "   " + "".join(f"{x:6.0%}" for x in long)
    print(f"{name:12}{shares}{nats.mean():11.3f}")

# %% [markdown]
# Some of these networks miss their best unit. Without it they write far more short lines, and
# without another unit they do not. There one unit *is* a cause. Others write on as if nothing had
# happened, as the shipped model did, although their best unit was found by the same search. All
# five lose the line without the best five, and none without five others. So whether the best unit
# is a cause or a witness differs from network to network. The search alone does not tell which it
# is.
#
# Look at the nats, too: five other units cost about half as much as the best five, and yet they
# leave the lines as they are. Nats add up all letters, and few of them are line ends. So a loss
# hides what a look at the lines shows.
#
#
# ## "He", at a distance
#
# Back to the kings. `synthetic.agreement` writes a small language whose sentences need such a
# memory. The verb must agree with the subject, and so must the pronoun at the end. Between the
# subject and the verb stands another noun, the *distractor*, which may have the other number:

# %%
from charlstm.text import synthetic


def sentences(count, distance, seed):
    return synthetic.agreement(count, distance, seed).text.splitlines()


print(*sentences(5, 3, seed=1), sep="\n")

# %% [markdown]
# We train small LSTMs on it, one for each seed: one layer of 32 units. (The distances 0 to 3 are
# mixed, since short sentences teach what long ones need.)

# %%
vocabulary = Vocabulary.of("\n".join(sentences(400, 2, 0) + sentences(400, 3, 0)))


def rows_of(lines):
    longest = max(map(len, lines)) + 1
    ids = [vocabulary.encode(line.ljust(longest, "\n")) for line in lines]
    return torch.from_numpy(np.array(ids)).long()


def batches(seed):
    texts = [sentences(8 * UPDATES, distance, 100 + seed) for distance in range(4)]
    for update in range(UPDATES):
        yield rows_of([line for text in texts for line in text[8 * update : 8 * update + 8]])


# %%
models = [learn(32, len(vocabulary), batches(seed), 3.0, 0.01, seed) for seed in range(SEEDS)]

# %% [markdown]
# The test sentences are new. In about half of them the distractor *misleads*: its number is not
# that of the subject. The verb is right if the model gives more to its first letter than to that of
# the other verb.

# %%
N = 400


def placed(distance):
    """Return ids, whether the subject is singular, and where verb and subject are, (N,) each."""
    words = [line.split() for line in sentences(N, distance, seed=7)]
    one = np.array([row[1] not in synthetic.PLURAL for row in words])
    verb = [len(" ".join(row[: 2 + distance])) + 1 for row in words]  # of its first letter
    noun = [len(" ".join(row[:2])) for row in words]  # the place after the subject
    last = [row[1 + distance - distance % 3] in synthetic.PLURAL for row in words]  # the distractor
    return rows_of([" ".join(row) for row in words]), one, np.array(verb), np.array(noun), last


# %%
ids, one, verb, noun, last = placed(3)
misled, every = one == last, np.arange(N)
print(f"{one.mean():.0%} singular, {misled.mean():.0%} misled;", end=" ")
print(f"{(verb - noun).min()} to {(verb - noun).max()} letters from the subject to the verb")


# %%
def says_is(logits):
    of_is, of_are = (vocabulary.characters.index(letter) for letter in "ia")
    return (logits[:, of_is] > logits[:, of_are]).numpy()


with torch.no_grad():
    said = [says_is(model(ids)[0][every, verb - 1]) for model in models]
print("verbs that are right:  not misled   misled")
for seed, answers in enumerate(said):
    right = answers == one
    print(f"seed {seed}                 {right[~misled].mean():10.0%} {right[misled].mean():8.0%}")
learned = [seed for seed in range(SEEDS) if (said[seed] == one)[misled].mean() > 0.95]
learned = learned or [0]  # in the quick test of this notebook nobody has learned
print("have learned it: the seeds", *learned)

# %% [markdown]
# A seed that has learned the agreement is right in both columns. A seed whose columns lie far apart
# has not: its verb depends on the nearest noun, or on its opposite. It tells nothing about memory, so we leave it out
# from here on.
#
# How far does it reach? The training had at most three words between subject and verb. **Guess**
# what happens with six, nine and twelve, that is, with more nouns between.

# %%
print("words between   letters between   verbs that are right, by seed", *learned)
for distance in (3, 6, 9, 12):
    far, single, place, start, _ = placed(distance)
    with torch.no_grad():
        answers = [says_is(models[seed](far)[0][every, place - 1]) for seed in learned]
    shares = "".join(f"{(answer == single).mean():7.0%}" for answer in answers)
    print(f"{distance:13} {(place - start).min():10} to {(place - start).max():2}   {shares}")

# %% [markdown]
# At the distance of the training all of them are perfect. Beyond it they part. One stays right, in
# all sentences or nearly, over several times as many letters as it was trained on. The others soon
# guess; half of the verbs is what chance gives. So a perfect test does not mean that a network
# keeps the number as we would. What is different in the one that stays right? We look inside, at
# the distance of the training.
#
# ### Which unit carries the number?
#
# We look at c just before the verb. The first half of the sentences chooses the unit that tells
# singular from plural best, and the second half tests it. The control: the same search for numbers
# in random order.


# %%
def states_of(model):
    """Return h and c after each letter of each sentence, (N, T, H)."""
    own = Checkpoint(model.options, vocabulary, model.to_arrays())
    seen = list(activations.watch(own, ids.numpy().astype(np.int32)))
    return tuple(np.stack([layers[0][name] for layers in seen], 1) for name in "hc")


def chosen(values, yes):
    """Return the units in order, best first, and the AUC of each on the second half."""
    half = N // 2
    first, second = (following.area(values[part], yes[None, part].astype(float))[0]
                     for part in (slice(half), slice(half, None)))  # fmt: skip
    return np.argsort(-abs(first - 0.5)), np.where(first > 0.5, second, 1 - second)


# %%
states = [states_of(model) for model in models]
units = {}
for seed in learned:
    _, c = states[seed]
    at_verb = c[every, verb - 1]
    order, areas = chosen(at_verb, one)
    wrong_order, by_chance = chosen(at_verb, np.random.default_rng(seed).permutation(one))
    units[seed] = order
    print(f"seed {seed}: c of unit {order[0]:2}, AUC {areas[order[0]]:.2f};", end=" ")
    print(f"by chance {by_chance[wrong_order[0]]:.2f}; units above 0.9: {(areas > 0.9).sum()}")

# %% [markdown]
# In each seed some unit tells the two numbers apart in every sentence or nearly. How long does it
# carry the number? We follow that unit from the subject to the verb.
#
# **Guess:** does it hold the number all the way?

# %% tags=["cover"] alt="how well a unit tells singular from plural, from the subject to the verb: in some seeds all the way, in others not"
from charlstm.notebook import plots

lags = np.arange(-4, (verb - noun).min())
lines = {}
for seed in learned:
    _, c = states[seed]
    held = np.stack([c[every, noun - 1 + lag, units[seed][0]] for lag in lags], 1)  # (N, lags)
    areas = following.area(held, one[None].astype(float))[0]
    lines[f"seed {seed}"] = lags, areas if areas[-1] > 0.5 else 1 - areas
plots.curves(lines, "letters after the end of the subject", "AUC, singular against plural")

# %% [markdown]
# In some seeds it does: one unit takes the number at the subject's end and holds it to the verb. In
# others the unit that knows best at the verb knows much less on the way. Has the network forgotten
# the number in between? It cannot have, since the verb is right. We look for the best unit anew at
# each place:

# %%
print("lowest AUC on the way   of the unit at the verb   of the best at each place   units")
for seed in learned:
    _, c = states[seed]
    relay = [chosen(c[every, noun - 1 + lag], one) for lag in lags[lags >= 0]]
    lowest = min(areas[order[0]] for order, areas in relay)
    alone = lines[f"seed {seed}"][1][lags >= 0].min()
    different = len({order[0] for order, _ in relay})
    print(f"seed {seed} {alone:40.2f} {lowest:27.2f} {different:7}")

# %% [markdown]
# So in every seed some unit knows the number at every place. But it need not be the same one: the
# number may be handed on, as in a relay.
#
# ### What does a distractor do to it?

# %%
print("        mean c before the verb       pulled to the other number by a distractor")
print("        singular      plural         after a singular      after a plural")
pulled = {}
for seed in learned:
    held = states[seed][1][every, verb - 1, units[seed][0]]
    of_one, of_many = (held[(one == yes) & ~misled].mean() for yes in (True, False))
    gap = of_many - of_one
    pulled[seed] = [(held[one & misled].mean() - of_one) / gap,
                    (of_many - held[~one & misled].mean()) / gap]  # fmt: skip
    print(f"seed {seed} {of_one:+9.2f} {of_many:+11.2f}", *(f"{x:20.0%}" for x in pulled[seed]))

# %% [markdown]
# (The means on the left are those of sentences that do not mislead. A pull of 100 % would bring a
# unit to where it stands after the other number; below 0 it is pushed away.) The distractor does
# move the unit, in some seeds far, but hardly beyond the middle. How much, and in which direction, is
# different in each seed.
#
# ### Is it a cause?
#
# Before the last space we exchange what the unit holds: in each singular sentence its h and c
# become the means of the plural ones, and the other way round. All other units stay. Does the model
# change its verb? The control exchanges another unit, drawn at random.


# %%
def turned(model, h, c, exchanged):
    """Return the share of sentences whose verb changes when some units are exchanged."""
    before, new = (every, verb - 2), []
    for values in (h[before], c[before]):
        other = values.copy()
        means = np.where(one[:, None], values[~one].mean(0), values[one].mean(0))  # (N, H)
        other[:, exchanged] = means[:, exchanged]
        new.append(torch.from_numpy(other))
    with torch.no_grad():
        logits, _ = model(ids[every, verb - 1][:, None], [tuple(new)])
        usual, _ = model(ids)
    return (says_is(logits[:, 0]) != says_is(usual[every, verb - 1])).mean()


# %%
print("share of verbs that change   the best   another   the best 4   4 others")
for seed in learned:
    model, (h, c) = models[seed], states[seed]
    others = np.random.default_rng(seed).permutation(units[seed][8:])
    sets = units[seed][:1], others[:1], units[seed][:4], others[:4]
    shares = [turned(model, h, c, exchanged) for exchanged in sets]
    print(f"seed {seed}             " + "".join(f"{share:12.0%}" for share in shares))

# %% [markdown]
# Where one unit holds the number all the way, it alone turns nearly every verb, or most of them, and
# another unit turns none. There the unit is a cause. Where the number is handed on, the unit that
# knows best at the verb turns few verbs or none. We exchange it one letter before, which in the
# shortest sentences is the end of the curves above, and there it does not hold the number yet, or not
# alone. Four units together turn most verbs, and four others none. So the table of AUCs before the
# verb, in which all seeds look alike, does not tell who carries the number.
#
# Compare this with the long distances. The one network that stayed right there is also the one
# in which a single unit holds the number without a flaw and turns every verb. Perhaps that is why.
# But it is one network of four, so take it for a hint, and not for a rule.
#
# ## Exercises
#
# **1.** Return the area under the ROC curve of one unit, without `following.area`. Of all pairs of a
# place with a yes and a place with a no, in which share does the unit hold more at the yes? A pair
# of equal values counts half. (Then feed it random values: how far from 0.5 does it come with 20
# places, and with 2,000?)

# %%
from charlstm.notebook.exercises import check


def area_of(values, yes):
    raise NotImplementedError


held = np.array([0.1, 0.4, 0.35, 0.8])
check(
    area_of,
    [((held, np.array([0, 0, 1, 1])), 0.75), ((held, np.array([1, 1, 0, 0])), 0.25),
     ((np.ones(3), np.array([1, 0, 0])), 0.5)],
)  # fmt: skip

# %% [markdown]
# **2.** A unit that is switched off holds 0, which it may never do otherwise. That alone may upset
# those that read it. A milder way gives it the mean of what it holds. Return the values (N, H) in
# which some units hold their mean, and leave the given array as it is. (Then exchange the lines in
# `turned` that swap means for this. Does the verb still turn?)


# %%
def at_their_means(values, units):
    raise NotImplementedError


table = np.array([[1.0, 5.0, 0.0], [3.0, 7.0, 1.0]])
check(
    at_their_means,
    [((table, [1]), [[1, 6, 0], [3, 6, 1]]), ((table, [0, 2]), [[2, 5, 0.5], [2, 7, 0.5]]),
     ((table, []), table)],
)  # fmt: skip

# %% [markdown]
# **3.** The scribe who cannot quite forget: at each death f is not 0, but some number below 1. Kings
# write the numbers `kings` one after the other, each on what is left of those before. Return the c
# under the last king. (For which f does Jayant, with -0.96 after 0.96, count as nobody?)


# %%
def last_king(kings, f):
    raise NotImplementedError


check(
    last_king,
    [(([0.96, -0.96], 0.0), -0.96), (([0.96, -0.96], 1.0), 0.0), (([1.0, 0.0, 1.0], 0.5), 1.25)],
)

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def area_of(values, yes):
#     more = values[yes == 1][:, None] - values[yes == 0]
#     return ((more > 0) + 0.5 * (more == 0)).mean()
#
# def at_their_means(values, units):
#     values = values.copy()
#     values[:, units] = values[:, units].mean(0)
#     return values
#
# def last_king(kings, f):
#     c = 0.0
#     for king in kings:
#         c = f * c + king
#     return c
# ```
# </details>
#
# **Without a check:** switch off the unit that tells speakers' names best. Do the written plays lose
# their speakers? Take a control. And exchange the unit that carries the number earlier, at the first
# letter after the subject. Is the verb changed more often, or less?
#
# ## Summary
#
# - To keep who "he" is, a unit writes at a name, erases at a death, and shows at "he": these are i,
#   f and o. Trained networks, too, erase at a death, but need not keep as long as our unit.
# - Search on one half of a text, test on the other. Compare with shuffled features, and with an
#   untrained network: capitals and names cost no learning.
# - That a unit follows something does not mean that the model uses it. Switch it off, and switch
#   off others as a control. Whether the best unit alone is a cause differs from network to network.
#   Several together were a cause in all that we tried.
# - In a small network that has learned agreement, the subject's number is known at every letter up
#   to the verb. One unit may hold it, or several may hand it on. A distractor moves a unit that
#   carries the number, but hardly beyond the middle.
#
# **Where to read on.** A. Karpathy, J. Johnson and L. Fei-Fei, *Visualizing and understanding
# recurrent networks* (2015), found units that count lines and open quotes. T. Linzen, E. Dupoux and
# Y. Goldberg, *Assessing the ability of LSTMs to learn syntax-sensitive dependencies* (2016), is
# about the verb and its distractors. Y. Lakretz et al., *The emergence of number and syntax units in
# LSTM language models* (2019), switch units off, as we did, and find two that carry the number. F.
# Gers, J. Schmidhuber and F. Cummins, *Learning to forget* (2000), is about the forget gate. Next:
# [9. Why did it write that?](09-why-did-it-write-that.ipynb)
