# %% [markdown]
# # 9. Why did it write that?
#
# *What it shows: three ways to blame earlier letters for the next one; where they disagree, and why;
# which of them to trust, on texts whose answer is known and on Shakespeare.*
#
# Afterwards you can
#
# - ask a model which letters made it say a letter, in three ways;
# - say why a gradient can miss the letter that matters;
# - test a method of blame before you believe it.
#
# *Know before: lessons 1, 5 and 6. Takes 17 minutes to read, without solving the exercises, and 2
# minutes to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# A model has read a text and says the next letter. Which of the letters before made it say that?
# There is more than one method to answer this, and each draws a convincing picture. So we first ask
# where we know the answer.
#
# **Before you run anything, guess:** a network has learnt to repeat the first letter of a line,
# fourteen letters later, and it is always right. You ask three methods which letter was decisive.
# How many of them point at the first letter most of all?

# %%
# %matplotlib inline
import functools
import os

import numpy as np
import torch
from torch.nn import functional as F

from charlstm import CharModel, Checkpoint, ModelOptions, Vocabulary, find_model, initialize
from charlstm.insight.attribution import METHODS, occlusion
from charlstm.notebook import plots, text_plots
from charlstm.text import synthetic

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # less training, for a quick test of this notebook
UPDATES, LINES, SEEDS = (10, 2, range(2)) if FAST else (150, 20, range(5))

# %% [markdown]
# ## Three ways to ask
#
# All three explain a *score*: the logit of the letter that came, minus the mean of all logits. (A
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
SYMBOLS, DISTRACTORS, LAG = "abcdefgh", "ijklmnop", 12
letters = Vocabulary(SYMBOLS + DISTRACTORS + "?")


def recall(seed, lines):
    return synthetic.recall(lines, LAG, SYMBOLS, DISTRACTORS, seed).text.splitlines()


print(*recall(0, 3), sep="\n")

# %% [markdown]
# We train an LSTM with a forget bias of 3 on it, for five seeds, and keep each of them as it was
# before the training.


# %%
def train(letters, task, hidden, updates, seed):
    options = ModelOptions(hidden_size=hidden, embedding_size=None)
    model = initialize(CharModel(options, len(letters)), forget_bias=3.0, seed=seed)
    before, rng = Checkpoint(options, letters, model.to_arrays()), np.random.default_rng(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(updates):
        improve(model, optimizer, *batch(letters, task(rng, 32)))
    return before, Checkpoint(options, letters, model.to_arrays())


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
print("right before:", *(f"{right(before, recall):.2f}" for before, _ in pairs))
print("right after: ", *(f"{right(after, recall):.2f}" for _, after in pairs))

# %% [markdown]
# Each network knows the answer. Nothing but the first letter can have told it. Here is what the
# three methods say about one line and one network:

# %%
(line,) = recall(2, 1)
answer = len(line) - 1
trained = pairs[0][1]
found = {name: method(trained, line, [answer]) for name, method in METHODS.items()}
text_plots.along(
    line[:-1], {name: b.relevance[0, :-1] for name, b in found.items()}, "relevance", line
)

# %% jupyter={"source_hidden": true}
# Folded: the logits after each of some embeddings, (B, T, E) -> (B, T, V)
from charlstm.model.cells import run_layers


@torch.no_grad()
def read(model, xs):
    state = model.zero_state(len(xs))
    features, _ = run_layers(list(model.layers), xs, state, model.options.readout)
    return model.head(features)


# %% [markdown]
# Occlusion points at the first letter. Let us see that it is as simple as we said. We replace one
# letter after the other by the smear, read again, and compare with the package:


# %%
def read_again(xs):
    logits = read(model, xs[None])[0, -1]
    return (logits[letters.encode(line[-1])] - logits.mean()).item()


model = CharModel.from_checkpoint(trained)
xs = model.embed(batch(letters, [line])[0])[0]
by_hand = []
for t in range(answer):
    without = xs.clone()
    without[t] = xs.mean(0)
    by_hand.append(read_again(xs[:-1]) - read_again(without[:-1]))
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


def trial(pairs, *asked):
    table = {}
    for name, method in METHODS.items():
        table[name] = np.array([[shares(model, method, *asked) for model in p] for p in pairs])
        for kind, column in zip(("untrained", "trained"), table[name].T, strict=True):
            print(f"{name:22} {kind:9}", *(f"{share:.2f}" for share in column))
    return table


on_recall = trial(pairs, recall(3, LINES), decides)
print(f"by chance {1 / answer:.2f}")

# %% [markdown]
# Occlusion gives the first letter most of the blame, in every seed. Relevance propagation comes
# second. Gradient times input does find it, but it spreads most of the blame over letters that
# cannot have told anything. In the untrained networks no method sees much more than chance.
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


faded = {
    f"seed {seed}": np.mean([fade(after, line) for line in some], 0)
    for seed, (_, after) in zip(SEEDS, pairs, strict=True)
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
for name, (_, after) in zip(faded, pairs, strict=True):
    slope = np.mean([gradient(after, line, [answer]).relevance[0, 0] for line in some])
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


# %%
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


print(*agreement(0, 4), sep="\n")
words = Vocabulary.of("".join(agreement(0, 300, marks=2)))
both = functools.partial(agreement, marks=2)  # two answers teach more than one
readers = [train(words, both, 48, 2 * UPDATES, seed) for seed in SEEDS]
print("right before:", *(f"{right(before, agreement):.2f}" for before, _ in readers))
print("right after: ", *(f"{right(after, agreement):.2f}" for _, after in readers))

# %% [markdown]
# We ask about plurals. **Guess:** which two of the methods agree this time?


# %%
def ends_noun(line):  # the s of the first noun, and the space behind it
    end = line.index(" ", len("the "))
    return np.isin(np.arange(len(line)), (end - 1, end))


plurals = [line for line in agreement(3, 4 * LINES) if line[-1] == "a"][:LINES]
on_agreement = trial(readers, plurals, ends_noun, "i")
print("by chance", f"{np.mean([2 / (len(line) - 1) for line in plurals]):.2f}")

# %%
plural = plurals[0]
found = {name: m(readers[0][1], plural, [len(plural) - 1], "i") for name, m in METHODS.items()}
text_plots.along(
    plural[:-1], {name: b.relevance[0, :-1] for name, b in found.items()}, "relevance", plural
)

# %% [markdown]
# Now it is the other way round. Gradient times input points at the s, as occlusion does. Relevance
# propagation blames the beginning of the line: "the" and the first letters of the noun, which are
# there in singular and plural alike.
#
# A letter can act in two ways: by what it offers to write into c, through g, or by the gates, which
# decide what happens to what is there. Relevance propagation gives gates nothing. So how does the s
# act? What a letter adds to the sums is $u_t$, with a block of rows for each gate and for g. We let
# the network read a space in place of the s, first in all blocks, then for the gates alone, then
# for g alone. In the task before we do the same with the first letter and another symbol.


# %%
from charlstm.model import cells


@torch.no_grad()
def score_with(checkpoint, line, place, other, blocks, instead):
    """Return the score if some blocks read another letter at one place."""
    model = CharModel.from_checkpoint(checkpoint)
    layer, H = model.layers[0], model.options.hidden_size
    changed = line[:place] + other + line[place + 1 :]
    us, us_changed = (
        cells.project(layer, model.embed(batch(checkpoint.vocabulary, [text])[0])[0, :-1])
        for text in (line, changed)
    )
    for block in blocks:
        rows = layer.cell.rows(block, H)
        us[place, rows] = us_changed[place, rows]
    h, _ = cells.unroll(cells.lstm, layer, us, tuple(torch.zeros(2, H)))
    said, other = checkpoint.vocabulary.encode(line[-1] + instead)
    logits = model.head(h[-1])
    return (logits[said] - logits[other]).item()


# %%
def falls(models, line, place, other, instead):
    for blocks in ("ifgo", "ifo", "g"):
        found = []
        for _, after in models:
            with_it = score_with(after, line, place, other, "", instead)
            found.append(with_it - score_with(after, line, place, other, blocks, instead))
        print(f"  {blocks:5}", *(f"{fall:6.2f}" for fall in found))


print("the s of", repr(plural), "becomes a space, in the blocks")
falls(readers, plural, plural.index("s ", 5), " ", "i")
symbol = "abcdefgh"["bcdefgha".index(line[0])]
print("the first letter of", repr(line), f"becomes {symbol}, in the blocks")
falls(pairs, line, 0, symbol, symbol)

# %% [markdown]
# With the first letter of the other task, all of the fall comes through g, and none through the
# gates. Relevance propagation can follow it. Compare the s: what comes through its gates is what
# relevance propagation cannot see.
#
# Each cheap method has a blind spot of its own, and a picture does not show it. Occlusion has found
# the letter both times. So it is our referee where we do not know the answer.

# %% [markdown]
# ## Shakespeare
#
# Now the shipped model, which has read these lines in its training. All letters of the passage are
# explained at once; each explains only by what came before it.

# %%
shipped = Checkpoint.load(find_model("tinyshakespeare"))
PASSAGE = """ROMEO:
But, soft! what light through yonder window breaks?
It is the east, and Juliet is the sun.

JULIET:
O Romeo"""[: 80 if FAST else None]
blames = {name: method(shipped, PASSAGE) for name, method in METHODS.items()}

# %% tags=["cover"] alt="a scene in coloured letters: which of them made the model write the last one"
last = len(PASSAGE) - 1
text_plots.blame(PASSAGE, blames["occlusion"].relevance[-1], last, "occlusion")

# %% [markdown]
# We know no right answer here. But we can ask how well the other two agree with occlusion, letter
# by letter: the correlation of what they say about the same target, the median over all targets.
# Occlusion itself depends on what replaces a letter. So we ask a second referee, who draws four
# letters of the passage in place of each letter, and reads with them.


# %%
def alike(first, second):
    pairs = zip(first.targets, first.relevance, second.relevance, strict=True)
    return np.median([np.corrcoef(x[:t], y[:t])[0, 1] for t, x, y in pairs if t > 5])


drawn = occlusion(shipped, PASSAGE, draws=4)
for name, blame in blames.items():
    print(f"{name:22} and occlusion by drawn letters: {alike(blame, drawn):.2f}")

# %% [markdown]
# Two ways to occlude do not agree fully, either. The word "occlusion" hides a choice.
#
# ## The trial
#
# A method that names the letters which matter should be able to do damage. For each target, each
# method names the three letters with the largest relevance. We take all three away at once, and see
# how far the score falls. Beside them stand three letters by chance, and the last three.


# %%
def fall(named):
    """Return the mean fall of the scores without the letters named for each target, (N, T)."""
    ids = torch.from_numpy(shipped.vocabulary.encode(PASSAGE)).long()
    whole = model.embed(ids[:-1])  # (T - 1, E)
    xs = whole.repeat(len(named), 1, 1)
    xs[named[:, :-1]] = whole.mean(0)
    logits = read(model, xs)  # (N, T - 1, V)
    rows = range(len(named))
    left = logits[rows, rows, ids[1:]] - logits[rows, rows].mean(1)
    return (torch.from_numpy(blames["occlusion"].score) - left).mean().item()


def three(relevance):
    """Return the three letters with the largest relevance, of those before each target."""
    before = np.tri(*relevance.shape, dtype=bool)
    named = np.zeros_like(before)
    order = np.argsort(np.where(before, -relevance, np.inf), 1, kind="stable")[:, :3]
    np.put_along_axis(named, order, True, 1)
    return named & before


# %%
model = CharModel.from_checkpoint(shipped)
relevances = {name: blame.relevance for name, blame in blames.items()}
relevances["the last three"] = np.arange(len(PASSAGE)) + np.zeros_like(
    blames["occlusion"].relevance
)
relevances["by chance"] = np.random.default_rng(0).random(relevances["the last three"].shape)
for name, relevance in relevances.items():
    print(f"{name:22} the score falls by {fall(three(relevance)):5.2f}")

# %% [markdown]
# How far back does the blame go? The share of the relevance that lies within a number of letters of
# the target, over all targets that have enough letters before them:

# %%
LAGS = np.arange(1, 41)


def within(blame):
    found = []
    for t, row in zip(blame.targets, np.abs(blame.relevance), strict=True):
        if t >= LAGS[-1]:
            found.append(np.cumsum(row[t - LAGS]) / row.sum())
    return np.mean(found, 0)


plots.curves(
    {name: (LAGS, within(blame)) for name, blame in blames.items()},
    "lag k, characters", "share of the relevance within k",
)  # fmt: skip

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
# - Blame needs a question: a score, and what it is compared with.
# - Gradient times input sees a small step. A network that is sure of its answer is flat, and the
#   letter that matters can get nothing.
# - Relevance propagation follows what is written, and is blind to a letter that acts by gates.
# - Occlusion asks what you want to know, but you choose what stands in the letter's place. Before
#   you believe a picture, try the method where you know the answer.
#
# **Where to read on.** L. Arras and others, *Explaining recurrent neural network predictions in
# sentiment analysis* (2017), have the rule for gates. J. Adebayo and others, *Sanity checks for
# saliency maps* (2018), show pictures that look the same for untrained networks.
